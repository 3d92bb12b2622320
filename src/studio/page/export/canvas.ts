/** A figure as a PNG, drawn on a canvas of the page. */
import type { RgbImage } from "../../../common/image.ts";
import { drawPicture } from "../../../web/canvas.ts";
import {
  type Figure,
  type FigureItem,
  type FigureLine,
  type FigurePicture,
  type FigureRect,
  type FigureText,
  figureFonts,
  paper,
} from "./figure.ts";

/** Twice as many pixels as CSS has: sharp on screens of today and in print. */
const density = 2;

export async function figurePng({ width, height, items }: Figure): Promise<Blob> {
  await document.fonts.ready;
  const canvas = new OffscreenCanvas(width * density, height * density);
  const pen = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
  pen.scale(density, density);
  pen.fillStyle = paper.ground;
  pen.fillRect(0, 0, width, height);
  for (const item of items) drawItem(pen, item);
  return canvas.convertToBlob({ type: "image/png" });
}

/** The pixels as they are, without loss. */
export function picturePng(picture: RgbImage): Promise<Blob> {
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  drawPicture(canvas, picture);
  return canvas.convertToBlob({ type: "image/png" });
}

/** A picture in an address, for SVG. */
export function pictureUrl(picture: RgbImage): string {
  const canvas = document.createElement("canvas");
  drawPicture(canvas, picture);
  return canvas.toDataURL("image/png");
}

type Pen = OffscreenCanvasRenderingContext2D;

function drawItem(pen: Pen, item: FigureItem): void {
  if (item.kind === "text") drawText(pen, item);
  else if (item.kind === "line") drawLine(pen, item);
  else if (item.kind === "picture") drawImage(pen, item);
  else drawRect(pen, item);
}

function drawImage(pen: Pen, { picture, x, y, width, height }: FigurePicture): void {
  const canvas = new OffscreenCanvas(1, 1);
  drawPicture(canvas, picture);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(canvas, x, y, width, height);
}

function drawRect(pen: Pen, { x, y, width, height, fill, stroke, ...line }: FigureRect): void {
  if (fill !== undefined) {
    pen.fillStyle = fill;
    pen.fillRect(x, y, width, height);
  }
  if (stroke === undefined) return;
  setStroke(pen, { ...line, stroke });
  pen.strokeRect(x, y, width, height);
}

function drawText(pen: Pen, { x, y, text, size, bold, mono, colour, anchor = "start", halo }: FigureText) {
  pen.font = `${bold ? 600 : 400} ${size}px ${mono ? figureFonts.mono : figureFonts.sans}`;
  pen.textAlign = anchor === "middle" ? "center" : anchor;
  if (halo !== undefined) {
    setStroke(pen, { stroke: halo, strokeWidth: 3 });
    pen.lineJoin = "round";
    pen.strokeText(text, x, y);
  }
  pen.fillStyle = colour ?? paper.ink;
  pen.fillText(text, x, y);
}

function drawLine(pen: Pen, item: FigureLine): void {
  setStroke(pen, item);
  pen.beginPath();
  for (const [x, y] of item.points) pen.lineTo(x, y);
  if (item.closed) pen.closePath();
  pen.stroke();
}

function setStroke(
  pen: Pen,
  { stroke, strokeWidth = 1, dashed }: Pick<FigureLine, "stroke" | "strokeWidth" | "dashed">,
): void {
  pen.strokeStyle = stroke;
  pen.lineWidth = strokeWidth;
  pen.setLineDash(dashed ? [4, 3] : []);
}
