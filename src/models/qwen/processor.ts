/**
 * Images to patches as `Qwen2VLImageProcessor` of Python `transformers` makes them for Qwen2-VL,
 * Qwen2.5-VL and Qwen3-VL: both sides become multiples of patch x merge pixels with the aspect kept as well
 * as that allows, the number of pixels stays within bounds, and patches stand in the order in which merge x
 * merge of them become one image token.
 *
 *     parseQwenProcessor(json)             -> QwenProcessor, from preprocessor_config.json
 *     processQwenImage(image, processor)   -> {pixelValues, shape, geometry}
 *     measureQwenImage(size, processor)    -> {shape, processed}
 *     smartResize(size, factor, bounds)    -> {width, height}
 *
 * Values are those of the PIL backend to the last bit: what Python computes where torchvision is not
 * installed, and the resize of these models' own preprocessing (qwen-vl-utils). Torch's resize of 8-bit
 * images, which torchvision calls, has weights of fewer bits: against Pillow's, at most 1.6 % of the values
 * differ, by at most 2 levels of 255 (measured on ten sizes of noise and of stripes).
 */
import * as z from "zod";
import { mustBe } from "../../common/errors.ts";
import type { ImageGeometry, RgbImage, Size } from "../../common/image.ts";
import { float32, type HostArray } from "../../engine/host.ts";
import { checkPixels } from "../../hub/image/bounds.ts";
import { commonFields, parseSettings, whole } from "../../hub/image/fields.ts";
import { resize } from "../../hub/image/resample.ts";
import type { Json } from "../../hub/text/tokenizer.ts";
import {
  clipNormalise,
  type ImageProcessor,
  levels,
  roundHalfEven,
  valueRules,
} from "../inputs/pixel-values.ts";

/** How many pixels a resized image may have. */
export interface PixelBounds {
  readonly minPixels: number;
  readonly maxPixels: number;
}

/** What the JSON says, in camelCase, every default filled in. */
export interface QwenProcessor extends Pick<ImageProcessor, "resample" | "rescale" | "normalise"> {
  /** Aspect kept within bounds; null: no resize. */
  readonly size: PixelBounds | null;
  readonly patchSize: number;
  /** Frames of a video that share a patch; an image counts as that many equal frames. */
  readonly temporalPatchSize: number;
  /** Patches on a side of one image token. */
  readonly mergeSize: number;
}

export interface QwenImage {
  /** [P, C T p p] patches (channel, frame, row, column inside), token by token. */
  readonly pixelValues: HostArray<"float32">;
  /** Rows and columns of patches. */
  readonly shape: { readonly rows: number; readonly columns: number };
  /** Its grid is that of the image tokens. */
  readonly geometry: ImageGeometry;
}

/** The size to which an image of this size is resized, and its patches. Throws as {@link processQwenImage}. */
export function measureQwenImage(
  size: Size,
  processor: QwenProcessor,
): Pick<QwenImage, "shape"> & { readonly processed: Size } {
  const { patchSize, mergeSize } = processor;
  const processed = targetSize(size, processor.size, patchSize * mergeSize);
  checkPixels("resize", processed);
  return { processed, shape: { rows: processed.height / patchSize, columns: processed.width / patchSize } };
}

/** Throws a UserError for an image that is too narrow, or too small for a processor that does not resize. */
export function processQwenImage(image: RgbImage, processor: QwenProcessor): QwenImage {
  const { patchSize, mergeSize, resample } = processor;
  const factor = patchSize * mergeSize;
  const { processed: target, shape } = measureQwenImage(image, processor);
  const resized = resize(image, target.width, target.height, resample);
  return {
    pixelValues: patchesOf(resized, processor),
    shape,
    geometry: {
      original: { width: image.width, height: image.height },
      processed: target,
      scaleX: target.width / image.width,
      scaleY: target.height / image.height,
      offsetX: 0,
      offsetY: 0,
      patch: factor,
      grid: { rows: target.height / factor, columns: target.width / factor },
    },
  };
}

function targetSize({ width, height }: Size, size: QwenProcessor["size"], factor: number): Size {
  if (size !== null) return smartResize({ width, height }, factor, size);
  if (width % factor !== 0 || height % factor !== 0)
    throw mustBe("image", "width and height", `multiples of ${factor} without do_resize`, [width, height]);
  return { width, height };
}

const narrowest = 200;

/**
 * The size nearest to `size` whose sides are multiples of `factor` and whose number of pixels is in bounds.
 * Throws a UserError when one side is more than 200 times the other.
 */
