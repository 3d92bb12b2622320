/** Labels edited by hand: what drawing does to regions, undo, masks by brush, and what models propose. */
import { describe, expect, test } from "vitest";
import type { Region } from "../../src/grounding/region.ts";
import { decodeMask, encodeMask } from "../../src/grounding/rle.ts";
import { cutOf } from "../../src/lens/cut.ts";
import type { LensResult } from "../../src/lens/logit-lens.ts";
import { cocoOf, maskSummary } from "../../src/lens/mask-json.ts";
import { painted } from "../../src/studio/page/data/brush.ts";
import { freeName, mergedLine } from "../../src/studio/page/data/edits.ts";
import {
  arrow,
  boxBetween,
  dragged,
  grab,
  moved,
  regionText,
  resized,
} from "../../src/studio/page/data/geometry.ts";
import {
  addConcept,
  addRegion,
  begin,
  editedOf,
  record,
  redo,
  regionsOf,
  removeTarget,
  undo,
  unfinished,
  withConcept,
  withQuestion,
  withRegions,
} from "../../src/studio/page/data/labels.ts";
import { suggestionOf } from "../../src/studio/page/data/suggest.ts";

const size = { width: 64, height: 48 };
const box: Region = { kind: "box", box: [10, 10, 20, 20] };

describe("regions by hand", () => {
  test("boxes have whole pixels, inside of the picture", () => {
    expect(boxBetween([30.4, 40.2], [-5, 90], size)).toEqual({ kind: "box", box: [0, 40, 30, 48] });
    expect(boxBetween([64, 48], [64, 48], size)).toEqual({ kind: "box", box: [63, 47, 64, 48] });
    expect(dragged(box, { side: [1, 0] }, [70, 0], size)).toEqual({ kind: "box", box: [10, 10, 64, 20] });
    expect(dragged(box, { side: [-1, -1] }, [25, 5], size)).toEqual({ kind: "box", box: [20, 5, 25, 20] });
  });

  test("moving stops at the border and keeps the size", () => {
    expect(moved(box, [-30, 5], size)).toEqual({ kind: "box", box: [0, 15, 10, 25] });
    expect(
      moved(
        {
          kind: "polyline",
          points: [
            [1, 1],
            [60, 5],
          ],
        },
        [10, -3],
        size,
      ),
    ).toEqual({
      kind: "polyline",
      points: [
        [4.5, 0],
        [63.5, 4],
      ],
    });
    expect(moved({ kind: "box", box: [-4, 0, 8, 8] }, [1, 0], size)).toEqual({
      kind: "box",
      box: [-3, 0, 9, 8],
    });
  });

  test("a mask moves by whole pixels and loses what leaves the picture", () => {
    const mask = encodeMask([1, 1, 0, 0, 0, 0], 2, 3);
    expect([...decodeMask(moved(mask, [1, 1], size) as typeof mask)]).toEqual([0, 0, 0, 0, 1, 1]);
    expect([...decodeMask(moved(mask, [-1, 0], size) as typeof mask)]).toEqual([1, 0, 0, 0, 0, 0]);
    expect(moved(mask, [0, 9], size)).toBe(mask);
  });

  test("arrow keys move and resize", () => {
    expect(arrow("ArrowLeft", false)).toEqual([-1, 0]);
    expect(arrow("ArrowDown", true)).toEqual([0, 10]);
    expect(arrow("a", false)).toBeUndefined();
    expect(resized(box, [-20, 1], size)).toEqual({ kind: "box", box: [10, 10, 11, 21] });
  });

  test("what lies under the pointer is taken, a handle of the chosen region first", () => {
    const regions: Region[] = [box, { kind: "box", box: [12, 12, 40, 40] }];
    expect(grab(regions, undefined, [15, 15], 1)).toEqual({ region: 1 });
    expect(grab(regions, 0, [20.4, 20], 1)).toEqual({ region: 0, handle: { side: [1, 1] } });
    expect(grab(regions, undefined, [60, 5], 1)).toBeUndefined();
    expect(
      grab(
        [
          {
            kind: "polyline",
            points: [
              [0, 0],
              [40, 40],
            ],
          },
        ],
        undefined,
        [21, 20],
        1,
      ),
    ).toEqual({ region: 0 });
    expect(grab([encodeMask([0, 1], 1, 2)], undefined, [1.5, 0.5], 1)).toEqual({ region: 0 });
  });

  test("are said in a few words", () => {
    expect(regionText(box)).toBe("box 10, 10 to 20, 20");
    expect(regionText(encodeMask([0, 1, 1, 1], 2, 2))).toBe("mask of 3 pixels");
  });
});

describe("a brush", () => {
  const small = { width: 5, height: 4 };
  const at = (points: (readonly [number, number])[], radius: number, erases = false) => ({
    points,
    radius,
    erases,
  });

  test("paints the pixels whose middle it covers, and always the one under it", () => {
    const dot = painted(undefined, at([[2.1, 1.1]], 0.1), small);
    expect([...decodeMask(dot!)]).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    const line = painted(
      undefined,
      at(
        [
          [0.5, 1.5],
          [4.5, 1.5],
        ],
        0.5,
      ),
      small,
    );
    expect(decodeMask(line!).reduce((a, b) => a + b)).toBe(5);
  });

  test("wipes off, and leaves no empty mask", () => {
    const line = painted(
      undefined,
      at(
        [
          [0.5, 1.5],
          [4.5, 1.5],
        ],
        0.5,
      ),
      small,
    );
    const less = painted(line, at([[0.5, 1.5]], 0.5, true), small);
    expect(decodeMask(less!).reduce((a, b) => a + b)).toBe(4);
    expect(
      painted(
        line,
        at(
          [
            [0, 1.5],
            [5, 1.5],
          ],
          9,
          true,
        ),
        small,
      ),
    ).toBeUndefined();
    expect(painted(undefined, at([[99, 99]], 1), small)).toBeUndefined();
  });
});

