import * as jax from "@jax-js/jax";
import { beforeAll, describe, expect, it } from "vitest";
import { type NdArray, np, valueAndGrad } from "../../src/engine/array.ts";
import { float32, type HostArray, int32 } from "../../src/engine/host.ts";
import { activate } from "../../src/nn/activation.ts";
import { attend, attentionRows, oneHotPositions, pickQueries } from "../../src/nn/attention.ts";
import { initParam, normal } from "../../src/nn/init.ts";
import { linear } from "../../src/nn/linear.ts";
import { layerNorm, rmsNorm } from "../../src/nn/norm.ts";
import { embedPatches, gridCorners } from "../../src/nn/patch.ts";
import { inverseFrequencies, rotaryTables, rotate } from "../../src/nn/rotary.ts";
import { logSoftmax, MASKED, softmax } from "../../src/nn/softmax.ts";
import { visibilityMask } from "../../src/nn/visibility.ts";
import { expectSame, ramp } from "../engine/differential.ts";

const filled = (...shape: number[]) => float32(shape, ramp(shape.reduce((a, b) => a * b, 1)));

/** The layer, and the gradient of a weighted sum of its result. */
const withGradient = (layer: (x: NdArray, ...rest: NdArray[]) => NdArray) => {
  return (x: NdArray, ...rest: NdArray[]) => {
    const loss = ({ x: at }: { x: NdArray }): [NdArray, { y: NdArray }] => {
      const y = layer(at, ...rest);
      return [np.sum(np.multiply(y, np.sin(y))), { y }];
    };
    const [[value, { y }], gradient] = valueAndGrad(loss)({ x });
    return { value, y, gradient };
  };
};

describe("layers and their gradients, engine against jax-js", () => {
  const layers: Record<string, [(x: NdArray, ...rest: NdArray[]) => NdArray, HostArray[]]> = {
    silu: [(x) => activate("silu", x), [filled(3, 5)]],
    quick_gelu: [(x) => activate("quick_gelu", x), [filled(3, 5)]],
    gelu: [(x) => activate("gelu", x), [filled(3, 5)]],
    gelu_pytorch_tanh: [(x) => activate("gelu_pytorch_tanh", x), [filled(3, 5)]],
    softmax: [softmax, [filled(3, 5)]],
    logSoftmax: [logSoftmax, [filled(3, 5)]],
    rmsNorm: [(x, weight) => rmsNorm({ weight }, x, 1e-5), [filled(2, 3, 6), filled(6)]],
    layerNorm: [
      (x, weight, bias) => layerNorm({ weight, bias }, x, 1e-5),
      [filled(2, 3, 6), filled(6), filled(6)],
    ],
    linear: [(x, weight, bias) => linear({ weight, bias }, x), [filled(2, 3, 4), filled(5, 4), filled(5)]],
    "linear, gradient of its weight": [(weight, x) => linear({ weight }, x), [filled(5, 4), filled(2, 3, 4)]],
    embedPatches: [(weight, x) => embedPatches(weight, x), [filled(3, 2, 2, 2), filled(2, 2, 4, 6)]],
    rotate: [
      (x, positions) => rotate(x, rotaryTables(positions, inverseFrequencies(4, 10000))),
      [filled(2, 3, 2, 4), int32([2, 3], [0, 1, 2, 0, 5, 9])],
    ],
    attend: [
      (query, key, value, segments) => attend({ query, key, value }, visibilityMask(segments)).mixed,
      [filled(1, 4, 2, 3, 2), filled(1, 4, 2, 2), filled(1, 4, 2, 2), int32([1, 4], [0, 1, 2, -1])],
    ],
    attentionRows: [
      (query, key, positions) => attentionRows(pickQueries(oneHotPositions(positions, 4), query), key),
      [filled(1, 4, 2, 3, 2), filled(1, 4, 2, 2), int32([1, 2], [3, 1])],
    ],
  };

  it.each(Object.entries(layers))("%s", async (_, [layer, args]) => {
    await expectSame(withGradient(layer), args);
  });
});

