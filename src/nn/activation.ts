/** Elementwise activations, each with its derivative. */
import { indicator, lax, type NdArray, np, stopGradient } from "../engine/array.ts";
import { withGradientOf } from "./gradient.ts";

/** Value and derivative at the same points. */
type ValueAndSlope = (x: NdArray) => readonly [value: NdArray, slope: NdArray];

/** Hugging Face names (`hidden_act`) of the activations that are known, each with its derivative. */
const valueAndSlope = {
  /** x σ(x), Elfwing et al., arXiv 1702.03118. */
  silu: (x) => scaledSigmoid(x, 1),
  /** x σ(1.702 x), Hendrycks & Gimpel, arXiv 1606.08415. */
  quick_gelu: (x) => scaledSigmoid(x, 1.702),
  /** x Φ(x), Hendrycks & Gimpel, arXiv 1606.08415, exact. */
  gelu: (x) => {
    const cumulative = np.multiply(np.add(lax.erf(np.multiply(x, Math.SQRT1_2)), 1), 0.5);
    const density = np.multiply(np.exp(np.multiply(np.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return [np.multiply(x, cumulative), np.add(cumulative, np.multiply(x, density))];
  },
  /** Two names of one formula. */
  gelu_pytorch_tanh: tanhGelu,
  gelu_new: tanhGelu,
  relu: (x) => [np.maximum(x, 0), indicator(np.greater(x, 0), x)],
} satisfies Record<string, ValueAndSlope>;

export type ActivationName = keyof typeof valueAndSlope;
export const activationNames = Object.keys(valueAndSlope) as [ActivationName, ...ActivationName[]];

/** Elementwise activation; the gradient keeps only the derivative. */
export function activate(name: ActivationName, x: NdArray): NdArray {
  const [value, slope] = valueAndSlope[name](stopGradient(x));
  return withGradientOf(value, np.multiply(x, slope));
}

/** x Φ(x) with Φ(x) ≈ σ(2u), u = √(2/π) (x + 0.044715 x³): 0.5 x (1 + tanh u). */
function tanhGelu(x: NdArray): readonly [NdArray, NdArray] {
  const square = np.square(x);
  const scale = 2 * Math.sqrt(2 / Math.PI);
  const exponent = np.multiply(np.multiply(x, np.add(np.multiply(square, 0.044715), 1)), -scale);
  const gate = np.reciprocal(np.add(np.exp(exponent), 1));
  const value = np.multiply(x, gate);
  const inner = np.multiply(np.add(np.multiply(square, 3 * 0.044715), 1), scale);
  return [value, np.add(gate, np.multiply(np.multiply(value, inner), np.subtract(1, gate)))];
}

function scaledSigmoid(x: NdArray, scale: number): readonly [NdArray, NdArray] {
  const gate = np.reciprocal(np.add(np.exp(np.multiply(x, -scale)), 1));
  const value = np.multiply(x, gate);
  const slope = np.add(gate, np.multiply(np.multiply(value, scale), np.subtract(1, gate)));
  return [value, slope];
}
