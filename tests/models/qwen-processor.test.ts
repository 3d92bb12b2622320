import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { coverage } from "../../src/grounding/coverage.ts";
import { parseQwenProcessor, processQwenImage, smartResize } from "../../src/models/qwen/processor.ts";
import { picture } from "../hub/picture.ts";

interface Case {
  config: string;
  width: number;
  height: number;
  grid: [number, number, number];
  shape: number[];
  sha256: string;
  samples: number[];
}

interface Fixture {
  configs: Record<string, Record<string, unknown>>;
  cases: Case[];
  resized: number[][];
}

const { configs, cases, resized }: Fixture = JSON.parse(
  readFileSync(new URL("../fixtures/hub/qwen-images.json", import.meta.url), "utf8"),
);

test.each(cases)("$config of $width x $height is bit by bit what Python makes of it", (expected) => {
  const image = picture(expected.width, expected.height);
  const { pixelValues, shape } = processQwenImage(image, parseQwenProcessor(configs[expected.config]));
  expect(pixelValues.shape).toEqual(expected.shape);
  expect([1, shape.rows, shape.columns]).toEqual(expected.grid);
  for (const [i, value] of expected.samples.entries())
    expect(pixelValues.data[i * 311]).toBeCloseTo(value, 4);
  const hash = createHash("sha256").update(new Uint8Array(pixelValues.data.buffer)).digest("hex");
  expect(hash).toBe(expected.sha256);
});

test("sizes are those of Python's smart_resize", () => {
  expect(resized.length).toBe(300);
  for (const [width, height, factor, minPixels, maxPixels, ...expected] of resized) {
    const size = smartResize({ width, height }, factor, { minPixels, maxPixels });
    expect([size.width, size.height]).toEqual(expected);
  }
});

/** A dark image with one bright box, and the mean value of each image token's pixels. */
function brightness(width: number, height: number, box: readonly [number, number, number, number]) {
  const data = new Uint8Array(width * height * 3);
  for (let y = box[1]; y < box[3]; y++) data.fill(255, (y * width + box[0]) * 3, (y * width + box[2]) * 3);
  const processor = { ...parseQwenProcessor(configs.small), mergeSize: 2, patchSize: 5 };
  const { pixelValues, geometry } = processQwenImage({ width, height, data }, processor);
  const size = pixelValues.data.length / (geometry.grid.rows * geometry.grid.columns);
  const means = Array.from(
    { length: geometry.grid.rows * geometry.grid.columns },
    (_, token) => pixelValues.data.slice(token * size, (token + 1) * size).reduce((a, b) => a + b) / size,
  );
  return { means, geometry };
}

test("the geometry says which image tokens see a region of the original", () => {
  fc.assert(
    fc.property(
      fc.tuple(fc.integer({ min: 12, max: 60 }), fc.integer({ min: 12, max: 60 })),
      fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 4, maxLength: 4 }),
      ([width, height], [a, b, c, d]) => {
        const left = Math.floor((a / 1001) * (width - 4));
        const top = Math.floor((b / 1001) * (height - 4));
        const right = left + 4 + Math.floor((c / 1001) * (width - left - 4));
        const bottom = top + 4 + Math.floor((d / 1001) * (height - top - 4));
        const { means, geometry } = brightness(width, height, [left, top, right, bottom]);
        const covered = coverage({ kind: "box", box: [left, top, right, bottom] }, geometry);
        expect(covered.length).toBe(means.length);
        // The filter smears an edge over a pixel or so of the ten on a token's side.
        for (const [i, mean] of means.entries()) expect(Math.abs(mean - covered[i])).toBeLessThan(0.15);
      },
    ),
    { numRuns: 60 },
  );
});

test("the bounds of older files overrule the newer ones; what is missing is as in transformers", () => {
  const bounds = (json: object) => parseQwenProcessor(json as Record<string, unknown>).size;
  const size = { shortest_edge: 100, longest_edge: 9000 };
  expect(bounds({})).toEqual({ minPixels: 3136, maxPixels: 1003520 });
  expect(bounds({ size })).toEqual({ minPixels: 100, maxPixels: 9000 });
  expect(bounds({ size, min_pixels: 200 })).toEqual({ minPixels: 200, maxPixels: 9000 });
  expect(bounds({ min_pixels: 3136, max_pixels: 12845056 })).toEqual({
    minPixels: 3136,
    maxPixels: 12845056,
  });
  expect(bounds({ size: { min_pixels: 4, max_pixels: 8 } })).toEqual({ minPixels: 4, maxPixels: 8 });
});

test.each([
  [{ size: { height: 90, width: 120 } }, "x.json: size: must be {shortest_edge, longest_edge}"],
  [{ size: { shortest_edge: 4 } }, "x.json: size: must be {shortest_edge, longest_edge}"],
  [{ min_pixels: 10, max_pixels: 5 }, "x.json: min_pixels must be at most max_pixels (5), got 10"],
  [
    { resample: 7 },
    "x.json: resample: must be 0 (nearest), 1 (lanczos), 2 (bilinear), 3 (bicubic), 4 (box) or 5 (hamming)",
  ],
  [{ patch_size: "14" }, "x.json: patch_size: "],
])("a config that cannot be followed is refused: %j", (json, message) => {
  expect(() => parseQwenProcessor(json, "x.json")).toThrow(message);
});

test("an image that the model cannot take is refused", () => {
  const processor = parseQwenProcessor(configs["qwen2.5"]);
  expect(() => processQwenImage(picture(1, 201), processor)).toThrow(
    /^image: width \/ height must be between 1\/200 and 200, got 0\.00/,
  );
  expect(() => processQwenImage(picture(12, 20), parseQwenProcessor(configs.raw))).toThrow(
    "image: width and height must be multiples of 12 without do_resize, got [12, 20]",
  );
});
