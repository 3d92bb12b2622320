import { bootstrapMean, bootstrapRatio, type Estimate } from "./statistics.ts";

/** A predicted mask against the true one, in pixels. */
export interface Overlap {
  readonly intersection: number;
  readonly union: number;
}

/** Pixels in both masks [N] and in either; anything above 0 belongs to a mask. */
export function maskOverlap(mask: ArrayLike<number>, truth: ArrayLike<number>): Overlap {
  if (mask.length !== truth.length)
    throw new RangeError(`mask and truth must be equally long, got ${mask.length} and ${truth.length}`);
  let [intersection, union] = [0, 0];
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] > 0 && truth[i] > 0) intersection++;
    if (mask[i] > 0 || truth[i] > 0) union++;
  }
  return { intersection, union };
}

/** IoU of one pair; 1 where nothing is to be found and nothing was (LISA's rule for empty targets). */
export function overlapIou({ intersection, union }: Overlap): number {
  return union === 0 ? 1 : intersection / union;
}

/**
 * cIoU: the sum of all intersections over the sum of all unions, so that large targets count more (Lai et
 * al., LISA, CVPR 2024, section 5.1). With a bootstrap interval over `images`, the image of each pair.
 */
export function cumulativeIou(overlaps: readonly Overlap[], images?: readonly number[]): Estimate {
  return bootstrapRatio(
    overlaps.map(({ intersection }) => intersection),
    overlaps.map(({ union }) => union),
    { groups: images },
  );
}

/** gIoU: the mean of the pairs' IoU, empty targets included (same source). */
export function generalisedIou(overlaps: readonly Overlap[], images?: readonly number[]): Estimate {
  return bootstrapMean(overlaps.map(overlapIou), { groups: images });
}
