import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { random } from "../../src/common/random.ts";
import type { LineShape, Point } from "../../src/data/drawing/drawing.ts";
import type { Drawn } from "../../src/data/tasks/drawn.ts";
import { checkTraceable } from "../../src/data/tasks/line-tracing/check.ts";
import { lineTracing } from "../../src/data/tasks/line-tracing/index.ts";
import { atLeast, atMost, successes } from "./line-tracing-chance.ts";

const make = (index: number, options: object = {}) =>
  lineTracing.make(random("line-tracing test", index), lineTracing.options.parse(options));

/** The strokes of a picture: everything drawn as a line but the rules of paper, which run from edge to edge. */
const strokes = ({ drawing }: Drawn) =>
  drawing.shapes.filter(
    (shape): shape is LineShape =>
      shape.kind === "line" && shape.points[0][0] > 0.5 && shape.points[0][1] > 0.5,
  );

/** The region: the line and, before and after it, the middles of its labels. */
const traceOf = ({ questions: [{ regions }] }: Drawn): readonly Point[] =>
  regions[0].kind === "polyline" ? regions[0].points : [];

/** The asked line is the stroke that the region follows, point by point. */
const ownOf = (item: Drawn, lines: readonly LineShape[]) => {
  const trace = JSON.stringify(traceOf(item).slice(1, -1));
  return lines.findIndex(({ points }) => points[0] === traceOf(item)[1] && JSON.stringify(points) === trace);
};

/** Crossings of two polylines, piece by piece and without any of the checker's code. */
function countCrossings(a: readonly Point[], b: readonly Point[]): number {
  const side = ([ax, ay]: Point, [bx, by]: Point, [x, y]: Point) =>
    (bx - ax) * (y - ay) - (by - ay) * (x - ax) >= 0;
  let count = 0;
  for (let i = 1; i < a.length; i++)
    for (let j = 1; j < b.length; j++) {
      if (a === b && j - i < 2) continue;
      const [p, q, r, s] = [a[i - 1], a[i], b[j - 1], b[j]];
      if (side(p, q, r) !== side(p, q, s) && side(r, s, p) !== side(r, s, q)) count++;
    }
  return count;
}

/** What the checker finds in the picture against what the question records. */
function traceFault(item: Drawn): unknown {
  const lines = strokes(item);
  const own = ownOf(item, lines);
  const { crossings, problem } = checkTraceable(
    lines.map(({ points }) => points),
    lines[own].width,
  );
  const meets = crossings.filter(({ a, b }) => a === own || b === own);
  const others = meets.filter(({ a, b }) => a !== b);
  const difficulty = item.questions[0].difficulty ?? {};
  const right =
    difficulty.crossings === others.length &&
    difficulty.selfCrossings === meets.length - others.length &&
    difficulty.nearTangent === (others.some(({ angle }) => angle < 40) ? "some" : "none") &&
    lines.length === Number(difficulty.lines) + Number(difficulty.distractors);
  return problem === undefined && right ? undefined : { problem, difficulty };
}

function countFault(item: Drawn): unknown {
  const lines = strokes(item);
  const own = ownOf(item, lines);
  const trace = lines[own].points;
  const others = lines.filter((_, line) => line !== own);
  const met = others.reduce((sum, { points }) => sum + countCrossings(trace, points), 0);
  const difficulty = item.questions[0].difficulty ?? {};
  const right = met === difficulty.crossings && countCrossings(trace, trace) === difficulty.selfCrossings;
  return right ? undefined : { met, difficulty };
}

/** Centres of the texts and filled shapes of a picture, with the label that each is. */
function labelsOf({ concepts = [] }: Drawn): { word: string; at: Point }[] {
  return concepts.map(({ word, regions: [region] }) => {
    const [x0, y0, x1, y1] = region.kind === "box" ? region.box : [0, 0, 0, 0];
    return { word, at: [(x0 + x1) / 2, (y0 + y1) / 2] };
  });
}

function endsFault(item: Drawn): unknown {
  const labels = labelsOf(item);
  const nearest = ([x, y]: Point) => {
    const far = ({ at: [p, q] }: { at: Point }) => (x - p) ** 2 + (y - q) ** 2;
    return labels.reduce((best, label) => (far(label) < far(best) ? label : best)).word;
  };
  const trace = traceOf(item);
  const [{ question, answer, choices = [], difficulty }] = item.questions;
  const right =
    trace.slice(0, 2).every((point) => question.includes(` line ${nearest(point)} `)) &&
    trace.slice(-2).every((point) => nearest(point) === answer) &&
    choices.includes(answer) &&
    choices.length === difficulty?.lines;
  return right ? undefined : { question, answer };
}

