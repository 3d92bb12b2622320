/** Binary masks from maps. */
import type { ImageGeometry } from "../common/image.ts";
import { paintMap, type Raster, type Upsampling } from "./heat.ts";

/** A fixed value, or Otsu's choice from the map itself. */
export type Threshold = number | "otsu";

/** A binary mask over the original image: [height, width], 1 = concept. */
export interface BinaryMask {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/**
 * Binary mask of a concept: the map painted over the original image, then every pixel at or above the
 * threshold. Pixels that no image token sees are background.
 *
 * @param values [N] map over image tokens, in the same space as the threshold.
 * @returns The mask and the threshold that was used.
 */
export function maskFromMap(
  values: ArrayLike<number>,
  geometry: ImageGeometry,
  threshold: Threshold = "otsu",
  upsampling: Upsampling = "bilinear",
): { mask: BinaryMask; threshold: number } {
  const used = threshold === "otsu" ? otsuThreshold(values) : threshold;
  return { mask: maskAtLeast(paintMap(values, geometry, upsampling), used), threshold: used };
}

/** The pixels of a raster whose value is at least `threshold`. */
export function maskAtLeast(raster: Raster, threshold: number): BinaryMask {
  const data = Uint8Array.from(raster.values, (value) => (value >= threshold ? 1 : 0));
  return { width: raster.width, height: raster.height, data };
}

/**
 * Otsu's threshold (IEEE Trans. SMC 9(1), 1979): the cut that makes the variance between the two classes
 * largest. Exact over the sorted values rather than over a histogram, as maps have few of them; the cut lies
 * midway between the two values it parts. A constant map has no cut: its threshold is above every value.
 */
export function otsuThreshold(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const total = sorted.reduce((sum, value) => sum + value, 0);
  let best = { score: 0, threshold: Number.POSITIVE_INFINITY };
  let below = 0;
  for (let count = 1; count < sorted.length; count++) {
    below += sorted[count - 1];
    if (sorted[count] === sorted[count - 1]) continue;
    const difference = below / count - (total - below) / (sorted.length - count);
    const score = count * (sorted.length - count) * difference * difference;
    if (score > best.score) best = { score, threshold: (sorted[count - 1] + sorted[count]) / 2 };
  }
  return best.threshold;
}
