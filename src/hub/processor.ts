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
import { mustBe, UserError } from "../common/errors.ts";
import type { ImageGeometry, RgbImage } from "../common/image.ts";
import type { HostArray } from "../engine/host.ts";
import { type FilterNumber, filters, resize } from "./resample.ts";
import type { Json } from "./tokenizer.ts";

/** What the JSON says, in camelCase, every default filled in. */
export interface ImageProcessor {
  /** Pad to a square with the mean colour, before anything else (LLaVA's own processor). */
  readonly pad: boolean;
  /** To a shortest edge with the aspect kept, or to a fixed size; null: no resize. */
  readonly resize: { readonly shortestEdge: number } | Size | null;
  readonly resample: FilterNumber;
  readonly crop: Size | null;
  /** Values are multiplied by this, then normalised; null: not. */
  readonly rescale: number | null;
  readonly normalise: { readonly mean: Rgb; readonly std: Rgb } | null;
}

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
  return { pad: false, resize: square, resample: 3, crop: null, rescale: 1 / 255, normalise: clipNormalise };
}

export interface ProcessedImage {
  /** [3, Y, X] */
  readonly pixelValues: HostArray<"float32">;
  readonly geometry: ImageGeometry;
}

/** Preprocesses one image for a vision tower with patches of `patch` pixels. */
export function processImage(image: RgbImage, processor: ImageProcessor, patch: number): ProcessedImage {
  const padded = processor.pad ? padToSquare(image, padColour(processor)) : image;
  const target = resizedSize(processor, padded);
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
    resizedSize(processor, processor.pad ? { width: side, height: side } : { width, height })
  );
}

function resizedSize({ resize: rule }: ImageProcessor, { width, height }: Size): Size {
  if (rule === null) return { width, height };
  if ("width" in rule) return rule;
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  const newLong = Math.trunc((rule.shortestEdge * long) / short);
  return width <= height
    ? { width: rule.shortestEdge, height: newLong }
    : { width: newLong, height: rule.shortestEdge };
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

function padColour({ normalise }: ImageProcessor): Rgb {
  const [red, green, blue] = (normalise ?? clipNormalise).mean;
  return [Math.trunc(red * 255), Math.trunc(green * 255), Math.trunc(blue * 255)];
}

function padToSquare(image: RgbImage, colour: Rgb): RgbImage {
  const { width, height } = image;
  if (width === height) return image;
  const side = Math.max(width, height);
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

const whole = z.int().positive();
const rgb = z.tuple([z.number(), z.number(), z.number()]);
const fixed = z.strictObject({ height: whole, width: whole });
const edge = z.strictObject({ shortest_edge: whole });
const sizeRule = z.union([fixed, edge, whole], { error: "must be {height, width} or {shortest_edge}" });

/** Numbers stand for squares or shortest edges in older files. */
const fields = z.object({
  image_processor_type: z.string().nullish(),
  do_pad: z.boolean().nullish(),
  do_resize: z.boolean().nullish(),
  size: sizeRule.nullish(),
  resample: z.literal([1, 2, 3], { error: "must be 1 (lanczos), 2 (bilinear) or 3 (bicubic)" }).nullish(),
  do_center_crop: z.boolean().nullish(),
  crop_size: z.union([fixed, whole], { error: "must be {height, width}" }).nullish(),
  do_rescale: z.boolean().nullish(),
  rescale_factor: z.number().nullish(),
  do_normalize: z.boolean().nullish(),
  image_mean: rgb.nullish(),
  image_std: rgb.nullish(),
});

/** What a file leaves out, by the first word of its `image_processor_type`; CLIP's where that is another one. */
const defaults = {
  CLIP: { size: { shortest_edge: 224 }, crop: true, ...clipNormalise },
  Siglip: { size: { height: 224, width: 224 }, crop: false, mean: half, std: half },
} as const;

function defaultsOf(type: string) {
  return type.startsWith("Siglip") ? defaults.Siglip : defaults.CLIP;
}

/** Reads preprocessor_config.json; keys that are missing get CLIP's or SigLIP's defaults. Throws a UserError. */
export function parseProcessor(json: Json, file = "preprocessor_config.json"): ImageProcessor {
  const parsed = fields.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new UserError(`${file}: ${issue.path.join(".") || "content"}: ${issue.message}`);
  }
  const config = parsed.data;
  const type = config.image_processor_type ?? "";
  const usual = defaultsOf(type);
  return {
    // CLIP's own processor knows do_pad as the padding of a batch, which for one image does nothing.
    pad: (config.do_pad ?? false) && type.startsWith("Llava"),
    resize: (config.do_resize ?? true) ? resizeRule(config.size ?? usual.size) : null,
    resample: config.resample ?? 3,
    crop: (config.do_center_crop ?? usual.crop) ? square(config.crop_size ?? 224) : null,
    rescale: (config.do_rescale ?? true) ? (config.rescale_factor ?? 1 / 255) : null,
    normalise:
      (config.do_normalize ?? true)
        ? { mean: config.image_mean ?? usual.mean, std: config.image_std ?? usual.std }
        : null,
  };
}

function resizeRule(size: number | Size | { shortest_edge: number }): ImageProcessor["resize"] {
  if (typeof size === "number") return { shortestEdge: size };
  return "shortest_edge" in size ? { shortestEdge: size.shortest_edge } : size;
}

function square(size: number | Size): Size {
  return typeof size === "number" ? { width: size, height: size } : size;
}

/** The JSON that Python's AutoImageProcessor reads; keys of `base` that Fovea does not know are kept. */
export function processorJson(processor: ImageProcessor, base: Json = {}): Json {
  const { pad, resize: rule, resample, crop, rescale, normalise } = processor;
  if (!(resample in filters)) throw mustBe("image processor", "resample", "1, 2 or 3", resample);
  const size = rule !== null && "shortestEdge" in rule ? { shortest_edge: rule.shortestEdge } : rule;
  return {
    ...base,
    do_pad: pad,
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
    image_processor_type: pad ? "LlavaImageProcessor" : "CLIPImageProcessor",
  };
}
