import { extent } from "../grounding/fit.ts";
import type { Box } from "../grounding/geometry.ts";
import { maskBox } from "../grounding/mask.ts";
import type { Region } from "../grounding/region.ts";

/** Intersection over union of two boxes by exact areas; a box without area meets nothing. */
export function boxIou(a: Box, b: Box): number {
  const width = Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0]));
  const height = Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
  const both = width * height;
  const either = boxArea(a) + boxArea(b) - both;
  return either > 0 ? both / either : 0;
}

function boxArea([x0, y0, x1, y1]: Box): number {
  return Math.max(0, x1 - x0) * Math.max(0, y1 - y0);
}

/** The smallest box around all regions; undefined without a region that shows. */
export function regionsBox(regions: readonly Region[]): Box | undefined {
  const boxes = regions.map(boxOf).filter((box) => box !== undefined);
  if (boxes.length === 0) return undefined;
  return around(boxes.flatMap(([x0, y0, x1, y1]) => [[x0, y0] as const, [x1, y1] as const]));
}

function around(points: Parameters<typeof extent>[0]): Box {
  const { low, high } = extent(points);
  return [...low, ...high];
}

function boxOf(region: Region): Box | undefined {
  if (region.kind === "box") return region.box;
  if (region.kind === "mask") return maskBox(region);
  return around(region.points);
}
