/**
 * Images to tiles as `Idefics3ImageProcessor` and `SmolVLMImageProcessor` of Python `transformers` make
 * them: the longest edge to a fixed length, then both sides up to whole tiles, then the tiles row by row and
 * the whole picture in one more of their size. All pictures are square and wholly pixels: the padding and the
 * masks of these processors only ever fill up batches.
 *
 *     parseIdefics3Processor(json)          -> Idefics3Processor, from preprocessor_config.json
 *     processTiles(image, processor, cell)  -> {pixelValues, shape, views}
 *     tileSizes(size, processor)            -> {resized, tiled, shape}
 *
 * Values are those of the PIL backend (`Idefics3ImageProcessorPil`) to the last bit: Pillow's Lanczos filter with
 * 8 bits between the two or three resizes. Python's other backend, torchvision, rounds its weights otherwise:
 * version 0.28 differs by at most 2 levels of 255, in at most 2 % of the values (pictures of noise, the worst
 * seen). Before version 0.27 it has no Lanczos filter and takes a bicubic one.
 */
import * as z from "zod";
import type { ImageGeometry, RgbImage, Size } from "../../common/image.ts";
import { float32, type HostArray } from "../../engine/host.ts";
import { checkPixels, checkTiles } from "../../hub/image/bounds.ts";
import { commonFields, parseSettings, sides, whole } from "../../hub/image/fields.ts";
import { resize } from "../../hub/image/resample.ts";
import type { Json } from "../../hub/text/tokenizer.ts";
import { type ImageProcessor, levels, valueRules } from "../inputs/pixel-values.ts";

/** What the JSON says, in camelCase, every default filled in. */
export interface Idefics3Processor extends Pick<ImageProcessor, "resample" | "rescale" | "normalise"> {
  /** Before anything else; null: no resize. */
  readonly resize: { readonly longestEdge: number } | Size | null;
  /** Whether to cut into tiles; else the whole picture is squeezed into one. */
  readonly split: boolean;
  /** Pixels on a side of a tile. */
  readonly tile: number;
}

/** Rows and columns of tiles; 0 x 0: only the whole picture. */
interface Tiling {
  readonly rows: number;
  readonly columns: number;
}

export interface TiledImage {
  /** [T, 3, Y, X]: the tiles row by row, then the whole picture. */
  readonly pixelValues: HostArray<"float32">;
  readonly shape: Tiling;
  /** One for each picture, its grid that of the image tokens. */
  readonly views: readonly ImageGeometry[];
}

/** `cell`: pixels on a side of one image token. */
export function processTiles(image: RgbImage, processor: Idefics3Processor, cell: number): TiledImage {
  const { tile, resample } = processor;
  const { resized, tiled, shape } = tileSizes(image, processor);
  const first = resize(image, resized.width, resized.height, resample);
  const whole = resize(first, tiled.width, tiled.height, resample);
  const global = resize(whole, tile, tile, resample);
  const places = tilePlaces(shape, tile);
  const pixelValues = float32([places.length + 1, 3, tile, tile]);
  const tables = [0, 1, 2].map((channel) => levels(processor, channel));
  const picture = 3 * tile * tile;
  const fill = (from: RgbImage, place: Place, i: number) =>
    write(pixelValues.data.subarray(i * picture, (i + 1) * picture), from, place, tile, tables);
  for (const [i, place] of places.entries()) fill(whole, place, i);
  fill(global, { left: 0, top: 0 }, places.length);
  const views = places.map((place) => viewOf(image, tiled, place, tile, cell));
  return {
    pixelValues,
    shape,
    views: [...views, viewOf(image, { width: tile, height: tile }, origin, tile, cell)],
  };
}

interface Place {
  readonly left: number;
  readonly top: number;
}

const origin: Place = { left: 0, top: 0 };

function tilePlaces({ rows, columns }: Tiling, tile: number): Place[] {
  return Array.from({ length: rows * columns }, (_, i) => ({
    left: (i % columns) * tile,
    top: Math.floor(i / columns) * tile,
  }));
}

