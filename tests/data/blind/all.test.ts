import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { drawable } from "../../../src/data/drawing/font.ts";
import type { Region } from "../../../src/grounding/region.ts";
import { type BlindName, benchmarkItems, blindNames, extent, type Item, items, taskOf } from "./items.ts";

/** Axes that decide the answer, and so cannot be even within an answer. */
const deciding: Readonly<Record<BlindName, readonly string[]>> = {
  "line-intersection": ["crossings"],
  "marked-cell": [],
  counting: ["count"],
  "touching-circles": ["gap"],
  "nested-squares": ["depth"],
  "circled-letter": [],
  "path-following": ["count"],
};

/** Settings under which every item of a task has the same possible answers. */
const settings: readonly (readonly [BlindName, object, number])[] = [
  ["line-intersection", {}, 3],
  ["line-intersection", { family: "hard", distractors: [0, 1] }, 7],
  ["marked-cell", { grid: 3 }, 9],
  ["marked-cell", { grid: 4, distractors: [1, 2] }, 16],
  ["counting", {}, 7],
  ["touching-circles", {}, 2],
  ["nested-squares", {}, 5],
  ["circled-letter", { case: "lower" }, 26],
  ["circled-letter", { case: "upper" }, 26],
  ["path-following", {}, 4],
];

function tally<T>(values: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** Every one of `kinds` values occurs as often as chance has it, to 4.5 standard deviations. */
function expectEven(values: readonly string[], kinds: number, where: string): void {
  const counts = tally(values);
  expect(counts.size, where).toBe(kinds);
  const share = 1 / kinds;
  const spread = 4.5 * Math.sqrt(values.length * share * (1 - share));
  for (const [value, count] of counts)
    expect(Math.abs(count - values.length * share), `${where}: ${value}`).toBeLessThan(spread);
}

/**
 * Share of right answers of the best guess from the question's words alone, learned from one half of the
 * items and tried on the other.
 */
function blindScore(all: readonly Item[]): number {
  const [learn, test] = [0, 1].map((half) => all.filter((_, i) => i % 2 === half));
  const answersTo = new Map<string, string[]>();
  for (const { question } of learn) {
    const known = answersTo.get(question.question);
    if (known === undefined) answersTo.set(question.question, [question.answer]);
    else known.push(question.answer);
  }
  const guess = new Map(
    [...answersTo].map(([asked, answers]) => [asked, [...tally(answers)].sort((a, b) => b[1] - a[1])[0][0]]),
  );
  return test.filter(({ question }) => guess.get(question.question) === question.answer).length / test.length;
}

function pointsOf(region: Region) {
  if (region.kind === "points" || region.kind === "polyline") return region.points;
  throw new Error("region must be points or a line");
}

describe.each(blindNames)("%s", (name) => {
  it("is a pure function of its chances, at any size", () => {
    for (const size of [64, 96, 336, 500])
      expect(items(name, 20, { size })).toEqual(items(name, 20, { size }));
    expect(JSON.stringify(items(name, 1)[0].drawing)).not.toBe(JSON.stringify(items(name, 2)[1].drawing));
  });

  it("keeps shapes and regions inside the canvas", () => {
    for (const size of [64, 336])
      for (const { drawing, question } of items(name, 300, { size })) {
        const all = [
          ...drawing.shapes.flatMap(extent).flat(),
          ...question.regions.flatMap((region) =>
            region.kind === "box" ? region.box : pointsOf(region).flat(),
          ),
        ];
        expect(Math.min(...all)).toBeGreaterThanOrEqual(0);
        expect(Math.max(...all)).toBeLessThanOrEqual(size);
      }
  });

  it("draws no stroke thinner than a pixel and no letter that the font lacks", () => {
    for (const { drawing } of items(name, 200, { size: 64 }))
      for (const shape of drawing.shapes) {
        if ("width" in shape) expect(shape.width).toBeGreaterThanOrEqual(1);
        if (shape.kind === "text") for (const letter of shape.text) expect(drawable).toContain(letter);
      }
  });

  it("records every axis", () => {
    const task = taskOf(name);
    const axes = Object.keys(task.options.parse({}) as object).filter((key) => key !== "wordings");
    for (const { difficulty } of items(name, 50)) expect(Object.keys(difficulty).sort()).toEqual(axes.sort());
  });

  it.each([1, 2])("uses only its words, with %i wordings", (wordings) => {
    const task = taskOf(name);
    const plain = task.wordings[0].replaceAll(/\{\w+\}/g, " ");
    const options = { wordings, ...(name === "marked-cell" && { distractors: [0, 1] }) };
    const more = name === "line-intersection" ? { family: ["blind", "hard"] } : {};
    const words = new Set([
      ...plain.split(/\s+/),
      ...task.words(task.options.parse({ ...options, ...more })).flatMap((text) => text.split(" ")),
    ]);
    for (const { question } of items(name, 200, { ...options, ...more }))
      for (const word of `${question.question} ${question.answer}`.split(" ")) expect(words).toContain(word);
  });

  it("has a benchmark whose answers are even, and which stays as it is", () => {
    const frozen = benchmarkItems(name);
    const choices = tally(frozen.map(({ question }) => question.choices?.join(" "))).keys();
    for (const these of deciding[name].length > 0 ? choices : []) {
      const alike = frozen.filter(({ question }) => question.choices?.join(" ") === these);
      const answers = tally(alike.map(({ question }) => question.answer));
      expect([...answers.keys()].sort().join(" ")).toBe(these?.split(" ").sort().join(" "));
      expect(new Set(answers.values()).size).toBe(1);
    }
    const hash = createHash("sha256");
    for (const { drawing, question } of frozen) hash.update(JSON.stringify([drawing, question]));
    expect(`version ${taskOf(name).benchmark.version}: ${hash.digest("hex").slice(0, 16)}`).toMatchSnapshot();
  });
});

describe.each(settings)("%s %j", (name, options, answers) => {
  const all = items(name, 250 * Math.max(answers, 6), options);

  it("has even answers, whatever the value of any other axis", () => {
    expectEven(all.map(({ question }) => question.answer), answers, "all"); // biome-ignore format: short
    const axes = Object.keys(all[0].difficulty).filter((axis) => !deciding[name].includes(axis));
    for (const axis of axes)
      for (const value of new Set(all.map(({ difficulty }) => difficulty[axis]))) {
        const alike = all.filter(({ difficulty }) => difficulty[axis] === value);
        const given = alike.map(({ question }) => question.answer);
        expectEven(given, answers, `${axis} ${value}`);
      }
  });

  it("has even values of every axis", () => {
    const given = taskOf(name).options.parse(options) as Record<string, unknown[]>;
    for (const axis of Object.keys(all[0].difficulty)) {
      const values = all.map(({ difficulty }) => String(difficulty[axis]));
      const kinds = new Set(values).size;
      if (name === "counting" && axis === "layout") expect(kinds).toBe(4);
      else if (kinds > 1) expectEven(values, Math.min(given[axis].length, kinds), axis);
    }
  });

  it("says nothing in its questions: a blind guess does no better than chance", () => {
    const chance = 1 / answers;
    const spread = Math.sqrt((chance * (1 - chance)) / (all.length / 2));
    expect(blindScore(all)).toBeLessThan(chance + 4 * spread);
  });

  it("asks with answers among the choices", () => {
    for (const { question } of all)
      if (question.choices !== undefined) {
        expect(question.choices).toContain(question.answer);
        expect(question.choices).toHaveLength(answers);
      }
  });
});
