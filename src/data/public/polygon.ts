import type { MaskRegion } from "../../grounding/region.ts";
import { bad } from "./rows.ts";

/** The outline is followed on a grid so many times finer than the pixels. */
const finer = 5;

/** Corners farther away than this many pixels are no mistake of an outline: COCO's tools count in 32 bits there. */
const farthest = 100_000_000;

/** Columns that outlines of one polygon may pass, each time: a hundred thousand corners over a picture of 1,000. */
const maxCrossings = 100_000_000;

/**
 * A polygon `[x, y, x, y, ...]` as the mask that COCO's tools make of it, pixel for pixel: the outline is
 * drawn on a grid five times as fine, and each pixel column is filled between the heights where the outline
 * passes its middle (`rleFrPoly` of the COCO API). Published areas and scores rest on this rule, so it
 * differs from `polygonMask`, which asks for each pixel's centre. Only what passes the picture's columns is followed,
 * however far the corners are. Throws a {@link bad} row for corners too far away to be meant.
 */
export function polygonRuns(corners: readonly number[], height: number, width: number): MaskRegion {
  const far = corners.find((value) => !(Math.abs(value) <= farthest));
  if (far !== undefined) throw bad("segmentation", `corners must be within ${farthest} pixels, got ${far}`);
  const sides = sidesOf(corners);
  const count = sides.reduce((sum, side) => sum + columnsOf(side, width).count, 0);
  if (count > maxCrossings)
    throw bad("segmentation", `must pass at most ${maxCrossings} columns of the picture, got ${count}`);
  // Many crossings meet in few places: two in one place are none.
  const ends = count > height * width ? oddPlaces(sides, height, width) : sortedPlaces(sides, height, width);
  const runs = [...ends, height * width].map((end, i, all) => end - (i === 0 ? 0 : all[i - 1]));
  return { kind: "mask", size: [height, width], counts: joinRuns(runs) };
}

/** A side of the outline on the fine grid, drawn from low to high, so that both directions agree. */
interface Side {
  readonly ax: number;
  readonly ay: number;
  readonly bx: number;
  /** Whether it is at least as wide as high: then it has a point for each x, else for each y. */
  readonly wide: boolean;
  readonly length: number;
  readonly slope: number;
}

function sidesOf(corners: readonly number[]): Side[] {
  const fine = corners.map((value) => Math.trunc(finer * value + 0.5));
  return Array.from({ length: fine.length / 2 }, (_, i) => {
    const next = (2 * i + 2) % fine.length;
    return sideOf(fine[2 * i], fine[2 * i + 1], fine[next], fine[next + 1]);
  });
}

function sideOf(x0: number, y0: number, x1: number, y1: number): Side {
  const [dx, dy] = [Math.abs(x1 - x0), Math.abs(y1 - y0)];
  const wide = dx >= dy;
  const flipped = wide ? x0 > x1 : y0 > y1;
  const [ax, ay, bx, by] = flipped ? [x1, y1, x0, y0] : [x0, y0, x1, y1];
  const length = wide ? dx : dy;
  return { ax, ay, bx, wide, length, slope: length === 0 ? 0 : (wide ? by - ay : bx - ax) / length };
}

/** The picture's columns whose middle a side passes: between the fine x of `5 column + 2` and the one after it. */
function columnsOf({ ax, bx }: Side, width: number): { readonly first: number; readonly count: number } {
  const first = Math.max(0, Math.ceil((Math.min(ax, bx) - 2) / finer));
  const last = Math.min(width - 1, Math.floor((Math.max(ax, bx) - 3) / finer));
  return { first, count: Math.max(0, last - first + 1) };
}

/** Calls `at` with the index, column by column, of each pixel where the outline enters or leaves a column's middle. */
function eachPlace(sides: readonly Side[], height: number, width: number, at: (index: number) => void): void {
  for (const side of sides) {
    const { first, count } = columnsOf(side, width);
    for (let column = first; column < first + count; column++) {
      const row = (lowerHeight(side, finer * column + 2) + 0.5) / finer - 0.5;
      at(column * height + Math.ceil(Math.min(height, Math.max(0, row))));
    }
  }
}

/** The lower y of the two points of a side between which it passes from the fine x `middle` to the next. */
function lowerHeight({ ax, ay, wide, slope }: Side, middle: number): number {
  if (wide) {
    const y = (t: number) => Math.trunc(ay + slope * t + 0.5);
    return Math.min(y(middle - ax), y(middle - ax + 1));
  }
  const x = (t: number) => Math.trunc(ax + slope * t + 0.5);
  const isPast = (t: number) => (slope > 0 ? x(t) > middle : x(t) <= middle);
  let t = Math.max(1, Math.round((middle + 0.5 - ax) / slope)); // Exact but for the last bits.
  while (t > 1 && isPast(t - 1)) t--;
  while (!isPast(t)) t++;
  return ay + t - 1;
}

function sortedPlaces(
  sides: readonly Side[],
  height: number,
  width: number,
): ArrayLike<number> & Iterable<number> {
  const found: number[] = [];
  eachPlace(sides, height, width, (index) => void found.push(index));
  return found.sort((a, b) => a - b);
}

/** The places with an odd number of crossings, in order. */
function oddPlaces(sides: readonly Side[], height: number, width: number): number[] {
  const odd = new Uint8Array(height * width + 1);
  eachPlace(sides, height, width, (index) => {
    odd[index] ^= 1;
  });
  const found: number[] = [];
  for (let i = odd.indexOf(1); i >= 0; i = odd.indexOf(1, i + 1)) found.push(i);
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