const defaults = lineTracing.options.parse({});

// Each picture is looked at once and let go: 10,000 of them would fill the memory.
const found = { trace: [] as unknown[], count: [] as unknown[], ends: [] as unknown[] };
const asked = Array.from({ length: 10_000 }, (_, i) => {
  const item = lineTracing.make(random("line-tracing test", i), defaults);
  found.trace.push(traceFault(item) ?? []);
  found.ends.push(endsFault(item) ?? []);
  if (i % 20 === 0) found.count.push(countFault(item) ?? []);
  return item.questions.map(({ question, answer, choices, difficulty }) => ({
    question,
    answer,
    choices,
    difficulty,
  }))[0];
});

test("every line of 10,000 pictures can be followed, and the asked line has the recorded crossings", () => {
  expect(found.trace).toHaveLength(10_000);
  expect(found.trace.flat()).toEqual([]);
});

test("crossings counted piece by piece are the checker's", () => {
  expect(found.count).toHaveLength(500);
  expect(found.count.flat()).toEqual([]);
});

test("the region runs from the label of the question to the label of the answer", () => {
  expect(found.ends.flat()).toEqual([]);
});

test("every axis is balanced", () => {
  const axes = { lines: 9, crossings: 13, selfCrossings: 3, colours: 2, family: 4, width: 3, distractors: 4 };
  const more = { labels: 3, background: 5, orientation: 2, size: 3 };
  for (const [axis, count] of Object.entries({ ...axes, ...more })) {
    const seen = new Map<unknown, number>();
    for (const { difficulty } of asked) seen.set(difficulty?.[axis], (seen.get(difficulty?.[axis]) ?? 0) + 1);
    expect(seen.size, axis).toBe(count);
    expectEven([...seen.values()], axis);
  }
  const either = asked.filter(
    ({ difficulty }) => difficulty?.crossings !== 0 && difficulty?.family !== "orthogonal",
  );
  const some = either.filter(({ difficulty }) => difficulty?.nearTangent === "some").length;
  expectEven([some, either.length - some], "nearTangent");
});

/** Each count is within exact binomial bounds, far out: a fair generator fails one in a million. */
function expectEven(counts: readonly number[], what: string): void {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const spread = successes(Array<number>(total).fill(1 / counts.length));
  for (const count of counts) {
    expect(atLeast(spread, count), what).toBeGreaterThan(1e-6);
    expect(atMost(spread, count), what).toBeGreaterThan(1e-6);
  }
}

interface Asked {
  readonly question: string;
  readonly answer: string;
  readonly difficulty?: Readonly<Record<string, number | string>>;
}

/** Right answers in the second half of one who learnt the most frequent answer to each key in the first half. */
function learnt(all: readonly Asked[], key: (item: Asked) => string): number {
  const half = all.length / 2;
  const counts = new Map<string, Map<string, number>>();
  for (const item of all.slice(0, half)) {
    const answers = counts.get(key(item)) ?? new Map<string, number>();
    answers.set(item.answer, (answers.get(item.answer) ?? 0) + 1);
    counts.set(key(item), answers);
  }
  const best = new Map(
    [...counts].map(([k, answers]) => [k, [...answers].reduce((a, b) => (b[1] > a[1] ? b : a))[0]]),
  );
  return all.slice(half).filter((item) => best.get(key(item)) === item.answer).length;
}

/** How many of the second half a blind guesser gets right who knows what labels there are. */
const guesses = successes(
  asked.slice(asked.length / 2).map(({ difficulty }) => 1 / Number(difficulty?.lines)),
);

const baselines: Record<string, (item: Asked) => string> = {
  "the question": ({ question }) => question,
  "the question and the number of lines": ({ question, difficulty }) => `${question} ${difficulty?.lines}`,
  "the question and the kind of labels": ({ question, difficulty }) => `${question} ${difficulty?.labels}`,
  "the number of lines and crossings": ({ difficulty }) =>
    `${difficulty?.labels} ${difficulty?.lines} ${difficulty?.crossings}`,
};

test.each(Object.keys(baselines))("who knows only %s answers by chance", (name) => {
  expect(atLeast(guesses, learnt(asked, baselines[name]))).toBeGreaterThan(1e-4);
});

test("the same test finds a leak of one answer in ten", () => {
  const leaky = asked.map((item, i) => {
    const first = item.choices?.[0] ?? item.answer;
    return i % 10 === 0 ? { ...item, answer: first } : item;
  });
  expect(atLeast(guesses, learnt(leaky, baselines["the question and the kind of labels"]))).toBeLessThan(
    1e-6,
  );
});

