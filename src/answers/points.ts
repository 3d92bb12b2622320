import type { Point } from "../grounding/geometry.ts";
import type { MaskRegion, Region } from "../grounding/region.ts";
import { minimumCostMatching } from "./matching.ts";

/** How the points of one answer fit the truths of its question. */
export interface PointScore {
  /** Points that found a truth of their own. */
  readonly hits: number;
  readonly predicted: number;
  readonly truths: number;
  /**
   * hits / predicted, hits / truths and their harmonic mean; 1 where nothing was there and nothing was said.
   */
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/**
 * Points against regions, after the use of PixMo-Points (Deitke et al., arXiv 2409.17146): a point finds a
 * truth with an area (box, mask) when it lies in it; a truth without one (every single point, a line) within
 * `reach` pixels. Each truth is found once at most: points and truths are matched one to one, as many as
 * possible, nearest first.
 */
export function scorePoints(points: readonly Point[], regions: readonly Region[], reach: number): PointScore {
  const truths = regions.flatMap((region) => truthsOf(region, reach));
  const matching = minimumCostMatching(points.map((point) => truths.map((distance) => distance(point))));
  return pointScore(matching.filter((truth) => truth >= 0).length, points.length, truths.length);
}

/** No point of an answer counts: it could not be read, or there was none. */
export function noPoints(regions: readonly Region[]): PointScore {
  const truths = regions.flatMap((region) => truthsOf(region, 0)).length;
  return { hits: 0, predicted: 0, truths, precision: 0, recall: 0, f1: 0 };
}

function pointScore(hits: number, predicted: number, truths: number): PointScore {
  if (predicted + truths === 0) return { hits, predicted, truths, precision: 1, recall: 1, f1: 1 };
  const share = (of: number) => (of === 0 ? 0 : hits / of);
  return {
    hits,
    predicted,
    truths,
    precision: share(predicted),
    recall: share(truths),
    f1: (2 * hits) / (predicted + truths),
  };
}

/** How far a point is from a truth; Infinity when it does not find it. */
type Distance = (point: Point) => number;

function truthsOf(region: Region, reach: number): Distance[] {
  const within = (distance: number) => (distance <= reach ? distance : Number.POSITIVE_INFINITY);
  if (region.kind === "points") return region.points.map((truth) => (point) => within(apart(point, truth)));
  if (region.kind === "polyline") return [(point) => within(distanceToLine(point, region.points))];
  return [(point) => (holds(region, point) ? 0 : Number.POSITIVE_INFINITY)];
}

/** Does a region with an area hold a point? A box with its border, a mask by its pixels. */
function holds(region: Extract<Region, { kind: "box" | "mask" }>, [x, y]: Point): boolean {
  if (region.kind === "mask") return maskHolds(region, Math.floor(x), Math.floor(y));
  const [x0, y0, x1, y1] = region.box;
  return x >= x0 && x <= x1 && y >= y0 && y <= y1;
}

function maskHolds({ size: [height, width], counts }: MaskRegion, x: number, y: number): boolean {
  if (!(x >= 0 && y >= 0 && x < width && y < height)) return false;
  const pixel = x * height + y;
  let end = 0;
  for (const [i, count] of counts.entries()) {
    end += count;
    if (pixel < end) return i % 2 === 1;
  }
  return false;
}

const apart = (a: Point, b: Point) => Math.hypot(a[0] - b[0], a[1] - b[1]);

function distanceToLine(point: Point, line: readonly Point[]): number {
  const pieces = line.slice(1).map((end, i) => distanceToSegment(point, line[i], end));
  return Math.min(apart(point, line[0]), ...pieces);
}

function distanceToSegment(point: Point, start: Point, end: Point): number {
  const [dx, dy] = [end[0] - start[0], end[1] - start[1]];
  const along = ((point[0] - start[0]) * dx + (point[1] - start[1]) * dy) / (dx * dx + dy * dy || 1);
  const t = Math.min(1, Math.max(0, along));
  return apart(point, [start[0] + t * dx, start[1] + t * dy]);
}
