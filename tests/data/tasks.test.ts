import { beforeAll, describe, expect, it } from "vitest";
import type { CutOutSet } from "../../src/data/assets/cutout.ts";
import { loadCutOuts } from "../../src/data/assets/load.ts";
import type { Example, Question } from "../../src/data/example.ts";
import { exampleMaker, sceneExamples } from "../../src/data/tasks/examples.ts";
import { type TaskName, usualTaskNames, vocabulary } from "../../src/data/tasks/registry.ts";
import { withArticle } from "../../src/data/tasks/task.ts";
import { decodeMask } from "../../src/grounding/rle.ts";

let cutOuts: CutOutSet;
beforeAll(async () => {
  cutOuts = await loadCutOuts({ names: 12 });
});

const cheap = { size: 32, noise: 0, backgrounds: ["plain"] as const };

function examplesOf(task: TaskName, count: number, more: object = {}): Example[] {
  return [
    ...sceneExamples(
      { cutOuts },
      { seed: 1, count, tasks: [task], questionsPerImage: 1, scene: cheap, ...more },
    ),
  ];
}

function questionsOf(task: TaskName, count: number): Question[] {
  return examplesOf(task, count).flatMap(({ questions }) => questions);
}

function countsOf(items: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

/** Every kind of item appears, and none more than 1.6 or less than 0.5 times its even share. */
function expectEven(items: readonly string[], kinds: number): void {
  const counts = countsOf(items);
  expect(counts.size).toBe(kinds);
  const share = items.length / kinds;
  for (const [item, count] of counts) {
    expect(count / share, item).toBeGreaterThan(0.5);
    expect(count / share, item).toBeLessThan(1.6);
  }
}

describe("examples", () => {
  it("depend on seed, split and index only", () => {
    const make = exampleMaker({ cutOuts }, { scene: { size: 32 } });
    const listed = [...sceneExamples({ cutOuts }, { scene: { size: 32 }, seed: 9, start: 3, count: 3 })];
    expect(listed).toEqual([3, 4, 5].map((i) => make(9, i)));
    expect(make(9, 4)).toEqual(listed[1]);
    const test = exampleMaker({ cutOuts }, { scene: { size: 32 }, split: "test" });
    expect(test(9, 4).image.data).not.toEqual(listed[1].image.data);
  });

  it("name every object in the image and as many absent ones as asked for", () => {
    for (const { concepts } of examplesOf("naming", 50, { absentConcepts: 3 })) {
      expect(concepts.filter(({ regions }) => regions.length === 0)).toHaveLength(3);
      expect(new Set(concepts.map(({ word }) => word)).size).toBe(concepts.length);
    }
  });

  it("ask different questions of the tasks in turn", () => {
    const examples = [...sceneExamples({ cutOuts }, { seed: 2, count: 200, questionsPerImage: 5 })];
    for (const { questions } of examples)
      expect(new Set(questions.map(({ question }) => question)).size).toBe(questions.length);
    expect(countsOf(examples.flatMap(({ questions }) => questions.map(({ task }) => task))).size).toBe(
      usualTaskNames.length,
    );
  });

  it("use only words of the vocabulary, and few", async () => {
    const all = await loadCutOuts();
    for (const wordings of [1, 2]) {
      const words = new Set(vocabulary({ names: all.names, wordings }));
      expect(words.size).toBeLessThan(300);
      for (const { questions, concepts } of sceneExamples(
        { cutOuts: all },
        { seed: 3, count: 300, wordings },
      ))
        for (const text of [
          ...questions.flatMap((q) => [q.question, q.answer]),
          ...concepts.map((c) => c.word),
        ])
          for (const word of text.split(" ")) expect(words, word).toContain(word);
    }
  });

  it("refuse what they cannot do", () => {
    const make = (options: object) => () => exampleMaker({ cutOuts }, options);
    expect(make({ tasks: ["flying"] })).toThrowErrorMatchingInlineSnapshot(
      `[UserError: examples: task must be one of naming, grid-patch, presence, pointing, colour, point-to-every, referring, caption, got "flying"]`,
    );
    expect(make({ tasks: [] })).toThrowErrorMatchingInlineSnapshot(
      `[UserError: examples: tasks must be at least one, got "none"]`,
    );
    expect(make({ questionsPerImage: 0 })).toThrowErrorMatchingInlineSnapshot(
      `[UserError: examples: questionsPerImage must be a whole number of at least 1, got 0]`,
    );
    expect(make({ absentConcepts: -1 })).toThrowErrorMatchingInlineSnapshot(
      `[UserError: examples: absentConcepts must be a whole number of at least 0, got -1]`,
    );
  });
});

/** Mean position of a question's evidence, in cells from 0 to 4. */
function evidenceCell({ regions }: Question): string {
  const [region] = regions;
  if (region.kind !== "mask") throw new Error("evidence must be a mask");
  const [height, width] = region.size;
  let [x, y, area] = [0, 0, 0];
  for (const [p, inside] of decodeMask(region).entries()) {
    x += inside * ((p % width) + 0.5);
    y += inside * (Math.floor(p / width) + 0.5);
    area += inside;
  }
  const column = Math.floor((x / area / width) * 4);
  return `${"abcd"[column]}${Math.floor((y / area / height) * 4) + 1}`;
}

describe("tasks", () => {
  it("naming: answers are even, and the cell asked about holds the evidence", () => {
    const questions = questionsOf("naming", 1500);
    expectEven(questions.map(({ answer }) => answer), 12); // biome-ignore format: short
    expectEven(questions.map(({ question }) => question), 16); // biome-ignore format: short
    for (const question of questions)
      expect(question.question).toBe(`what is at ${evidenceCell(question)} ?`);
  });

  it("grid-patch: answers are even and hold the evidence", () => {
    const questions = questionsOf("grid-patch", 1500);
    expectEven(questions.map(({ answer }) => answer), 16); // biome-ignore format: short
    expectEven(questions.map(({ question }) => question), 12); // biome-ignore format: short
    for (const question of questions) expect(question.answer).toBe(evidenceCell(question));
  });

  it("presence: half the answers are yes, for every name, and agree with what is there", () => {
    const examples = examplesOf("presence", 3000);
    const [yes, no]: string[][] = [[], []];
    for (const { questions, concepts } of examples) {
      const [{ question, answer, regions }] = questions;
      const name = /^is there an? (.+) \?$/.exec(question)![1];
      const there = concepts.some(({ word, regions }) => word === name && regions.length > 0);
      expect(answer).toBe(there ? "yes" : "no");
      expect(regions.length).toBe(there ? 1 : 0);
      (there ? yes : no).push(name);
    }
    expect(Math.abs(yes.length - no.length)).toBeLessThan(3 * Math.sqrt(3000));
    expectEven(yes, 12);
    expectEven(no, 12);
  });

  it("pointing: the numbers are the evidence's place", () => {
    for (const question of questionsOf("pointing", 300)) {
      const [x, y] = question.answer.split(" ").map(Number);
      expect(`${"abcd"[Math.floor(x / 25)]}${Math.floor(y / 25) + 1}`).toBe(evidenceCell(question));
    }
  });

  it("colour: answers are even, and the disc shows that colour", () => {
    const examples = examplesOf("colour", 1200, { scene: { ...cheap, size: 48 } });
    expectEven(examples.flatMap(({ questions }) => questions.map(({ answer }) => answer)), 8); // biome-ignore format: short
    for (const { questions, image } of examples.slice(0, 100)) {
      const disc = questions[0].regions[1];
      if (disc.kind !== "mask") throw new Error("evidence must be a mask");
      const inside = [...decodeMask(disc).entries()].filter(([, shown]) => shown === 1);
      const seen = countsOf(inside.map(([p]) => [...image.data.subarray(p * 3, p * 3 + 3)].join(" ")));
      const [[commonest]] = [...seen].sort((a, b) => b[1] - a[1]);
      const colours = { red: "214 39 40", blue: "35 95 215", white: "250 250 250", black: "20 20 20" };
      const expected = colours[questions[0].answer as keyof typeof colours];
      if (expected !== undefined) expect(commonest).toBe(expected);
    }
  });

  it("take the article that is spoken", () => {
    expect(["cat", "apple", "unicorn", "umbrella"].map(withArticle)).toEqual([
      "a cat",
      "an apple",
      "a unicorn",
      "an umbrella",
    ]);
  });
});