/** Place of the asked line among the labels of one side, from 0 at the top or left. */
function placeOf(item: Drawn, end: 0 | 1): number {
  const across = item.questions[0].difficulty?.orientation === "left-right" ? 1 : 0;
  const trace = traceOf(item);
  const own = trace[end === 0 ? 0 : trace.length - 1];
  const tips = item.questions.flatMap(({ regions: [region] }) =>
    region.kind === "polyline" ? [region.points[end === 0 ? 0 : region.points.length - 1]] : [],
  );
  return tips.filter((tip) => tip[across] < own[across]).length;
}

test("the asked line begins and ends at every place equally often", () => {
  const options = { lines: 4, distractors: 0, questions: "all", family: ["spline", "orthogonal"] };
  const all = Array.from({ length: 1000 }, (_, i) => make(i, options));
  for (const end of [0, 1] as const) {
    const counts = [0, 0, 0, 0];
    for (const item of all) counts[placeOf(item, end)]++;
    expectEven(counts, `places of end ${end}`);
  }
  const labels = { A: 0, B: 0, C: 0, D: 0 } as Record<string, number>;
  for (const { questions } of all) if (questions[0].answer in labels) labels[questions[0].answer]++;
  expectEven(Object.values(labels), "labels");
});

test("a small picture asks about all its lines, each with its own end", () => {
  for (const size of [64, 96]) {
    const options = { size, lines: 3, crossings: 2, labels: "letters", questions: "all" };
    const { questions } = make(size, options);
    expect(questions.map(({ answer }) => answer).sort()).toEqual(["A", "B", "C"]);
    expect(questions[0].difficulty).toMatchObject({ size, lines: 3, crossings: 2, labels: "letters" });
    expect(make(size, options)).toEqual(make(size, options));
  }
});

test("small canvases hold every family with few lines", () => {
  const options = { size: [64, 80, 96], lines: [2, 3, 4], crossings: [0, 1, 2, 3], width: [0.015, 0.02] };
  for (let i = 0; i < 500; i++) make(i, options);
});

test("what cannot be drawn says so", () => {
  const crowd = { size: 64, lines: 10, crossings: 12, distractors: 3, family: "spline" };
  expect(() => make(0, crowd)).toThrowErrorMatchingInlineSnapshot(
    `[UserError: line-tracing: 10 lines and 3 distractors with 12 crossings and 0 self-crossings at width 0.007 do not fit on 64 pixels; take a larger size or smaller values]`,
  );
  expect(() => make(0, { nearTangent: "some" })).toThrowErrorMatchingInlineSnapshot(
    `[UserError: line-tracing: nearTangent must be a list with "none" where crossings has 0 or family has "orthogonal", got ["some"]; these have no shallow crossing]`,
  );
});

test("words hold every answer and every label that questions name", () => {
  const words = new Set(lineTracing.words(lineTracing.options.parse({})));
  const unknown = asked
    .flatMap(({ question, answer }) => [answer, /line (\S+)/.exec(question)?.[1] ?? question])
    .filter((word) => !words.has(word));
  expect(unknown).toEqual([]);
});

test("the benchmark is stratified, drawn as designed and the same for ever", () => {
  const { count, strata } = lineTracing.benchmark;
  const design = Array.from({ length: count }, (_, i) => strata(i));
  const tally = (key: (item: Readonly<Record<string, unknown>>) => string) => {
    const seen = new Map<string, number>();
    for (const item of design) seen.set(key(item), (seen.get(key(item)) ?? 0) + 1);
    return [...seen.values()];
  };
  const cells = tally(({ lines, crossings }) => `${lines} ${crossings}`);
  expect(cells).toHaveLength(117);
  expect([Math.min(...cells), Math.max(...cells)]).toEqual([17, 18]);
  for (const axis of Object.keys(design[0]).filter(
    (name) => !["lines", "crossings", "nearTangent"].includes(name),
  )) {
    const counts = tally((item) => String(item[axis]));
    expect(Math.max(...counts) - Math.min(...counts), axis).toBeLessThanOrEqual(1);
  }
  const hash = createHash("sha256");
  for (let i = 0; i < count; i++) {
    const drawn = lineTracing.make(random("frozen", i), lineTracing.options.parse(design[i]));
    const { questions: _, wordings: __, ...axes } = design[i];
    expect(drawn.questions[0].difficulty).toEqual(axes);
    hash.update(JSON.stringify(drawn));
  }
  expect(hash.digest("hex")).toMatchInlineSnapshot(
    `"f64fe2f09bdd4dcfade5e1e0b124af2f3ddb214c5337e169adedb82955eae028"`,
  );
}, 60_000);
