/** How much of each patch a region covers. */
import type { ImageGeometry } from "../common/image.ts";
import { type Box, boxToPatches, type Point, patchAt, toPatches } from "./geometry.ts";
import type { MaskRegion, Region } from "./region.ts";

/**
 * The share of each image token's patch that a region covers: [N] row major, 0 to 1. Boxes by exact overlap; masks
 * by the exact overlap of every mask pixel, at any scale. Points and lines have no area: the patches that hold them
 * count as covered. What lies outside the processed image is left out.
 */
export function coverage(region: Region, geometry: ImageGeometry): Float32Array {
  return Float32Array.from(shareOf(region, geometry), (share) => Math.min(1, share));
}

/** The same of several regions together: [N], at most 1 each. */
export function unionCoverage(regions: readonly Region[], geometry: ImageGeometry): Float32Array {
  const total = new Float32Array(geometry.grid.rows * geometry.grid.columns);
  for (const region of regions)
    for (const [n, share] of coverage(region, geometry).entries()) total[n] = Math.min(1, total[n] + share);
  return total;
}

/**
 * Share of a non-negative map's mass that lies on the target: Σ map · coverage / Σ map. Coverage [N] is the share of each
 * place inside the target. NaN without a target, and for a map of nothing.
 */
export function massOnTarget(map: ArrayLike<number>, target: ArrayLike<number>): number {
  if (map.length !== target.length)
    throw new RangeError(
      `metric: map and truth must be equally long, got ${map.length} and ${target.length}`,
    );
  let on = 0;
  let all = 0;
  let size = 0;
  for (let i = 0; i < map.length; i++) {
    on += map[i] * target[i];
    all += map[i];
    size += target[i];
  }
  return size > 0 ? on / all : Number.NaN;
}

function shareOf(region: Region, geometry: ImageGeometry): Float64Array {
  const shares = new Float64Array(geometry.grid.rows * geometry.grid.columns);
  switch (region.kind) {
    case "box":
      addBox(boxToPatches(region.box, geometry), geometry, shares);
      return shares;
    case "mask":
      addMask(region, geometry, shares);
      return shares;
    case "points":
      markPoints(region.points, geometry, shares);
      return shares;
    case "polyline":
      markLine(region.points, geometry, shares);
      return shares;
  }
}

function markPoints(points: readonly Point[], geometry: ImageGeometry, shares: Float64Array): void {
  for (const point of points) {
    const patch = patchAt(toPatches(point, geometry), geometry);
    if (patch !== undefined) shares[patch] = 1;
  }
}

function markLine(points: readonly Point[], geometry: ImageGeometry, shares: Float64Array): void {
  for (const [patch, length] of polylineLengths(points, geometry).entries())
    if (length > 0) shares[patch] = 1;
}

/** Adds the overlap of a box in patch units with every patch. */
function addBox([x0, y0, x1, y1]: Box, { grid }: ImageGeometry, shares: Float64Array): void {
  const lastRow = Math.min(grid.rows, Math.ceil(y1));
  const lastColumn = Math.min(grid.columns, Math.ceil(x1));
  for (let row = Math.max(0, Math.floor(y0)); row < lastRow; row++) {
    const high = Math.min(y1, row + 1) - Math.max(y0, row);
    for (let column = Math.max(0, Math.floor(x0)); column < lastColumn; column++)
      shares[row * grid.columns + column] += high * (Math.min(x1, column + 1) - Math.max(x0, column));
  }
}

/** Adds every run of the mask as boxes one pixel wide. */
function addMask(
  { size: [height], counts }: MaskRegion,
  geometry: ImageGeometry,
  shares: Float64Array,
): void {
  let at = 0;
  for (const [i, count] of counts.entries()) {
    const end = at + count;
    while (i % 2 === 1 && at < end) {
      const column = Math.floor(at / height);
      const top = at - column * height;
      const bottom = Math.min(height, top + end - at);
      addBox(boxToPatches([column, top, column + 1, bottom], geometry), geometry, shares);
      at += bottom - top;
    }
    at = end;
  }
}

/**
 * Length of a line inside each patch: [N], in patch units, from exact intersections with the patch borders. A
 * stretch along a border belongs to the patch right of or below it.
 */
export function polylineLengths(points: readonly Point[], geometry: ImageGeometry): Float64Array {
  const lengths = new Float64Array(geometry.grid.rows * geometry.grid.columns);
  const line = points.map((point) => toPatches(point, geometry));
  for (let i = 1; i < line.length; i++) addSegment(line[i - 1], line[i], geometry, lengths);
  return lengths;
}

function addSegment([x0, y0]: Point, [x1, y1]: Point, geometry: ImageGeometry, lengths: Float64Array): void {
  const { rows, columns } = geometry.grid;
  const cuts = [0, 1, ...crossings(x0, x1, columns), ...crossings(y0, y1, rows)].sort((a, b) => a - b);
  const length = Math.hypot(x1 - x0, y1 - y0);
  for (let i = 1; i < cuts.length; i++) {
    const middle = (cuts[i - 1] + cuts[i]) / 2;
    const patch = patchAt([x0 + middle * (x1 - x0), y0 + middle * (y1 - y0)], geometry);
    if (patch !== undefined) lengths[patch] += length * (cuts[i] - cuts[i - 1]);
  }
}

/** Where (0 to 1) a segment from `from` to `to` crosses the whole numbers 0 to `most`. */
function crossings(from: number, to: number, most: number): number[] {
  const found: number[] = [];
  for (let border = 0; border <= most; border++) {
    const at = (border - from) / (to - from);
    if (at > 0 && at < 1) found.push(at);
  }
  return found;
}
