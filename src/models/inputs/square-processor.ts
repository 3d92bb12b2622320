/**
 * Images to pixel values as `CLIPImageProcessor`, `SiglipImageProcessor` and `LlavaImageProcessor` of Python
 * `transformers` make them (pad to a square, resize, centre crop, rescale, normalise), with the geometry that maps
 * original pixels to image tokens: for towers that take pictures of one size.
 *
 *     processImage(image, processor, patch)    -> {pixelValues, geometry}
 *     processedSize(processor, image)          -> {width, height}
 */
import { mustBe } from "../../common/errors.ts";
import type { ImageGeometry, RgbImage, Size } from "../../common/image.ts";
import type { HostArray } from "../../engine/host.ts";
import { checkPixels } from "../../hub/image/bounds.ts";
import { resize } from "../../hub/image/resample.ts";
import { type ImageProcessor, levels, type ResizeRule, type Rgb, roundHalfEven } from "./pixel-values.ts";

/** What the tower gets of one image, and where its pixels lie in it. */
export interface SquarePixels {
  /** [3, Y, X] */
  readonly pixelValues: HostArray<"float32">;
  readonly geometry: ImageGeometry;
}

/** Preprocesses one image for a vision tower with patches of `patch` pixels. */
export function processImage(image: RgbImage, processor: ImageProcessor, patch: number): SquarePixels {
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
