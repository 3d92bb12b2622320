/** Maps over a line drawing of the photo, as pixels: arithmetic alone, which runs wherever JavaScript does. */
import type { ImageGeometry, RgbImage, Size } from "../common/image.ts";
import { resize } from "../hub/image/resample.ts";
import { type Paint, paintMap, paintRaster } from "./heat.ts";
import { lineDrawing } from "./lines.ts";

/** A picture ready for maps to be painted over. */
export interface View {
  /** The photo at the size of the view. */
  readonly picture: RgbImage;
  /** [height, width], 0 = paper, 1 = line. */
  readonly lines: Float32Array;
}

/** The size of a view, and how dark its lines are. */
export interface ViewOptions {
  /** How many times as wide as the original picture the view is; default 1. */
  readonly enlarged?: number;
  /** How dark lines are, 0 to 1; default 1. */
  readonly strength?: number;
}

/** The view of a picture that has its size already. */
export function viewAt(picture: RgbImage, { enlarged = 1, strength = 1 }: ViewOptions = {}): View {
  const lines = lineDrawing(picture, Math.max(0.8, enlarged * 0.45));
  return { picture, lines: strength === 1 ? lines : lines.map((line) => strength * line) };
}

/** From this factor on a picture is enlarged by a whole factor, pixel by pixel. */
const pixelwise = 3;

/**
 * How many times as wide a view of a picture is whose longer side has about `side` pixels: tiny pictures are enlarged by
 * a whole factor, pixel by pixel, others enlarged or reduced smoothly.
 */
export function viewFactor({ width, height }: Size, side: number): number {
  const ratio = side / Math.max(width, height);
  return ratio >= pixelwise ? Math.floor(ratio) : ratio;
}

/** Whether a view of this factor shows single pixels. */
export function isPixelwise(factor: number): boolean {
  return factor >= pixelwise;
}

/** A view of a picture whose longer side is about `side` pixels, resized by arithmetic (Pillow's bicubic filter). */
export function viewWithin(image: RgbImage, side: number): View {
  const factor = viewFactor(image, side);
  const [width, height] = [image.width, image.height].map((length) =>
    Math.max(1, Math.round(length * factor)),
  );
  return viewFrom(image, resize(image, width, height, isPixelwise(factor) ? 0 : 3), side);
}

const smallView = 260;

/** The view of an image from its picture at the size of the view, whose longer side was to be `side` pixels. */
export function viewFrom(image: Size, picture: RgbImage, side: number): View {
  // In a small view lines of a pixel's width would cover the map.
  return viewAt(picture, { enlarged: picture.width / image.width, strength: side < smallView ? 0.6 : 1 });
}

/** A map [N] over the lines of the photo, each patch's colour exactly on its own pixels. */
export function paintView(
  { picture, lines }: View,
  geometry: ImageGeometry,
  values: ArrayLike<number>,
  paint: Paint,
): RgbImage {
  return paintRaster(lines, paintMap(values, geometry, "nearest", picture), paint);
}

/** The map alone, at the size of a view. */
export function paintAlone(
  view: View,
  geometry: ImageGeometry,
  values: ArrayLike<number>,
  paint: Paint,
): RgbImage {
  return paintView({ ...view, lines: new Float32Array(view.lines.length) }, geometry, values, paint);
}
