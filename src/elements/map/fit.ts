/** From pixels of the picture to those of the canvas, and from a pointer to the patch under it. */
import type { ImageGeometry, Size } from "../../common/image.ts";
import { patchAt, patchBox, toPatches } from "../../grounding/geometry.ts";

/** A canvas of a page or of a worker. */
export type Canvas2d = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** A picture drawn over a whole canvas. */
export interface Fit {
  /** Of the canvas, in pixels of the device. */
  readonly width: number;
  readonly height: number;
  /** Canvas pixels for one of the picture. */
  readonly x: number;
  readonly y: number;
  /** Canvas pixels for one of CSS. */
  readonly ratio: number;
}

export function fitOf(canvas: Size, picture: Size, ratio: number): Fit {
  const { width, height } = canvas;
  return { width, height, x: width / picture.width, y: height / picture.height, ratio };
}

/** Left, top, right and bottom of what a patch covers, on whole pixels of the canvas, so that neighbours meet. */
export function patchRect(
  geometry: ImageGeometry,
  patch: number,
  { x, y }: Fit,
): [left: number, top: number, right: number, bottom: number] {
  const [x0, y0, x1, y1] = patchBox(geometry, patch);
  return [Math.round(x0 * x), Math.round(y0 * y), Math.round(x1 * x), Math.round(y1 * y)];
}

/** The whole grid, as {@link patchRect} of a patch. */
export function gridRect(geometry: ImageGeometry, fit: Fit): [number, number, number, number] {
  const { rows, columns } = geometry.grid;
  const [left, top] = patchRect(geometry, 0, fit);
  const [, , right, bottom] = patchRect(geometry, rows * columns - 1, fit);
  return [left, top, right, bottom];
}

/** The patch at a share of the picture's width and height (0 to 1); undefined where the model does not look. */
export function patchUnder(geometry: ImageGeometry, across: number, down: number): number | undefined {
  const { width, height } = geometry.original;
  return patchAt(toPatches([across * width, down * height], geometry), geometry);
}

/** The patch of another grid that holds the middle of this one's patch: two models' cursors on the same place. */
export function samePlace(patch: number, from: ImageGeometry, to: ImageGeometry): number | undefined {
  const [x0, y0, x1, y1] = patchBox(from, patch);
  return patchUnder(to, (x0 + x1) / 2 / from.original.width, (y0 + y1) / 2 / from.original.height);
}

const steps: Readonly<Record<string, readonly [down: number, across: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** Where a key leads from a patch; undefined for keys that lead nowhere. From no patch every arrow leads to the middle. */
export function patchAfter(
  key: string,
  patch: number | undefined,
  { grid }: ImageGeometry,
): number | undefined {
  const step = steps[key];
  if (step === undefined) return undefined;
  const { rows, columns } = grid;
  if (patch === undefined) return Math.floor(rows / 2) * columns + Math.floor(columns / 2);
  const row = Math.min(rows - 1, Math.max(0, Math.floor(patch / columns) + step[0]));
  const column = Math.min(columns - 1, Math.max(0, (patch % columns) + step[1]));
  return row * columns + column;
}
