import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { ImageGeometry } from "../../src/common/image.ts";
import { colourAt, colourMaps } from "../../src/lens/colour.ts";
import { paintMap, paintRaster } from "../../src/lens/heat.ts";
import { lineDrawing } from "../../src/lens/lines.ts";
import { maskFromMap, otsuThreshold } from "../../src/lens/mask.ts";
import { linearScale, rangeOf } from "../../src/lens/scale.ts";

/** 2 x 3 patches of 4 pixels, original size = processed size. */
const plain: ImageGeometry = {
  original: { width: 12, height: 8 },
  processed: { width: 12, height: 8 },
  scaleX: 1,
  scaleY: 1,
  offsetX: 0,
  offsetY: 0,
  patch: 4,
  grid: { rows: 2, columns: 3 },
};

const scale = linearScale("probability", 0, 1, colourMaps.magma);
const noLines = (pixels: number) => new Float32Array(pixels);

test("a patch's heat covers exactly its pixels", () => {
  for (let patch = 0; patch < 6; patch++) {
    const values = Array.from({ length: 6 }, (_, i) => (i === patch ? 1 : 0));
    const painted = paintRaster(noLines(96), paintMap(values, plain), scale);
    const [top, left] = [4 * Math.floor(patch / 3), 4 * (patch % 3)];
    for (let y = 0; y < 8; y++)
      for (let x = 0; x < 12; x++) {
        const inside = y >= top && y < top + 4 && x >= left && x < left + 4;
        const colour = Array.from(painted.data.subarray(3 * (12 * y + x), 3 * (12 * y + x) + 3));
        expect(colour).toEqual([...colourAt(colourMaps.magma, inside ? 1 : 0)]);
      }
  }
});

test("heat follows resize, crop and padding", () => {
  // Original 20 x 10 halved to 10 x 5, then a window of 8 x 8 from (1, -1.5): cropped left, padded on top.
  const geometry: ImageGeometry = {
    original: { width: 20, height: 10 },
    processed: { width: 8, height: 8 },
    scaleX: 0.5,
    scaleY: 0.5,
    offsetX: -1,
    offsetY: 1.5,
    patch: 4,
    grid: { rows: 2, columns: 2 },
  };
  const raster = paintMap([1, 2, 3, 4], geometry);
  const at = (x: number, y: number) => raster.values[20 * y + x];
  // By hand: processed x = (x + 0.5) / 2 - 1 is below 0 for x < 2 (1.75 -> -0.25... 2.5 -> 0.25), 4 at x =
  // 9.5.
  expect([at(1, 0), at(18, 0)]).toEqual([Number.NaN, Number.NaN]);
  expect([at(2, 0), at(9, 0), at(10, 0), at(17, 0)]).toEqual([1, 1, 2, 2]);
  // Processed y = (y + 0.5) / 2 + 1.5 reaches 4 at y = 4.5.
  expect([at(2, 4), at(2, 5), at(17, 9)]).toEqual([1, 3, 4]);
});

test("an enlarged view is the nearest raster with every pixel repeated", () => {
  const values = [1, 2, 3, 4, 5, 6];
  const large = paintMap(values, plain, "nearest", { width: 36, height: 24 });
  const small = paintMap(values, plain);
  large.values.forEach((value, i) => {
    const [y, x] = [Math.floor(i / 36), i % 36];
    expect(value).toBe(small.values[12 * Math.floor(y / 3) + Math.floor(x / 3)]);
  });
});

test("bilinear upsampling keeps a constant map and meets each patch's value at its centre", () => {
  fc.assert(
    fc.property(
      fc.array(fc.float({ min: -5, max: 5, noNaN: true }), { minLength: 6, maxLength: 6 }),
      (values) => {
        // With patches of 3 pixels, the middle pixel's centre is the patch's centre.
        const fine = {
          ...plain,
          patch: 3,
          processed: { width: 9, height: 6 },
          original: { width: 9, height: 6 },
        };
        const raster = paintMap(values, fine, "bilinear");
        values.forEach((value, i) => {
          const [row, column] = [Math.floor(i / 3), i % 3];
          expect(raster.values[9 * (3 * row + 1) + 3 * column + 1]).toBeCloseTo(value, 5);
        });
        const flat = paintMap(
          values.map(() => 0.7),
          fine,
          "bilinear",
        );
        for (const value of flat.values) expect(value).toBeCloseTo(0.7, 6);
      },
    ),
  );
});

