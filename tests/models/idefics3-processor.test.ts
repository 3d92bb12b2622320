import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { RgbImage } from "../../src/common/image.ts";
import { toOriginal } from "../../src/grounding/geometry.ts";
import { parseIdefics3Processor, processTiles, tileSizes } from "../../src/models/idefics3/processor.ts";

interface Case {
  config: string;
  width: number;
  height: number;
  tiling: [rows: number, columns: number];
  shape: number[];
  sha256: string;
  samples: number[];
}

interface Fixture {
  configs: Record<string, Record<string, unknown>>;
  cases: Case[];
  tiled: [number, number, number, number, number, number, number, number][];
}

const { configs, cases, tiled }: Fixture = JSON.parse(
  readFileSync(new URL("../fixtures/hub/tile-images.json", import.meta.url), "utf8"),
);

/** The picture of picture.py. */
function picture(width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const green = (Math.floor(x / 3) + Math.floor(y / 5)) % 2 === 0 ? 255 : 0;
      data.set([(x * 7 + y * 3) % 256, green, (x * x + y * y * 5 + x * y) % 256], (y * width + x) * 3);
    }
  }
  return { width, height, data };
}

test.each(cases)("$config of $width x $height is bit by bit what Python makes of it", (expected) => {
  const image = picture(expected.width, expected.height);
  const { pixelValues, shape } = processTiles(image, parseIdefics3Processor(configs[expected.config]), 4);
  expect([shape.rows, shape.columns]).toEqual(expected.tiling);
  expect(pixelValues.shape).toEqual(expected.shape);
  for (const [i, value] of expected.samples.entries())
    expect(pixelValues.data[i * 1021]).toBeCloseTo(value, 4);
  const hash = createHash("sha256").update(new Uint8Array(pixelValues.data.buffer)).digest("hex");
  expect(hash).toBe(expected.sha256);
});

test("images of any size are cut as Python cuts them", () => {
  for (const [width, height, edge, tile, rows, columns, wholeWidth, wholeHeight] of tiled) {
    const json = { size: { longest_edge: edge }, max_image_size: { longest_edge: tile } };
    const sizes = tileSizes({ width, height }, parseIdefics3Processor(json));
    expect(sizes.shape, `${width} x ${height}`).toEqual({ rows, columns });
    expect(sizes.tiled).toEqual({ width: wholeWidth, height: wholeHeight });
  }
});

test("a bright box is found through the tile and the whole view that show it", () => {
  const image = { width: 90, height: 60, data: new Uint8Array(90 * 60 * 3) };
  for (let y = 12; y < 18; y++) image.data.fill(255, (y * 90 + 66) * 3, (y * 90 + 72) * 3);
  const json = { size: { longest_edge: 96 }, max_image_size: { longest_edge: 32 }, do_normalize: false };
  const { pixelValues, views, shape } = processTiles(image, parseIdefics3Processor(json), 8);
  expect(shape).toEqual({ rows: 2, columns: 3 });
  expect(views.map(({ grid }) => grid.rows * grid.columns)).toEqual(new Array(7).fill(16));
  const shown = views.flatMap((view, i) => {
    const at = brightest(pixelValues.data.subarray(i * 3 * 32 * 32, (i * 3 + 1) * 32 * 32), 32);
    return at === undefined ? [] : [{ i, point: toOriginal(at, view) }];
  });
  expect(shown.map(({ i }) => i)).toEqual([2, 6]);
  for (const { point } of shown) {
    expect(Math.abs(point[0] - 69)).toBeLessThan(1);
    expect(Math.abs(point[1] - 15)).toBeLessThan(1);
  }
});

/** The middle of the pixels above one half; undefined where there are none. */
function brightest(values: Float32Array, width: number): [x: number, y: number] | undefined {
  const places = [...values.keys()].filter((i) => values[i] > 0.5);
  if (places.length === 0) return undefined;
  const mean = (f: (i: number) => number) => places.reduce((sum, i) => sum + f(i) + 0.5, 0) / places.length;
  return [mean((i) => i % width), mean((i) => Math.floor(i / width))];
}

test("tokens at the edges of a tile lie beside each other in the picture", () => {
  const json = { size: { longest_edge: 96 }, max_image_size: { longest_edge: 32 } };
  const { views } = processTiles(picture(90, 60), parseIdefics3Processor(json), 8);
  expect(toOriginal([32, 5], views[0])).toEqual(toOriginal([0, 5], views[1]));
  expect(toOriginal([5, 32], views[0])).toEqual(toOriginal([5, 0], views[3]));
  expect(toOriginal([0, 0], views[6])).toEqual([0, 0].map((x) => expect.closeTo(x)));
  expect(toOriginal([32, 32], views[6])).toEqual([expect.closeTo(90), expect.closeTo(60)]);
});

test.each([
  [
    { size: { shortest_edge: 5 } },
    "preprocessor_config.json: size: must be {longest_edge} or {height, width}",
  ],
  [{ resample: 6 }, "preprocessor_config.json: resample: must be 0 (nearest), 1 (lanczos)"],
])("refuses %j", (json, message) => {
  expect(() => parseIdefics3Processor(json)).toThrow(message);
});
