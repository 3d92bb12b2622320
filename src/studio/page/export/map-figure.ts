/** Maps side by side as a figure: a title, a sentence, a panel for each model, and the bar of their scale. */
import type { ImageGeometry, RgbImage } from "../../../common/image.ts";
import { type Box, type Point, patchBox, toOriginal } from "../../../grounding/geometry.ts";
import { colourAt } from "../../../lens/colour.ts";
import type { Scale } from "../../../lens/scale.ts";
import type { Letter } from "../studio.ts";
import { type Figure, type FigureItem, type FigurePicture, paper, wrapped } from "./figure.ts";

export interface MapPanel {
  /** Whose map it is, with its colour; none for a photo. */
  readonly letter?: Letter;
  readonly title: string;
  /** Beside the title: "61 % on the image". */
  readonly note?: string;
  /** As it is painted: spans the whole original picture. */
  readonly picture: RgbImage;
  readonly geometry: ImageGeometry;
  /** Words; their middles in units of patches, (0.5, 0.5) is the first patch's. */
  readonly labels?: readonly { readonly at: Point; readonly text: string }[];
  /** Boxes in pixels of the original, dashed: the truth. */
  readonly boxes?: readonly Box[];
  /** Lines of four numbers each, x0, y0, x1, y1 in units of patches: where a mask ends. */
  readonly contour?: ArrayLike<number>;
  /** Patches with a frame: pins. */
  readonly pins?: readonly number[];
}

export interface MapFigure {
  readonly title: string;
  readonly sentence?: string;
  readonly panels: readonly MapPanel[];
  readonly scale?: Scale;
  /** Last line: what was read, of which model, with which command. */
  readonly source?: string;
  /** Panels in a row; default all up to four. */
  readonly columns?: number;
  /** Width of a panel in pixels; default 316. */
  readonly side?: number;
}

const margin = 24;
const gap = 24;

export function mapFigure({ title, sentence, panels, scale, source, ...layout }: MapFigure): Figure {
  const { columns = Math.min(4, panels.length), side = 316 } = layout;
  const width = Math.max(560, 2 * margin + columns * side + (columns - 1) * gap);
  const lines = sentence === undefined ? [] : wrapped(sentence, width - 2 * margin, 15);
  const items: FigureItem[] = [{ kind: "text", x: margin, y: 38, text: title, size: 15, bold: true }];
  items.push(...linesOf(lines, 62, 15));
  let y = 54 + 22 * lines.length;
  for (let first = 0; first < panels.length; first += columns) {
    const row = panels.slice(first, first + columns);
    const heights = row.map(({ geometry: { original } }) => (side * original.height) / original.width);
    for (const [i, panel] of row.entries())
      items.push(...panelItems(panel, { x: margin + i * (side + gap), y, width: side, height: heights[i] }));
    y += 32 + Math.max(...heights) + 16;
  }
  if (scale !== undefined) {
    items.push(...scaleItems(scale, margin, y + 4));
    y += 60;
  }
  const sources = source === undefined ? [] : wrapped(source, width - 2 * margin, 11);
  items.push(...linesOf(sources, y + 12, 11, paper.muted));
  return { width, height: Math.ceil(y + 16 * sources.length + 16), items };
}

function linesOf(lines: readonly string[], top: number, size: number, colour?: string): FigureItem[] {
  return lines.map((text, i) => ({
    kind: "text",
    x: margin,
    y: top + i * Math.round(size * 1.45),
    text,
    size,
    ...(colour !== undefined && { colour }),
  }));
}

type Place = Omit<FigurePicture, "kind" | "picture">;

function panelItems(panel: MapPanel, { x, y, width, height }: Place): FigureItem[] {
  const { letter, title, note, picture } = panel;
  const at = { x, y: y + 28, width, height };
  const head: FigureItem[] = letter === undefined ? [] : letterItems(letter, x, y + 4);
  return [
    ...head,
    { kind: "text", x: x + (letter === undefined ? 0 : 26), y: y + 18, text: title, size: 13, bold: true },
    ...noteItems(note, x + width, y + 18),
    { kind: "picture", ...at, picture },
    ...overlayItems(panel, at),
    { kind: "rect", ...at, stroke: paper.hairline },
  ];
}

