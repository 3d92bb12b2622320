import { expect, it } from "vitest";
import { random } from "../../src/common/random.ts";
import { baselineAnswers, baselineKinds } from "../../src/harness/baselines.ts";
import type { ItemRecord } from "../../src/harness/record.ts";
import { scoreItems } from "../../src/harness/score/scores.ts";

const base = { image: "a.png", width: 100, height: 50, regions: [], difficulty: {} } as const;

function items(count: number, make: (i: number) => Partial<ItemRecord>): ItemRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    ...base,
    id: `${i}/0`,
    task: "t",
    question: "which ?",
    answer: "A",
    answerType: "label" as const,
    ...make(i),
  }));
}

function accuracy(kind: (typeof baselineKinds)[number], all: readonly ItemRecord[], seed = 0): number {
  const scores = scoreItems(all, baselineAnswers(kind, all, seed));
  return scores.filter(({ correct }) => correct).length / all.length;
}

const choices = ["A", "B", "C", "D"];

it("score at chance where the answers are balanced exactly, as leaving one out would not", () => {
  const all = items(2000, (i) => ({
    answer: choices[i % 4],
    choices,
    question: `which does line ${i % 3} reach ?`,
  }));
  // Four standard errors of a quarter over 2000 items are 3.9 %.
  for (const kind of baselineKinds) expect(Math.abs(accuracy(kind, all) - 0.25)).toBeLessThan(0.039);
});

it("know what the question gives away, and the most frequent answer", () => {
  const chance = random("test");
  const all = items(600, (i) => {
    const question = i % 2 === 0 ? "even ?" : "odd ?";
    return { question, choices, answer: chance.uniform() < 0.9 ? (i % 2 === 0 ? "B" : "C") : "D" };
  });
  expect(accuracy("blind", all)).toBeGreaterThan(0.85);
  expect(accuracy("majority", all)).toBeLessThan(0.55);
  const uneven = items(600, (i) => ({ answer: i % 3 === 0 ? "A" : "B", choices }));
  expect(accuracy("majority", uneven)).toBeCloseTo(2 / 3, 2);
  expect(accuracy("random", uneven)).toBeLessThan(0.35);
});

it("answer only what is possible for a question", () => {
  const all = items(50, (i) =>
    i % 2 === 0 ? { answer: "A", choices: ["A", "B"] } : { answer: "C", choices: ["C", "D"] },
  );
  for (const kind of baselineKinds)
    for (const [i, { text }] of baselineAnswers(kind, all, 1).entries())
      expect(all[i].choices).toContain(text);
});

it("have an answer of the right type for every kind of question", () => {
  const box = { kind: "box", box: [10, 10, 30, 20] } as const;
  const kinds: Partial<ItemRecord>[] = [
    { answerType: "number", answer: "3" },
    { answerType: "yes-no", answer: "yes" },
    { answerType: "cell", answer: "row 2 column 3" },
    { answerType: "cell", answer: "b2" },
    { answerType: "text", answer: "a cat" },
    { answerType: "box", answer: "10 20 30 40", regions: [box] },
    { answerType: "points", answer: "10 20", regions: [box] },
  ];
  for (const kind of kinds) {
    const all = items(10, () => kind);
    for (const name of baselineKinds)
      for (const { parsed } of baselineAnswers(name, all, 0)) expect(parsed?.type).toBe(kind.answerType);
  }
  const boxes = items(10, () => kinds[5]);
  expect(baselineAnswers("majority", boxes, 0)[0].parsed).toEqual({ type: "box", box: [10, 10, 30, 20] });
});

it("are the same for a seed, and say so when there is nothing to go by", () => {
  const all = items(30, (i) => ({ answer: choices[i % 4], choices }));
  expect(baselineAnswers("random", all, 3)).toEqual(baselineAnswers("random", all, 3));
  expect(baselineAnswers("random", all, 3)).not.toEqual(baselineAnswers("random", all, 4));
  const [one] = baselineAnswers(
    "majority",
    items(1, () => ({})),
    0,
  );
  expect(one).toMatchObject({ parsed: null, problem: "no other question of this kind" });
});
