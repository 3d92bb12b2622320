import { describe, expect, it } from "vitest";
import { lax, type NdArray, np, stopGradient, valueAndGrad } from "../../src/engine/array.ts";
import type { HostArray } from "../../src/engine/host.ts";
import { float32, int32 } from "../../src/engine/host.ts";
import { lower } from "../../src/engine/lower/lower.ts";
import type { Graph } from "../../src/engine/onnx/graph.ts";
import { foldScalars } from "../../src/engine/passes/fold-scalars.ts";
import { fuse } from "../../src/engine/passes/fuse.ts";
import { simplify } from "../../src/engine/passes/simplify.ts";
import type { ArrayFunction } from "../../src/engine/trace.ts";
import { trace } from "../../src/engine/trace.ts";
import { activate } from "../../src/nn/activation.ts";
import { layerNorm, rmsNorm } from "../../src/nn/norm.ts";
import { expectSame, ramp } from "./differential.ts";

type Leaves = Readonly<Record<string, NdArray>>;

const x = float32([2, 3, 8], ramp(48));
const w = float32([8], [1, -2, 0.5, 3, 1.5, -1, 0.25, 2]);
const b = float32([8], [0.5, 1, -3, 0, 2, -0.5, 1, 4]);

async function graphOf(fn: unknown, args: readonly unknown[]): Promise<Graph> {
  const { program, constants } = await trace(fn as ArrayFunction, args as readonly HostArray[]);
  return lower(fuse(foldScalars(simplify(program, constants))));
}

/** The operations of the lowered graph, sorted, without those that move or rename memory only. */
async function operations(fn: unknown, args: readonly unknown[]): Promise<string[]> {
  const { nodes } = await graphOf(fn, args);
  return nodes.flatMap(({ op }) => (/^(Reshape|Transpose|Expand|Identity)$/.test(op) ? [] : [op])).sort();
}

/** The graph holds exactly these operations and computes what jax-js does. */
async function expectFused(fn: unknown, args: readonly HostArray[], wanted: readonly string[]) {
  expect(await operations(fn, args)).toEqual([...wanted].sort());
  await expectSame(fn, args, 2e-6);
}

const rms = (x: NdArray, w: NdArray) => rmsNorm({ weight: w }, x, 1e-5);
const layer = (x: NdArray, w: NdArray, b: NdArray) => layerNorm({ weight: w, bias: b }, x, 1e-5);

describe("norms", () => {
  it("are one operation forward, weight and bias included", async () => {
    await expectFused(rms, [x, w], ["SimplifiedLayerNormalization"]);
    await expectFused(layer, [x, w, b], ["LayerNormalization"]);
  });

  it("give the backward pass their inverse standard deviation", async () => {
    const loss = (p: Leaves): [NdArray, object] => [np.sum(np.square(layer(p.x, p.w, p.b))), {}];
    const gradient = (p: Leaves) => valueAndGrad(loss)(p)[1];
    const found = await operations(gradient, [{ x, w, b }]);
    expect(found.filter((op) => op === "LayerNormalization")).toHaveLength(1);
    for (const op of ["Sqrt", "Reciprocal", "Div", "Neg"]) expect(found).not.toContain(op);
    await expectSame(gradient, [{ x, w, b }], 5e-6, "wasm");
  });

  it("of transposed and of repeated memory", async () => {
    const turned = (x: NdArray, w: NdArray) => rms(np.transpose(x, [1, 0, 2]), w);
    await expectFused(turned, [x, w], ["SimplifiedLayerNormalization"]);
    const inner = (x: NdArray) => rms(np.transpose(x, [2, 0, 1]), np.ones([3]));
    await expectSame(inner, [x], 2e-6);
    const repeated = (w: NdArray, b: NdArray) => layer(np.broadcastTo(w, [3, 8]), w, b);
    await expectFused(repeated, [w, b], ["LayerNormalization"]);
    await expectSame((w: NdArray) => rms(np.broadcastTo(np.reshape(w, [8, 1]), [8, 4]), np.ones([4])), [w]);
    await expectSame((w: NdArray) => rms(np.reshape(w, [8, 1]), np.ones([1])), [w], 2e-6);
  });

  it("keep a mean far from zero", async () => {
    const far = float32(
      [4, 8],
      ramp(32).map((v) => 100 + v),
    ); // float32 keeps 100 + v to 8e-6
    await expectSame(layer, [far, w, b], 1e-4);
  });

  it("whose statistics are read before the values", async () => {
    const both = (x: NdArray) => {
      const r = np.reciprocal(np.sqrt(np.add(np.mean(np.square(x), -1, { keepdims: true }), 1e-5)));
      return [np.exp(r), np.multiply(x, r), r];
    };
    await expectFused(both, [x], ["Exp", "SimplifiedLayerNormalization"]);
  });

  it("leave what only looks like one", async () => {
    const other = (scale: number) => (x: NdArray) => {
      const share = np.multiply(np.sum(np.square(x), -1, { keepdims: true }), scale);
      return np.multiply(x, np.reciprocal(np.sqrt(np.add(share, 1e-5))));
    };
    await expectFused(other(1 / 8), [x], ["SimplifiedLayerNormalization"]);
    expect(await operations(other(1 / 7), [x])).not.toContain("SimplifiedLayerNormalization");
    await expectSame(other(1 / 7), [x], 2e-6);
  });
});

