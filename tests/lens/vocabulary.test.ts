import { describe, expect, it } from "vitest";
import { random } from "../../src/common/random.ts";
import type { NdArray } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import { float32, type HostArray, int32 } from "../../src/engine/host.ts";
import {
  logSumExpByBlocks,
  readVocabulary,
  type VocabularyReadings,
  type Wanted,
} from "../../src/lens/vocabulary.ts";

const [R, D, V] = [5, 8, 37];
const source = random("vocabulary");
const drawn = (count: number) => Array.from({ length: count }, () => 3 * source.normal());
const x = float32([R, D], drawn(R * D));
const weight = float32([V, D], drawn(V * D));
const ids = [0, 20, 36];

/** [R][V], summed in float64. */
const products = Array.from({ length: R }, (_, r) =>
  Array.from({ length: V }, (_, v) => {
    let sum = 0;
    for (let d = 0; d < D; d++) sum += x.data[r * D + d] * weight.data[v * D + d];
    return sum;
  }),
);

interface Case {
  readonly block: number;
  readonly softcap: number | undefined;
}

async function read(
  wanted: Partial<Wanted>,
  { block, softcap }: Case,
): Promise<VocabularyReadings<HostArray>> {
  const fn = (a: NdArray, w: NdArray, i: NdArray) =>
    readVocabulary(a, { weight: w, softcap }, i, { sum: false, ranks: false, top: 0, ...wanted }, block * R);
  const args = [x, weight, int32([3], ids)];
  const program = await compile<VocabularyReadings<HostArray>>(fn as never, args);
  const readings = await program.run(...args);
  await program.dispose();
  return readings;
}

const expectNear = (got: ArrayLike<number>, want: readonly number[]) => {
  expect(got.length).toBe(want.length);
  for (const [i, value] of want.entries())
    expect(Math.abs(got[i] - value), `${i}`).toBeLessThan(2e-6 * Math.max(10, Math.abs(value)));
};

// One block; blocks that divide the vocabulary and that do not; one token each.
const blocks = [100, 37, 12, 10, 1];
const caps = [undefined, 20];

describe.each(blocks.flatMap((block) => caps.map((softcap) => ({ block, softcap }))))(
  "in blocks of $block tokens, capped at $softcap",
  (chosen) => {
    const { block, softcap } = chosen;
    const logits = products.map((row) => row.map((z) => (softcap ? softcap * Math.tanh(z / softcap) : z)));
    it("columns of the chosen tokens", async () => {
      const readings = await read({}, chosen);
      expect(Object.keys(readings)).toEqual(["logits"]);
      expectNear(
        readings.logits.data,
        logits.flatMap((row) => ids.map((id) => row[id])),
      );
    });

    it("log-sum-exp is that of all", async () => {
      const want = logits.map((row) => {
        const most = Math.max(...row);
        return most + Math.log(row.reduce((sum, value) => sum + Math.exp(value - most), 0));
      });
      expectNear((await read({ sum: true }, chosen)).logSumExp?.data ?? [], want);
      const fn = (a: NdArray, w: NdArray) => logSumExpByBlocks(a, { weight: w, softcap }, block * R);
      const program = await compile<HostArray>(fn as never, [float32([1, R, D]), weight]);
      const sums = await program.run(float32([1, R, D], x.data), weight);
      await program.dispose();
      expect(sums.shape).toEqual([1, R]);
      expectNear(sums.data, want);
    });

    it("ranks are those among all", async () => {
      const { ranks } = await read({ ranks: true }, chosen);
      const want = logits.flatMap((row) =>
        ids.map((id) => row.filter((value) => value > row[id]).length + 1),
      );
      expect([...(ranks?.data ?? [])]).toEqual(want);
    });

    it.each([1, 4, 37])("the %i likeliest are those of all, in order", async (top) => {
      const { top: found } = await read({ top }, chosen);
      if (found === undefined) throw new Error("no top tokens");
      const M = found.candidates.shape[1];
      for (const [r, row] of logits.entries()) {
        const order = [...row.keys()].sort((a, b) => row[b] - row[a]).slice(0, top);
        const places = [...found.places.data.slice(r * top, (r + 1) * top)];
        expect(places.map((place) => found.candidates.data[r * M + place])).toEqual(order);
        expectNear(
          found.logits.data.slice(r * top, (r + 1) * top),
          order.map((id) => row[id]),
        );
      }
    });
  },
);
