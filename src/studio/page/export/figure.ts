/**
 * A figure as plain data: shapes, text and pictures at their places, in CSS pixels. It becomes an SVG file here, and a PNG
 * in canvas.ts; both look the same.
 */
import type { RgbImage } from "../../../common/image.ts";

export interface Figure {
  readonly width: number;
  readonly height: number;
  readonly items: readonly FigureItem[];
}

export type FigureItem = FigureText | FigureRect | FigurePicture | FigureLine;

export interface FigureText {
  readonly kind: "text";
  readonly x: number;
  /** Of the baseline. */
  readonly y: number;
  readonly text: string;
  readonly size: number;
  readonly bold?: boolean;
  readonly mono?: boolean;
  readonly colour?: string;
  readonly anchor?: "start" | "middle" | "end";
  /** A line around the letters, so that they read on any colour. */
  readonly halo?: string;
}

export interface FigureRect {
  readonly kind: "rect";
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly fill?: string;
  readonly stroke?: string;
  readonly strokeWidth?: number;
  readonly dashed?: boolean;
}

export interface FigurePicture {
  readonly kind: "picture";
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Enlarged pixel by pixel. */
  readonly picture: RgbImage;
}

export interface FigureLine {
  readonly kind: "line";
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly closed?: boolean;
  readonly stroke: string;
  readonly strokeWidth?: number;
  readonly dashed?: boolean;
}

/** Figures are on paper: the light side of the tokens, whatever the page shows. */
export const paper = {
  ground: "#fafaf8",
  ink: "#1b1b1a",
  muted: "#6c6b67",
  hairline: "#e4e3de",
  models: { a: "#d55e00", b: "#0072b2", c: "#00805e", d: "#a8508a" },
} as const;

export const figureFonts = {
  sans: "Inter, system-ui, sans-serif",
  mono: "'JetBrains Mono', ui-monospace, monospace",
} as const;

/** An SVG file. `dataUrl` writes a picture as `data:image/png;base64,...`. */
export function figureSvg({ width, height, items }: Figure, dataUrl: (picture: RgbImage) => string): string {
  const ground = `<rect width="${width}" height="${height}" fill="${paper.ground}"/>`;
  const parts = items.map((item) => svgItem(item, dataUrl));
  const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`;
  return [head, ground, ...parts, "</svg>", ""].join("\n");
}

function svgItem(item: FigureItem, dataUrl: (picture: RgbImage) => string): string {
  switch (item.kind) {
    case "text":
      return svgText(item);
    case "rect":
      return `<rect ${placeOf(item)} fill="${item.fill ?? "none"}"${strokeOf(item)}/>`;
    case "picture":
      return `<image ${placeOf(item)} preserveAspectRatio="none" image-rendering="pixelated" href="${dataUrl(item.picture)}"/>`;
    case "line": {
      const points = item.points.map((point) => point.map(rounded).join(",")).join(" ");
      return `<${item.closed ? "polygon" : "polyline"} points="${points}" fill="none"${strokeOf(item)}/>`;
    }
  }
}

function svgText({ x, y, text, size, bold, mono, colour = paper.ink, anchor, halo }: FigureText): string {
  const font = `font-family="${mono ? figureFonts.mono : figureFonts.sans}" font-size="${size}"`;
  const weight = bold ? ' font-weight="600"' : "";
  const at = anchor === undefined ? "" : ` text-anchor="${anchor}"`;
  const line =
    halo === undefined
      ? ""
      : ` stroke="${halo}" stroke-width="3" stroke-linejoin="round" paint-order="stroke"`;
  return `<text x="${rounded(x)}" y="${rounded(y)}" ${font}${weight}${at} fill="${colour}"${line}>${escaped(text)}</text>`;
}

type Place = Pick<FigureRect, "x" | "y" | "width" | "height">;

function placeOf({ x, y, width, height }: Place): string {
  return `x="${rounded(x)}" y="${rounded(y)}" width="${rounded(width)}" height="${rounded(height)}"`;
}

function strokeOf({
  stroke,
  strokeWidth = 1,
  dashed,
}: Pick<FigureRect, "stroke" | "strokeWidth" | "dashed">): string {
  if (stroke === undefined) return "";
  return ` stroke="${stroke}" stroke-width="${strokeWidth}"${dashed ? ' stroke-dasharray="4 3"' : ""}`;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Nothing that a model or a file says becomes markup; characters that XML cannot hold are left out. */
function escaped(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** Words broken into lines of about `width` pixels; letters of Inter are half as wide as high on average. */
export function wrapped(text: string, width: number, size: number): string[] {
  const most = Math.max(8, Math.floor(width / (0.53 * size)));
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines[lines.length - 1];
    if (last !== "" && last.length + 1 + word.length > most) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines;
}
