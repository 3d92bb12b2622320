/** Painting masks by hand. */
import type { Size } from "../../../common/image.ts";
import type { MaskRegion } from "../../../grounding/region.ts";
import { decodeMask, encodeMask } from "../../../grounding/rle.ts";
import { type Point, segmentDistance } from "./geometry.ts";

export interface Stroke {
  /** Where the brush went, in pixels of the picture. */
  readonly points: readonly Point[];
  /** In pixels of the picture. */
  readonly radius: number;
  readonly erases: boolean;
}

/**
 * A mask after a stroke; undefined where nothing of it is left. Pixels whose middle the brush covers are painted, at least
 * the one that lies under it.
 */
export function painted(
  mask: MaskRegion | undefined,
  stroke: Stroke,
  { width, height }: Size,
): MaskRegion | undefined {
  const data = mask === undefined ? new Uint8Array(width * height) : decodeMask(mask);
  const value = stroke.erases ? 0 : 1;
  for (const [i, to] of stroke.points.entries())
    paintSegment(data, { width, height }, stroke.points[Math.max(0, i - 1)], to, stroke.radius, value);
  return data.includes(1) ? encodeMask(data, height, width) : undefined;
}

function paintSegment(
  data: Uint8Array,
  size: Size,
  from: Point,
  to: Point,
  radius: number,
  value: number,
): void {
  const { width, height } = size;
  const low = (a: number, b: number) => Math.max(0, Math.floor(Math.min(a, b) - radius - 1));
  const high = (a: number, b: number, side: number) => Math.min(side - 1, Math.ceil(Math.max(a, b) + radius));
  for (let y = low(from[1], to[1]); y <= high(from[1], to[1], height); y++)
    for (let x = low(from[0], to[0]); x <= high(from[0], to[0], width); x++)
      if (segmentDistance(from, to, [x + 0.5, y + 0.5]) <= radius) data[y * width + x] = value;
  const [x, y] = to.map(Math.floor);
  if (x >= 0 && y >= 0 && x < width && y < height) data[y * width + x] = value;
}
