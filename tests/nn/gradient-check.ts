import * as jax from "@jax-js/jax";
import { random } from "../../src/common/random.ts";
import { type NdArray, np } from "../../src/engine/array.ts";

/** Float64 values from a standard normal, on device `cpu` (the only one whose float64 is exact). */
export function draw(shape: readonly number[], seed: string): NdArray {
  const source = random(seed);
  const size = shape.reduce((a, b) => a * b, 1);
  const data = Float64Array.from({ length: size }, () => source.normal());
  return jax.numpy.array(data, { shape: [...shape], dtype: jax.DType.Float64 });
}

const gradientOf = jax.grad as unknown as (f: (x: NdArray) => NdArray) => (x: NdArray) => NdArray;

type Layer = (...inputs: NdArray[]) => NdArray;

/**
 * Largest difference between the gradient of `sum(weights * layer(...inputs))` and central finite
 * differences, over every input, relative to 1 + |difference quotient|. Weights are random, so that no
 * direction is special.
 */
export function gradientError(layer: Layer, inputs: readonly NdArray[], step = 1e-5): number {
  const weights = draw(layer(...inputs).shape, "weights");
  const loss: Layer = (...xs) => np.sum(np.multiply(layer(...xs), weights));
  let worst = 0;
  for (const [i, input] of inputs.entries()) {
    const at = (x: NdArray) => loss(...inputs.map((other, j) => (j === i ? x : other)));
    const gradient = gradientOf(at)(input.ref);
    const exact = gradient.dataSync() as unknown as Float64Array;
    const values = Float64Array.from(input.ref.dataSync() as unknown as Float64Array);
    for (let k = 0; k < values.length; k++) {
      const moved = (by: number) => {
        const data = values.slice();
        data[k] += by;
        return at(jax.numpy.array(data, { shape: [...input.shape], dtype: jax.DType.Float64 })).item();
      };
      const quotient = (moved(step) - moved(-step)) / (2 * step);
      const error = Math.abs(exact[k] - quotient) / (1 + Math.abs(quotient));
      if (!(error <= worst)) worst = error;
    }
  }
  return worst;
}
