import { expect, it } from "vitest";
import { formatSeconds } from "../../src/common/duration.ts";
import { curvesSvg, niceTicks } from "../../src/train/report/curves.ts";
import type { MetricsLine, StepLine } from "../../src/train/report/metrics.ts";
import { describeStep, progressView } from "../../src/train/run/progress.ts";
import { describeSummary, type RunSummary } from "../../src/train/run/summary.ts";

const line: StepLine = {
  kind: "step",
  step: 40,
  loss: 1.23456,
  parts: { ntp: 0.5, lll: 0.73456, "lll.positive": 0.7 },
  gradientNorm: 1,
  learningRate: 1e-3,
  tokensPerSecond: 12345.6,
  secondsPerStep: 0.5,
  dataShare: 0.001,
};

it("says loss, parts, speed and time left", () => {
  expect(describeStep(line, 290)).toBe("loss 1.235 (ntp 0.500, lll 0.735)  12,346 tokens/s  2 min 5 s left");
  expect([0.4, 59.6, 3725].map(formatSeconds)).toEqual(["0 s", "1 min 0 s", "1 h 2 min"]);
});

it("says what is trained, on what, and what the data lacks", () => {
  const summary: RunSummary = {
    model: "llava from base",
    parameters: 1_234_567,
    trainable: 12_345,
    data: { pictures: 29, questions: 58, heldOut: 1 },
    tokensPerPicture: { smallest: 64, median: 180, largest: 1200 },
    shapes: 6,
    padding: 0.0412,
    effectiveBatch: 16,
    steps: 2000,
    notes: ["2 of 58 questions have no region and are left out of klal"],
  };
  expect(describeSummary(summary)).toEqual([
    "model: llava from base, 1,234,567 parameters, 12,345 trained (1.0 %)",
    "data: 29 pictures with 58 questions, 1 more held out",
    "pictures: 64 to 1,200 tokens each, median 180",
    "shapes: 6, a program for each; 4 % of the tokens are padding",
    "steps: 2,000 of 16 rows",
    "note: 2 of 58 questions have no region and are left out of klal",
  ]);
  expect(describeSummary({ ...summary, data: null })[1]).toBe("data: scenes, made as they are needed");
});

it("writes plain lines where there is no terminal: the first ten, then each hundredth of the run", () => {
  const written: string[] = [];
  const stream = {
    isTTY: false,
    write: (text: string) => written.push(text),
  } as unknown as NodeJS.WriteStream;
  const view = progressView(2000, 0, stream);
  for (let step = 1; step <= 100; step++) view.step({ ...line, step });
  view.evaluation({ kind: "eval", step: 100, loss: 2, parts: { ntp: 2 } });
  view.end();
  expect(written).toHaveLength(10 + 5 + 1);
  expect(written.at(-1)).toBe("evaluation at step 100: loss 2.000 (ntp 2.000)\n");
});

it("draws each curve where its values are", () => {
  const lines: MetricsLine[] = [0, 1, 2].map((i) => ({ ...line, step: i + 1, loss: i, parts: { "a<b": 1 } }));
  const svg = curvesSvg([...lines, { kind: "eval", step: 3, loss: 2, parts: { "a<b": 1 } }]);
  expect(svg).toContain(">a&lt;b</text>");
  // The first panel spans x 52 to 366 for steps 0 to 3 and y 210 to 34 for losses 0 to 2.
  expect(svg).toContain('points="156.7,210.0 261.3,122.0 366.0,34.0"');
  expect(svg).toContain('<circle cx="366.0" cy="34.0"');
  expect(curvesSvg([])).toContain("</svg>");
});

it("chooses round ticks that enclose the values", () => {
  expect(niceTicks(0, 2)).toEqual([0, 0.5, 1, 1.5, 2]);
  expect(niceTicks(0, 0.0009)).toEqual([0, 5e-4, 1e-3]);
  expect(niceTicks(-3, 97)).toEqual([-50, 0, 50, 100]);
});
