import { describe, expect, it } from "vitest";
import { type NdArray, np, valueAndGrad } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import { float32, type HostArray, int32 } from "../../src/engine/host.ts";
import { attend, attendGroups, attendSegments, biasedHeads, type Heads } from "../../src/nn/attention.ts";
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
    const found = await measured((x) => attendSegments(x, segments, undefined, atOnce));
    for (const [name, { shape, data }] of Object.entries(expected)) {
      const other = found[name as keyof typeof found];
      expect(other.shape).toEqual(shape);
      for (const [i, value] of data.entries()) expect(other.data[i]).toBeCloseTo(value as number, 5);
    }
  });
});

/** Largest difference of the two functions' values and gradients. */
async function worst(one: (heads: Heads) => NdArray, other: (heads: Heads) => NdArray): Promise<number> {
  const [a, b] = [await measured(one), await measured(other)];
  const differences = Object.entries(a).flatMap(([name, { data }]) =>
    [...data].map((value, i) => Math.abs(value - b[name as keyof typeof b].data[i])),
  );
  return Math.max(...differences);
}

describe("attention inside groups", () => {
  const groups = [5, 5, 5, 1, 1, 0, 7, 7, 7, 7, -1];
  const mask = () => np.array(groups.map((query) => groups.map((key) => (query === key ? 0 : MASKED))));
  const given = () => np.array(Int32Array.from([...groups, ...groups]), { shape: [2, 11], dtype: np.int32 });

  it("is attention under a mask", async () => {
    const found = await worst(
      (x) => attendGroups(x, given(), 4),
      (x) => attend(x, mask()).mixed,
    );
    expect(found).toBeLessThan(1e-5);
  });

  it("is that in chunks, too, at whose borders groups are cut", async () => {
    const S = 700;
    const ids = Array.from({ length: S }, (_, s) => (s < 650 ? Math.floor(s / 7) : -1));
    const long = {
      query: noise([1, S, 1, 1, 4], 1),
      key: noise([1, S, 1, 4], 2),
      value: noise([1, S, 1, 4], 3),
    };
    const fn = (x: Heads, all: NdArray) => {
      const same = np.equal(np.reshape(all, [1, S, 1]), np.reshape(all, [1, 1, S]));
      const whole = np.reshape(np.where(same, 0, MASKED), [1, 1, 1, S, S]);
      return { chunks: attendGroups(x, all, 7), whole: attend(x, whole).mixed };
    };
    const program = await compile<Record<"chunks" | "whole", HostArray>>(fn, [long, int32([1, S], ids)]);
    const { chunks, whole } = await program.run(long, int32([1, S], ids));
    await program.dispose();
    // What belongs to no group may look at more of its kind: nobody reads it.
    for (let i = 0; i < 650 * 4; i++) expect(chunks.data[i]).toBeCloseTo(whole.data[i] as number, 5);
  });
});

describe("biased heads", () => {
  it("attend as under an additive mask of their keys", async () => {
    const bias = () => np.array([0, 0, MASKED, 0, -1, 0, 0, 0.5, 0, MASKED, 0].flatMap((x) => [x]));
    const both = () => np.broadcastTo(bias(), [2, 11]);
    const found = await worst(
      (x) => {
        const { heads: extended, rule } = biasedHeads(x, both());
        return attend(extended, undefined, rule).mixed;
      },
      (x) => attend(x, np.reshape(bias(), [1, 1, 1, 1, 11])).mixed,
    );
    expect(found).toBeLessThan(1e-5);
  });
});