describe("edited labels", () => {
  const row = {
    fileName: "a.png",
    id: "a",
    questions: [{ task: "open", question: "what ?", answer: "duck", regions: [box] }],
    concepts: [{ word: "duck", regions: [box] }],
  };
  const target = { kind: "concept", at: 0 } as const;

  test("are undone and done again", () => {
    const start = begin(editedOf(row));
    const one = record(start, addRegion(start.now, target, box));
    const two = record(one, withRegions(one.now, target, regionsOf(one.now, target).slice(1)));
    expect(regionsOf(two.now, target)).toEqual([box]);
    expect(undo(undo(two)).now).toBe(start.now);
    expect(undo(start)).toEqual(start);
    expect(redo(undo(two)).now).toBe(two.now);
    expect(record(undo(two), removeTarget(one.now, target)).future).toEqual([]);
    expect(record(one, one.now).past).toHaveLength(1);
  });

  test("say what keeps them from being saved", () => {
    const labels = editedOf(row);
    expect(unfinished(labels)).toBeUndefined();
    expect(unfinished(addConcept(labels))).toBe("A word has no text yet.");
    expect(unfinished(withConcept(addConcept(labels), 1, { word: "duck" }))).toBe(
      "The word “duck” stands there twice.",
    );
    expect(unfinished(withQuestion(labels, 0, { answer: " " }))).toMatch(/needs its text and its answer/);
    expect(unfinished(withQuestion(labels, 0, { choices: ["yes"] }))).toMatch(
      /“duck” is none of the answers/,
    );
  });

  test("change their line and nothing else of it", () => {
    const raw = {
      file_name: "a.png",
      weather: "fine",
      question: "what ?",
      answer: "duck",
      regions: [{ ...box, by: "me" }],
      questions: [{ question: "where ?", answer: "b3", task: "grid", source: 7 }],
      concepts: [{ word: " duck", sure: true, regions: [{ ...box, by: "me" }] }],
    };
    const labels = {
      questions: [
        { task: "open", question: "what ?", answer: "goose", regions: [box], from: 0 },
        { task: "grid", question: "where ?", answer: "b3", regions: [], from: 1 },
      ],
      concepts: [
        { word: "goose", regions: [box, { kind: "points", points: [[3, 4]] }], from: "duck" } as const,
      ],
    };
    expect(mergedLine(raw, labels)).toEqual({
      ...raw,
      answer: "goose",
      concepts: [
        {
          word: "goose",
          sure: true,
          regions: [
            { ...box, by: "me" },
            { kind: "points", points: [[3, 4]] },
          ],
        },
      ],
    });
    expect(mergedLine(raw, { ...labels, questions: labels.questions.slice(1) })).toEqual({
      file_name: "a.png",
      weather: "fine",
      questions: raw.questions,
      concepts: expect.anything(),
    });
  });

  test("take the first name that is free", () => {
    expect(freeName(new Set(), false)).toBe("metadata.jsonl");
    expect(freeName(new Set(["metadata.jsonl", "metadata.edited-1.jsonl"]), true)).toBe(
      "metadata.edited-2.jsonl",
    );
  });
});

describe("what a model proposes", () => {
  /** A map over 2 x 2 patches of 8 pixels. */
  const lens = (values: number[], rank: number): LensResult => ({
    space: "probability",
    tokens: "mean",
    norm: true,
    geometry: {
      original: { width: 16, height: 16 },
      processed: { width: 16, height: 16 },
      scaleX: 1,
      scaleY: 1,
      offsetX: 0,
      offsetY: 0,
      patch: 8,
      grid: { rows: 2, columns: 2 },
    },
    tiles: { rows: 1, columns: 1 },
    vocabulary: 10,
    concepts: [{ word: "duck", ids: [1] }],
    layers: [
      { layer: 0, maps: [Float32Array.from(values)], ranks: [new Float32Array(4).fill(rank)], words: [] },
    ],
  });

  test("is where its own map says the word", () => {
    const found = suggestionOf(lens([0.02, 0.9, 0.01, 0.03], 1), "duck");
    expect(found.sentence).toMatch(/^sees “duck” on \d+ % of the picture, where its map is at least 46 %/);
    expect(found.point).toEqual({ kind: "points", points: [[12, 4]] });
    expect(found.mask?.size).toEqual([16, 16]);
    expect(found.box).toMatchObject({ kind: "box", box: [8, 0, 16, 8] });
  });

  test("is cut at the threshold that was learnt for the model, as `fovea segment` cuts it", () => {
    const weak = lens([0.02, 0.4, 0.01, 0.03], 7);
    const found = suggestionOf(weak, "duck", 0.3);
    expect(found.sentence).toMatch(/where its map is at least 30 % \(learnt\)/);
    const { facts } = maskSummary(weak, { layer: 0, cut: cutOf(weak, 0, { learnt: 0.3 }) });
    expect(facts.share).toBeGreaterThan(0);
    expect(found.mask && cocoOf(found.mask)).toEqual(facts.mask);
    expect(suggestionOf(weak, "duck", 0.5).sentence).toMatch(/^does not see/);
  });

  test("is nothing where it does not say it", () => {
    const found = suggestionOf(lens([0.02, 0.09, 0.01, 0.03], 7), "duck");
    expect(found).toEqual({
      word: "duck",
      sentence: "does not see “duck” anywhere: its likeliest patch gives the word 9 %.",
    });
  });
});
