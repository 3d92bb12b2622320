import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  averagePrecision,
  bestIou,
  iouAtThreshold,
  klDivergence,
  pointingGame,
} from "../../src/eval/map-metrics.ts";
import { pairedDifference, proportion, quantile, wilsonInterval } from "../../src/eval/statistics.ts";
import { massOnTarget } from "../../src/grounding/coverage.ts";
import { entropy } from "../../src/lens/findings.ts";

// From scikit-learn, SciPy, statsmodels and scikit-image: tests/fixtures/map-metrics/make.py.
const reference = JSON.parse(
  readFileSync(new URL("../fixtures/map-metrics/values.json", import.meta.url), "utf8"),
);
const { scores, truth, positive, target } = reference;

test("average precision equals scikit-learn's, ties included", () => {
  expect(averagePrecision(scores, truth)).toBeCloseTo(reference.averagePrecision, 12);
});

test("intersection over union equals scikit-learn's Jaccard score", () => {
  expect(iouAtThreshold(scores, truth, 0.5)).toBeCloseTo(reference.iouAtHalf, 12);
  expect(bestIou(scores, truth)).toBeCloseTo(reference.bestIou, 12);
});

test("entropy and KL divergence equal SciPy's", () => {
  expect(entropy(positive)).toBeCloseTo(reference.entropy, 12);
  expect(klDivergence(target, positive)).toBeCloseTo(reference.kl, 12);
});

test("entropy of a uniform map is the logarithm of its size, of one place 0", () => {
  expect(entropy([2, 2, 2, 2])).toBeCloseTo(Math.log(4), 12);
  expect(entropy([0, 3, 0])).toBe(0);
});

test("mass on target weighs by the share of each place inside the target", () => {
  // By hand: (1 * 1 + 2 * 0.5) / (1 + 2 + 5).
  expect(massOnTarget([1, 2, 5], [1, 0.5, 0])).toBe(0.25);
});

test("the pointing game asks for the highest place only", () => {
  expect(pointingGame([0.1, 0.9, 0.3], [0, 1, 0])).toBe(1);
  expect(pointingGame([0.1, 0.3, 0.9], [0, 1, 0])).toBe(0);
});

test("a map metric without a positive place is not a number, so that it is not counted", () => {
  for (const metric of [
    bestIou,
    pointingGame,
    averagePrecision,
    massOnTarget,
    (s: number[], t: number[]) => klDivergence(t, s),
  ])
    expect(metric([0.2, 0.8], [0, 0])).toBeNaN();
});

test("Wilson intervals equal those of statsmodels", () => {
  for (const [name, [low, high]] of Object.entries<[number, number]>(reference.wilson)) {
    const [successes, count] = name.split("/").map(Number);
    const interval = wilsonInterval(successes, count);
    expect(interval.low).toBeCloseTo(low, 12);
    expect(interval.high).toBeCloseTo(high, 12);
  }
  expect(wilsonInterval(0, 0)).toEqual({ low: 0, high: 1 });
});

test("a proportion carries its count and interval", () => {
  expect(proportion([true, true, false, true])).toMatchObject({ value: 0.75, count: 4 });
});

test("the paired bootstrap agrees with SciPy's percentile bootstrap of the differences", () => {
  const { a, b, paired } = reference;
  const difference = pairedDifference(a, b, { seed: 3, resamples: 20_000 });
  expect(difference.value).toBeCloseTo(paired[0], 12);
  // Two sets of random resamples: the ends of the interval agree to about a hundredth of its width.
  const width = paired[2] - paired[1];
  expect(Math.abs(difference.low - paired[1])).toBeLessThan(0.03 * width);
  expect(Math.abs(difference.high - paired[2])).toBeLessThan(0.03 * width);
});

test("the bootstrap is a function of its seed", () => {
  const { a, b } = reference;
  expect(pairedDifference(a, b, { seed: 1 })).toEqual(pairedDifference(a, b, { seed: 1 }));
  expect(pairedDifference(a, b, { seed: 1 })).not.toEqual(pairedDifference(a, b, { seed: 2 }));
});

test("pairs with an item that does not count are left out", () => {
  expect(pairedDifference([1, Number.NaN, 0.5], [0.5, 0.2, 0.5])).toMatchObject({ value: 0.25, count: 2 });
});

test("quantiles interpolate linearly", () => {
  expect(quantile([0, 1, 2, 3], 0.5)).toBe(1.5); // NumPy: np.quantile([0, 1, 2, 3], 0.5)
});
