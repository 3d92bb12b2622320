import type { MaskRegion } from "../../grounding/region.ts";

/** The outline is followed on a grid so many times finer than the pixels. */
const finer = 5;

/**
 * A polygon `[x, y, x, y, ...]` as the mask that COCO's tools make of it, pixel for pixel: the outline is
 * drawn on a grid five times as fine, and each pixel column is filled between the heights where the outline
 * passes its middle (`rleFrPoly` of the COCO API). Published areas and scores rest on this rule, so it
 * differs from `polygonMask`, which asks for each pixel's centre.
 */
export function polygonRuns(corners: readonly number[], height: number, width: number): MaskRegion {
  const crossings = columnCrossings(outline(corners), height, width);
  const ends = [...crossings, height * width].sort((a, b) => a - b);
  const runs = ends.map((end, i) => end - (ends[i - 1] ?? 0));
  return { kind: "mask", size: [height, width], counts: joinRuns(runs) };
}

/** Every point of the closed outline on the fine grid, in order. */
function outline(corners: readonly number[]): [x: number, y: number][] {
  const fine = corners.map((value) => Math.trunc(finer * value + 0.5));
  return Array.from({ length: fine.length / 2 }, (_, i) => {
    const next = (2 * i + 2) % fine.length;
    return side(fine[2 * i], fine[2 * i + 1], fine[next], fine[next + 1]);
  }).flat();
}

/**
 * The points of one side from its first to its last; drawn from low to high, so that both directions agree.
 */
function side(x0: number, y0: number, x1: number, y1: number): [number, number][] {
  const [dx, dy] = [Math.abs(x1 - x0), Math.abs(y1 - y0)];
  const wide = dx >= dy;
  const flipped = wide ? x0 > x1 : y0 > y1;
  const [ax, ay, bx, by] = flipped ? [x1, y1, x0, y0] : [x0, y0, x1, y1];
  const length = wide ? dx : dy;
  const slope = length === 0 ? 0 : (wide ? by - ay : bx - ax) / length;
  return Array.from({ length: length + 1 }, (_, i) => {
    const t = flipped ? length - i : i;
    return wide ? [ax + t, Math.trunc(ay + slope * t + 0.5)] : [Math.trunc(ax + slope * t + 0.5), ay + t];
  });
}

/** Indices, column by column, of the pixels where the outline enters or leaves a column's middle. */
function columnCrossings(points: readonly [number, number][], height: number, width: number): number[] {
  const found: number[] = [];
  for (let i = 1; i < points.length; i++) {
    const [[px, py], [x, y]] = [points[i - 1], points[i]];
    if (x === px) continue;
    const column = ((x < px ? x : x - 1) + 0.5) / finer - 0.5;
    if (!Number.isInteger(column) || column < 0 || column > width - 1) continue;
    const row = (Math.min(y, py) + 0.5) / finer - 0.5;
    found.push(column * height + Math.ceil(Math.min(height, Math.max(0, row))));
  }
  return found;
}

/**
 * Runs of length 0 joined with their neighbours: background and mask must alternate, only the first may be
 * empty.
 */
function joinRuns(runs: readonly number[]): number[] {
  const joined = [runs[0]];
  for (let i = 1; i < runs.length; i++) {
    if (runs[i] > 0) joined.push(runs[i]);
    else if (++i < runs.length) joined[joined.length - 1] += runs[i];
  }
  return joined;
}
