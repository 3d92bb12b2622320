/** Moving and resizing regions by hand: in pixels of the picture, never beyond its border. */
import type { Size } from "../../../common/image.ts";
import type { MaskRegion, Region } from "../../../grounding/region.ts";
import { decodeMask, encodeMask } from "../../../grounding/rle.ts";

export type Point = readonly [x: number, y: number];

/** What of a region is taken hold of: a side or corner of a box (-1, 0, 1 in x and y), or a point of it by its place. */
export type Handle = { readonly side: readonly [-1 | 0 | 1, -1 | 0 | 1] } | { readonly point: number };

/** Where a region can be taken hold of. */
export function handlesOf(region: Region): { readonly handle: Handle; readonly at: Point }[] {
  if (region.kind === "mask") return [];
  if (region.kind !== "box") return region.points.map((at, point) => ({ handle: { point }, at }));
  const [x0, y0, x1, y1] = region.box;
  const sides = [-1, 0, 1] as const;
  return sides.flatMap((sy) =>
    sides.flatMap((sx) => {
      if (sx === 0 && sy === 0) return [];
      const at: Point = [x0 + ((sx + 1) / 2) * (x1 - x0), y0 + ((sy + 1) / 2) * (y1 - y0)];
      return [{ handle: { side: [sx, sy] as const }, at }];
    }),
  );
}

const clamp = (value: number, least: number, most: number) => Math.min(most, Math.max(least, value));
/** Points stand in the middle of pixels or on their borders. */
const half = (value: number) => Math.round(2 * value) / 2;

/** The last place in the picture: a point on the far border is in no pixel. */
const inside = ([x, y]: Point, { width, height }: Size): Point => [
  clamp(half(x), 0, width - 0.5),
  clamp(half(y), 0, height - 0.5),
];

/** A box with whole pixels between two corners, at least one pixel wide and high. */
export function boxBetween([ax, ay]: Point, [bx, by]: Point, { width, height }: Size): Region {
  const [x0, x1] = span(ax, bx, width);
  const [y0, y1] = span(ay, by, height);
  return { kind: "box", box: [x0, y0, x1, y1] };
}

function span(a: number, b: number, side: number): [number, number] {
  const from = clamp(Math.round(Math.min(a, b)), 0, side - 1);
  return [from, clamp(Math.round(Math.max(a, b)), from + 1, side)];
}

/** A region with a handle of it dragged to a place. */
export function dragged(region: Region, handle: Handle, to: Point, size: Size): Region {
  if (region.kind === "mask") return region;
  if ("point" in handle) {
    if (region.kind === "box") return region;
    return { ...region, points: region.points.map((at, i) => (i === handle.point ? inside(to, size) : at)) };
  }
  if (region.kind !== "box") return region;
  const [x0, y0, x1, y1] = region.box;
  const [sx, sy] = handle.side;
  return boxBetween(
    [sx < 0 ? to[0] : x0, sy < 0 ? to[1] : y0],
    [sx > 0 ? to[0] : x1, sy > 0 ? to[1] : y1],
    size,
  );
}

/** A region moved whole, as far as the border lets it. */
export function moved(region: Region, [dx, dy]: Point, size: Size): Region {
  if (region.kind === "mask") return movedMask(region, Math.round(dx), Math.round(dy));
  if (region.kind === "box") {
    const [x0, y0, x1, y1] = region.box;
    const x = step(Math.round(dx), x0, x1, size.width);
    const y = step(Math.round(dy), y0, y1, size.height);
    return { kind: "box", box: [x0 + x, y0 + y, x1 + x, y1 + y] };
  }
  const xs = region.points.map(([x]) => x);
  const ys = region.points.map(([, y]) => y);
  const x = step(half(dx), least(xs), most(xs), size.width - 0.5);
  const y = step(half(dy), least(ys), most(ys), size.height - 0.5);
  return { ...region, points: region.points.map(([px, py]): Point => [px + x, py + y]) };
}

const least = (all: readonly number[]) => all.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
const most = (all: readonly number[]) => all.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);

/** As much of a step as keeps `from` to `to` within 0 to `side`; what reaches beyond already does not go further. */
function step(wanted: number, from: number, to: number, side: number): number {
  return wanted < 0 ? Math.min(0, Math.max(wanted, -from)) : Math.max(0, Math.min(wanted, side - to));
}

