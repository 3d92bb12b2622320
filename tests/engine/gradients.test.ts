import { describe, expect, it } from "vitest";
import type { NdArray } from "../../src/engine/array.ts";
import { astype, lax, nn, np, slice, take, valueAndGrad } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import type { HostArray } from "../../src/engine/host.ts";
import { float32, int32 } from "../../src/engine/host.ts";
import type { ArrayFunction } from "../../src/engine/trace.ts";
import { activate, activationNames } from "../../src/nn/activation.ts";
import { attend, attentionRows, logAttentionRows } from "../../src/nn/attention.ts";
import { linear } from "../../src/nn/linear.ts";
import { layerNorm, rmsNorm } from "../../src/nn/norm.ts";
import { embedPatches } from "../../src/nn/patch.ts";
import { inverseFrequencies, rotaryTables, rotate } from "../../src/nn/rotary.ts";
import { logSoftmax, softmax } from "../../src/nn/softmax.ts";
import { visibilityMask } from "../../src/nn/visibility.ts";
import { expectClose, expectSame, onJax, ramp } from "./differential.ts";

type Leaves = Readonly<Record<string, NdArray>>;
type HostLeaves = Readonly<Record<string, HostArray>>;

function array(...shape: number[]): HostArray {
  const size = shape.reduce((a, b) => a * b, 1);
  return float32(shape, ramp(size + shape.length).slice(shape.length));
}

/** A scalar in which every element has a weight of its own. */
function weighted(y: NdArray): NdArray {
  const place = astype(np.reshape(np.arange(y.size), y.shape), "float32");
  return np.sum(np.multiply(y, np.cos(place)));
}

function gradientOf(fn: (x: Leaves) => NdArray) {
  const loss = (x: Leaves): [NdArray, object] => [weighted(fn(x)), {}];
  return (x: Leaves) => valueAndGrad(loss)(x);
}

/**
 * Value and gradient: engine against jax-js, and the engine's gradient along one direction against the central
 * difference of the function in double precision.
 */
async function expectGradient(fn: (x: Leaves) => NdArray, args: HostLeaves): Promise<void> {
  await expectSame(gradientOf(fn), [args], 1e-4, "wasm");
  const program = await compile<[unknown, HostLeaves]>(gradientOf(fn), [args]);
  const [, gradient] = await program.run(args);
  await program.dispose();
  const step = 1e-5;
  const at = async (t: number) => {
    const moved = Object.entries(args).map(([k, x]) => [k, shifted(x, t)]);
    const [y] = await onJax(((x: Leaves) => weighted(fn(x))) as unknown as ArrayFunction, [
      Object.fromEntries(moved) as HostLeaves,
    ]);
    return y.data[0];
  };
  const numeric = ((await at(step)) - (await at(-step))) / (2 * step);
  const exact = Object.values(gradient).reduce((sum, g) => sum + dotDirection(g), 0);
  expect(Math.abs(exact - numeric)).toBeLessThan(2e-4 * Math.max(1, Math.abs(numeric)));
}

const direction = (i: number) => Math.cos(3 * i + 1);

function shifted({ shape, data }: HostArray, t: number): HostArray {
  return { dtype: "float64", shape, data: Float64Array.from(data, (x, i) => x + t * direction(i)) };
}

function dotDirection({ data }: HostArray): number {
  return Array.from(data).reduce((sum, x, i) => sum + x * direction(i), 0);
}

