import { expect, it } from "vitest";
import { rowStore } from "../../src/data/imagefolder/row-store.ts";
import type { Row } from "../../src/data/imagefolder/schema.ts";
import { encodeMask } from "../../src/grounding/rle.ts";

const mask = encodeMask(
  Array.from({ length: 400 * 300 }, (_, i) => (i % 7 < 3 ? 1 : 0)),
  300,
  400,
);

function row(i: number): Row {
  const regions = i % 2 === 0 ? [mask] : [{ kind: "box" as const, box: [0.1, 1 / 3, i + 1, 40] as const }];
  return {
    fileName: `bild-${i}-é🙂.jpg`,
    id: `${i}`,
    questions: [{ task: "open", question: "was ?", answer: "日本", regions, difficulty: { n: i } }],
    concepts: [{ word: "x", regions: [] }],
  };
}

it("gives rows back as they were, in any order and again and again", () => {
  const store = rowStore();
  const rows = Array.from({ length: 40 }, (_, i) => row(i));
  for (const one of rows) store.add(one);
  expect(store.length).toBe(40);
  for (const i of [39, 0, 0, 7, 6]) expect(store.get(i)).toEqual(rows[i]);
  expect([...store.rows()]).toEqual(rows);
});
