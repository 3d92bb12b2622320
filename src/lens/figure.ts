import type { RgbImage } from "../common/image.ts";
import { roundStep } from "../common/ticks.ts";
import { drawPicture, newCanvas, type Pen, setFont } from "./canvas.ts";
import { type ColourMap, colourAt } from "./colour.ts";
import type { HeatRange } from "./heat.ts";

/** One picture with a line of text above it. */
export interface Panel {
  readonly label: string;
  readonly picture: RgbImage;
}

/** What the colours stand for. */
export interface Scale {
  readonly colours: ColourMap;
  readonly range: HeatRange;
  readonly label: string;
}

export interface Figure {
  readonly title: string;
  readonly subtitle: string;
  /** Side by side at the top, with the scale bar. */
  readonly large: readonly Panel[];
  /** A grid below. */
  readonly small: readonly Panel[];
  readonly scale: Scale;
  /** Panels in a row of the grid; as many as fit without it. */
  readonly columns?: number;
}

const ink = "#1b1f24";
const quiet = "#57606a";
const margin = 24;
const gap = 16;
const labelHeight = 24;
const headHeight = 64;
const barWidth = 16;
const barSpace = 96;

/** Draws a figure as PNG: title, large panels and a scale bar, then the grid of small panels. */
export function drawFigure(figure: Figure): Buffer {
  const large = cellOf(figure.large);
  const small = cellOf(figure.small);
  const largeWidth = figure.large.length * (large.width + gap) + barSpace;
  const fitting = Math.floor((Math.max(largeWidth, 1060) + gap) / (small.width + gap));
  const columns = Math.max(1, figure.columns ?? Math.min(figure.small.length, fitting));
  const rows = Math.ceil(figure.small.length / columns);
  const width = 2 * margin + Math.max(largeWidth, columns * (small.width + gap) - gap);
  const height = headHeight + large.height + gap + rows * (small.height + gap) + margin;
  const { canvas, pen } = newCanvas(width, height, "#ffffff");
  drawHead(pen, figure, width);
  for (const [i, panel] of figure.large.entries())
    drawPanel(pen, panel, margin + i * (large.width + gap), headHeight);
  const barAt = margin + figure.large.length * (large.width + gap);
  drawScale(pen, figure.scale, barAt, headHeight + labelHeight, large.height - labelHeight);
  figure.small.forEach((panel, i) => {
    const x = margin + (i % columns) * (small.width + gap);
    drawPanel(
      pen,
      panel,
      x,
      headHeight + large.height + gap + Math.floor(i / columns) * (small.height + gap),
    );
  });
  return canvas.toBuffer("image/png");
}

function cellOf(panels: readonly Panel[]): { width: number; height: number } {
  return {
    width: Math.max(0, ...panels.map((panel) => panel.picture.width)),
    height: Math.max(0, ...panels.map((panel) => panel.picture.height)) + labelHeight,
  };
}

function drawHead(pen: Pen, figure: Figure, width: number): void {
  write(pen, figure.title, margin, 30, { size: 18, weight: "bold", widest: width - 2 * margin });
  write(pen, figure.subtitle, margin, 52, { size: 13, colour: quiet, widest: width - 2 * margin });
}

function drawPanel(pen: Pen, panel: Panel, x: number, y: number): void {
  write(pen, panel.label, x, y + labelHeight - 8, { size: 13, widest: panel.picture.width });
  drawPicture(pen, panel.picture, x, y + labelHeight);
}

/** A vertical bar, largest value on top, with round numbers beside it. */
function drawScale(pen: Pen, scale: Scale, x: number, y: number, height: number): void {
  for (let i = 0; i < height; i++) {
    const [r, g, b] = colourAt(scale.colours, 1 - i / Math.max(1, height - 1));
    pen.fillStyle = `rgb(${r}, ${g}, ${b})`;
    pen.fillRect(x, y + i, barWidth, 1);
  }
  const { low, high } = scale.range;
  write(pen, scale.label, x, y - 8, { size: 13, widest: barSpace });
  for (const tick of roundTicks(scale.range)) {
    const at = y + (1 - (tick - low) / (high - low || 1)) * (height - 1);
    pen.fillStyle = ink;
    pen.fillRect(x + barWidth, Math.round(at), 5, 1);
    write(pen, formatNumber(tick), x + barWidth + 9, Math.min(y + height, Math.max(y + 9, at + 4)), {
      size: 12,
    });
  }
}

/** Four to nine round numbers (1, 2 or 5 times a power of ten) inside a range; one for an empty range. */
export function roundTicks(range: HeatRange): number[] {
  const [low, high] = [Math.min(range.low, range.high), Math.max(range.low, range.high)];
  if (!(high > low)) return [low];
  const step = roundStep((high - low) / 5);
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step); i * step <= high * (1 + 1e-12); i++)
    ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}

/** Short form for people: three significant digits, small and large numbers with an exponent. */
export function formatNumber(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e5) return value.toExponential(1).replace("e+", "e");
  return String(Number(value.toPrecision(3)));
}

interface TextStyle {
  readonly size: number;
  readonly weight?: "regular" | "bold";
  readonly colour?: string;
  /** Longer text ends in an ellipsis. */
  readonly widest?: number;
}

function write(pen: Pen, text: string, x: number, y: number, style: TextStyle): void {
  setFont(pen, style.size, style.weight);
  pen.fillStyle = style.colour ?? ink;
  pen.fillText(shortened(pen, text, style.widest ?? Number.POSITIVE_INFINITY), x, y);
}

function shortened(pen: Pen, text: string, widest: number): string {
  if (pen.measureText(text).width <= widest) return text;
  let length = text.length - 1;
  while (length > 0 && pen.measureText(`${text.slice(0, length)}…`).width > widest) length--;
  return `${text.slice(0, length)}…`;
}