/** One square of an image, [Y, X, 3] bytes -> [3, Y, X] float32. */
function write(
  to: Float32Array,
  { width, data }: RgbImage,
  { left, top }: Place,
  tile: number,
  tables: readonly Float32Array[],
): void {
  for (let y = 0; y < tile; y++) {
    let from = ((top + y) * width + left) * 3;
    for (let at = y * tile; at < (y + 1) * tile; at++, from += 3)
      for (let channel = 0; channel < 3; channel++)
        to[channel * tile * tile + at] = tables[channel][data[from + channel]];
  }
}

function viewOf(
  original: Size,
  scaled: Size,
  { left, top }: Place,
  tile: number,
  cell: number,
): ImageGeometry {
  const side = Math.floor(tile / cell);
  return {
    original: { width: original.width, height: original.height },
    processed: { width: tile, height: tile },
    scaleX: scaled.width / original.width,
    scaleY: scaled.height / original.height,
    offsetX: -left,
    offsetY: -top,
    patch: cell,
    grid: { rows: side, columns: side },
  };
}

/** What an image of this size becomes: after the first resize, in whole tiles, and how many of them. */
export function tileSizes(
  size: Size,
  { resize: rule, split, tile }: Idefics3Processor,
): { readonly resized: Size; readonly tiled: Size; readonly shape: Tiling } {
  const resized = firstSize(size, rule);
  checkPixels("resize", resized);
  checkPixels("tile", { width: tile, height: tile });
  const square = { resized, tiled: { width: tile, height: tile }, shape: { rows: 0, columns: 0 } };
  if (!split) return square;
  const tiled = wholeTiles(resized, tile);
  checkTiles(tiled, tile);
  checkPixels("resize", tiled);
  const shape = { rows: tiled.height / tile, columns: tiled.width / tile };
  return shape.rows * shape.columns === 1 ? square : { resized, tiled, shape };
}

/** No side of a resized image is longer, whatever the file asks for. */
const longest = 4096;

function firstSize({ width, height }: Size, rule: Idefics3Processor["resize"]): Size {
  if (rule === null) return { width, height };
  if ("width" in rule) return rule;
  const edge = rule.longestEdge;
  const even = (value: number) => Math.trunc(value) + (Math.trunc(value) % 2);
  const fitted =
    width >= height
      ? { width: edge, height: Math.max(1, even(edge / (width / height))) }
      : { width: Math.max(1, even(edge * (width / height))), height: edge };
  return shrunk(fitted);
}

function shrunk({ width, height }: Size): Size {
  const aspect = width / height;
  if (Math.max(width, height) <= longest) return { width, height };
  return width >= height
    ? { width: longest, height: Math.max(1, Math.trunc(longest / aspect)) }
    : { width: Math.max(1, Math.trunc(longest * aspect)), height: longest };
}

/** Up to whole tiles: the longer side first, the other one by the aspect. */
function wholeTiles({ width, height }: Size, tile: number): Size {
  const up = (value: number) => Math.ceil(value / tile) * tile;
  const aspect = width / height;
  return width >= height
    ? { width: up(width), height: up(Math.trunc(up(width) / aspect)) }
    : { width: up(Math.trunc(up(height) * aspect)), height: up(height) };
}

const edge = z.object({ longest_edge: whole });

const fields = z.object({
  ...commonFields,
  size: z.union([edge, sides], { error: "must be {longest_edge} or {height, width}" }).nullish(),
  do_image_splitting: z.boolean().nullish(),
  max_image_size: edge.nullish(),
});

/** Reads preprocessor_config.json; keys that are missing get Python's defaults. Throws a UserError. */
export function parseIdefics3Processor(json: Json, file = "preprocessor_config.json"): Idefics3Processor {
  const config = parseSettings(fields, json, file);
  const half = [0.5, 0.5, 0.5] as const;
  return {
    resize: (config.do_resize ?? true) ? resizeRule(config.size ?? { longest_edge: 4 * 364 }) : null,
    resample: config.resample ?? 1,
    split: config.do_image_splitting ?? true,
    tile: config.max_image_size?.longest_edge ?? 364,
    ...valueRules(config, { mean: half, std: half }),
  };
}

function resizeRule(size: z.output<typeof edge> | Size): Idefics3Processor["resize"] {
  return "longest_edge" in size ? { longestEdge: size.longest_edge } : size;
}
