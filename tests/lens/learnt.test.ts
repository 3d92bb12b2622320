import { expect, test } from "vitest";
import { memorySource } from "../../src/hub/source/memory.ts";
import { readLearnt } from "../../src/lens/learnt.ts";

const from = { data: "mine", images: 3, present: 2, absent: 1, iou: 0.7, empty: 1 };
const learnt = { layer: 4, tokens: "mean", norm: true, patches: 0.9, pixels: 0.8, from };
const use = { layer: 4, tokens: "mean", norm: true } as const;
const beside = (file: unknown) =>
  memorySource(file === undefined ? { "config.json": {} } : { "lens.json": file as object }, "model");

test("learnt thresholds come from wherever a model does, for the use that they were learnt for", async () => {
  expect(await readLearnt(beside(learnt), use)).toEqual(learnt);
  expect(await readLearnt(beside(learnt), { ...use, layer: 3 })).toBeUndefined();
  expect(await readLearnt(beside(undefined), use)).toBeUndefined();
});

test("a file that is none is named in one line", async () => {
  const wrong = readLearnt(beside({ ...learnt, pixels: 2 }), use);
  await expect(wrong).rejects.toThrow(/^model\/lens\.json: pixels: .*; remove it or calibrate again$/);
  const large = readLearnt(beside({ ...learnt, note: "x".repeat(200_000) }), use);
  await expect(large).rejects.toThrow(/^model\/lens\.json: size must be at most 100000 bytes, got 2/);
});
