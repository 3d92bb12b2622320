/** Filters of data sets: as an address and as a sentence, and what they find. */
import { expect, test } from "vitest";
import type { Row } from "../../src/data/imagefolder/schema.ts";
import { conditions, filterOf, filterSentence, withCondition } from "../../src/studio/page/data/filter.ts";
import { rowTable } from "../../src/studio/page/data/table.ts";

const question = (task: string, answer: string, crossings?: number) => ({
  task,
  question: `what about ${answer} ?`,
  answer,
  regions: [],
  ...(crossings !== undefined && { difficulty: { crossings } }),
});
const box = { kind: "box", box: [0, 0, 4, 4] } as const;

const rows: Row[] = [
  {
    fileName: "a.png",
    id: "a",
    questions: [question("grid-patch", "b3"), question("presence", "yes")],
    concepts: [{ word: "duck", regions: [box] }],
  },
  {
    fileName: "b.png",
    id: "b",
    questions: [question("presence", "no", 3)],
    concepts: [{ word: "duck", regions: [] }],
  },
  { fileName: "c.png", id: "c", questions: [], concepts: [{ word: "cat", regions: [box] }] },
  {
    fileName: "d/Owl.png",
    id: "d",
    questions: [question("tracing", "A", 3), question("tracing", "B", 10)],
    concepts: [],
  },
];

function table() {
  const made = rowTable();
  for (const row of rows) made.add(row);
  return made;
}

const found = (entries: Record<string, string>) => {
  const { count, hits } = table().find(filterOf(Object.entries(entries)));
  return { count, rows: hits(0, 10).map(({ row, question }) => [row, question]) };
};

test("a filter survives the address", () => {
  const filter = filterOf([
    ["at", "3"],
    ["task", "presence"],
    ["axis.crossings", "3"],
    ["by.a", "wrong"],
    ["by.b", "perhaps"],
  ]);
  expect(filter).toEqual({ task: "presence", axes: { crossings: "3" }, outcomes: { a: "wrong" } });
  expect(filterOf(conditions(filter))).toEqual(filter);
  expect(withCondition(filter, "by.a", undefined).outcomes).toEqual({});
});

test("a filter reads as a sentence", () => {
  expect(filterSentence(filterOf([]), 100000, 100000)).toBe("100,000 pictures");
  const filter = filterOf([
    ["task", "grid-patch"],
    ["word", "duck"],
    ["axis.selfCrossings", "1"],
    ["by.a", "wrong"],
    ["by.b", "right"],
  ]);
  expect(filterSentence(filter, 12, 100000, { a: "NTP", b: "NTP + LLL" })).toBe(
    "12 of 100,000 pictures: grid-patch, showing duck, self crossings 1, wrong by NTP, right by NTP + LLL",
  );
});

test("one question meets all conditions on questions", () => {
  expect(found({ task: "presence" })).toEqual({
    count: 2,
    rows: [
      [0, 1],
      [1, 0],
    ],
  });
  expect(found({ task: "grid-patch", answer: "yes" }).count).toBe(0);
  expect(found({ "axis.crossings": "3" })).toEqual({
    count: 2,
    rows: [
      [1, 0],
      [3, 0],
    ],
  });
  expect(found({ "axis.crossings": "10", task: "tracing" })).toEqual({ count: 1, rows: [[3, 1]] });
  expect(found({ "axis.unknown": "1" }).count).toBe(0);
});

test("a word shows where it has regions, and a text may stand anywhere", () => {
  expect(found({ word: "duck" })).toEqual({ count: 1, rows: [[0, 0]] });
  expect(found({})).toEqual({
    count: 4,
    rows: [
      [0, 0],
      [1, 0],
      [2, undefined],
      [3, 0],
    ],
  });
  expect(found({ text: "OWL" }).rows).toEqual([[3, 0]]);
  expect(found({ text: "b3" }).rows).toEqual([[0, 0]]);
  expect(found({ text: "cat" }).rows).toEqual([[2, undefined]]);
});

test("choices count the pictures that meet the other conditions, each once", () => {
  const { facets } = table().find(filterOf([["task", "presence"]]));
  expect(facets.tasks).toEqual([
    ["grid-patch", 1],
    ["presence", 2],
    ["tracing", 1],
  ]);
  expect(facets.answers).toEqual([
    ["no", 1],
    ["yes", 1],
  ]);
  expect(facets.words).toEqual([["duck", 1]]);
  expect(facets.axes).toEqual({ crossings: [["3", 1]] });
  expect(table().find(filterOf([])).facets.axes).toEqual({
    crossings: [
      ["3", 2],
      ["10", 1],
    ],
  });
});

test("outcomes of models are conditions like others", () => {
  const made = table();
  made.setOutcomes(
    "a",
    "NTP",
    new Map([
      ["a/0", "wrong"],
      ["a/1", "right"],
      ["b/0", "wrong"],
    ]),
  );
  const filter = filterOf([
    ["by.a", "wrong"],
    ["task", "presence"],
  ]);
  expect(made.find(filter).hits(0, 9)).toEqual([{ row: 1, question: 0 }]);
  expect(made.find(filter).facets.models).toEqual({
    a: {
      label: "NTP",
      counts: [
        ["wrong", 1],
        ["right", 1],
      ],
    },
  });
});

test("pages of hits are cut at the end", () => {
  const all = table().find(filterOf([]));
  expect(all.hits(2, 60)).toHaveLength(2);
  expect(all.hits(9, 60)).toEqual([]);
});
