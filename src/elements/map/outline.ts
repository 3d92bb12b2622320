/** Outlines over a map: dashed, dark on light, so that they are seen on every ground. */
import type { BoxRegion, MaskRegion, Region } from "../../grounding/region.ts";
import { decodeMask } from "../../grounding/rle.ts";
import type { Canvas2d, Fit } from "./fit.ts";

/** Strokes the path in white and, narrower, in ink. */
export function twice(context: Canvas2d, { ratio }: Fit, width: number, dash: readonly number[] = []): void {
  context.setLineDash([]);
  context.strokeStyle = "rgb(255 255 255 / 0.85)";
  context.lineWidth = (width + 1.5) * ratio;
  context.stroke();
  context.setLineDash(dash.map((length) => length * ratio));
  context.strokeStyle = "#1b1b1a";
  context.lineWidth = width * ratio;
  context.stroke();
  context.setLineDash([]);
}

const dashes = [4, 3];

/** A known region, in pixels of the original picture. */
export function drawOutline(context: Canvas2d, region: Region, fit: Fit): void {
  context.beginPath();
  trace(context, region, fit);
  twice(context, fit, 1.25, region.kind === "points" ? [] : dashes);
}

function trace(context: Canvas2d, region: Region, fit: Fit): void {
  if (region.kind === "box") traceBox(context, region.box, fit);
  else if (region.kind === "points") tracePoints(context, region.points, fit);
  else if (region.kind === "polyline") traceLine(context, region.points, fit);
  else traceMask(context, region, fit);
}

type Points = readonly (readonly [x: number, y: number])[];

function traceBox(context: Canvas2d, [x0, y0, x1, y1]: BoxRegion["box"], { x, y }: Fit): void {
  context.rect(Math.round(x0 * x), Math.round(y0 * y), Math.round((x1 - x0) * x), Math.round((y1 - y0) * y));
}

function tracePoints(context: Canvas2d, points: Points, { x, y, ratio }: Fit): void {
  for (const [px, py] of points) {
    context.moveTo(px * x + 4 * ratio, py * y);
    context.arc(px * x, py * y, 4 * ratio, 0, 2 * Math.PI);
  }
}

function traceLine(context: Canvas2d, points: Points, { x, y }: Fit): void {
  for (const [i, [px, py]] of points.entries())
    if (i === 0) context.moveTo(px * x, py * y);
    else context.lineTo(px * x, py * y);
}

function traceMask(context: Canvas2d, region: MaskRegion, { x, y }: Fit): void {
  const edges = edgesOf(region);
  for (let i = 0; i < edges.length; i += 4) {
    context.moveTo(edges[i] * x, edges[i + 1] * y);
    context.lineTo(edges[i + 2] * x, edges[i + 3] * y);
  }
}

const known = new WeakMap<MaskRegion, Float32Array>();

/** The edges between a mask's pixels and what is around them, as x0, y0, x1, y1 in its pixels; found once for a mask. */
export function edgesOf(region: MaskRegion): Float32Array {
  let edges = known.get(region);
  if (edges === undefined) {
    edges = Float32Array.from([...edgesAlong(region, true), ...edgesAlong(region, false)]);
    known.set(region, edges);
  }
  return edges;
}

/** Edges along one axis, each as long as it goes on. */
function* edgesAlong(region: MaskRegion, across: boolean): Generator<number> {
  const [height, width] = region.size;
  const mask = decodeMask(region);
  const [lines, length] = across ? [height, width] : [width, height];
  const at = (line: number, i: number) =>
    line < 0 || line >= lines || i >= length ? 0 : across ? mask[line * width + i] : mask[i * width + line];
  for (let line = 0; line <= lines; line++)
    for (let i = 0; i < length; i++) {
      const start = i;
      while (i < length && at(line, i) !== at(line - 1, i)) i++;
      if (i > start) yield* across ? [start, line, i, line] : [line, start, line, i];
    }
}
