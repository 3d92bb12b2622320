import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { processedSize, processImage } from "../../src/models/inputs/square-processor.ts";
import { imageProcessor, parseProcessor, processorJson } from "../../src/models/inputs/square-settings.ts";
import { picture } from "../hub/picture.ts";

interface Case {
  config: string;
  width: number;
  height: number;
  shape: number[];
  sha256: string;
  samples: number[];
}

const { configs, cases }: { configs: Record<string, Record<string, unknown>>; cases: Case[] } = JSON.parse(
  readFileSync(new URL("../fixtures/hub/images.json", import.meta.url), "utf8"),
);

test.each(cases)("$config of $width x $height is bit by bit what Python makes of it", (expected) => {
  const { pixelValues } = processImage(
    picture(expected.width, expected.height),
    parseProcessor(configs[expected.config]),
    4,
  );
  expect(pixelValues.shape).toEqual(expected.shape);
  const samples = expected.samples.map((_, i) => pixelValues.data[i * 3011]);
  for (const [i, value] of samples.entries()) expect(value).toBeCloseTo(expected.samples[i], 4);
  const hash = createHash("sha256").update(new Uint8Array(pixelValues.data.buffer)).digest("hex");
  expect(hash).toBe(expected.sha256);
});

test("an image of the right size passes untouched", () => {
  const image = picture(48, 48);
  const plain = { ...imageProcessor(48), rescale: null, normalise: null };
  const { pixelValues } = processImage(image, plain, 8);
  expect(pixelValues.data[48 * 48 + 49]).toBe(image.data[49 * 3 + 1]);
  expect(pixelValues.data[2 * 48 * 48 - 1]).toBe(image.data.at(-2));
});

/** A dark image with one bright rectangle, in original pixels, and where it shows afterwards. */
function brightBounds(name: string, width: number, height: number, box: readonly number[]) {
  const data = new Uint8Array(width * height * 3);
  for (let y = box[1]; y < box[3]; y++) data.fill(255, (y * width + box[0]) * 3, (y * width + box[2]) * 3);
  const processor = { ...parseProcessor(configs[name]), rescale: 1 / 255, normalise: null };
  const { pixelValues, geometry } = processImage({ width, height, data }, processor, 4);
  const [, rows, columns] = pixelValues.shape;
  let [left, top, right, bottom] = [columns, rows, 0, 0];
  const outside = processor.pad ? 0.9 : 0.5; // The padding is of a middle grey.
  for (let i = 0; i < rows * columns; i++) {
    if (pixelValues.data[i] < outside) continue;
    const [x, y] = [i % columns, Math.floor(i / columns)];
    [left, top, right, bottom] = [
      Math.min(left, x),
      Math.min(top, y),
      Math.max(right, x + 1),
      Math.max(bottom, y + 1),
    ];
  }
  return { found: [left, top, right, bottom], geometry, rows, columns };
}

test.each([
  ["fixed", 96, 144],
  ["llava15", 112, 56],
  ["llava15", 84, 168],
  ["raw", 30, 20],
  ["raw", 101, 52],
  ["raw", 20, 70],
  ["padded", 84, 60],
  ["padded", 41, 84],
  ["padded", 21, 42],
])("%s %d x %d: the geometry says where original pixels went", (name, width, height) => {
  const box = [width / 2 - 6, height / 2 - 9, width / 2 + 6, height / 2 + 8].map(Math.round);
  const { found, geometry, rows, columns } = brightBounds(name, width, height, box);
  const expected = [
    box[0] * geometry.scaleX + geometry.offsetX,
    box[1] * geometry.scaleY + geometry.offsetY,
    box[2] * geometry.scaleX + geometry.offsetX,
    box[3] * geometry.scaleY + geometry.offsetY,
  ];
  for (const [i, edge] of expected.entries()) expect(Math.abs(found[i] - edge)).toBeLessThanOrEqual(0.75);
  expect(geometry.processed).toEqual({ width: columns, height: rows });
  expect(geometry.original).toEqual({ width, height });
  expect(geometry.grid).toEqual({ rows: Math.floor(rows / 4), columns: Math.floor(columns / 4) });
});

test("the size is known before the pixels are", () => {
  const side = fc.integer({ min: 9, max: 90 }); // Narrower ones may have no pixel left, which is an error of its own.
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(configs)), side, side, (name, width, height) => {
      const processor = parseProcessor(configs[name]);
      const { geometry } = processImage(
        { width, height, data: new Uint8Array(width * height * 3) },
        processor,
        4,
      );
      expect(processedSize(processor, { width, height })).toEqual(geometry.processed);
    }),
    { numRuns: 40 },
  );
});

test("a config survives reading and writing, with the keys Fovea does not know", () => {
  for (const config of Object.values(configs)) {
    const json = { ...config, my_key: [1] };
    expect(parseProcessor(processorJson(parseProcessor(json), json))).toEqual(parseProcessor(json));
    expect(processorJson(parseProcessor(json), json)).toMatchObject({ my_key: [1] });
  }
  expect(parseProcessor(processorJson(imageProcessor(64)))).toEqual(imageProcessor(64));
});

test.each([
  [
    { size: { longest_edge: 4 } },
    "x.json: size: must be {height, width}, {shortest_edge}, both edges, or {max_height, max_width}",
  ],
  [{ crop_size: "big" }, "x.json: crop_size: must be {height, width}"],
  [
    { image_processor_type: "LlavaNextImageProcessor" },
    "x.json: image_processor_type must be one of CLIPImageProcessor, SiglipImageProcessor, LlavaImageProcessor, got",
  ],
  [
    { image_processor_type: "CLIPImageProcessor", do_pad: true, pad_size: 9 },
    "x.json: pad_size must be left out, got 9",
  ],
  [
    { resample: 6 },
    "x.json: resample: must be 0 (nearest), 1 (lanczos), 2 (bilinear), 3 (bicubic), 4 (box) or 5 (hamming)",
  ],
  [{ image_mean: [1, 2] }, "x.json: image_mean"],
])("a config that cannot be followed is refused: %j", (json, message) => {
  expect(() => parseProcessor(json, "x.json")).toThrow(message);
});

test("a picture of which no pixel would be left is refused", () => {
  const processor = parseProcessor(configs.edges);
  expect(() => processImage(picture(1, 300), processor, 4)).toThrow(
    "image: width and height must be such that a pixel is left after resizing, got [1, 300]",
  );
});
