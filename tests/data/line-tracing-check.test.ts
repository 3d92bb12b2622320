import { expect, test } from "vitest";
import type { Point } from "../../src/data/drawing/drawing.ts";
import { checkLabels, checkTraceable } from "../../src/data/tasks/line-tracing/check.ts";

/** A level line at a height, and lines through points. */
const level = (y: number): Point[] => [
  [0, y],
  [200, y],
];
const through = (...points: Point[]) => points;

const problem = (...lines: Point[][]) => checkTraceable(lines, 3).problem;

/** A bow from (0, 50) to (200, 50) whose middle lies at a height. */
const bow = (middle: number, parts = 100): Point[] =>
  Array.from({ length: parts + 1 }, (_, i) => {
    const x = (200 * i) / parts;
    return [x, 50 + (middle - 50) * Math.sin((Math.PI * i) / parts) ** 2];
  });

test("a proper crossing is found once, with its place, angle and arc lengths", () => {
  const { crossings, problem } = checkTraceable([level(50), through([80, 20], [120, 80])], 3);
  expect(problem).toBeUndefined();
  expect(crossings).toHaveLength(1);
  expect(crossings[0]).toMatchObject({ a: 0, b: 1, at: [100, 50] });
  expect(crossings[0].angle).toBeCloseTo((Math.atan2(60, 40) * 180) / Math.PI, 9);
  expect(crossings[0].along[0]).toBeCloseTo(100, 9);
  expect(crossings[0].along[1]).toBeCloseTo(Math.sqrt(13) * 10, 9);
});

test("a crossing at a knot of one line, or of both, is met once", () => {
  const kneed = through([80, 20], [100, 50], [120, 80]);
  expect(checkTraceable([level(50), kneed], 3).crossings).toHaveLength(1);
  const knotted = through([0, 50], [100, 50], [200, 50]);
  expect(checkTraceable([knotted, kneed], 3).crossings).toHaveLength(1);
});

test("lines that touch without crossing, or come near it, cannot be followed", () => {
  expect(
    problem(
      level(50),
      bow(50 + 1e-9).map(([x, y]): Point => [x, 100 - y + 1e-9]),
    ),
  ).toMatch("too close");
  expect(problem(level(60), bow(60))).toMatch(/degrees|close/);
  expect(problem(level(60), bow(55))).toMatch("too close");
  expect(problem(level(60), bow(53.9))).toBeUndefined();
});

test("lines that cross twice must show a gap between", () => {
  expect(problem(level(60), bow(62))).toMatch(/degrees|close|together/);
  const lens = (height: number) => through([60, 40], [100, 50 + height], [140, 40]);
  expect(problem(level(50), lens(40))).toBeUndefined();
  expect(problem(level(50), through([80, 20], [98, 53], [102, 53], [120, 20]))).toMatch(
    /bend|close|together/,
  );
});

test("an end that rests on another line is refused", () => {
  expect(problem(level(50), through([100, 10], [100, 50]))).toMatch("ends at the crossing");
  expect(problem(level(50), through([100, 10], [100, 53]))).toMatch("ends at the crossing");
  expect(problem(level(50), through([100, 10], [100, 45]))).toMatch("too close");
  expect(problem(level(50), through([100, 10], [100, 43]))).toBeUndefined();
});

test("shallow crossings are refused below 25 degrees and only there", () => {
  const at = (degrees: number) => {
    const slope = Math.tan((degrees * Math.PI) / 180);
    return through([0, 50 - 100 * slope], [200, 50 + 100 * slope]);
  };
  expect(problem(level(50), at(24.9))).toMatch("24.9 degrees");
  expect(problem(level(50), at(25.1))).toBeUndefined();
});

test("three lines through one point are refused", () => {
  expect(problem(level(50), through([50, 0], [150, 100]), through([150, 0], [50, 100]))).toMatch("together");
  expect(problem(level(50), through([50, 0], [150, 100]), through([190, 0], [90, 100]))).toBeUndefined();
});

test("a line that turns aside at a crossing is refused: another way would look straighter", () => {
  const out = (x: number, degrees: number): Point => {
    const angle = (degrees * Math.PI) / 180;
    return [x + 80 * Math.cos(angle), 50 - 80 * Math.sin(angle)];
  };
  const upright = through(out(100, 100), [100, 50], out(100, 300));
  expect(problem(through([0, 50], [101, 50], out(101, 20)), upright)).toBeUndefined();
  expect(problem(through([0, 50], [101, 50], out(101, 60)), upright)).toMatch("bend");
});

test("stretches of one line count as lines do", () => {
  const hairpin = (gap: number) => through([0, 50], [100, 50], [100, 50 + gap], [0, 50 + gap]);
  expect(problem(hairpin(5))).toMatch("lines 0 and 0 come too close");
  expect(problem(hairpin(7))).toBeUndefined();
  const loop = through([0, 50], [100, 50], [100, 20], [60, 20], [60, 90]);
  const { crossings, problem: found } = checkTraceable([loop], 3);
  expect(found).toBeUndefined();
  expect(crossings).toMatchObject([{ a: 0, b: 0, at: [60, 50], angle: 90, along: [60, 200] }]);
});

test("the answer is the same at every scale, whichever line comes first and from whichever end", () => {
  const loop = through([10, 90], [60, 10], [90, 10], [90, 35], [20, 35]);
  const lines = [level(50), through([120, 20], [150, 80]), loop];
  const plain = checkTraceable(lines, 3);
  const large = checkTraceable(
    lines.map((line) => line.map(([x, y]): Point => [4 * x, 4 * y])),
    12,
  );
  expect(plain.problem).toBeUndefined();
  expect(large.problem).toBeUndefined();
  expect(large.crossings.map(({ angle }) => angle.toFixed(6))).toEqual(
    plain.crossings.map(({ angle }) => angle.toFixed(6)),
  );
  const places = (of: Point[][]) =>
    checkTraceable(of, 3)
      .crossings.map(({ at: [x, y] }) => `${x.toFixed(6)} ${y.toFixed(6)}`)
      .sort();
  expect(places(lines.map((line) => [...line].reverse()))).toEqual(places(lines));
  expect(places([...lines].reverse())).toEqual(places(lines));
});

test("labels are refused where a line runs over them or where two are equally near", () => {
  const label = (line: number, end: 0 | 1, x: number, y: number) => ({ line, end, centre: [x, y] as const });
  const lines = [level(50), level(80)];
  const good = [label(0, 0, -12, 50), label(0, 1, 212, 50), label(1, 0, -12, 80), label(1, 1, 212, 80)];
  expect(checkLabels(lines, 3, good, 10)).toBeUndefined();
  expect(checkLabels([...lines, through([-12, 0], [-12, 55])], 3, good, 10)).toMatch("runs over");
  expect(checkLabels(lines, 3, [...good.slice(0, 3), label(1, 1, 212, 62)], 10)).toMatch("between labels");
});
