/** Draws a map on a canvas: the grey photo, the veil of values, lines, words, marks. No element for a patch. */
import type { ImageGeometry } from "../../common/image.ts";
import type { Region } from "../../grounding/region.ts";
import type { Contour } from "./contour.ts";
import { type Canvas2d, type Fit, gridRect, patchRect } from "./fit.ts";
import { drawLabels } from "./labels.ts";
import { drawOutline, twice } from "./outline.ts";
import type { WordRegion } from "./regions.ts";
import type { ShownMap } from "./shown.ts";
import { veilOf } from "./veil.ts";

/** All that is drawn. */
export interface Drawing {
  readonly fit: Fit;
  /** The photo, grey under a map. */
  readonly picture?: CanvasImageSource;
  readonly map?: ShownMap;
  /** The map's values as the veil's colours, a pixel for each patch. */
  readonly veil?: CanvasImageSource;
  readonly opacity: number;
  readonly regions: readonly WordRegion[];
  readonly font: string;
  readonly tiles?: { readonly rows: number; readonly columns: number };
  readonly outlines: readonly Region[];
  readonly contour?: Contour;
  readonly struck: readonly number[];
  readonly pins: readonly number[];
  readonly marked?: number;
}

export function drawMap(context: Canvas2d, drawing: Drawing): void {
  const { fit, picture, map } = drawing;
  context.clearRect(0, 0, fit.width, fit.height);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  if (picture !== undefined) context.drawImage(picture, 0, 0, fit.width, fit.height);
  if (map !== undefined) drawValues(context, map, drawing);
  for (const region of drawing.outlines) drawOutline(context, region, fit);
  if (map === undefined) return;
  const { geometry } = map;
  for (const patch of drawing.struck) strike(context, geometry, patch, fit);
  if (drawing.contour !== undefined) drawContour(context, geometry, drawing.contour, fit);
  drawLabels(context, geometry, drawing);
  for (const [i, patch] of drawing.pins.entries())
    drawPin(context, geometry, patch, fit, `${i + 1}`, drawing.font);
  if (drawing.marked !== undefined) drawMark(context, geometry, drawing.marked, fit);
}

function drawValues(context: Canvas2d, { geometry }: ShownMap, { fit, veil, opacity, tiles }: Drawing): void {
  const [left, top, right, bottom] = gridRect(geometry, fit);
  hatchOutside(context, fit, [left, top, right, bottom]);
  if (veil !== undefined) {
    context.imageSmoothingEnabled = false;
    context.globalAlpha = opacity;
    context.drawImage(veil, left, top, right - left, bottom - top);
    context.globalAlpha = 1;
  }
  const { rows, columns } = geometry.grid;
  if (Math.min((right - left) / columns, (bottom - top) / rows) >= 7 * fit.ratio)
    grid(context, geometry, fit, rows, columns, "rgb(255 255 255 / 0.28)", 1);
  if (tiles !== undefined && tiles.rows * tiles.columns > 1)
    grid(context, geometry, fit, tiles.rows, tiles.columns, "rgb(20 20 19 / 0.75)", fit.ratio);
}

/** Lines between patches, or between tiles: on whole pixels, so that a line is one pixel wide. */
function grid(
  context: Canvas2d,
  geometry: ImageGeometry,
  fit: Fit,
  rows: number,
  columns: number,
  colour: string,
  width: number,
): void {
  const [left, top, right, bottom] = gridRect(geometry, fit);
  context.fillStyle = colour;
  const at = (low: number, high: number, part: number) => Math.round(low + (high - low) * part - width / 2);
  for (let i = 1; i < columns; i++) context.fillRect(at(left, right, i / columns), top, width, bottom - top);
  for (let i = 1; i < rows; i++) context.fillRect(left, at(top, bottom, i / rows), right - left, width);
}

/** What of the picture the model does not see. */
function hatchOutside(context: Canvas2d, fit: Fit, [left, top, right, bottom]: readonly number[]): void {
  const { width, height, ratio } = fit;
  if (left < ratio && top < ratio && right > width - ratio && bottom > height - ratio) return;
  context.save();
  context.beginPath();
  context.rect(0, 0, width, height);
  context.rect(left, top, right - left, bottom - top);
  context.clip("evenodd");
  context.fillStyle = "rgb(236 235 231 / 0.72)";
  context.fillRect(0, 0, width, height);
  context.strokeStyle = "rgb(27 27 26 / 0.5)";
  context.lineWidth = ratio;
  context.beginPath();
  for (let x = -height; x < width; x += 7 * ratio) {
    context.moveTo(x, height);
    context.lineTo(x + height, 0);
  }
  context.stroke();
  context.restore();
}

/** A patch that is taken from the model. */
function strike(context: Canvas2d, geometry: ImageGeometry, patch: number, fit: Fit): void {
  const [left, top, right, bottom] = patchRect(geometry, patch, fit);
  context.fillStyle = "rgb(27 27 26 / 0.72)";
  context.fillRect(left, top, right - left, bottom - top);
  context.strokeStyle = "rgb(255 255 255 / 0.8)";
  context.lineWidth = fit.ratio;
  context.beginPath();
  context.moveTo(left, bottom);
  context.lineTo(right, top);
  context.stroke();
}

function drawContour(context: Canvas2d, geometry: ImageGeometry, contour: Contour, fit: Fit): void {
  const [left, top, right, bottom] = gridRect(geometry, fit);
  const { rows, columns } = geometry.grid;
  const [x, y] = [(right - left) / columns, (bottom - top) / rows];
  context.beginPath();
  for (let i = 0; i < contour.length; i += 4) {
    context.moveTo(left + contour[i] * x, top + contour[i + 1] * y);
    context.lineTo(left + contour[i + 2] * x, top + contour[i + 3] * y);
  }
  twice(context, fit, 1.5);
}

/** The patch under the cursor. */
function drawMark(context: Canvas2d, geometry: ImageGeometry, patch: number, fit: Fit): void {
  const [left, top, right, bottom] = patchRect(geometry, patch, fit);
  context.beginPath();
  const half = fit.ratio;
  context.rect(left + half, top + half, right - left - 2 * half, bottom - top - 2 * half);
  twice(context, fit, 2);
}

/** A pinned patch, with its number in the corner. */
function drawPin(
  context: Canvas2d,
  geometry: ImageGeometry,
  patch: number,
  fit: Fit,
  name: string,
  font: string,
): void {
  drawMark(context, geometry, patch, fit);
  const [left, top] = patchRect(geometry, patch, fit);
  const side = 13 * fit.ratio;
  context.fillStyle = "#1b1b1a";
  context.fillRect(left, top, side, side);
  context.fillStyle = "#ffffff";
  context.font = `600 ${10 * fit.ratio}px ${font}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(name, left + side / 2, top + side / 2 + 0.5 * fit.ratio);
}

/** A map's values as the veil's colours, written into a picture with a pixel for each patch. */
export function veilPixels({ values, geometry, scale }: ShownMap, into: ImageData): void {
  const veil = veilOf(scale.colours);
  const pixels = new Uint32Array(into.data.buffer);
  const colours = new Uint32Array(veil.buffer);
  const N = geometry.grid.rows * geometry.grid.columns;
  for (let n = 0; n < N; n++) {
    const value = values[n];
    pixels[n] = Number.isNaN(value) ? 0 : colours[Math.round(255 * scale.at(value))];
  }
}
