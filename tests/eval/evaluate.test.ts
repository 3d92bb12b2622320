import { expect, test } from "vitest";
import type { Example } from "../../src/data/example.ts";
import { refOf } from "../../src/data/example.ts";
import { isRight } from "../../src/eval/answers.ts";
import { evaluate } from "../../src/eval/evaluate.ts";
import type { Item } from "../../src/eval/item.ts";
import { patchTruth } from "../../src/eval/maps.ts";
import { difference, estimate, keyOf, openRecorder } from "../../src/eval/measurement.ts";
import { summarise, summaryLines } from "../../src/eval/summary.ts";
import { gridGeometry } from "../../src/grounding/geometry.ts";
import { attentionMaps } from "../../src/lens/attention.ts";
import { lensMaps } from "../../src/lens/logit-lens.ts";
import { testPicture, tinyModel } from "../lens/tiny-model.ts";

const model = tinyModel();
const box = { kind: "box", box: [4, 4, 12, 8] } as const;

/** Five pictures with one to three questions and concepts, among them absent ones. */
const examples: Example[] = Array.from({ length: 5 }, (_, i) => {
  const image = { ...testPicture(), data: testPicture().data.map((value) => (value + 50 * i) % 256) };
  const asked = [
    { task: "presence", question: "is it red ?", answer: "yes", regions: [] },
    { task: "naming", question: "what is it ?", answer: "big cat", regions: [box] },
    { task: "grid-patch", question: "where is the cat ?", answer: "a1", regions: [box] },
  ];
  const concepts = [
    { word: "big cat", regions: [box] },
    { word: "dog", regions: [] },
  ];
  return {
    id: `${i}`,
    image,
    questions: asked.slice(0, 1 + (i % 3)),
    concepts: concepts.slice(0, 1 + (i % 2)),
  };
});

test("the evaluation of a batch is what looking at one image after another gives", async () => {
  const items: Item[] = [];
  await evaluate(model, examples.map(refOf), { batch: 2, onItem: (item) => items.push(item) });
  expect(items.map(({ image }) => image).sort()).toEqual([0, 1, 2, 3, 4]);
  for (const { example, answers, attention, lens } of items) {
    for (const [q, { question }] of example.questions.entries()) {
      const alone = await attentionMaps(model, example.image, question, { maxNewTokens: 3 });
      expect(answers[q]).toEqual({ text: alone.answer, ended: alone.ended });
      expect(attention[q].map(({ query }) => query)).toEqual(["predicting", "last-answer"]);
      for (const [i, token] of [alone.tokens[0], alone.tokens.at(-1)].entries())
        for (const [l, { layer, map, share }] of attention[q][i].layers.entries()) {
          expect(layer).toBe(token?.layers[l].layer);
          expect(share).toBeCloseTo(token?.layers[l].share ?? 0, 5);
          for (const [n, value] of map.entries()) expect(value).toBeCloseTo(token?.layers[l].map[n] ?? 0, 5);
        }
    }
    for (const [k, { word }] of example.concepts.entries()) {
      const alone = await lensMaps(model, example.image, [word]);
      for (const [l, map] of lens[k].entries())
        for (const [n, value] of map.entries()) expect(value).toBeCloseTo(alone.layers[l].maps[0][n], 5);
    }
  }
});

test("every item is counted once, whatever the batch", async () => {
  const small = await evaluate(model, examples.map(refOf), { batch: 2 });
  const whole = await evaluate(model, examples.map(refOf), { batch: 8 });
  expect(small.counts).toEqual({ images: 5, questions: 9, concepts: 7 });
  expect(small.answers).toEqual(whole.answers);
  const by = (evaluation: typeof small) => new Map(evaluation.measurements.map((m) => [keyOf(m), m]));
  const [a, b] = [by(small), by(whole)];
  expect([...a.keys()]).toEqual([...b.keys()]);
  expect(a.get("accuracy/all questions")?.values).toHaveLength(9);
  expect(a.get("accuracy/naming")?.values).toHaveLength(3);
  expect(a.get("lens/presence")?.values).toHaveLength(7);
  expect(a.get("lens/iou")?.values).toHaveLength(5); // concepts that show
  const counted = (values: readonly number[] = []) =>
    values.map((value) => (Number.isNaN(value) ? -1 : value));
  for (const [key, { values }] of a)
    for (const [i, value] of counted(values).entries())
      expect(value).toBeCloseTo(counted(b.get(key)?.values)[i], 5);
});

