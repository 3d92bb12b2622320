/** What a map's drawing is worked out from: regions of words, contours, places, colours, sentences. */
import { describe, expect, test } from "vitest";
import { contourAt } from "../../src/elements/map/contour.ts";
import { mapDescription, patchText } from "../../src/elements/map/describe.ts";
import { fitOf, patchAfter, patchRect, patchUnder, samePlace } from "../../src/elements/map/fit.ts";
import { edgesOf } from "../../src/elements/map/outline.ts";
import { wordRegions } from "../../src/elements/map/regions.ts";
import { mapFrom, scaleFrom } from "../../src/elements/map/shown.ts";
import { veilOf } from "../../src/elements/map/veil.ts";
import { gridGeometry } from "../../src/grounding/geometry.ts";
import { encodeMask } from "../../src/grounding/rle.ts";
import { colourMaps } from "../../src/lens/colour.ts";

/** Patches that say the letters of a picture of text; a dot says nothing. */
function said(rows: readonly string[]) {
  const words = rows
    .join("")
    .split("")
    .map((token) => [{ token: `Ġ${token}`, id: 0, probability: token === "." ? 0.1 : 0.9 }]);
  return wordRegions(words, { rows: rows.length, columns: rows[0].length });
}

describe("regions of words", () => {
  test("patches that touch over a side are one region, others are not", () => {
    const regions = said(["aa.b", "a..b", "..a."]);
    expect(regions.map(({ word, patches }) => [word, patches])).toEqual([
      ["a", [0, 1, 4]],
      ["b", [3, 7]],
      ["a", [10]],
    ]);
  });

  test("a region's word is at its middle, between patches where that is the middle", () => {
    const [square] = said(["....", ".aa.", ".aa.", "...."]);
    expect(square).toMatchObject({ at: [2, 2], run: 2 });
    const [row] = said(["aaaa"]);
    expect(row).toMatchObject({ at: [2, 0.5], run: 4 });
  });

  test("the word of a bent region stays inside it", () => {
    const [bent] = said(["a....", "a....", "aaaaa"]);
    const [column, row] = bent.at;
    expect(bent.patches).toContain(Math.floor(row) * 5 + Math.floor(column));
  });

  test("a ring around another word does not write over it", () => {
    const ring = said(["aaa", "aba", "aaa"]).find(({ word }) => word === "a")!;
    expect(ring.at).not.toEqual([1.5, 1.5]);
  });

  test("nothing likely, no word; no words, no region", () => {
    expect(said(["..", ".."])).toEqual([]);
    expect(wordRegions([[], []], { rows: 1, columns: 2 })).toEqual([]);
  });
});

describe("the contour of a threshold", () => {
  const length = (contour: Float32Array) => {
    let sum = 0;
    for (let i = 0; i < contour.length; i += 4)
      sum += Math.hypot(contour[i + 2] - contour[i], contour[i + 3] - contour[i + 1]);
    return sum;
  };

  test("runs half way between a patch of 1 and one of 0", () => {
    const contour = contourAt([1, 1, 0, 0], { rows: 1, columns: 4 }, 0.5);
    const inside = [...contour].filter((_, i) => i % 2 === 0).filter((x) => x > 0);
    expect(Math.max(...inside)).toBeCloseTo(2, 5);
  });

  test("goes along the border of a map that is all above, and is absent where nothing is", () => {
    expect(length(contourAt([1, 1, 1, 1], { rows: 2, columns: 2 }, 0.5))).toBeGreaterThan(7.5);
    expect(contourAt([0, 0, 0, 0], { rows: 2, columns: 2 }, 0.5)).toHaveLength(0);
  });
});

describe("places", () => {
  const geometry = gridGeometry({ width: 64, height: 64 }, 8);

  test("patches meet on whole pixels, whatever the size", () => {
    const fit = fitOf({ width: 251, height: 251 }, geometry.original, 2);
    for (let column = 0; column < 7; column++)
      expect(patchRect(geometry, column, fit)[2]).toBe(patchRect(geometry, column + 1, fit)[0]);
  });

  test("a pointer finds the patch under it, and none where the picture is cropped away", () => {
    expect(patchUnder(geometry, 0.99, 0.01)).toBe(7);
    const cropped = { ...geometry, original: { width: 96, height: 64 }, offsetX: -16 };
    expect(patchUnder(cropped, 0.05, 0.5)).toBeUndefined();
    expect(patchUnder(cropped, 0.5, 0)).toBe(4);
  });

  test("the same place in another grid", () => {
    const finer = gridGeometry({ width: 64, height: 64 }, 4);
    expect(samePlace(0, geometry, finer)).toBe(17);
    expect(samePlace(255, finer, geometry)).toBe(63);
  });

  test("arrows lead from patch to patch and stop at the border; the first leads to the middle", () => {
    expect(patchAfter("ArrowLeft", undefined, geometry)).toBe(36);
    expect(patchAfter("ArrowRight", 7, geometry)).toBe(7);
    expect(patchAfter("ArrowDown", 7, geometry)).toBe(15);
    expect(patchAfter("a", 7, geometry)).toBeUndefined();
  });
});

describe("plain data", () => {
  test("a nested list lies evenly over the picture and counts as probabilities", () => {
    const map = mapFrom(
      {
        values: [
          [0, 1, 0.5],
          [0, 0, 0],
        ],
      },
      { width: 30, height: 20 },
    );
    expect(map.geometry.grid).toEqual({ rows: 2, columns: 3 });
    expect(map.geometry.scaleX).toBeCloseTo(0.1);
    expect(map.scale.label).toBe("probability");
    expect(patchUnder(map.geometry, 0.5, 0)).toBe(1);
  });

  test("values that do not fill their grid, and a scale of no known kind, are refused in one line", () => {
    expect(() => mapFrom({ values: [0, 1, 2], rows: 2, columns: 2 }, undefined)).toThrow(/values.*2 x 2/);
    expect(() => scaleFrom({ kind: "loud" } as never)).toThrow(/scale.kind/);
  });
});

describe("colours", () => {
  test("nothing is clear, and covering grows with the value", () => {
    const veil = veilOf(colourMaps.heat);
    expect(veil[3]).toBe(0);
    for (let i = 1; i < 256; i++) expect(veil[4 * i + 3]).toBeGreaterThanOrEqual(veil[4 * i - 1]);
    expect(veil[4 * 255 + 3]).toBeGreaterThan(220);
  });
});

describe("words for a map", () => {
  const map = mapFrom(
    {
      values: [
        [0, 0.94],
        [0.1, Number.NaN],
      ],
    },
    undefined,
  );

  test("its peak and place, and what its patches say", () => {
    const regions = said(["aab"]);
    expect(mapDescription(map, regions)).toBe(
      "2 × 2 patches. Most at row 1, column 2: probability 0.94. Patches say a (2), b (1).",
    );
    expect(mapDescription(undefined)).toBe("");
  });

  test("one patch", () => {
    const words = [[], [{ token: "Ġowl", id: 1, probability: 0.5 }]];
    expect(patchText(map, 1, words)).toBe("row 1, column 2: 0.94, says owl 0.50");
    expect(patchText(map, 3, undefined)).toBe("row 2, column 2: no value");
  });
});

test("a mask's edges are its border alone", () => {
  const mask = encodeMask([0, 0, 0, 0, 1, 1, 0, 1, 1], 3, 3);
  const edges = edgesOf(mask);
  let length = 0;
  for (let i = 0; i < edges.length; i += 4)
    length += Math.abs(edges[i + 2] - edges[i]) + Math.abs(edges[i + 3] - edges[i + 1]);
  expect(length).toBe(8);
});
