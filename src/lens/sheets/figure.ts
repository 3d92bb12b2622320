/** Sheets of pictures as PNG: a title, a sentence of what is seen, then rows of pictures, charts and scales. */
import type { RgbImage } from "../../common/image.ts";
import { colourAt } from "../colour.ts";
import type { Scale } from "../scale.ts";
import { drawPicture, newCanvas, type Pen, setFont } from "./canvas.ts";

/** Something in a row, with a line or two of text above it. */
export interface Item {
  readonly label?: string;
  readonly note?: string;
  readonly width: number;
  readonly height: number;
  /** Draws it with its top left corner at (x, y). */
  readonly draw: (pen: Pen, x: number, y: number) => void;
}

export interface Row {
  readonly heading?: string;
  /** After the heading, in a quieter colour. */
  readonly note?: string;
  /** Side by side; what does not fit goes on below. */
  readonly items: readonly Item[];
  /** A bar below the items. */
  readonly scale?: Scale;
}

export interface Sheet {
  readonly title: string;
  /** What one sees, in words. */
  readonly sentence?: string;
  /** Of what model, layer and grid. */
  readonly subtitle: string;
  readonly rows: readonly Row[];
}

export const ink = "#1b1b1a";
export const quiet = "#6c6b67";
const hairline = "#e4e3de";
const surface = "#ffffff";

export const sheetWidth = 1080;
export const gap = 12;
const margin = 28;
const inner = sheetWidth - 2 * margin;

/** Draws a sheet as PNG. */
export function drawSheet(sheet: Sheet): Buffer {
  const measuring = newCanvas(1, 1, surface).pen;
  const height = layOut(measuring, sheet, false);
  const { canvas, pen } = newCanvas(sheetWidth, Math.ceil(height), surface);
  layOut(pen, sheet, true);
  return canvas.toBuffer("image/png");
}

/** Draws, or only measures; returns the height of the sheet. */
function layOut(pen: Pen, { title, sentence, subtitle, rows }: Sheet, drawing: boolean): number {
  let y = paragraph(pen, title, margin - 8, { size: 20, weight: "bold", line: 26 }, drawing);
  if (sentence !== undefined) y = paragraph(pen, sentence, y + 4, { size: 15, line: 22 }, drawing);
  y = paragraph(pen, subtitle, y + 2, { size: 12, colour: quiet, line: 18 }, drawing);
  for (const [i, row] of rows.entries()) y = layRow(pen, row, y + (i === 0 ? 12 : 22), i > 0, drawing);
  return y + margin - 6;
}

function layRow(pen: Pen, row: Row, top: number, ruled: boolean, drawing: boolean): number {
  let y = top;
  if (row.heading !== undefined) {
    if (ruled && drawing) rule(pen, y - 8);
    y = paragraph(pen, row.heading, y + 2, { size: 13, weight: "bold", line: 19 }, drawing);
    if (row.note !== undefined)
      y = paragraph(pen, row.note, y, { size: 12, colour: quiet, line: 17 }, drawing);
    y += 6;
  }
  for (const line of linesOf(row.items)) y = layLine(pen, line, y, drawing) + gap;
  if (row.scale === undefined) return y - gap;
  if (drawing) drawScale(pen, row.scale, margin, y);
  return y + 34;
}

function layLine(pen: Pen, items: readonly Item[], top: number, drawing: boolean): number {
  const head = Math.max(...items.map(headHeight));
  let x = margin;
  for (const item of items) {
    if (drawing) {
      const widest = item.width;
      if (item.label !== undefined) write(pen, item.label, x, top + 13, { size: 12.5, widest });
      if (item.note !== undefined) write(pen, item.note, x, top + 28, { size: 11, colour: quiet, widest });
      item.draw(pen, x, top + head);
    }
    x += item.width + gap;
  }
  return top + head + Math.max(...items.map(({ height }) => height));
}

function headHeight({ label, note }: Item): number {
  return note !== undefined ? 35 : label !== undefined ? 19 : 0;
}