test("values are in the items' order, in whichever order they came", () => {
  const recorder = openRecorder();
  const metric = { group: "g", name: "n", kind: "mean" } as const;
  for (const item of [2, 0, 1])
    for (const part of [0, 0.5]) {
      recorder.startItem(item);
      recorder.record(metric, item + part, 10 * item);
      recorder.recordRatio({ group: "g", name: "r" }, item + part, -item, 10 * item);
    }
  const [mean, ratio] = recorder.measurements();
  expect(mean.values).toEqual([0, 0.5, 1, 1.5, 2, 2.5]);
  expect(mean.images).toEqual([0, 0, 10, 10, 20, 20]);
  expect(ratio).toMatchObject({ values: mean.values, over: [-0, -0, -1, -1, -2, -2] });
});

test("questions without evidence do not count for mass on target, but for entropy", async () => {
  const { measurements } = await evaluate(model, examples.map(refOf));
  const found = (name: string) =>
    measurements.find((m) => m.group.startsWith("attention") && m.name === name && m.layer === 2);
  expect(found("mass on target")?.values.filter(Number.isNaN)).toHaveLength(5);
  expect(found("entropy")?.values.filter(Number.isNaN)).toHaveLength(0);
});

test("a model does not differ from itself; the table names both models and every group", async () => {
  const one = await evaluate(model, examples.map(refOf));
  const summary = summarise([one, { ...one, model: "twin" }]);
  for (const row of summary.rows)
    if (row.estimates[0].count > 0) expect(row.difference).toMatchObject({ value: 0, low: 0, high: 0 });
  const table = summaryLines(summary).join("\n");
  for (const word of ["tiny", "twin", "difference", "grid-patch", "pointing game", "by layer", "input"])
    expect(table).toContain(word);
  expect(summary.locality[0].lost).toBeGreaterThanOrEqual(0);
});

test("patch truth: half covered patches, or the best covered ones", () => {
  const geometry = gridGeometry({ width: 16, height: 16 }, 4);
  const { coverage, positive } = patchTruth([{ kind: "box", box: [4, 4, 10, 8] }], geometry);
  expect([...coverage.subarray(4, 8)]).toEqual([0, 1, 0.5, 0]);
  expect([...positive.subarray(4, 8)]).toEqual([0, 1, 1, 0]);
  const small = patchTruth([{ kind: "box", box: [4, 4, 5, 5] }], geometry);
  expect([...small.positive].filter((value) => value === 1)).toHaveLength(1);
  expect([...patchTruth([], geometry).positive]).not.toContain(1);
});

test("an answer is right when it says the same and ends", () => {
  const question = { task: "naming", question: "", answer: "Big cat", regions: [] };
  const image = testPicture();
  expect(isRight({ text: "big  cat", ended: true }, question, image)).toBe(true);
  expect(isRight({ text: "big cat", ended: false }, question, image)).toBe(false);
  expect(isRight({ text: "big", ended: true }, question, image)).toBe(false);
});

test("a pointing answer is right when its point lies on the object", () => {
  const question = {
    task: "pointing",
    question: "",
    answer: "50 37",
    answerType: "points",
    regions: [box],
  } as const;
  const right = (text: string) => isRight({ text, ended: true }, question, testPicture());
  // The box spans x 25 to 75 and y 25 to 50 hundredths of the image.
  expect(["50 37", "26 26", "74 49"].map(right)).toEqual([true, true, true]);
  expect(["10 37", "50 60", "50", "50 37 1", "cat dog", "500 37"].map(right)).toEqual(Array(6).fill(false));
});

test("intervals resample whole images", () => {
  const recorder = openRecorder();
  const metric = { group: "g", name: "n", kind: "mean" } as const;
  // Ten images of four equal items: only the ten images are independent.
  for (let i = 0; i < 40; i++) recorder.record(metric, Math.floor(i / 4) % 2, Math.floor(i / 4));
  const [clustered] = recorder.measurements();
  const alone = { ...clustered, images: clustered.values.map((_, i) => i) };
  const width = (m: typeof clustered) => estimate(m).high - estimate(m).low;
  expect(estimate(clustered).value).toBe(0.5);
  expect(width(clustered)).toBeGreaterThan(1.6 * width(alone));
  expect(difference(clustered, clustered)).toMatchObject({ value: 0, low: 0, high: 0, count: 40 });
});
