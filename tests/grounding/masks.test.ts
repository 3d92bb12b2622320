import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boxMask, maskArea, maskBox, polygonMask, unionMasks } from "../../src/grounding/mask.ts";
import { compressCounts, decodeMask, encodeMask, expandCounts } from "../../src/grounding/rle.ts";

interface Case {
  size: [number, number];
  counts: string;
  pixels: string;
  area: number;
  bbox: [number, number, number, number];
}

/** Written by pycocotools: tests/fixtures/grounding/make_rle.py */
const cases: Case[] = JSON.parse(
  readFileSync(new URL("../fixtures/grounding/rle.json", import.meta.url), "utf8"),
);

const masks = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }))
  .chain(([height, width]) =>
    fc
      .array(fc.integer({ min: 0, max: 1 }), { minLength: height * width, maxLength: height * width })
      .map((pixels) => ({ height, width, pixels })),
  );

describe("run lengths", () => {
  it.each(cases)("agree with pycocotools on a mask of $size", ({ size, counts, pixels, area, bbox }) => {
    const mask = encodeMask(Array.from(pixels, Number), ...size);
    expect(compressCounts(mask.counts)).toBe(counts);
    expect(expandCounts(counts)).toEqual(mask.counts);
    expect([...decodeMask(mask)].join("")).toBe(pixels);
    expect(maskArea(mask)).toBe(area);
    const [x0, y0, x1, y1] = maskBox(mask) ?? [0, 0, 0, 0];
    expect([x0, y0, x1 - x0, y1 - y0]).toEqual(bbox);
  });

  it("come back as they were", () => {
    fc.assert(
      fc.property(masks, ({ height, width, pixels }) => {
        const mask = encodeMask(pixels, height, width);
        expect([...decodeMask(mask)]).toEqual(pixels);
        expect(expandCounts(compressCounts(mask.counts))).toEqual(mask.counts);
      }),
    );
  });

  it("take any counts through the text form", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2 ** 40)), (counts) => {
        expect(expandCounts(compressCounts(counts))).toEqual(counts);
      }),
    );
  });

  it("of a noisy picture, with more runs than a call takes arguments, have a text too", () => {
    const counts = Array.from({ length: 300_000 }, (_, i) => 1 + (i % 3));
    expect(expandCounts(compressCounts(counts))).toEqual(counts);
  });

  it("refuse counts that do not fill the image, and damaged text", () => {
    expect(() =>
      decodeMask({ kind: "mask", size: [2, 3], counts: [1, 4] }),
    ).toThrowErrorMatchingInlineSnapshot(`[UserError: run lengths: sum of counts must be 2 x 3 = 6, got 5]`);
    expect(() =>
      decodeMask({ kind: "mask", size: [2, 3], counts: [-1, 7] }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[UserError: run lengths: counts must be whole numbers of at least 0, got -1]`,
    );
    expect(() => expandCounts("0o")).toThrowErrorMatchingInlineSnapshot(
      `[UserError: run lengths: text must be COCO's form, whole, got "0o"]`,
    );
    expect(() => expandCounts("0 0")).toThrowErrorMatchingInlineSnapshot(
      `[UserError: run lengths: text must be COCO's form, whole, got "0 0"]`,
    );
  });
});

describe("mask helpers", () => {
  it("join masks pixel by pixel", () => {
    const a = encodeMask([1, 0, 0, 0, 1, 0], 2, 3);
    const b = encodeMask([1, 0, 1, 0, 0, 0], 2, 3);
    expect([...decodeMask(unionMasks([a, b]))]).toEqual([1, 0, 1, 0, 1, 0]);
  });

  it("fill a box by pixel centres", () => {
    expect(maskBox(boxMask([1, 2, 4, 5], 8, 9))).toEqual([1, 2, 4, 5]);
    expect(maskBox(boxMask([1.4, 2.6, 4.4, 5.6], 8, 9))).toEqual([1, 3, 4, 6]);
    expect(maskArea(boxMask([-3, -3, 20, 20], 8, 9))).toBe(72);
  });

  it("leave a hole where polygons lie in each other", () => {
    const outer = [[0, 0], [6, 0], [6, 6], [0, 6]] as const; // biome-ignore format: corners
    const inner = [[2, 2], [4, 2], [4, 4], [2, 4]] as const; // biome-ignore format: corners
    const mask = decodeMask(polygonMask([outer, inner], 6, 6));
    expect(mask.reduce((sum, pixel) => sum + pixel, 0)).toBe(32);
    expect(mask[3 * 6 + 3]).toBe(0);
  });

  it("fill a triangle to half its square", () => {
    const triangle = [[0, 0], [100.5, 0], [0, 100.5]] as const; // biome-ignore format: corners
    expect(maskArea(polygonMask([triangle], 101, 101))).toBe(5050); // Centres with x + y < 100.5.
  });
});