/** What leaves the picture is cut off; a mask that would leave it whole stays. */
function movedMask(mask: MaskRegion, dx: number, dy: number): MaskRegion {
  const [height, width] = mask.size;
  const old = decodeMask(mask);
  const data = new Uint8Array(old.length);
  let held = 0;
  for (let y = Math.max(0, dy); y < Math.min(height, height + dy); y++)
    for (let x = Math.max(0, dx); x < Math.min(width, width + dx); x++) {
      const value = old[(y - dy) * width + x - dx];
      data[y * width + x] = value;
      held += value;
    }
  return held === 0 ? mask : encodeMask(data, height, width);
}

/** A box with its far sides moved; points and lines grow from their middle; masks stay. */
export function resized(region: Region, [dx, dy]: Point, size: Size): Region {
  if (region.kind === "mask") return region;
  if (region.kind === "box") {
    const [x0, y0, x1, y1] = region.box;
    return boxBetween([x0, y0], [Math.max(x0 + 1, x1 + dx), Math.max(y0 + 1, y1 + dy)], size);
  }
  const last = region.points.length - 1;
  const [x, y] = region.points[last];
  return dragged(region, { point: last }, [x + dx, y + dy], size);
}

/** What an arrow key does: the way in pixels; undefined for other keys. */
export function arrow(key: string, far: boolean): Point | undefined {
  const length = far ? 10 : 1;
  const ways: Readonly<Record<string, Point>> = {
    ArrowLeft: [-length, 0],
    ArrowRight: [length, 0],
    ArrowUp: [0, -length],
    ArrowDown: [0, length],
  };
  return ways[key];
}

/** The region that is taken hold of at a place: a handle of the chosen one first, then the last drawn under it. */
export function grab(
  regions: readonly Region[],
  chosen: number | undefined,
  at: Point,
  reach: number,
): { readonly region: number; readonly handle?: Handle } | undefined {
  const own = chosen === undefined ? undefined : regions[chosen];
  if (chosen !== undefined && own !== undefined) {
    const found = handlesOf(own).find((one) => distance(one.at, at) <= reach);
    if (found !== undefined) return { region: chosen, handle: found.handle };
  }
  for (let i = regions.length - 1; i >= 0; i--) if (holds(regions[i], at, reach)) return { region: i };
  return undefined;
}

const distance = ([ax, ay]: Point, [bx, by]: Point) => Math.hypot(ax - bx, ay - by);

function holds(region: Region, [x, y]: Point, reach: number): boolean {
  if (region.kind === "box") {
    const [x0, y0, x1, y1] = region.box;
    return x >= x0 - reach && x <= x1 + reach && y >= y0 - reach && y <= y1 + reach;
  }
  if (region.kind === "mask") return maskHolds(region, Math.floor(x), Math.floor(y));
  if (region.kind === "points") return region.points.some((point) => distance(point, [x, y]) <= 2 * reach);
  return region.points.some(
    (point, i) => i > 0 && segmentDistance(region.points[i - 1], point, [x, y]) <= reach,
  );
}

function maskHolds({ size: [height, width], counts }: MaskRegion, x: number, y: number): boolean {
  if (x < 0 || y < 0 || x >= width || y >= height) return false;
  const place = x * height + y;
  let at = 0;
  for (const [i, count] of counts.entries()) {
    if (place < at + count) return i % 2 === 1;
    at += count;
  }
  return false;
}

export function segmentDistance(from: Point, to: Point, at: Point): number {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : clamp(((at[0] - from[0]) * dx + (at[1] - from[1]) * dy) / length, 0, 1);
  return distance([from[0] + along * dx, from[1] + along * dy], at);
}

/** "box 12, 30 to 40, 62", "mask of 120 pixels" */
export function regionText(region: Region): string {
  const round = (value: number) => String(Math.round(10 * value) / 10);
  if (region.kind === "box") {
    const [x0, y0, x1, y1] = region.box.map(round);
    return `box ${x0}, ${y0} to ${x1}, ${y1}`;
  }
  if (region.kind === "mask") {
    const area = region.counts.reduce((sum, count, i) => (i % 2 === 1 ? sum + count : sum), 0);
    return `mask of ${area.toLocaleString("en-US")} pixels`;
  }
  const first = region.points[0].map(round).join(", ");
  if (region.kind === "points")
    return region.points.length === 1 ? `point ${first}` : `${region.points.length} points`;
  return `line of ${region.points.length} points from ${first}`;
}
