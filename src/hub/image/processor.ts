/**
 * Images to pixel values as `CLIPImageProcessor` and `LlavaImageProcessor` of Python `transformers` make them
 * (pad to a square, resize, centre crop, rescale, normalise), with the geometry that maps original pixels to
 * image tokens.
 *
 *     parseProcessor(json)                     -> ImageProcessor, from preprocessor_config.json
 *     imageProcessor({size, ...})              -> ImageProcessor with defaults, for new models
 *     processorJson(processor)                 -> JSON for preprocessor_config.json
 *     processImage(image, processor, patch)    -> {pixelValues, geometry}
 *     processedSize(processor, image)          -> {width, height}
 */
import * as z from "zod";
import { mustBe } from "../../common/errors.ts";
import type { ImageGeometry, RgbImage } from "../../common/image.ts";
import type { HostArray } from "../../engine/host.ts";
import { snakeKeys } from "../fields.ts";
import type { Json } from "../text/tokenizer.ts";
import { checkPixels } from "./bounds.ts";
import { commonFields, parseSettings, sides, whole } from "./fields.ts";
import { type FilterNumber, resize } from "./resample.ts";

/** What the JSON says, in camelCase, every default filled in. */
export interface ImageProcessor {
  /** Pad to a square with this colour, before anything else (LLaVA's own processor); null: not. */
  readonly pad: Rgb | null;
  /** null: no resize. */
  readonly resize: ResizeRule | null;
  readonly resample: FilterNumber;
  readonly crop: Size | null;
  /** Values are multiplied by this, then normalised; null: not. */
  readonly rescale: number | null;
  readonly normalise: { readonly mean: Rgb; readonly std: Rgb } | null;
}

/**
 * To a fixed size; or with the aspect kept, to a shortest edge (a longest one at most), or as large as fits into a height
 * and a width.
 */
export type ResizeRule =
  | Size
  | { readonly shortestEdge: number; readonly longestEdge?: number }
  | { readonly maxHeight: number; readonly maxWidth: number };

export interface Size {
  readonly width: number;
  readonly height: number;
}

type Rgb = readonly [number, number, number];

/** Means and deviations of CLIP's training images. */
export const clipNormalise = {
  mean: [0.48145466, 0.4578275, 0.40821073],
  std: [0.26862954, 0.26130258, 0.27577711],
} as const;

const half = [0.5, 0.5, 0.5] as const;

/** The processor of a new model: images become `size` x `size` pixels, values as CLIP takes them. */
export function imageProcessor(size: number): ImageProcessor {
  const square = { width: size, height: size };
  return { pad: null, resize: square, resample: 3, crop: null, rescale: 1 / 255, normalise: clipNormalise };
}

export interface ProcessedImage {
  /** [3, Y, X] */
  readonly pixelValues: HostArray<"float32">;
  readonly geometry: ImageGeometry;
}

/** Preprocesses one image for a vision tower with patches of `patch` pixels. */
export function processImage(image: RgbImage, processor: ImageProcessor, patch: number): ProcessedImage {
  const padded = processor.pad === null ? image : padToSquare(image, processor.pad);
  const target = resizedSize(processor, padded);
  checkPixels("resize", target);
  if (processor.crop !== null) checkPixels("crop", processor.crop);
  const resized = resize(padded, target.width, target.height, processor.resample);
  const processed = processor.crop === null ? resized : centreCrop(resized, processor.crop);
  return {
    pixelValues: normalised(processed, processor),
    geometry: geometryOf(image, padded, target, processed, patch),
  };
}

/** Size of the pixel values that an image of this size gives. */
export function processedSize(processor: ImageProcessor, { width, height }: Size): Size {
  const side = Math.max(width, height);
  return (
    processor.crop ??
    resizedSize(processor, processor.pad === null ? { width, height } : { width: side, height: side })
  );
}

/** Throws a UserError for a picture so narrow that nothing of it would be left. */
function resizedSize({ resize: rule }: ImageProcessor, original: Size): Size {
  const size = ruledSize(rule, original);
  if (size.width > 0 && size.height > 0) return size;
  const { width, height } = original;
  throw mustBe("image", "width and height", "such that a pixel is left after resizing", [width, height]);
}

function ruledSize(rule: ResizeRule | null, size: Size): Size {
  if (rule === null) return { width: size.width, height: size.height };
  if ("width" in rule) return rule;
  if ("maxHeight" in rule) return fitted(size, rule.maxHeight / size.height, rule.maxWidth / size.width);
  return rule.longestEdge === undefined
    ? shortestTo(size, rule.shortestEdge)
    : withinEdges(size, rule.shortestEdge, rule.longestEdge);
}

