/** Where a map is cut: from a place on its scale to a value, and from the value to a mask and its IoU with what is known. */
import type { ImageGeometry, Size } from "../../../common/image.ts";
import { coverage } from "../../../grounding/coverage.ts";
import { gridGeometry } from "../../../grounding/geometry.ts";
import type { Region } from "../../../grounding/region.ts";
import { decodeMask } from "../../../grounding/rle.ts";
import { paintMap } from "../../../lens/heat.ts";
import type { Scale } from "../../../lens/scale.ts";

/** Values between which a scale runs; of ranks `low` is the weakest, the last word of the vocabulary. */
export interface Ends {
  readonly low: number;
  readonly high: number;
}

/** The value that stands at a place (0 to 1) of a scale, between its ends. */
export function valueAt({ at }: Pick<Scale, "at">, place: number, { low, high }: Ends): number {
  let [weak, strong] = [low, high];
  for (let i = 0; i < 60; i++) {
    const middle = (weak + strong) / 2;
    if (at(middle) < place) weak = middle;
    else strong = middle;
  }
  return strong;
}

/** Whether low values are the strong ones, as of ranks. */
export function isReversed({ low, high }: Ends): boolean {
  return low > high;
}

export interface CutMask {
  /** Share of the picture that the mask covers. */
  readonly share: number;
  /** Intersection over union with the regions; undefined where nothing is known, or all is empty. */
  readonly iou?: number;
}

/** Masks are compared in so many pixels at most; a larger picture's are reduced, which moves the number by little. */
const mostPixels = 2 ** 20;

/**
 * The mask of a map [N] at a threshold, as `fovea segment` makes it (bilinear between patches), and its IoU with regions
 * taken together. Points and lines have no area and are left out.
 */
export function cutMask(
  values: ArrayLike<number>,
  geometry: ImageGeometry,
  threshold: number,
  { reversed = false, regions }: { readonly reversed?: boolean; readonly regions?: readonly Region[] } = {},
): CutMask {
  const size = withinPixels(geometry.original);
  const painted = paintMap(values, geometry, "bilinear", size).values;
  const held = (value: number) => (reversed ? value <= threshold : value >= threshold);
  const truth = regions && truthRaster(regions, geometry.original, size);
  let [mask, both, either] = [0, 0, 0];
  for (let i = 0; i < painted.length; i++) {
    const [said, shown] = [held(painted[i]), (truth?.[i] ?? 0) > 0.5];
    if (said) mask++;
    if (said && shown) both++;
    if (said || shown) either++;
  }
  return { share: mask / painted.length, ...(truth !== undefined && either > 0 && { iou: both / either }) };
}

function withinPixels({ width, height }: Size): Size {
  const factor = Math.min(1, Math.sqrt(mostPixels / (width * height)));
  return { width: Math.max(1, Math.round(width * factor)), height: Math.max(1, Math.round(height * factor)) };
}

/** How much of each pixel of a raster over the picture the regions cover; undefined where none has an area. */
function truthRaster(regions: readonly Region[], original: Size, size: Size): Float32Array | undefined {
  const areas = regions.filter(({ kind }) => kind === "box" || kind === "mask");
  if (areas.length === 0) return undefined;
  const together = new Float32Array(size.width * size.height);
  for (const region of areas)
    for (const [i, share] of areaRaster(region, original, size).entries())
      together[i] = Math.max(together[i], share);
  return together;
}

function areaRaster(region: Region, original: Size, size: Size): Float32Array {
  const isWhole = size.width === original.width && size.height === original.height;
  if (region.kind === "mask" && isWhole) return Float32Array.from(decodeMask(region));
  const cells = { ...gridGeometry(original, 1), scaleX: size.width / original.width };
  const grid = { rows: size.height, columns: size.width };
  return coverage(region, { ...cells, scaleY: size.height / original.height, processed: size, grid });
}
