import { describe, expect, test } from "vitest";
import { gridGeometry } from "../../src/grounding/geometry.ts";
import {
  appearsAt,
  gridText,
  isSaid,
  lensSentence,
  ordinal,
  peakOf,
  placeText,
  readable,
} from "../../src/lens/findings.ts";
import type { LensLayer, LensResult } from "../../src/lens/logit-lens.ts";

const geometry = gridGeometry({ width: 30, height: 20 }, 10);
const one = { rows: 1, columns: 1 };

const layer = (number: number, map: readonly number[], ranks: readonly number[]): LensLayer => ({
  layer: number,
  maps: [Float32Array.from(map)],
  ranks: [Float32Array.from(ranks)],
  words: ranks.map(() => [{ token: "Ġfrog", id: 7, probability: 0.91 }]),
});

const nothing = [0, 0, 0, 0, 0, 0];

const result = (layers: readonly LensLayer[], vocabulary = 220): LensResult => ({
  space: "probability",
  tokens: "mean",
  norm: true,
  geometry,
  tiles: one,
  vocabulary,
  concepts: [{ word: "zebra", ids: [3] }],
  layers,
});

test("places count from 1, top left", () => {
  const peak = peakOf([0, 0, 0, 0, 0, 1], geometry);
  expect(peak).toEqual({ value: 1, row: 2, column: 3, index: 5 });
  expect(placeText(peakOf([1, 0, 0, 0, 0, 0], geometry))).toBe("row 1, column 1");
  expect(peakOf([5, 4, 1, 4, 4, 4], geometry, true)).toMatchObject({ value: 1, row: 1, column: 3 });
});

test("a word is said where it is the likeliest; of several tokens all must be", () => {
  expect(isSaid([3, 2, 9], "mean", 1)).toBe(false);
  expect(isSaid([3, 1, 9], "mean", 1)).toBe(true);
  expect(isSaid([1.5, 8], "mean", 2)).toBe(true); // ranks 1 and 2
  expect(isSaid([2, 8], "mean", 2)).toBe(false); // ranks 1 and 3
  expect(isSaid([1.5, 8], "first", 2)).toBe(false);
});

describe("the sentence", () => {
  test("says where a word is said", () => {
    const seen = result([layer(0, [0, 0, 0, 0, 0.94, 0.2], [9, 9, 9, 9, 1, 2])]);
    expect(lensSentence(seen, 0, 0)).toBe("says zebra at row 2, column 2: 0.94");
  });

  test("says nowhere, the peak, and what is said instead", () => {
    const absent = result([layer(0, [0, 0, 0, 0, 0, 0.044], [9, 9, 5, 9, 9, 9])]);
    expect(lensSentence(absent, 0, 0)).toBe(
      "says zebra nowhere: peak 0.044 at row 2, column 3; at best the 5th likeliest word, after “frog” with 0.91",
    );
  });

  test("follows a learnt threshold where there is one", () => {
    const weak = result([layer(0, [0, 0, 0, 0, 0, 0.3], [9, 9, 9, 9, 9, 1])]);
    expect(lensSentence(weak, 0, 0)).toContain("says zebra at");
    expect(lensSentence(weak, 0, 0, 0.5)).toContain("says zebra nowhere: peak 0.30");
  });

  test("does not deny what the view of the whole picture says", () => {
    const tiles = result([layer(0, nothing, [9, 9, 9, 9, 9, 9])]);
    const global = {
      geometry: gridGeometry({ width: 30, height: 20 }, 10),
      layers: [layer(0, [0, 0.7], [9, 1])],
    };
    expect(lensSentence({ ...tiles, global }, 0, 0)).toBe(
      "says zebra in no tile, but in the view of the whole picture at its row 1, column 2: 0.70",
    );
  });
});

test("a word appears at the layer from which on it stays among the likeliest", () => {
  const best = (ranks: readonly number[]) => ranks.map((rank, l) => layer(l, nothing, [900, rank]));
  expect(appearsAt(result(best([5, 1, 3, 1, 1])), 0)).toBe(3);
  expect(appearsAt(result(best([5, 1, 3, 1, 2])), 0)).toBeUndefined();
  // Of 50,000 words, ten count as near the top.
  expect(appearsAt(result(best([20_000, 400, 11, 10, 2]), 50_000), 0)).toBe(3);
});

test("words for people", () => {
  expect([1, 2, 3, 4, 11, 12, 13, 21, 112, 1204].map(ordinal).join()).toBe(
    "1st,2nd,3rd,4th,11th,12th,13th,21st,112th,1,204th",
  );
  expect(["Ġcat", "▁cat", "cat", "Ċ", "▁", "▁a▁b"].map(readable)).toEqual([
    "cat",
    "cat",
    "cat",
    "⏎",
    "(space)",
    "a b",
  ]);
});

test("tiles and what is cropped away are told", () => {
  expect(gridText(geometry, one)).toBe("2 × 3 image tokens, rows and columns from 1 at the top left");
  expect(gridText(geometry, { rows: 1, columns: 3 })).toContain("in 1 × 3 tiles (dashed)");
  expect(gridText({ ...geometry, offsetX: -4 }, one)).toContain("hatched: not seen by the model");
});
