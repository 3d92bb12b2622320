/** A picture turned, scaled and mirrored about its middle, and regions moved with it. */
import type { RgbImage } from "../../common/image.ts";
import { cos, sin } from "../../common/portable-math.ts";
import type { Region } from "../../grounding/region.ts";
import { decodeMask, encodeMask } from "../../grounding/rle.ts";

type Point = readonly [x: number, y: number];

/** Mirrored first, then scaled and turned. */
export interface Move {
  /** Factor on the size. */
  readonly scale: number;
  /** Radians, clockwise on screen. */
  readonly rotation: number;
  /** Left to right. */
  readonly flip: boolean;
}

/** Where points of a picture come to lie, and where those came from. */
interface Mapping {
  readonly width: number;
  readonly height: number;
  forward(point: Point): [number, number];
  back(x: number, y: number): [number, number];
}

export function mappingOf({ scale, rotation, flip }: Move, width: number, height: number): Mapping {
  const [c, s, mirror] = [cos(rotation), sin(rotation), flip ? -1 : 1];
  const [midX, midY] = [width / 2, height / 2];
  return {
    width,
    height,
    forward([x, y]) {
      const [u, v] = [mirror * (x - midX) * scale, (y - midY) * scale];
      return [midX + c * u - s * v, midY + s * u + c * v];
    },
    back(x, y) {
      const [u, v] = [(x - midX) / scale, (y - midY) / scale];
      return [midX + mirror * (c * u + s * v), midY + c * v - s * u];
    },
  };
}

/** Bilinear; where the picture does not reach, its border goes on. */
export function movedPicture({ width, height, data }: RgbImage, mapping: Mapping): RgbImage {
  const moved = new Uint8Array(data.length);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i += 3) {
      const [u, v] = mapping.back(x + 0.5, y + 0.5);
      const [fx, fy] = [u - 0.5, v - 0.5];
      const [left, top] = [Math.floor(fx), Math.floor(fy)];
      const at = (column: number, row: number) =>
        (Math.min(height - 1, Math.max(0, row)) * width + Math.min(width - 1, Math.max(0, column))) * 3;
      const corners = [at(left, top), at(left + 1, top), at(left, top + 1), at(left + 1, top + 1)];
      const [dx, dy] = [fx - left, fy - top];
      for (let c = 0; c < 3; c++) {
        const upper = data[corners[0] + c] + dx * (data[corners[1] + c] - data[corners[0] + c]);
        const lower = data[corners[2] + c] + dx * (data[corners[3] + c] - data[corners[2] + c]);
        moved[i + c] = Math.round(upper + dy * (lower - upper));
      }
    }
  return { width, height, data: moved };
}

/** Undefined where nothing of the region is left in the picture. */
export function movedRegion(region: Region, mapping: Mapping): Region | undefined {
  if (region.kind === "mask") return movedMask(decodeMask(region), mapping);
  if (region.kind === "box") return movedBox(region.box, mapping);
  const points = region.points.map(mapping.forward);
  if (region.kind === "polyline")
    return points.some((point) => inside(point, mapping)) ? { ...region, points } : undefined;
  const kept = points.filter((point) => inside(point, mapping));
  return kept.length === 0 ? undefined : { ...region, points: kept };
}

/** Whether a point lies in the picture. */
export function inside([x, y]: Point, { width, height }: Mapping): boolean {
  return x >= 0 && y >= 0 && x < width && y < height;
}

/** A pixel is in the mask where the point it came from was. */
function movedMask(mask: Uint8Array, mapping: Mapping): Region | undefined {
  const { width, height } = mapping;
  const moved = new Uint8Array(mask.length);
  let area = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [u, v] = mapping.back(x + 0.5, y + 0.5);
      if (!inside([u, v], mapping) || mask[Math.floor(v) * width + Math.floor(u)] === 0) continue;
      moved[y * width + x] = 1;
      area++;
    }
  return area === 0 ? undefined : encodeMask(moved, height, width);
}

/** The box around the moved corners, cut to the picture. */
function movedBox(
  [x0, y0, x1, y1]: readonly [number, number, number, number],
  mapping: Mapping,
): Region | undefined {
  const corners = (
    [
      [x0, y0],
      [x1, y0],
      [x0, y1],
      [x1, y1],
    ] as const
  ).map(mapping.forward);
  const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
  const box = [
    Math.max(0, Math.min(...xs)),
    Math.max(0, Math.min(...ys)),
    Math.min(mapping.width, Math.max(...xs)),
    Math.min(mapping.height, Math.max(...ys)),
  ] as const;
  return box[0] < box[2] && box[1] < box[3] ? { kind: "box", box } : undefined;
}
