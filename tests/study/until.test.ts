import { describe, expect, it } from "vitest";
import { firstCrossing, picturesUntil, untilRatio } from "../../src/study/until.ts";
import { record } from "./records.ts";

describe("the first crossing", () => {
  it("lies between two points on a line over the logarithm", () => {
    expect(firstCrossing([10, 1000], [0, 1], 0.5)).toBeCloseTo(100, 6);
    expect(firstCrossing([10, 100, 1000], [0.2, 0.9, 0.1], 0.9)).toBeCloseTo(100, 6);
  });

  it("is the first point where that is past the target, and none where no point is", () => {
    expect(firstCrossing([10, 100], [0.95, 1], 0.9)).toBe(10);
    expect(firstCrossing([0, 100], [0, 1], 0.9)).toBe(100);
    expect(firstCrossing([10, 100], [0, 0.5], 0.9)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("pictures until a target", () => {
  const fast = [record("a", 1, { 0: 0, 10: 0, 100: 4 }), record("a", 2, { 0: 0, 10: 4, 100: 4 })];
  const slow = [record("b", 1, { 0: 0, 10: 0, 100: 0, 1000: 4 }), record("b", 2, { 0: 0, 1000: 4 })];

  it("are the geometric mean over seeds, within their interval", () => {
    const until = picturesUntil(fast, "accuracy/naming", 1);
    expect(until).toMatchObject({ seeds: 2, reached: 2, trained: 100 });
    expect(until?.value).toBeCloseTo(Math.sqrt(1000), 6);
    expect(until?.low).toBeCloseTo(10, 6);
    expect(until?.high).toBeCloseTo(100, 6);
  });

  it("are not known where a seed does not get there, and the ratio is then a bound", () => {
    const never = [record("b", 1, { 0: 0, 100: 0, 1000: 2 }), record("b", 2, { 0: 0, 1000: 4 })];
    expect(picturesUntil(never, "accuracy/naming", 1)).toMatchObject({
      reached: 1,
      high: Number.POSITIVE_INFINITY,
    });
    expect(picturesUntil(never, "accuracy/naming", 1)?.value).toBeUndefined();
    expect(untilRatio(never, fast, "accuracy/naming", 1)).toMatchObject({ isBound: true, seeds: 2 });
    expect(untilRatio(fast, never, "accuracy/naming", 1)).toBeUndefined();
  });

  it("are compared seed by seed", () => {
    const ratio = untilRatio(slow, fast, "accuracy/naming", 1);
    expect(ratio).toMatchObject({ isBound: false, seeds: 2 });
    expect(ratio?.value).toBeCloseTo(Math.sqrt(10 * 100), 6);
  });

  it("are nothing where the metric is missing", () => {
    expect(picturesUntil(fast, "lens/iou", 0.6)).toBeUndefined();
  });
});