function shortestTo({ width, height }: Size, edge: number): Size {
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  const newLong = Math.trunc((edge * long) / short);
  return width <= height ? { width: edge, height: newLong } : { width: newLong, height: edge };
}

/** `get_image_size_for_max_height_width` */
function fitted({ width, height }: Size, ...scales: readonly number[]): Size {
  const scale = Math.min(...scales);
  return { width: Math.trunc(width * scale), height: Math.trunc(height * scale) };
}

/** `get_size_with_aspect_ratio`: the shortest edge, or less where the longest one would be longer than it may. */
function withinEdges({ width, height }: Size, shortest: number, longest: number): Size {
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  const most = (longest * short) / long;
  const isLong = (long / short) * shortest > longest;
  const edge = isLong ? roundHalfEven(most) : shortest;
  if (short === edge) return { width, height };
  const exact = isLong ? most : edge;
  return width < height
    ? { width: edge, height: Math.trunc((exact * height) / width) }
    : { width: Math.trunc((exact * width) / height), height: edge };
}

/** As Python's `round`. */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  return x - below === 0.5 ? below + (below % 2) : Math.round(x);
}

function geometryOf(
  original: Size,
  padded: Size,
  resized: Size,
  processed: Size,
  patch: number,
): ImageGeometry {
  const [scaleX, scaleY] = [resized.width / padded.width, resized.height / padded.height];
  const shift = (from: number, to: number) => Math.floor((to - from) / 2);
  return {
    original: sizeOf(original),
    processed: sizeOf(processed),
    scaleX,
    scaleY,
    offsetX: shift(original.width, padded.width) * scaleX + cropShift(resized.width, processed.width),
    offsetY: shift(original.height, padded.height) * scaleY + cropShift(resized.height, processed.height),
    patch,
    grid: { rows: Math.floor(processed.height / patch), columns: Math.floor(processed.width / patch) },
  };
}

function sizeOf({ width, height }: Size): Size {
  return { width, height };
}

/** By how many pixels a centre crop moves the image: left where it cuts, right where it pads. */
function cropShift(from: number, to: number): number {
  return -Math.floor((from - to) / 2);
}

/** Whole levels of a colour from 0 to 1. */
function levelsOf([red, green, blue]: Rgb): Rgb {
  return [Math.trunc(red * 255), Math.trunc(green * 255), Math.trunc(blue * 255)];
}

function padToSquare(image: RgbImage, colour: Rgb): RgbImage {
  const { width, height } = image;
  if (width === height) return image;
  const side = Math.max(width, height);
  checkPixels("pad", { width: side, height: side });
  const [left, top] = [Math.floor((side - width) / 2), Math.floor((side - height) / 2)];
  return place(image, { width: side, height: side }, left, top, colour);
}

function centreCrop(image: RgbImage, size: Size): RgbImage {
  if (image.width === size.width && image.height === size.height) return image;
  const [left, top] = [cropShift(image.width, size.width), cropShift(image.height, size.height)];
  return place(image, size, left, top, [0, 0, 0]);
}

/** The image on a canvas of one colour, its left top corner at (left, top), cut where it does not fit. */
function place(image: RgbImage, { width, height }: Size, left: number, top: number, colour: Rgb): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) data[i] = colour[i % 3];
  const [from, to] = [Math.max(0, -left), Math.min(image.width, width - left)];
  for (let y = Math.max(0, -top); y < Math.min(image.height, height - top); y++) {
    const row = image.data.subarray((y * image.width + from) * 3, (y * image.width + to) * 3);
    data.set(row, ((y + top) * width + left + from) * 3);
  }
  return { width, height, data };
}

/** [Y, X, 3] bytes -> [3, Y, X] float32. A table of 256 values a channel: the arithmetic of Python once. */
function normalised({ width, height, data }: RgbImage, processor: ImageProcessor): HostArray<"float32"> {
  const size = width * height;
  const out = new Float32Array(3 * size);
  for (let channel = 0; channel < 3; channel++) {
    const table = levels(processor, channel);
    for (let i = 0, at = channel; i < size; i++, at += 3) out[channel * size + i] = table[data[at]];
  }
  return { dtype: "float32", shape: [3, height, width], data: out };
}

/** What each of the 256 levels of a channel becomes. */
export function levels(
  { rescale, normalise }: Pick<ImageProcessor, "rescale" | "normalise">,
  channel: number,
): Float32Array {
  const round = Math.fround;
  return Float32Array.from({ length: 256 }, (_, level) => {
    const value = round(level * (rescale ?? 1));
    if (normalise === null) return value;
    return round(round(value - round(normalise.mean[channel])) / round(normalise.std[channel]));
  });
}