describe("gradients: engine against jax-js and finite differences", () => {
  const conv = (x: Leaves, options: object, strides = [1, 1]) =>
    lax.convGeneralDilated(
      x.image,
      x.kernel,
      strides,
      [
        [1, 1],
        [0, 2],
      ],
      options as never,
    );
  const image = array(2, 3, 6, 7);
  const kernel = array(4, 3, 3, 2);

  it("convolution", () => expectGradient((x) => conv(x, {}), { image, kernel }));
  it("convolution with strides", () => expectGradient((x) => conv(x, {}, [2, 3]), { image, kernel }));
  it("convolution with dilation", () =>
    expectGradient((x) => conv(x, { rhsDilation: [2, 1] }), { image, kernel }));
  it("convolution with groups", () =>
    expectGradient((x) => conv(x, { featureGroupCount: 3 }), { image, kernel: array(6, 1, 3, 2) }));

  it("sliding windows, apart and overlapping", async () => {
    const mean = (size: number, stride: number) => (x: Leaves) =>
      lax.reduceWindow(x.image, np.mean as never, [size, size], [stride, stride]);
    await expectGradient(mean(2, 2), { image });
    await expectGradient(mean(3, 2), { image });
    await expectGradient(mean(3, 1), { image });
  });

  it("rows by index, also by several indices and twice the same", async () => {
    const ids = (...values: number[]) => np.array(values, { dtype: np.int32 });
    await expectGradient((x) => take(x.table, ids(0, 4, 4, 1)), { table: array(5, 3) });
    await expectGradient((x) => x.table.ref.slice(ids(0, 4, 4), ids(2, 1, 1)), { table: array(5, 3, 2) });
    await expectGradient((x) => x.table.ref.slice([], ids(2, 0, 2)), { table: array(2, 3, 2) });
    await expectGradient((x) => x.table.ref.slice([], ids(2, 0), [], ids(1, 1)), {
      table: array(2, 3, 2, 2),
    });
  });

  it("sorting and cumulative sums", async () => {
    await expectGradient((x) => np.multiply(np.sort(x.a, -1), np.cumsum(x.a, 1)), { a: array(3, 5) });
    await expectGradient((x) => lax.topK(x.a, 2, -1)[0], { a: array(3, 5) });
  });

  it("slices, pads and joins", () =>
    expectGradient(
      (x) =>
        np.concatenate(
          [
            slice(x.a, 1, 1, 3),
            np.pad(x.b, [
              [0, 0],
              [1, 0],
            ]),
            np.flip(x.a, 0),
          ],
          1,
        ),
      { a: array(2, 4), b: array(2, 3) },
    ));

  it("softmax over an axis in the middle", async () => {
    await expectGradient((x) => nn.softmax(np.transpose(x.a, [2, 0, 1]), 1), { a: array(2, 3, 4) });
    await expectGradient((x) => nn.logSoftmax(x.a, 0), { a: array(2, 3) });
  });
});

describe("layers: engine against jax-js, gradients against finite differences", () => {
  it("linear, norms and softmax", async () => {
    const x = array(2, 3, 4);
    await expectGradient((p) => linear({ weight: p.w, bias: p.b }, p.x), { x, w: array(5, 4), b: array(5) });
    await expectGradient((p) => rmsNorm({ weight: p.w }, p.x, 1e-5), { x, w: array(4) });
    const both = { x, w: array(4), b: array(4) };
    await expectGradient((p) => layerNorm({ weight: p.w, bias: p.b }, p.x, 1e-5), both);
    await expectGradient((p) => softmax(p.x), { x });
    await expectGradient((p) => logSoftmax(p.x), { x });
  });

  for (const name of activationNames) {
    it(name, () => expectGradient((p) => activate(name, p.x), { x: array(3, 4) }));
  }

  it("patch embedding", () =>
    expectGradient((p) => embedPatches(p.weight, p.pixels), {
      weight: array(5, 3, 2, 2),
      pixels: array(2, 3, 4, 6),
    }));

  const heads = { query: array(2, 3, 2, 2, 4), key: array(2, 3, 2, 4), value: array(2, 3, 2, 4) };
  it("attention with groups and a mask", () => {
    const mask = () =>
      visibilityMask(
        np.array(
          [
            [0, 0, 1],
            [0, 1, -1],
          ],
          { dtype: np.int32 },
        ),
      );
    return expectGradient((p) => attend({ query: p.query, key: p.key, value: p.value }, mask()).mixed, heads);
  });
  it("attention rows", async () => {
    const { query, key } = heads;
    await expectGradient((p) => attentionRows(slice(p.query, 1, 2, 3), p.key), { query, key });
    await expectGradient((p) => logAttentionRows(p.query, slice(p.key, 1, 0, 2)), { query, key });
  });

  it("rotary embedding", () => {
    const positions = int32([2, 3], [0, 1, 2, 5, 6, 7]);
    const turned = (x: NdArray, ids: NdArray) => rotate(x, rotaryTables(ids, inverseFrequencies(4, 100)));
    return expectSame(turned, [array(2, 3, 2, 4), positions]);
  });
});

describe("top-k", () => {
  it("gives values and places in falling order", async () => {
    const program = await compile<HostArray[]>((x: NdArray) => lax.topK(x, 3, -1), [array(2, 6)]);
    const [values, places] = await program.run(float32([2, 6], [3, 1, 4, 1, 5, 9, -2, -6, -5, -3, -5, -8]));
    expectClose(values, float32([2, 3], [9, 5, 4, -2, -3, -5]), 0);
    expect([...places.data]).toEqual([5, 4, 2, 0, 3, 2]);
    await program.dispose();
  });
});
