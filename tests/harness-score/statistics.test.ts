import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { boxIou } from "../../src/answers/boxes.ts";
import { minimumCostMatching } from "../../src/answers/matching.ts";
import { difference, estimate, openRecorder } from "../../src/eval/measurement.ts";
import { cumulativeIou, generalisedIou, maskOverlap } from "../../src/eval/segmentation.ts";
import { holm, mcNemar } from "../../src/eval/significance.ts";
import { bootstrapRatio, pairedRatioDifference } from "../../src/eval/statistics.ts";

// From statsmodels, SciPy, scikit-learn and pycocotools: tests/fixtures/harness-score/make.py.
const reference = JSON.parse(
  readFileSync(new URL("../fixtures/harness-score/values.json", import.meta.url), "utf8"),
);

/** Outcomes of two models with the given numbers of items that only one gets right, and ten both. */
function outcomes(onlyA: number, onlyB: number): [boolean[], boolean[]] {
  const row = (...parts: [boolean, number][]) => parts.flatMap(([value, n]) => Array(n).fill(value));
  return [row([true, onlyA], [false, onlyB], [true, 10]), row([false, onlyA], [true, onlyB], [true, 10])];
}

test("McNemar's exact p equals that of statsmodels, also for thousands of items", () => {
  for (const { onlyA, onlyB, p } of reference.mcnemar) {
    const result = mcNemar(...outcomes(onlyA, onlyB));
    expect(result).toMatchObject({ onlyA, onlyB, bothRight: 10, bothWrong: 0 });
    expect(Math.abs(result.p / p - 1)).toBeLessThan(1e-9);
  }
});

test("McNemar refuses outcomes of different items", () => {
  expect(() => mcNemar([true], [])).toThrow("equally long");
});

test("Holm's correction equals that of statsmodels", () => {
  const adjusted = holm(reference.holm.p);
  for (const [i, value] of reference.holm.adjusted.entries()) expect(adjusted[i]).toBeCloseTo(value, 12);
});

test("matching finds as many pairs as SciPy's, at the same cost, never a forbidden one, no column twice", () => {
  for (const { cost, pairs, total } of reference.matchings) {
    const costs: number[][] = cost.map((row: (number | null)[]) =>
      row.map((value) => value ?? Number.POSITIVE_INFINITY),
    );
    const columns = minimumCostMatching(costs);
    const kept = columns.flatMap((column, row) => (column < 0 ? [] : [costs[row][column]]));
    expect(kept.length).toBe(pairs);
    expect(kept.reduce((sum, value) => sum + value, 0)).toBeCloseTo(total, 9);
    const used = columns.filter((column) => column >= 0);
    expect(new Set(used).size).toBe(used.length);
  }
});

test("matching of nothing is nothing", () => {
  expect(minimumCostMatching([])).toEqual([]);
  expect(minimumCostMatching([[], []])).toEqual([-1, -1]);
  expect(minimumCostMatching([[Number.POSITIVE_INFINITY]])).toEqual([-1]);
});

test("IoU of boxes equals that of pycocotools", () => {
  for (const { a, b, iou } of reference.boxes) expect(boxIou(a, b)).toBeCloseTo(iou, 12);
  expect(boxIou([5, 5, 5, 5], [5, 5, 5, 5])).toBe(0); // A box without area.
});

test("cIoU and gIoU equal those from pycocotools' areas, empty targets included", () => {
  const overlaps = reference.masks.map(({ guess, target }: { guess: number[][]; target: number[][] }) =>
    maskOverlap(guess.flat(), target.flat()),
  );
  expect(cumulativeIou(overlaps).value).toBeCloseTo(reference.ciou, 12);
  expect(generalisedIou(overlaps).value).toBeCloseTo(reference.giou, 12);
});

test("an empty target counts 1 when left empty and 0 when not", () => {
  expect(generalisedIou([{ intersection: 0, union: 0 }]).value).toBe(1);
  expect(generalisedIou([{ intersection: 0, union: 3 }]).value).toBe(0);
});

test("the bootstrap of a ratio agrees with SciPy's percentile bootstrap", () => {
  const { numerators, denominators, value, low, high } = reference.ratio;
  const estimate = bootstrapRatio(numerators, denominators, { seed: 3, resamples: 20_000 });
  expect(estimate.value).toBeCloseTo(value, 12);
  // Two sets of random resamples: the ends agree to about a hundredth of the interval's width.
  expect(Math.abs(estimate.low - low)).toBeLessThan(0.03 * (high - low));
  expect(Math.abs(estimate.high - high)).toBeLessThan(0.03 * (high - low));
});

test("a ratio less itself is nothing, with no width", () => {
  const { numerators, denominators } = reference.ratio;
  const ratio = { numerators, denominators };
  expect(pairedRatioDifference(ratio, ratio)).toMatchObject({ value: 0, low: 0, high: 0, count: 80 });
});

test("a ratio of nothing is not a number", () => {
  expect(bootstrapRatio([0, 0], [0, 0])).toEqual({
    value: Number.NaN,
    low: Number.NaN,
    high: Number.NaN,
    count: 2,
  });
});

test("a recorded ratio is a ratio of sums, alone and between two models", () => {
  const recorded = (pairs: readonly (readonly [number, number])[]) => {
    const recorder = openRecorder();
    for (const [i, [over, under]] of pairs.entries())
      recorder.recordRatio({ group: "lens", name: "cIoU of pixels" }, over, under, i);
    return recorder.measurements()[0];
  };
  const [a, b] = [recorded([[1, 1], [1, 9]]), recorded([[0, 1], [4, 9]])]; // biome-ignore format: one line
  expect(estimate(a).value).toBe(0.2);
  expect(difference(a, b).value).toBeCloseTo(-0.2, 12);
});
