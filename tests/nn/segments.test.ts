import { describe, expect, it } from "vitest";
import { type NdArray, np, valueAndGrad } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import { float32, type HostArray } from "../../src/engine/host.ts";
import { attend, attendSegments, type Heads } from "../../src/nn/attention.ts";
import { MASKED } from "../../src/nn/softmax.ts";

const segments = [
  { count: 2, length: 3 },
  { count: 1, length: 5 },
];
/** The run of each of the 11 positions. */
const runs = [0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2];

const noise = (shape: readonly number[], phase: number) => {
  const x = float32(shape);
  for (let i = 0; i < x.data.length; i++) x.data[i] = 2 * Math.sin(1.3 * i * i + phase);
  return x;
};
const heads = {
  query: noise([2, 11, 2, 3, 4], 1),
  key: noise([2, 11, 2, 4], 2),
  value: noise([2, 11, 2, 4], 3),
};

/** Mixed values and the gradients of a sum that weighs them unequally. */
async function measured(f: (heads: Heads) => NdArray) {
  const weights = noise([2, 11, 24], 4);
  const fn = (x: Heads, w: NdArray) => {
    const [[, { mixed }], gradients] = valueAndGrad((y: Heads) => {
      const mixed = f(y);
      return [np.sum(np.multiply(mixed, w)), { mixed }];
    })(x);
    return { mixed, ...gradients };
  };
  const program = await compile<Record<"mixed" | keyof Heads, HostArray>>(fn, [heads, weights]);
  const result = await program.run(heads, weights);
  await program.dispose();
  return result;
}

describe("attention inside segments", () => {
  it.each([2 ** 24, 100, 1])("is attention under a mask, with %d scores at once", async (atOnce) => {
    const mask = np.array(runs.map((query) => runs.map((key) => (query === key ? 0 : MASKED))));
    const expected = await measured((x) => attend(x, mask).mixed);
    const found = await measured((x) => attendSegments(x, segments, atOnce));
    for (const [name, { shape, data }] of Object.entries(expected)) {
      const other = found[name as keyof typeof found];
      expect(other.shape).toEqual(shape);
      for (const [i, value] of data.entries()) expect(other.data[i]).toBeCloseTo(value as number, 5);
    }
  });
});
