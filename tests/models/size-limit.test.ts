import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import type { Json } from "../../src/hub/text/tokenizer.ts";
import { parseIdefics3Processor, processTiles } from "../../src/models/idefics3/processor.ts";
import type { SizeLimit } from "../../src/models/inputs/size-limit.ts";
import { parseQwenProcessor, processQwenImage } from "../../src/models/qwen/processor.ts";
import { familyOf } from "../../src/models/registry.ts";
import cases from "../fixtures/hub/limits.json" with { type: "json" };
import { picture } from "../hub/picture.ts";

const families = (modelType: string) => familyOf({ model_type: modelType }, "model");

const pixels: Record<string, (settings: Json, width: number, height: number) => Float32Array> = {
  qwen: (settings, width, height) =>
    processQwenImage(picture(width, height), parseQwenProcessor(settings)).pixelValues.data,
  tiles: (settings, width, height) =>
    processTiles(picture(width, height), parseIdefics3Processor(settings), 4).pixelValues.data,
};

test.each(cases)("$family $settings limited to $limit sees what Python sees", (one) => {
  const settings = families(one.family).limitSize(one.settings, one.limit as SizeLimit);
  expect(settings).toEqual(one.after);
  const see = pixels[one.family.startsWith("qwen") ? "qwen" : "tiles"];
  for (const { width, height, sha256 } of one.pictures) {
    const values = see(settings, width, height);
    expect(createHash("sha256").update(new Uint8Array(values.buffer)).digest("hex")).toBe(sha256);
  }
});

test.each<[string, Json, SizeLimit, string]>([
  [
    "llava",
    {},
    { maxPixels: 4 },
    'image size: limit must be none: this model has one size of picture, got "maxPixels"',
  ],
  ["qwen3_vl", {}, { longestEdge: 4 }, 'image size: limit must be minPixels or maxPixels, got "longestEdge"'],
  [
    "qwen3_vl",
    {},
    { minPixels: 9, maxPixels: 4 },
    "image size: minPixels must be at most maxPixels (4), got 9",
  ],
  ["qwen3_vl", {}, { maxPixels: 0 }, "image size: maxPixels must be a whole number from 1 on, got 0"],
  [
    "qwen3_vl",
    { do_resize: false },
    { maxPixels: 9 },
    "image size: do_resize must be true for a limit, got false",
  ],
  ["smolvlm", {}, { maxPixels: 9 }, 'image size: limit must be longestEdge or tiles, got "maxPixels"'],
  [
    "idefics3",
    {},
    { longestEdge: 9, tiles: 2 },
    "image size: tiles must be left out where longestEdge is given, got 2",
  ],
])("%s %o refuses %o", (family, settings, limit, message) => {
  expect(() => families(family).limitSize(settings, limit)).toThrow(message);
});
