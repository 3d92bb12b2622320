/** Answers of models, read and judged as evaluations do it, and pictures found by asking. */
import { expect, test } from "vitest";
import { bareAsking } from "../../src/answers/asking.ts";
import { familyOf } from "../../src/answers/families.ts";
import type { Question } from "../../src/data/example.ts";
import type { StudioModel } from "../../src/studio/models/model.ts";
import { filterOf } from "../../src/studio/page/data/filter.ts";
import { foundSource, liveParts, nothingFound, searchOn } from "../../src/studio/page/data/live-search.ts";
import { answers, judged } from "../../src/studio/page/data/outcomes.ts";
import { pager } from "../../src/studio/page/data/pager.ts";
import type { DataSource, Item } from "../../src/studio/page/data/source.ts";

const asking = bareAsking(familyOf("fovea"));
const size = { width: 100, height: 50 };
const image = { ...size, data: new Uint8Array(3 * 100 * 50) };
const ask = (question: Partial<Question>): Question => ({
  task: "t",
  question: "?",
  answer: "yes",
  answerType: "yes-no",
  regions: [],
  ...question,
});

test("answers are read by the kind of the question", () => {
  expect(judged(ask({}), size, "Yes.", asking)).toEqual({ text: "Yes.", outcome: "right" });
  expect(judged(ask({}), size, "maybe", asking)).toMatchObject({
    outcome: "wrong",
    problem: expect.any(String),
  });
  const cell = ask({ answer: "b3", answerType: "cell" });
  expect(judged(cell, size, "b3", asking).outcome).toBe("right");
  const point = ask({
    answer: "50 50",
    answerType: "points",
    regions: [{ kind: "box", box: [40, 20, 60, 30] }],
  });
  expect(judged(point, size, "50 50", asking).outcome).toBe("right"); // Hundredths of the sides.
  expect(judged(point, size, "90 10", asking).outcome).toBe("wrong");
});

/** Answers "yes" to everything but questions that hold its word. */
function model(no: string): StudioModel & { asked: number } {
  const made = {
    asked: 0,
    card: { asking } as StudioModel["card"],
    async run(_kind: string, given: { questions: readonly string[] }) {
      made.asked += given.questions.length;
      if (given.questions.some((one) => one.includes("long"))) throw new Error("too long");
      return { answers: given.questions.map((one) => ({ answer: one.includes(no) ? "no" : "yes" })) };
    },
    close: async () => {},
  };
  return made as typeof made & StudioModel;
}

const items = Array.from({ length: 300 }, (_, index): Item => {
  const question = index % 3 === 0 ? "duck ?" : index % 3 === 1 ? "cat ?" : "duck or cat ?";
  return {
    index,
    question: 0,
    row: { fileName: "a", id: `${index}`, questions: [ask({ question })], concepts: [] },
  };
});

const source = {
  name: "made",
  count: items.length,
  items: async (_: unknown, from: number, count: number) => items.slice(from, from + count),
  picture: async () => image,
} as Pick<DataSource, "name" | "count" | "items" | "picture"> as DataSource;

test("a filter's outcomes of open models are asked for, the others stay", () => {
  const filter = filterOf([
    ["task", "t"],
    ["by.a", "wrong"],
    ["by.checkpoints/full", "right"],
  ]);
  const { wanted, rest } = liveParts(filter, ["a", "b"]);
  expect(wanted).toEqual([["a", "wrong"]]);
  expect(rest).toEqual({ task: "t", axes: {}, outcomes: { "checkpoints/full": "right" } });
});

test("pictures are asked about in order until some are found, and each question once", async () => {
  const [a, b] = [model("duck"), model("cat")];
  const search = {
    source,
    filter: filterOf([]),
    wanted: [
      ["a", "wrong"],
      ["b", "right"],
    ] as const,
    models: [
      { letter: "a", model: a },
      { letter: "b", model: b },
    ] as const,
    answers: answers(() => {}),
  };
  let found = nothingFound;
  const go = () => searchOn(search, found, (next) => (found = next), new AbortController().signal);
  await go();
  expect(found.items.map(({ index }) => index).slice(0, 3)).toEqual([0, 3, 6]);
  expect([found.items.length, found.asked, found.ended]).toEqual([24, 70, false]);
  expect(a.asked).toBe(70);
  while (!found.ended) await go();
  expect([found.items.length, found.asked]).toEqual([100, 300]);
  expect(b.asked).toBe(300);
});

test("a question that cannot be asked says why, and is not found", async () => {
  const kept = answers(() => {});
  const item = { ...items[0], row: { ...items[0].row, questions: [ask({ question: "long ?" })] } };
  const models = [{ letter: "a", model: model("x") }] as const;
  await kept.ask(item, image, [0], models, new AbortController().signal);
  expect(kept.get(item, 0, "a")).toEqual({ failed: "too long" });
});

test("a wall over a set that grows fetches what came, and nothing twice", async () => {
  let many = 3;
  let calls = 0;
  const growing = foundSource(source, () => items.slice(0, many));
  const counted = {
    ...growing,
    items: (...given: Parameters<DataSource["items"]>) => {
      calls++;
      return growing.items(...given);
    },
  };
  const pages = pager(counted, filterOf([]), () => pages.show(0, many));
  const settled = () => new Promise((resolve) => setTimeout(resolve, 5));
  pages.show(0, 3);
  await settled();
  expect([calls, pages.item(2)?.index, pages.item(3)]).toEqual([1, 2, undefined]);
  many = 5;
  pages.show(0, 5);
  pages.show(0, 5);
  await settled();
  expect([calls, pages.item(4)?.index]).toEqual([2, 4]);
  pages.close();
});