/** Items in lines no wider than the sheet. */
function linesOf(items: readonly Item[]): Item[][] {
  const lines: Item[][] = [];
  let used = 0;
  for (const item of items) {
    const last = lines.at(-1);
    if (last !== undefined && used + gap + item.width <= inner + 1) {
      last.push(item);
      used += gap + item.width;
    } else {
      lines.push([item]);
      used = item.width;
    }
  }
  return lines;
}

/** The side of `count` panels that fill a line of the sheet, at most `most`. */
export function sideOf(count: number, most: number): number {
  return Math.min(most, Math.floor((inner - (count - 1) * gap) / count));
}

function rule(pen: Pen, y: number): void {
  pen.fillStyle = hairline;
  pen.fillRect(margin, Math.round(y), inner, 1);
}

/** A picture as an item. */
export function pictureItem(
  picture: RgbImage,
  options: { label?: string; note?: string; marks?: (pen: Pen) => void } = {},
): Item {
  const { marks, ...texts } = options;
  return {
    ...texts,
    width: picture.width,
    height: picture.height,
    draw: (pen, x, y) => {
      drawPicture(pen, picture, x, y);
      pen.save();
      pen.beginPath();
      pen.rect(x, y, picture.width, picture.height);
      pen.clip();
      pen.translate(x, y);
      marks?.(pen);
      pen.restore();
      pen.strokeStyle = hairline;
      pen.lineWidth = 1;
      pen.strokeRect(x - 0.5, y - 0.5, picture.width + 1, picture.height + 1);
    },
  };
}

const barWidth = 440;
const barHeight = 10;

/** A horizontal bar from the lowest to the highest colour, what it stands for beside it, numbers below. */
function drawScale(pen: Pen, { colours, ticks, label }: Scale, x: number, y: number): void {
  for (let i = 0; i < barWidth; i++) {
    const [r, g, b] = colourAt(colours, i / (barWidth - 1));
    pen.fillStyle = `rgb(${r}, ${g}, ${b})`;
    pen.fillRect(x + i, y, 1, barHeight);
  }
  pen.strokeStyle = hairline;
  pen.lineWidth = 1;
  pen.strokeRect(x - 0.5, y - 0.5, barWidth + 1, barHeight + 1);
  for (const { at, text } of ticks) {
    const place = x + at * (barWidth - 1);
    pen.fillStyle = ink;
    pen.fillRect(Math.round(place), y + barHeight, 1, 4);
    const width = widthOf(pen, text, { size: 11 });
    const left = Math.min(x + barWidth - width, Math.max(x, place - width / 2));
    write(pen, text, left, y + barHeight + 16, { size: 11 });
  }
  write(pen, label, x + barWidth + 14, y + 10, { size: 12, colour: quiet });
}

export interface TextStyle {
  readonly size: number;
  readonly weight?: "regular" | "bold";
  readonly colour?: string;
  /** Longer text ends in an ellipsis. */
  readonly widest?: number;
}

export function write(pen: Pen, text: string, x: number, y: number, style: TextStyle): void {
  setFont(pen, style.size, style.weight);
  pen.fillStyle = style.colour ?? ink;
  pen.fillText(shortened(pen, text, style.widest ?? Number.POSITIVE_INFINITY), x, y);
}

export function widthOf(pen: Pen, text: string, style: TextStyle): number {
  setFont(pen, style.size, style.weight);
  return pen.measureText(text).width;
}

/** Text over as many lines as it needs, from `top` on; returns where it ends. */
function paragraph(
  pen: Pen,
  text: string,
  top: number,
  style: TextStyle & { readonly line: number },
  drawing: boolean,
): number {
  setFont(pen, style.size, style.weight);
  const lines = wrapped(pen, text, inner);
  if (drawing)
    lines.forEach((line, i) => {
      write(pen, line, margin, top + i * style.line + style.size, { ...style, widest: inner });
    });
  return top + lines.length * style.line;
}

function wrapped(pen: Pen, text: string, widest: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && pen.measureText(`${last} ${word}`).width <= widest)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function shortened(pen: Pen, text: string, widest: number): string {
  if (pen.measureText(text).width <= widest) return text;
  let length = text.length - 1;
  while (length > 0 && pen.measureText(`${text.slice(0, length)}…`).width > widest) length--;
  return `${text.slice(0, length)}…`;
}

/** A sentence with a capital at its start. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
