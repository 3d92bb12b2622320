/** Maps over a line drawing of the photo, as pixels: arithmetic alone, which runs wherever JavaScript does. */
import type { ImageGeometry, RgbImage } from "../common/image.ts";
import { type Paint, paintMap, paintOver } from "./heat.ts";
import { lineDrawing } from "./lines.ts";

/** A picture ready for maps to be painted over. */
export interface View {
  /** The photo at the size of the view. */
  readonly picture: RgbImage;
  /** [height, width], 0 = paper, 1 = line. */
  readonly lines: Float32Array;
}

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

/** A map [N] over the lines of the photo, each patch's colour exactly on its own pixels. */
export function paintView(
  { picture, lines }: View,
  geometry: ImageGeometry,
  values: ArrayLike<number>,
  paint: Paint,
): RgbImage {
  return paintOver(lines, paintMap(values, geometry, "nearest", picture), paint);
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