test("a map of another size is refused", () => {
  expect(() => paintMap([1, 2], plain)).toThrow("map: values must have 2 x 3 entries, got 2");
});

test("the brightness of a picture does not change the colours over it", () => {
  const raster = paintMap([0.1, 0.9, 0.3, 0, 1, 0.5], plain);
  const painted = [0, 60, 128, 255].map((value) => {
    const picture = { width: 12, height: 8, data: new Uint8Array(12 * 8 * 3).fill(value) };
    return paintRaster(lineDrawing(picture, 1), raster, scale).data;
  });
  for (const other of painted) expect(other).toEqual(painted[0]);
  // Two flat halves: only what is close to the line between them differs.
  const halves = { width: 24, height: 24, data: new Uint8Array(24 * 24 * 3) };
  for (let i = 0; i < 24 * 24; i++) if (i % 24 >= 12) halves.data.fill(200, 3 * i, 3 * i + 3);
  const lines = lineDrawing(halves, 1);
  lines.forEach((line, i) => {
    if (Math.abs((i % 24) - 11.5) > 3) expect(line).toBe(0);
  });
  expect(Math.max(...lines)).toBe(1);
});

test("what the model does not see is hatched, whatever the colours", () => {
  const cropped = { ...plain, offsetX: -4 };
  const raster = paintMap(Array(6).fill(1), cropped);
  const painted = paintRaster(noLines(96), raster, scale);
  const colours = new Set<string>();
  for (let i = 0; i < 96; i++) {
    const colour = Array.from(painted.data.subarray(3 * i, 3 * i + 3));
    if (i % 12 < 4) colours.add(colour.join());
    else expect(colour).toEqual([...colourAt(colourMaps.magma, 1)]);
  }
  expect([...colours].sort()).toEqual(["178,178,174", "226,226,222"]);
});

test("one range covers several maps and skips what is not a number", () => {
  expect(
    rangeOf([
      [1, Number.NaN],
      [-2, 5],
    ]),
  ).toEqual({ low: -2, high: 5 });
  expect(rangeOf([])).toEqual({ low: 0, high: 0 });
});

test("sequential colour maps rise steadily in lightness, the diverging one is lightest in the middle", () => {
  for (const name of ["viridis", "magma"] as const) {
    const steps = Array.from(
      { length: 16 },
      (_, i) =>
        lightness(colourAt(colourMaps[name], (i + 1) / 16)) - lightness(colourAt(colourMaps[name], i / 16)),
    );
    const mean = steps.reduce((a, b) => a + b) / steps.length;
    for (const step of steps) expect(Math.abs(step - mean)).toBeLessThan(0.5 * mean);
  }
  const middle = lightness(colourAt(colourMaps.diverging, 0.5));
  expect(lightness(colourAt(colourMaps.diverging, 0))).toBeLessThan(middle - 50);
  expect(lightness(colourAt(colourMaps.diverging, 1))).toBeLessThan(middle - 50);
});

test("Otsu's threshold equals scikit-image's up to its histogram's bin", () => {
  // tests/fixtures/map-metrics/make.py
  const { levels, otsu } = JSON.parse(
    readFileSync(new URL("../fixtures/map-metrics/values.json", import.meta.url), "utf8"),
  );
  const same = (threshold: number) => levels.filter((v: number) => v >= threshold).length;
  expect(Math.abs(same(otsuThreshold(levels)) - same(otsu))).toBeLessThanOrEqual(1);
});

test("a mask is the pixels at or above the threshold; a constant map has none by Otsu", () => {
  const { mask, threshold } = maskFromMap([0, 0, 1, 0, 0, 1], plain, "otsu", "nearest");
  expect(threshold).toBe(0.5);
  expect(mask.data.reduce((a, b) => a + b, 0)).toBe(32);
  expect(mask.data[8]).toBe(1);
  expect(mask.data[7]).toBe(0);
  expect(maskFromMap(Array(6).fill(0.3), plain).mask.data.includes(1)).toBe(false);
});

/**
 * CIE L* of an sRGB colour: close to the lightness of CAM02-UCS, in which these maps are even, but for dark
 * ends.
 */
function lightness(colour: readonly number[]): number {
  const [r, g, b] = colour.map((c) => (c <= 10.31 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  const y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return y > 0.008856 ? 116 * Math.cbrt(y) - 16 : 903.3 * y;
}
