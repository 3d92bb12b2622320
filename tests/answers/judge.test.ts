import { expect, test } from "vitest";
import type { ParsedAnswer } from "../../src/answers/kinds.ts";
import { scorePoints } from "../../src/answers/points.ts";
import { encodeMask } from "../../src/grounding/rle.ts";
import type { AnswerRecord, ItemRecord } from "../../src/harness/record.ts";
import { scoreItem } from "../../src/harness/score/item.ts";

const base: ItemRecord = {
  id: "1/0",
  task: "t",
  image: "1.png",
  width: 300,
  height: 400, // Diagonal 500.
  question: "?",
  answer: "x",
  answerType: "text",
  regions: [],
  difficulty: {},
};

const said = (parsed: ParsedAnswer | null): AnswerRecord => ({ id: "1/0", text: "…", parsed });
const outcome = (item: Partial<ItemRecord>, parsed: ParsedAnswer | null) =>
  scoreItem({ ...base, ...item }, said(parsed)).outcome;

test("words count without case and spacing", () => {
  const item = { answer: "red  Car" };
  expect(outcome(item, { type: "text", value: " Red car " })).toBe("right");
  expect(outcome(item, { type: "text", value: "red cars" })).toBe("wrong");
});

test("case counts where only case tells the choices apart", () => {
  const item = { answer: "a", answerType: "label", choices: ["a", "A"] } as const;
  expect(outcome(item, { type: "label", value: "A" })).toBe("wrong");
  expect(outcome({ ...item, choices: ["a", "b"] }, { type: "label", value: "A" })).toBe("right");
});

test("numbers, cells and yes-no", () => {
  const number = { answer: "2", answerType: "number" } as const;
  expect(outcome(number, { type: "number", value: 2 })).toBe("right");
  expect(outcome(number, { type: "number", value: 3 })).toBe("wrong");
  const cell = { answer: "row 2 column 3", answerType: "cell" } as const;
  expect(outcome(cell, { type: "cell", row: 2, column: 3 })).toBe("right");
  expect(outcome(cell, { type: "cell", row: 3, column: 2 })).toBe("wrong");
  expect(outcome({ ...cell, answer: "c2" }, { type: "cell", row: 2, column: 3 })).toBe("right");
  const yesNo = { answer: "Yes", answerType: "yes-no" } as const;
  expect(outcome(yesNo, { type: "yes-no", value: "yes" })).toBe("right");
  expect(outcome(yesNo, { type: "yes-no", value: "no" })).toBe("wrong");
});

test("an answer that could not be read, is of another type, or is missing is wrong", () => {
  expect(scoreItem(base, said(null))).toMatchObject({ correct: false, outcome: "unparsable" });
  expect(scoreItem(base, said({ type: "number", value: 1 }))).toMatchObject({
    correct: false,
    outcome: "unparsable",
  });
  expect(scoreItem(base, undefined)).toMatchObject({ correct: false, outcome: "unanswered" });
});

test("no answer is right even where an empty list of points would be", () => {
  const item: ItemRecord = { ...base, answerType: "points" };
  expect(scoreItem(item, said({ type: "points", points: [] }))).toMatchObject({ correct: true });
  expect(scoreItem(item, said(null))).toMatchObject({ correct: false, points: { f1: 0 } });
});

test("data whose own answer makes no sense is refused", () => {
  expect(() => outcome({ answer: "many", answerType: "number" }, null)).toThrow(
    'item 1/0: answer must be a whole number, got "many"',
  );
  expect(() => outcome({ answerType: "box" }, null)).toThrow("a box among its regions");
});

test("a box is right from IoU 0.5 on", () => {
  const item = {
    answerType: "box",
    regions: [{ kind: "box", box: [0, 0, 10, 10] }],
  } as const;
  const score = (x1: number) => scoreItem({ ...base, ...item }, said({ type: "box", box: [0, 0, x1, 10] }));
  expect(score(5)).toMatchObject({ correct: true, iou: 0.5 });
  expect(score(4.9).correct).toBe(false);
  expect(scoreItem({ ...base, ...item }, said(null)).iou).toBe(0);
});

test("the box of a mask is the truth where the data has a mask", () => {
  const mask = encodeMask([0, 0, 0, 0, 1, 1, 0, 1, 1], 3, 3);
  const item = { answerType: "box", regions: [mask], width: 3, height: 3 } as const;
  const score = scoreItem({ ...base, ...item }, said({ type: "box", box: [1, 1, 3, 3] }));
  expect(score.iou).toBe(1);
});

test("every truth is found once: a second point in the same area is one too many", () => {
  const regions = [
    { kind: "box", box: [0, 0, 10, 10] },
    { kind: "box", box: [20, 0, 30, 10] },
  ] as const;
  expect(scorePoints([[5, 5], [6, 6]], regions, 0)).toMatchObject({ hits: 1, precision: 0.5, recall: 0.5, f1: 0.5 }); // biome-ignore format: one line
  expect(scorePoints([[25, 5], [5, 5]], regions, 0)).toMatchObject({ hits: 2, precision: 1, recall: 1, f1: 1 }); // biome-ignore format: one line
});

test("points in overlapping areas are matched so that both are found", () => {
  const regions = [
    { kind: "box", box: [0, 0, 30, 10] },
    { kind: "box", box: [0, 0, 10, 10] },
  ] as const;
  // Greedy, the first point would take the first box and leave the second point without one.
  expect(scorePoints([[5, 5], [20, 5]], regions, 0).hits).toBe(2); // biome-ignore format: one line
});

test("a point truth is found within a share of the diagonal", () => {
  const item: ItemRecord = {
    ...base,
    answerType: "points",
    regions: [{ kind: "points", points: [[100, 100]] }],
  };
  const score = (x: number, pointReach?: number) =>
    scoreItem(item, said({ type: "points", points: [[x, 100]] }), { ...(pointReach && { pointReach }) })
      .correct;
  expect(score(125)).toBe(true); // 0.05 of 500 pixels.
  expect(score(125.1)).toBe(false);
  expect(score(145, 0.1)).toBe(true);
});

test("of two near points each truth takes the nearer", () => {
  const regions = [{ kind: "points", points: [[10, 0], [20, 0]] }] as const; // biome-ignore format: one line
  expect(scorePoints([[14, 0], [6, 0]], regions, 6).hits).toBe(2); // biome-ignore format: one line
});

test("a point on a mask is one on its pixels, on a line one near it", () => {
  const mask = encodeMask([0, 0, 0, 0, 1, 1, 0, 0, 0], 3, 3); // Row 1, columns 1 and 2.
  expect(scorePoints([[1.5, 1.5]], [mask], 0).hits).toBe(1);
  expect(scorePoints([[1.5, 0.9]], [mask], 0).hits).toBe(0);
  expect(scorePoints([[3.1, 1.5]], [mask], 0).hits).toBe(0);
  const line = { kind: "polyline", points: [[0, 0], [10, 0]] } as const; // biome-ignore format: one line
  expect(scorePoints([[5, 2]], [line], 2).hits).toBe(1);
  expect(scorePoints([[13, 0]], [line], 2).hits).toBe(0);
});
