import { describe, expect, it } from "vitest";
import {
  addTally,
  barsOf,
  countQuestions,
  distributionsSvg,
  emptyTally,
  questionCounts,
} from "../../src/data/imagefolder/distributions.ts";

const question = (task: string, answer: string, difficulty: Record<string, number | string>) => ({
  task,
  question: "?",
  answer,
  regions: [],
  difficulty,
});

describe("distributions", () => {
  it("count every answer and every value by task, however they are put together", () => {
    const [first, second] = [emptyTally(), emptyTally()];
    countQuestions(first, [question("a", "yes", { lines: 3 }), question("b", "no", {})]);
    countQuestions(second, [question("a", "yes", { lines: 4 })]);
    addTally(first, second);
    expect(questionCounts(first)).toEqual({ a: 2, b: 1 });
    expect([...first.get("a")!.get("lines")!]).toEqual([[3, 1], [4, 1]]); // biome-ignore format: pairs
    expect([...first.get("a")!.get("answer")!]).toEqual([["yes", 2]]);
  });

  it("draw a bar for each value, in the order of numbers, and ranges of many", () => {
    expect(barsOf(new Map([[10, 1], [9, 2]]))).toEqual([{ label: "9", count: 2 }, { label: "10", count: 1 }]); // biome-ignore format: pairs
    const many = barsOf(new Map(Array.from({ length: 64 }, (_, i) => [i, 1])))!;
    expect(many).toHaveLength(16);
    expect(many.reduce((sum, { count }) => sum + count, 0)).toBe(64);
  });

  it("draw the commonest texts and what is left, and nothing where that is most", () => {
    const texts = Array.from({ length: 20 }, (_, i) => [`t${i}`, i < 3 ? 30 : 1] as const);
    expect(barsOf(new Map(texts))!.at(-1)).toEqual({ label: "5 others", count: 5 });
    expect(barsOf(new Map(Array.from({ length: 90 }, (_, i) => [`t${i}`, 1])))).toBeUndefined();
  });

  it("escape what stands in the picture", () => {
    const tally = emptyTally();
    countQuestions(tally, [question("a", '<b "c">', {})]);
    expect(distributionsSvg(tally)).toContain("&lt;b &quot;c&quot;&gt;");
    expect(distributionsSvg(tally)).not.toContain("<b");
  });
});