describe("activations", () => {
  it("GELU is one operation where its derivative is not needed", async () => {
    await expectFused((x: NdArray) => activate("gelu", x), [x], ["Gelu"]);
    const shared = (x: NdArray) => {
      const share = np.multiply(np.add(lax.erf(np.multiply(x, Math.SQRT1_2)), 1), 0.5);
      return [np.multiply(x, share), share];
    };
    expect(await operations(shared, [x])).not.toContain("Gelu");
    await expectSame(shared, [x], 2e-6);
  });

  it("GELU by tanh too", async () => {
    await expectFused((x: NdArray) => activate("gelu_pytorch_tanh", x), [x], ["Gelu"]);
    const loss = ({ x: y }: Leaves): [NdArray, object] => [np.sum(activate("gelu_pytorch_tanh", y)), {}];
    expect(await operations(valueAndGrad(loss), [{ x }])).not.toContain("Gelu");
    await expectSame((y: NdArray) => valueAndGrad(loss)({ x: y }), [x], 2e-6);
  });

  // ONNX Runtime joins the two when nothing else reads the sigmoid.
  it("SiLU is two operations", () =>
    expectFused((x: NdArray) => activate("silu", x), [x], ["Mul", "Sigmoid"]));
});

describe("chains", () => {
  const folds: Record<string, readonly [(x: NdArray) => unknown, readonly string[]]> = {
    "factors meet": [(x) => np.multiply(np.multiply(x, 3), 0.7), ["Mul"]],
    "a divisor meets a factor": [(x) => np.divide(np.multiply(x, 3), 7), ["Mul"]],
    "terms of one sign meet": [(x) => np.add(np.add(x, 3), 0.7), ["Add"]],
    "terms of two signs stay": [(x) => np.add(np.add(x, 1e4), -1e4), ["Add", "Add"]],
    "factors that leave the range stay": [(x) => np.multiply(np.multiply(x, 1e-25), 1e-20), ["Mul", "Mul"]],
    "two negations vanish": [(x) => np.exp(np.negative(np.negative(x))), ["Exp"]],
    "a factor takes in a sign": [(x) => np.multiply(np.negative(np.sum(x, 0)), 3), ["Mul", "ReduceSum"]],
    "a sum takes in the sign of a product": [
      (x) => np.add(x, np.multiply(np.negative(x), np.exp(x))),
      ["Exp", "Mul", "Sub"],
    ],
    "a largest value keeps its sign": [(x) => np.max(np.negative(x), 0), ["Neg", "ReduceMax"]],
    "a sign does not grow": [
      (x) => np.exp(np.multiply(np.negative(np.sum(x, 0)), x)),
      ["Exp", "Mul", "Neg", "ReduceSum"],
    ],
    "a chain that is read half-way": [
      (x) => {
        const half = np.multiply(x, 3);
        return [np.exp(half), np.multiply(half, 5)];
      },
      ["Exp", "Mul", "Mul"],
    ],
    "a surrogate still vanishes": [
      (x) => {
        const twice = np.multiply(np.multiply(np.negative(x), 3), 5);
        return np.add(np.exp(x), np.subtract(twice, stopGradient(twice)));
      },
      ["Exp"],
    ],
  };
  for (const [name, [fn, wanted]] of Object.entries(folds)) it(name, () => expectFused(fn, [x], wanted));

  it("casts through a wider type vanish, through a narrower one stay", async () => {
    const whole = int32([3], [1, -2, 3]);
    const through =
      (...types: readonly string[]) =>
      (x: NdArray) =>
        types.reduce((y, type) => np.astype(y, type as never), x);
    await expectFused(through("float64", "float32"), [x], []);
    await expectFused(through("float64", "float32"), [whole], ["Cast"]);
    await expectFused(through("int32", "float32"), [x], ["Cast", "Cast"]);
    await expectFused(through("bool", "int32"), [whole], ["Cast", "Cast"]);
  });
});