export function smartResize(size: Size, factor: number, { minPixels, maxPixels }: PixelBounds): Size {
  const { width, height } = size;
  if (Math.max(width, height) > narrowest * Math.min(width, height))
    throw mustBe("image", "width / height", `between 1/${narrowest} and ${narrowest}`, width / height);
  const sides = (count: (side: number) => number): Size => ({
    width: count(width) * factor,
    height: count(height) * factor,
  });
  const nearest = sides((side) => roundHalfEven(side / factor));
  const pixels = nearest.width * nearest.height;
  if (pixels > maxPixels) {
    const shrink = Math.sqrt((height * width) / maxPixels);
    return sides((side) => Math.max(1, Math.floor(side / shrink / factor)));
  }
  if (pixels >= minPixels) return nearest;
  const stretch = Math.sqrt(minPixels / (height * width));
  return sides((side) => Math.ceil((side * stretch) / factor));
}

function patchesOf({ width, height, data }: RgbImage, processor: QwenProcessor): HostArray<"float32"> {
  const { patchSize: p, temporalPatchSize: T } = processor;
  const places = mergeOrder(height / p, width / p, processor.mergeSize);
  const tables = [0, 1, 2].map((channel) => levels(processor, channel));
  const out = float32([places.length, 3 * T * p * p]);
  let at = 0;
  for (const { row, column } of places) {
    const from = (row * p * width + column * p) * 3;
    for (const [channel, table] of tables.entries()) {
      for (let y = 0; y < p; y++) {
        const line = from + y * width * 3 + channel;
        for (let x = 0; x < p; x++) out.data[at + y * p + x] = table[data[line + 3 * x]];
      }
      for (let t = 1; t < T; t++) out.data.copyWithin(at + t * p * p, at, at + p * p);
      at += T * p * p;
    }
  }
  return out;
}

/** Rows and columns of patches in their order: the merge x merge patches of a token, token by token. */
export function mergeOrder(
  rows: number,
  columns: number,
  merge: number,
): { readonly row: number; readonly column: number }[] {
  return Array.from({ length: rows * columns }, (_, i) => {
    const [token, inside] = [Math.floor(i / merge ** 2), i % merge ** 2];
    const [tokenRow, tokenColumn] = [Math.floor(token / (columns / merge)), token % (columns / merge)];
    return {
      row: tokenRow * merge + Math.floor(inside / merge),
      column: tokenColumn * merge + (inside % merge),
    };
  });
}

const sizeRule = z.union(
  [
    z.strictObject({ shortest_edge: whole, longest_edge: whole }),
    z.strictObject({ min_pixels: whole, max_pixels: whole }),
  ],
  { error: "must be {shortest_edge, longest_edge} in pixels of the whole image" },
);

const fields = z.object({
  ...commonFields,
  size: sizeRule.nullish(),
  min_pixels: whole.nullish(),
  max_pixels: whole.nullish(),
  patch_size: whole.nullish(),
  temporal_patch_size: whole.nullish(),
  merge_size: whole.nullish(),
});

type Fields = z.output<typeof fields>;

/**
 * Reads preprocessor_config.json; keys that are missing get the defaults of transformers.
 * Throws a UserError.
 */
export function parseQwenProcessor(json: Json, file = "preprocessor_config.json"): QwenProcessor {
  const config = parseSettings(fields, json, file);
  const [patchSize, mergeSize] = [config.patch_size ?? 14, config.merge_size ?? 2];
  return {
    size: (config.do_resize ?? true) ? boundsOf(config, file) : null,
    resample: config.resample ?? 3,
    ...valueRules(config, clipNormalise),
    patchSize,
    temporalPatchSize: config.temporal_patch_size ?? 2,
    mergeSize,
  };
}

/** `min_pixels` and `max_pixels`, where older files have them, overrule `size`. */
function boundsOf({ size, min_pixels, max_pixels }: Fields, file: string): PixelBounds {
  const bounds = {
    minPixels: min_pixels ?? boundOf(size, 0) ?? 56 * 56,
    maxPixels: max_pixels ?? boundOf(size, 1) ?? 28 * 28 * 1280,
  };
  if (bounds.minPixels > bounds.maxPixels)
    throw mustBe(file, "min_pixels", `at most max_pixels (${bounds.maxPixels})`, bounds.minPixels);
  return bounds;
}

function boundOf(size: Fields["size"], which: 0 | 1): number | undefined {
  if (!size) return undefined;
  const bounds =
    "min_pixels" in size ? [size.min_pixels, size.max_pixels] : [size.shortest_edge, size.longest_edge];
  return bounds[which];
}
