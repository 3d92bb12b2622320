/** Whether regions fit their picture: what trains on nothing, in silence, when nobody asks. */
import type { Size } from "../common/image.ts";
import { maskArea } from "./mask.ts";
import type { Region } from "./region.ts";

/**
 * - outside: nothing of it, or a point of it, lies in the picture
 * - empty: it has no area, no length or no pixel
 * - size: a mask of another size than the picture
 * - partly: it reaches beyond the border; what lies in the picture counts
 * - tiny: a box of at most a pixel, or points all within the first pixel: often shares of the sides, 0 to 1
 */
export type Misfit = "outside" | "empty" | "size" | "partly" | "tiny";

/** Kinds with which a region cannot be used. */
export const fatalMisfits: readonly Misfit[] = ["outside", "empty", "size"];

/** What is wrong with a region in a picture of `size` pixels, the worst only; undefined for one that fits. */
export function misfitOf(region: Region, size: Size): Misfit | undefined {
  if (region.kind === "mask") return maskMisfit(region.size, maskArea(region), size);
  if (region.kind === "box") return boxMisfit(region.box, size);
  const { points } = region;
  if (region.kind === "points" && points.some((point) => !holds(point, size))) return "outside";
  const { low, high } = extent(points);
  if (region.kind === "polyline") {
    if (low[0] === high[0] && low[1] === high[1]) return "empty";
    return reach(low, high, size);
  }
  return low[0] >= 0 && low[1] >= 0 && high[0] <= 1 && high[1] <= 1 ? "tiny" : undefined;
}

/** Whether a region is one that {@link misfitOf} may call tiny: boxes and points, whose unit is easily mistaken. */
export function hasUnit({ kind }: Region): boolean {
  return kind === "box" || kind === "points";
}

/** "box [500, 500, 600, 600] lies outside of the 64 x 64 picture" */
export function describeMisfit(region: Region, misfit: Misfit, { width, height }: Size): string {
  if (region.kind === "mask" && misfit === "size")
    return `mask size must be [${height}, ${width}], got [${region.size.join(", ")}]`;
  const picture = `the ${width} x ${height} picture`;
  const rule = {
    outside: `must lie in ${picture}`,
    empty: "must have an area, a length or a pixel",
    size: `must have the size of ${picture}`,
    partly: `reaches beyond ${picture}`,
    tiny: "is at most one pixel: regions are in pixels, not in shares of the sides (0 to 1)",
  }[misfit];
  return `${region.kind} ${placesOf(region)} ${rule}`;
}

function placesOf(region: Region): string {
  if (region.kind === "mask") return `of size [${region.size.join(", ")}]`;
  if (region.kind === "box") return `[${region.box.join(", ")}]`;
  const more = region.points.length > 3 ? ", ..." : "";
  return `[${region.points.slice(0, 3).map((point) => `[${point.join(", ")}]`)}${more}]`;
}

/** A region cut at the picture's border where that leaves one: boxes, and points on the far border. */
export function cutToPicture(region: Region, { width, height }: Size): Region {
  if (region.kind === "box") {
    const [x0, y0, x1, y1] = region.box;
    return {
      kind: "box",
      box: [Math.max(0, x0), Math.max(0, y0), Math.min(width, x1), Math.min(height, y1)],
    };
  }
  if (region.kind !== "points") return region;
  // A point on the far border is in no pixel.
  const inside = (value: number, side: number) => (value === side ? side - 0.01 : value);
  return { kind: "points", points: region.points.map(([x, y]) => [inside(x, width), inside(y, height)]) };
}

function maskMisfit(
  [rows, columns]: readonly [number, number],
  area: number,
  size: Size,
): Misfit | undefined {
  if (rows !== size.height || columns !== size.width) return "size";
  return area === 0 ? "empty" : undefined;
}

function boxMisfit(
  [x0, y0, x1, y1]: readonly [number, number, number, number],
  size: Size,
): Misfit | undefined {
  if (!(x0 < x1 && y0 < y1)) return "empty";
  const misfit = reach([x0, y0], [x1, y1], size);
  if (misfit !== undefined) return misfit;
  return x1 - x0 <= 1 && y1 - y0 <= 1 ? "tiny" : undefined;
}

type Corner = readonly [x: number, y: number];

function reach(low: Corner, high: Corner, { width, height }: Size): Misfit | undefined {
  if (high[0] <= 0 || high[1] <= 0 || low[0] >= width || low[1] >= height) return "outside";
  // Published boxes miss the border by rounding: only more than a hundredth of a pixel is worth a word.
  const beyond = Math.max(-low[0], -low[1], high[0] - width, high[1] - height);
  return beyond > 0.01 ? "partly" : undefined;
}

function holds([x, y]: Corner, { width, height }: Size): boolean {
  return x >= 0 && y >= 0 && x <= width && y <= height;
}

/** The corners of the smallest box around points, of which there may be more than a call takes arguments. */
export function extent(points: Iterable<Corner>): { low: Corner; high: Corner } {
  let [left, top] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  let [right, bottom] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const [x, y] of points) {
    [left, right] = [Math.min(left, x), Math.max(right, x)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
  }
  return { low: [left, top], high: [right, bottom] };
}
