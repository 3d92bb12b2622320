import { describe, expect, it } from "vitest";
import type { NdArray } from "../../src/engine/array.ts";
import { lax, nn, np, slice, take } from "../../src/engine/array.ts";
import { float32, int32 } from "../../src/engine/host.ts";
import { simplify } from "../../src/engine/passes/simplify.ts";
import { keepTails } from "../../src/engine/passes/top-values.ts";
import { trace } from "../../src/engine/trace.ts";
import { expectSame, ramp } from "./differential.ts";

const x23 = float32([2, 3], ramp(6));
const x234 = float32([2, 3, 4], ramp(24));

describe("compile: every primitive, engine against jax-js", () => {
  const unary: Record<string, (x: NdArray) => NdArray> = {
    negative: np.negative,
    reciprocal: (x) => np.reciprocal(np.add(x, 3)),
    exp: np.exp,
    log: (x) => np.log(np.add(x, 3)),
    sqrt: (x) => np.sqrt(np.add(x, 3)),
    sin: np.sin,
    cos: np.cos,
    arcsin: (x) => np.arcsin(np.multiply(x, 0.3)),
    arctan: np.arctan,
    floor: np.floor,
    ceil: np.ceil,
    erf: lax.erf,
    erfc: lax.erfc,
    tanh: np.tanh,
    sigmoid: nn.sigmoid,
    gelu: nn.gelu,
    silu: nn.silu,
    transpose: (x) => np.transpose(x),
    flip: (x) => np.flip(x, 1),
    pad: (x) =>
      np.pad(x, [
        [1, 2],
        [0, 3],
      ]),
    sum: (x) => np.sum(x, 0),
    max: (x) => np.max(x, 1),
    min: (x) => np.min(x),
    prod: (x) => np.prod(x, 0),
    any: (x) => np.any(np.greater(x, 0.5), 1),
    all: (x) => np.all(np.greater(x, -0.5), 1),
    sort: (x) => np.sort(x, 1),
    argsort: (x) => np.argsort(x, 1),
    cumsum: (x) => np.cumsum(x, 1),
    "broadcast then sum": (x) => np.sum(np.broadcastTo(x, [5, 2, 3]), [0, 2]),
    "broadcast then reshape": (x) => np.reshape(np.broadcastTo(np.reshape(x, [2, 1, 3]), [2, 4, 3]), [8, 3]),
    softmax: (x) => nn.softmax(x, -1),
    logSoftmax: (x) => nn.logSoftmax(x, -1),
    standardize: (x) => nn.standardize(x, -1),
    where: (x) => np.where(np.greater(x, 0), x, np.multiply(x, 2)),
    "where of booleans": (x) => np.where(np.greater(x, 0), np.less(x, 0.5), np.greater(x, -0.5)),
    mod: (x) => np.fmod(x, 0.3),
    clip: (x) => np.clip(x, -0.5, 0.5),
    cast: (x) => np.astype(np.multiply(x, 10), np.int32),
    "split and concatenate": (x) => np.concatenate([slice(x, 1, 1, 3), slice(x, 1, 0, 2)], 1),
    "cancelled surrogate": (x) => {
      const y = np.exp(x);
      return np.add(lax.stopGradient(x), np.subtract(y, lax.stopGradient(y)));
    },
  };
  for (const [name, fn] of Object.entries(unary)) it(name, () => expectSame(fn, [x23]));

  it("division and remainder", async () => {
    const a = int32([5], [7, -7, 9, 4, -1]);
    await expectSame((x: NdArray) => np.floorDivide(x, 3), [float32([5], [7, -7, 9, 4, -1.5])]);
    await expectSame((x: NdArray) => np.remainder(x, 3), [a]);
  });

  it("dot with batch, free and repeated axes", async () => {
    await expectSame(
      (x: NdArray, y: NdArray) => np.einsum("bij,bkj->bik", x, y),
      [x234, float32([2, 5, 4], ramp(40))],
    );
    await expectSame(
      (x: NdArray, y: NdArray) => np.einsum("bij,jk->bik", x, y),
      [x234, float32([4, 2], ramp(8))],
    );
    await expectSame(
      (x: NdArray, y: NdArray) => np.einsum("bij,hij->bh", x, y),
      [x234, float32([2, 3, 4], ramp(24))],
    );
    await expectSame((x: NdArray, y: NdArray) => np.einsum("bij,i->bj", x, y), [x234, float32([3], ramp(3))]);
    await expectSame((x: NdArray) => np.matmul(x, np.ones([4, 3])), [x234]);
    await expectSame(
      (x: NdArray, y: NdArray) => np.dot(x, y),
      [float32([4], ramp(4)), float32([4], ramp(4))],
    );
  });

  it("convolution: strides, padding, dilations, groups", async () => {
    const image = float32([2, 3, 8, 8], ramp(384));
    const kernel = float32([4, 3, 3, 3], ramp(108));
    const conv = (options: object) => (x: NdArray, w: NdArray) =>
      lax.convGeneralDilated(
        x,
        w,
        [1, 1],
        [
          [1, 1],
          [0, 2],
        ],
        options as never,
      );
    await expectSame(
      (x: NdArray, w: NdArray) => lax.convGeneralDilated(x, w, [2, 2], "SAME"),
      [image, kernel],
    );
    await expectSame(conv({ rhsDilation: [2, 2] }), [image, kernel]);
    await expectSame(conv({ lhsDilation: [2, 2] }), [image, kernel]);
    await expectSame(conv({ featureGroupCount: 3 }), [image, float32([6, 1, 3, 3], ramp(54))]);
  });

  it("gather and scatter-add", async () => {
    const table = float32([5, 4], ramp(20));
    const index = int32([2, 3], [0, 4, 4, 2, 0, 1]);
    await expectSame((t: NdArray, i: NdArray) => take(t, i), [table, index]);
    await expectSame((t: NdArray) => t.ref.slice([], np.array([1, 3], { dtype: np.int32 })), [table]);
    await expectSame(
      (t: NdArray) =>
        t.ref.slice(np.array([1, 3], { dtype: np.int32 }), np.array([0, 2], { dtype: np.int32 })),
      [table],
    );
  });

  it("sliding windows and their transpose", async () => {
    const maxPool = (x: NdArray) => lax.reduceWindow(x, np.max as never, [2, 2], [2, 2]);
    await expectSame(maxPool, [float32([2, 4, 6], ramp(48))]);
  });

  it("top-k", async () => {
    await expectSame((x: NdArray) => lax.topK(x, 2, -1), [x23]);
    await expectSame((x: NdArray) => lax.topK(x, 1, -1), [x23]);
    await expectSame((x: NdArray) => lax.topK(x, 3, -1), [x234]);
    await expectSame((x: NdArray) => lax.topK(x, 2, 0), [x234]);
    await expectSame((x: NdArray) => lax.topK(x, 2, -1)[1], [x234]);
    const ties = float32([2, 6], [1, 2, 2, 0, 2, 1, 3, 3, 3, 3, 3, 3]);
    await expectSame((x: NdArray) => lax.topK(x, 4, -1), [ties]);
    await expectSame((x: NdArray) => [...lax.topK(x, 2, -1), np.argsort(x, -1)], [x23]);
  });

  it("top-k does not sort the rest", async () => {
    const { program, constants } = await trace((x: NdArray) => lax.topK(x, 2, -1), [x234]);
    const { equations } = keepTails(simplify(program, constants));
    expect(equations.map(({ primitive }) => primitive)).not.toContain("argsort");
  });
});