describe("layers", () => {
  beforeAll(async () => {
    await jax.init("cpu");
    jax.defaultDevice("cpu");
  });
  const array = (values: number[] | number[][]) => jax.numpy.array(values);
  const numbers = (x: NdArray) => [...(x.ref.dataSync() as Float32Array)];
  const close = (got: number[], want: number[], digits = 6) => {
    expect(got.length).toBe(want.length);
    want.forEach((x, i) => {
      expect(got[i]).toBeCloseTo(x, digits);
    });
  };

  it("activate as their definitions say", () => {
    // x σ(x), x σ(1.702 x), x Φ(x) at -1, 0, 2 by Python's math module (math.exp, math.erf).
    close(numbers(activate("silu", array([-1, 0, 2]))), [-0.2689414214, 0, 1.761594156]);
    close(numbers(activate("quick_gelu", array([-1, 0, 2]))), [-0.1542042342, 0, 1.9356586231]);
    close(numbers(activate("gelu", array([-1, 0, 2]))), [-0.1586552539, 0, 1.9544997361]);
    // 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))) by math.tanh.
    close(numbers(activate("gelu_pytorch_tanh", array([-1, 0, 2]))), [-0.1588080094, 0, 1.9545976941]);
  });

  it("resize grids as PyTorch does", () => {
    // torch.nn.functional.interpolate(mode="bilinear", align_corners=True)
    const grid = [0, 1, 4, 2, 5, 3, 7, 1, 2];
    const resized = (rows: number, columns: number) =>
      Array.from({ length: rows * columns }, (_, i) => {
        const place = { row: Math.floor(i / columns), column: i % columns };
        const { index, weight } = gridCorners(place, { rows, columns }, 3);
        return index.reduce((sum, at, k) => sum + weight[k] * grid[at], 0);
      });
    const close5 = (found: number[], wanted: number[]) => {
      expect(found.length).toBe(wanted.length);
      for (const [i, value] of wanted.entries()) expect(found[i]).toBeCloseTo(value, 5);
    };
    close5(resized(2, 4), [0, 2 / 3, 2, 4, 7, 3, 4 / 3, 2]);
    close5(resized(1, 3), [0, 1, 4]);
    close5(resized(5, 2), [0, 4, 1, 3.5, 2, 3, 4.5, 2.5, 7, 2]);
  });

  it("normalise by hand-computed values", () => {
    const weight = array([1, 2]);
    // Root mean square of (3, 4) is sqrt(12.5); mean 3.5 and deviation 0.5.
    close(numbers(rmsNorm({ weight }, array([[3, 4]]), 0)), [3 / Math.sqrt(12.5), 8 / Math.sqrt(12.5)]);
    close(numbers(layerNorm({ weight, bias: array([5, 6]) }, array([[3, 4]]), 0)), [4, 8]);
  });

  it("keep a wholly masked row finite, value and gradient", () => {
    const masked = (x: NdArray) => np.add(x, MASKED);
    const loss = ({ x }: { x: NdArray }): [NdArray, object] => [
      np.add(np.sum(np.square(softmax(masked(x)))), np.sum(logSoftmax(masked(x)))),
      {},
    ];
    const [[value], { x }] = valueAndGrad(loss)({ x: array([[1, 2, 3]]) });
    expect(Number.isFinite(value.item())).toBe(true);
    expect(numbers(x).every(Number.isFinite)).toBe(true);
  });

  it("let a query see the shared prefix and its own segment up to itself", () => {
    const segments = jax.numpy.array([0, 0, 1, 1, 2, -1], { dtype: jax.DType.Int32 }).reshape([1, 6]);
    const visible = numbers(visibilityMask(segments)).map((x) => (x === 0 ? 1 : 0));
    const rows = Array.from({ length: 6 }, (_, i) => visible.slice(6 * i, 6 * i + 6).join(""));
    expect(rows).toEqual(["100000", "110000", "111000", "111100", "110010", "110000"]);
  });

  it("start by seed and path alone", () => {
    const spec = normal("linear", [100, 100], 0.5);
    const values = initParam(spec, 1, "a.weight").data;
    expect(initParam(spec, 1, "a.weight").data).toEqual(values);
    expect(initParam(spec, 1, "b.weight").data).not.toEqual(values);
    expect(initParam(spec, 2, "a.weight").data).not.toEqual(values);
    const variance = values.reduce((sum, x) => sum + x * x, 0) / values.length;
    expect(Math.sqrt(variance)).toBeGreaterThan(0.48);
    expect(Math.sqrt(variance)).toBeLessThan(0.52);
  });
});
