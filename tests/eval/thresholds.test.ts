import fc from "fast-check";
import { expect, test } from "vitest";
import { iouAtThreshold } from "../../src/eval/map-metrics.ts";
import { openRecorder } from "../../src/eval/measurement.ts";
import {
  type LensCurves,
  learnThreshold,
  overlapCurve,
  recordLearnt,
  thresholdGrid,
} from "../../src/eval/thresholds.ts";

test("a curve holds the overlap at every threshold", () => {
  const map = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(map, fc.integer({ min: 0, max: 4095 }), (scores, bits) => {
      const truth = scores.map((_, i) => (bits >> i) & 1);
      const { intersections, unions } = overlapCurve(scores, truth);
      thresholdGrid.forEach((threshold, t) => {
        const iou = iouAtThreshold(scores, truth, threshold);
        if (Number.isNaN(iou)) expect(unions[t]).toBe(0);
        else expect(intersections[t] / unions[t]).toBe(iou);
      });
    }),
  );
});

test("thresholds themselves count as reached, and places that are not seen never do", () => {
  thresholdGrid.forEach((threshold, t) => {
    const { intersections } = overlapCurve([threshold, Number.NaN], [1, 1]);
    expect(Array.from(intersections)).toEqual(thresholdGrid.map((_, i) => (i <= t ? 1 : 0)));
  });
});

const truth = [1, 1, 0, 0];
const item = (image: number, map: readonly number[], shows: boolean): LensCurves => {
  const curve = overlapCurve(map, shows ? truth : [0, 0, 0, 0]);
  return { image, shows, patches: curve, pixels: curve };
};

test("what a large vocabulary says weakly is found at a low threshold, and absent things stay empty", () => {
  const weak = [0.03, 0.02, 0.004, 0.001];
  const absent = [0.006, 0.001, 0.002, 0.001];
  const { threshold, iou, empty } = learnThreshold([item(0, weak, true), item(0, absent, false)], "patches");
  expect([iou, empty]).toEqual([1, 1]);
  expect(threshold).toBeGreaterThan(0.006);
  expect(threshold).toBeLessThanOrEqual(0.02);
});

test("absent concepts alone give the lowest threshold that leaves nearly all of them empty", () => {
  const peaks = Array.from({ length: 100 }, (_, i) => (i + 1) / 1000);
  const { threshold, empty } = learnThreshold(
    peaks.map((peak) => item(0, [peak, 0, 0, 0], false)),
    "pixels",
  );
  expect(empty).toBeGreaterThanOrEqual(0.95);
  expect(threshold).toBeGreaterThan(0.095);
  expect(threshold).toBeLessThan(0.12);
});

test("each half of the images is scored with the threshold of the other", () => {
  // Even images are cut best between 0.2 and 0.6, odd ones between 0.002 and 0.006.
  const items = Array.from({ length: 8 }, (_, image) => {
    const unit = image % 2 === 0 ? 1 : 0.01;
    return item(image, [0.9 * unit, 0.6 * unit, 0.2 * unit, 0.1 * unit], true);
  });
  const recorder = openRecorder();
  const learnt = recordLearnt(recorder, items);
  expect(learnt?.patches[0]).toBeGreaterThan(0.2);
  expect(learnt?.patches[1]).toBeLessThanOrEqual(0.006);
  const iou = recorder.measurements().find(({ name }) => name === "iou, learnt threshold");
  // With the odd threshold an even map is said everywhere (2 of 4); with the even one an odd map nowhere.
  expect(iou?.values).toEqual([0.5, 0, 0.5, 0, 0.5, 0, 0.5, 0]);
});

test("nothing is learnt of one half alone", () => {
  const recorder = openRecorder();
  expect(recordLearnt(recorder, [item(0, [1, 1, 0, 0], true), item(1, [0, 0, 0, 0], false)])).toBeUndefined();
  expect(recorder.measurements()).toEqual([]);
});