const edge = z.strictObject({ shortest_edge: whole });
const edges = z.strictObject({ shortest_edge: whole, longest_edge: whole });
const box = z.strictObject({ max_height: whole, max_width: whole });
const sizeRule = z.union([edge, edges, box, whole, sides], {
  error: "must be {height, width}, {shortest_edge}, both edges, or {max_height, max_width}",
});

const fields = z.object({
  ...commonFields,
  image_processor_type: z.string().nullish(),
  feature_extractor_type: z.string().nullish(),
  do_pad: z.boolean().nullish(),
  pad_size: z.unknown().optional(),
  size: sizeRule.nullish(),
  default_to_square: z.boolean().nullish(),
  do_center_crop: z.boolean().nullish(),
  crop_size: sides.nullish(),
});

/** What a file leaves out, by the first word of its `image_processor_type`. */
const defaults = {
  CLIP: { size: { shortest_edge: 224 }, crop: true, ...clipNormalise },
  Siglip: { size: { height: 224, width: 224 }, crop: false, mean: half, std: half },
  Llava: { size: { shortest_edge: 224 }, crop: true, ...clipNormalise },
} as const;

/** Image processors of towers with one size of picture. */
export type ProcessorKind = keyof typeof defaults;

/** Older names say how a processor is made, or call it a feature extractor. */
function kindOf(type: string | null | undefined, usual: ProcessorKind, file: string): ProcessorKind {
  if (!type) return usual;
  const kind = /^(CLIP|Siglip|Llava)(ImageProcessor(Fast|Pil)?|FeatureExtractor)$/.exec(type)?.[1];
  if (kind !== undefined) return kind as ProcessorKind;
  const known = Object.keys(defaults).map((name) => `${name}ImageProcessor`);
  throw mustBe(file, "image_processor_type", `one of ${known.join(", ")}`, type);
}

/**
 * Reads preprocessor_config.json; keys that are missing get the defaults of its `image_processor_type`, or of `usual`.
 * Throws a UserError.
 */
export function parseProcessor(
  json: Json,
  file = "preprocessor_config.json",
  usual: ProcessorKind = "CLIP",
): ImageProcessor {
  const config = parseSettings(fields, json, file);
  const kind = kindOf(config.image_processor_type ?? config.feature_extractor_type, usual, file);
  if (config.do_pad === true && config.pad_size) throw mustBe(file, "pad_size", "left out", config.pad_size);
  const own = defaults[kind];
  return {
    // Other processors pad batches, which for one image does nothing.
    pad: config.do_pad === true && kind === "Llava" ? levelsOf(config.image_mean ?? own.mean) : null,
    resize:
      (config.do_resize ?? true)
        ? resizeRule(config.size ?? own.size, config.default_to_square ?? false)
        : null,
    resample: config.resample ?? 3,
    crop: (config.do_center_crop ?? own.crop) ? (config.crop_size ?? usualCrop) : null,
    rescale: (config.do_rescale ?? true) ? (config.rescale_factor ?? 1 / 255) : null,
    normalise:
      (config.do_normalize ?? true)
        ? { mean: config.image_mean ?? own.mean, std: config.image_std ?? own.std }
        : null,
  };
}

const usualCrop = { width: 224, height: 224 };

/** A number alone stands for the shortest edge, or for a square where `default_to_square` says so. */
function resizeRule(size: z.output<typeof sizeRule>, square: boolean): ImageProcessor["resize"] {
  if (typeof size === "number") return square ? { width: size, height: size } : { shortestEdge: size };
  if ("max_height" in size) return { maxHeight: size.max_height, maxWidth: size.max_width };
  if ("longest_edge" in size) return { shortestEdge: size.shortest_edge, longestEdge: size.longest_edge };
  return "shortest_edge" in size ? { shortestEdge: size.shortest_edge } : size;
}

/** The JSON that Python's AutoImageProcessor reads; keys of `base` that Fovea does not know are kept. */
export function processorJson(processor: ImageProcessor, base: Json = {}): Json {
  const { pad, resize: rule, resample, crop, rescale, normalise } = processor;
  const size = rule === null ? null : snakeKeys(rule);
  return {
    ...base,
    do_pad: pad !== null,
    do_resize: rule !== null,
    ...(size !== null && { size }),
    resample,
    do_center_crop: crop !== null,
    ...(crop !== null && { crop_size: crop }),
    do_rescale: rescale !== null,
    ...(rescale !== null && { rescale_factor: rescale }),
    do_normalize: normalise !== null,
    ...(normalise !== null && { image_mean: normalise.mean, image_std: normalise.std }),
    do_convert_rgb: true,
    image_processor_type: pad !== null ? "LlavaImageProcessor" : "CLIPImageProcessor",
  };
}
