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
const logits = Array.from({ length: R }, (_, r) =>
  Array.from({ length: V }, (_, v) => {
    let sum = 0;
    for (let d = 0; d < D; d++) sum += x.data[r * D + d] * weight.data[v * D + d];
    return sum;
  }),
);

async function read(wanted: Partial<Wanted>, block: number): Promise<VocabularyReadings<HostArray>> {
  const fn = (a: NdArray, w: NdArray, i: NdArray) =>
    readVocabulary(a, w, i, { sum: false, ranks: false, top: 0, ...wanted }, block * R);
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
describe.each([100, 37, 12, 10, 1])("in blocks of %i tokens", (block) => {
  it("columns of the chosen tokens", async () => {
    const readings = await read({}, block);
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
    expectNear((await read({ sum: true }, block)).logSumExp?.data ?? [], want);
    const fn = (a: NdArray, w: NdArray) => logSumExpByBlocks(a, w, block * R);
    const program = await compile<HostArray>(fn as never, [float32([1, R, D]), weight]);
    const sums = await program.run(float32([1, R, D], x.data), weight);
    await program.dispose();
    expect(sums.shape).toEqual([1, R]);
    expectNear(sums.data, want);
  });

  it("ranks are those among all", async () => {
    const { ranks } = await read({ ranks: true }, block);
    const want = logits.flatMap((row) => ids.map((id) => row.filter((value) => value > row[id]).length + 1));
    expect([...(ranks?.data ?? [])]).toEqual(want);
  });

  it.each([1, 4, 37])("the %i likeliest are those of all, in order", async (top) => {
    const { top: found } = await read({ top }, block);
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
});