function letterItems(letter: Letter, x: number, y: number): FigureItem[] {
  return [
    { kind: "rect", x, y, width: 18, height: 18, fill: paper.models[letter] },
    {
      kind: "text",
      x: x + 9,
      y: y + 13,
      text: letter.toUpperCase(),
      size: 11,
      bold: true,
      colour: "#ffffff",
      anchor: "middle",
    },
  ];
}

function noteItems(note: string | undefined, x: number, y: number): FigureItem[] {
  if (note === undefined) return [];
  return [{ kind: "text", x, y, text: note, size: 11.5, colour: paper.muted, anchor: "end" }];
}

/** Truth, pins and words over a map. */
function overlayItems(panel: MapPanel, at: Place): FigureItem[] {
  const { geometry, labels = [], boxes = [], pins = [], contour = [] } = panel;
  const placed = ([x0, y0, x1, y1]: Box): Place => {
    const [sx, sy] = [at.width / geometry.original.width, at.height / geometry.original.height];
    return { x: at.x + sx * x0, y: at.y + sy * y0, width: sx * (x1 - x0), height: sy * (y1 - y0) };
  };
  return [
    ...boxes.map((box) => rectOf(placed(box), { stroke: paper.ink, strokeWidth: 1.5, dashed: true })),
    ...pins.map((patch) => rectOf(placed(patchBox(geometry, patch)), { stroke: paper.ink, strokeWidth: 2 })),
    ...contourItems(contour, (point) => pointIn(point, geometry, at)),
    ...labels.map(({ at: middle, text }) => labelOf(pointIn(middle, geometry, at), text)),
  ];
}

function rectOf(place: Place, style: Partial<FigureItem>): FigureItem {
  return { kind: "rect", ...place, ...style } as FigureItem;
}

/** Where a point in units of patches lies in a panel. */
function pointIn([column, row]: Point, geometry: ImageGeometry, { x, y, width, height }: Place): Point {
  const [across, down] = toOriginal([column * geometry.patch, row * geometry.patch], geometry);
  return [x + (width * across) / geometry.original.width, y + (height * down) / geometry.original.height];
}

function contourItems(contour: ArrayLike<number>, place: (point: Point) => Point): FigureItem[] {
  const pieces = Array.from({ length: Math.floor(contour.length / 4) }, (_, i) => 4 * i);
  const line = (stroke: string, strokeWidth: number) =>
    pieces.map((i): FigureItem => {
      const points = [place([contour[i], contour[i + 1]]), place([contour[i + 2], contour[i + 3]])];
      return { kind: "line", points, stroke, strokeWidth };
    });
  return [...line("#ffffff", 3.5), ...line(paper.ink, 1.5)];
}

function labelOf([x, y]: Point, text: string): FigureItem {
  const middle = { x, y: y + 4, anchor: "middle" } as const;
  return { kind: "text", ...middle, text, size: 11.5, bold: true, colour: "#ffffff", halo: paper.ink };
}

const barWidth = 256;
const steps = 64;

function scaleItems({ colours, label, ticks }: Scale, x: number, y: number): FigureItem[] {
  const bar = Array.from({ length: steps }, (_, i): FigureItem => {
    const fill = `rgb(${colourAt(colours, i / (steps - 1)).join(",")})`;
    // Half a pixel wider than its step: no seams.
    return { kind: "rect", x: x + (i * barWidth) / steps, y, width: barWidth / steps + 0.5, height: 8, fill };
  });
  const numbers = ticks.map(
    ({ at, text }): FigureItem => ({
      kind: "text",
      x: x + at * barWidth,
      y: y + 22,
      text,
      size: 10.5,
      mono: true,
      colour: paper.muted,
      anchor: at < 0.05 ? "start" : at > 0.95 ? "end" : "middle",
    }),
  );
  const name = { kind: "text", x: x + barWidth + 16, y: y + 9, text: label, size: 11.5 } as const;
  return [...bar, ...numbers, { ...name, colour: paper.muted }];
}
