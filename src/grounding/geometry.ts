/** Between pixels of the original image and the patches that a model sees. */
import type { ImageGeometry } from "../common/image.ts";

export type Box = readonly [x0: number, y0: number, x1: number, y1: number];
export type Point = readonly [x: number, y: number];

/** The geometry of an image resized to `processed` (its own size without it) and cut into square patches. */
export function gridGeometry(
  original: { readonly width: number; readonly height: number },
  patch: number,
  processed: { readonly width: number; readonly height: number } = original,
): ImageGeometry {
  return {
    original,
    processed,
    scaleX: processed.width / original.width,
    scaleY: processed.height / original.height,
    offsetX: 0,
    offsetY: 0,
    patch,
    grid: { rows: Math.floor(processed.height / patch), columns: Math.floor(processed.width / patch) },
  };
}

/** A point of the original image in processed pixels. */
export function toProcessed([x, y]: Point, geometry: ImageGeometry): [x: number, y: number] {
  return [x * geometry.scaleX + geometry.offsetX, y * geometry.scaleY + geometry.offsetY];
}

/** A processed point in pixels of the original image; the inverse of {@link toProcessed}. */
export function toOriginal([x, y]: Point, geometry: ImageGeometry): [x: number, y: number] {
  return [(x - geometry.offsetX) / geometry.scaleX, (y - geometry.offsetY) / geometry.scaleY];
}

/** A point of the original image in patch units: patch (row, column) covers [column, column + 1) x [row, row + 1). */
export function toPatches(point: Point, geometry: ImageGeometry): [column: number, row: number] {
  const [x, y] = toProcessed(point, geometry);
  return [x / geometry.patch, y / geometry.patch];
}

/** A box of the original image in patch units. */
export function boxToPatches(
  [x0, y0, x1, y1]: Box,
  geometry: ImageGeometry,
): [number, number, number, number] {
  return [...toPatches([x0, y0], geometry), ...toPatches([x1, y1], geometry)];
}

/** What image token `index` (row major) covers, in pixels of the original image; it may reach beyond its edges. */
export function patchBox(geometry: ImageGeometry, index: number): [number, number, number, number] {
  const { patch, grid } = geometry;
  const [column, row] = [index % grid.columns, Math.floor(index / grid.columns)];
  const low = toOriginal([column * patch, row * patch], geometry);
  return [...low, ...toOriginal([(column + 1) * patch, (row + 1) * patch], geometry)];
}

/** The image token whose patch holds a point given in patch units; undefined outside the grid. */
export function patchAt([column, row]: Point, { grid }: ImageGeometry): number | undefined {
  const [c, r] = [Math.floor(column), Math.floor(row)];
  if (!(c >= 0 && r >= 0 && c < grid.columns && r < grid.rows)) return undefined;
  return r * grid.columns + c;
}
