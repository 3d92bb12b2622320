/** Masks: areas, boxes, unions, polygons. */
import type { Box, Point } from "./geometry.ts";
import type { MaskRegion } from "./region.ts";
import { checkCounts, encodeMask } from "./rle.ts";

/** Number of mask pixels. */
export function maskArea({ counts }: MaskRegion): number {
  return counts.reduce((area, count, i) => (i % 2 === 1 ? area + count : area), 0);
}

/** The smallest box around the mask's pixels; undefined for an empty mask. */
export function maskBox({ size: [height], counts }: MaskRegion): Box | undefined {
  let [x0, y0, x1, y1] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0, 0];
  let at = 0;
  for (const [i, count] of counts.entries()) {
    if (i % 2 === 1 && count > 0) {
      const [first, last] = [at, at + count - 1];
      const [left, right] = [Math.floor(first / height), Math.floor(last / height)];
      [x0, x1] = [Math.min(x0, left), right + 1];
      y0 = Math.min(y0, left === right ? first % height : 0);
      y1 = Math.max(y1, left === right ? (last % height) + 1 : height);
    }
    at += count;
  }
  return x1 === 0 ? undefined : [x0, y0, x1, y1];
}

/** The centre of the pixel in the middle of a mask's pixels, column by column: always one of its own. */
export function middlePixel({ size: [height], counts }: MaskRegion): [x: number, y: number] {
  let rest = Math.floor(maskArea({ kind: "mask", size: [height, 0], counts }) / 2);
  let at = 0;
  for (const [i, run] of counts.entries()) {
    if (i % 2 === 1 && rest < run)
      return [Math.floor((at + rest) / height) + 0.5, ((at + rest) % height) + 0.5];
    if (i % 2 === 1) rest -= run;
    at += run;
  }
  return [0.5, 0.5];
}

/** Pixels that any of the masks holds; all of one size, at least one mask. Takes time by the runs, not by the pixels. */
export function unionMasks(masks: readonly MaskRegion[]): MaskRegion {
  const [height, width] = masks[0].size;
  const held = masks.flatMap((mask) => {
    if (mask.size[0] !== height || mask.size[1] !== width)
      throw new RangeError(`masks: sizes must be ${height} x ${width}, got ${mask.size.join(" x ")}`);
    checkCounts(mask.counts, height, width);
    return heldRuns(mask);
  });
  const counts: number[] = [];
  let end = 0; // Of the last run that is held, or of nothing.
  for (const [from, to] of held.sort(([a], [b]) => a - b)) {
    if (from > end || counts.length === 0) counts.push(from - end, to - from);
    else counts[counts.length - 1] += Math.max(0, to - end);
    end = Math.max(end, to);
  }
  if (end < height * width) counts.push(height * width - end);
  return { kind: "mask", size: [height, width], counts };
}

/** Where the mask's pixels are, as places column by column. */
function heldRuns({ counts }: MaskRegion): (readonly [from: number, to: number])[] {
  const runs: (readonly [number, number])[] = [];
  let at = 0;
  for (const [i, count] of counts.entries()) {
    if (i % 2 === 1 && count > 0) runs.push([at, at + count]);
    at += count;
  }
  return runs;
}

/** Pixels whose centre lies in the box. */
export function boxMask([x0, y0, x1, y1]: Box, height: number, width: number): MaskRegion {
  return polygonMask([[[x0, y0], [x1, y0], [x1, y1], [x0, y1]]], height, width); // biome-ignore format: corners
}

/** Pixels whose centre lies inside the polygons by the even-odd rule; each is a list of corners, closed by itself. */
export function polygonMask(
  polygons: readonly (readonly Point[])[],
  height: number,
  width: number,
): MaskRegion {
  const mask = new Uint8Array(height * width);
  for (const polygon of polygons)
    for (let y = 0; y < height; y++) {
      const cuts = rowCuts(polygon, y + 0.5);
      for (let i = 0; i + 1 < cuts.length; i += 2) {
        const last = Math.min(width, Math.ceil(cuts[i + 1] - 0.5));
        for (let x = Math.max(0, Math.ceil(cuts[i] - 0.5)); x < last; x++) mask[y * width + x] ^= 1;
      }
    }
  return encodeMask(mask, height, width);
}

/** Where a horizontal line crosses the polygon's sides, from left to right. */
function rowCuts(polygon: readonly Point[], y: number): number[] {
  const cuts: number[] = [];
  for (const [i, [x1, y1]] of polygon.entries()) {
    const [x0, y0] = polygon.at(i - 1)!;
    if (y0 <= y !== y1 <= y) cuts.push(x0 + ((y - y0) / (y1 - y0)) * (x1 - x0));
  }
  return cuts.sort((a, b) => a - b);
}
