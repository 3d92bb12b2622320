/**
 * preprocessor_config.json of processors that make pictures of one size.
 *
 *     parseProcessor(json)             -> ImageProcessor
 *     imageProcessor(size)             -> ImageProcessor with defaults, for new models
 *     processorJson(processor)         -> JSON for preprocessor_config.json
 */
import * as z from "zod";
import { mustBe } from "../../common/errors.ts";
import { snakeKeys } from "../../hub/fields.ts";
import { commonFields, parseSettings, sides, whole } from "../../hub/image/fields.ts";
import type { Json } from "../../hub/text/tokenizer.ts";
import { clipNormalise, type ImageProcessor, type Rgb, valueRules } from "./pixel-values.ts";

const half = [0.5, 0.5, 0.5] as const;

/** The processor of a new model: images become `size` x `size` pixels, values as CLIP takes them. */
export function imageProcessor(size: number): ImageProcessor {
  const square = { width: size, height: size };
  return { pad: null, resize: square, resample: 3, crop: null, rescale: 1 / 255, normalise: clipNormalise };
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
    ...valueRules(config, own),
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

/** Whole levels of a colour from 0 to 1. */
function levelsOf([red, green, blue]: Rgb): Rgb {
  return [Math.trunc(red * 255), Math.trunc(green * 255), Math.trunc(blue * 255)];
}
