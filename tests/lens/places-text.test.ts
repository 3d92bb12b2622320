import { expect, test } from "vitest";
import { headsOf, headsText, patchesOf, patchesText } from "../../src/lens/places-text.ts";

const grid = { rows: 4, columns: 6 };

test("patches are rows and columns from 1, runs along a row together", () => {
  expect(patchesText([16, 13, 14, 0, 5, 6, 14], grid)).toBe("1:1,1:6,2:1,3:2-3,3:5");
  expect(patchesOf("3:2-3,3:5,1:1", grid)).toEqual([0, 13, 14, 16]);
  expect(patchesOf("2-3:1-2", grid)).toEqual([6, 7, 12, 13]);
  for (const patches of [[0], [23], [1, 2, 3, 9, 10, 20], [...Array(24).keys()]])
    expect(patchesOf(patchesText(patches, grid), grid)).toEqual(patches);
});

test.each([
  "",
  "3",
  "3:",
  ":3",
  "0:1",
  "1:0",
  "5:1",
  "1:7",
  "2-1:1",
  "1:1:1",
  "a:1",
  "1:1,",
  "1:1e1",
  "-1:1",
])("%j names no patches of a grid of 4 x 6", (text) => expect(patchesOf(text, grid)).toBeUndefined());

test("heads have a layer, and a layer alone stands for all of its heads", () => {
  const struck = { heads: [{ layer: 2, head: 1 }], layers: [3] };
  expect(headsText(struck)).toBe("2:1,3");
  expect(headsOf("2:1,3")).toEqual(struck);
  expect(headsOf("1-2:3,4-5")).toEqual({
    heads: [
      { layer: 1, head: 3 },
      { layer: 2, head: 3 },
    ],
    layers: [4, 5],
  });
});

test.each(["", "x", "1:", "1:x", "0", "2:1:1", "1,,2"])("%j names no heads", (text) =>
  expect(headsOf(text)).toBeUndefined(),
);
