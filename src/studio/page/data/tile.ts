/** Draws a tile of the wall: the picture, and the evidence of its question outlined so that any picture lets it be seen. */
import type { Region } from "../../../grounding/region.ts";
import { outlineOf } from "./outline.ts";
import type { Item, Thumbnail } from "./source.ts";

/** The regions that a tile outlines: of the question that met the filter, else of the words that show. */
export function evidenceOf({ row, question }: Item): readonly Region[] {
  const asked = question === undefined ? undefined : row.questions[question];
  if (asked !== undefined && asked.regions.length > 0) return asked.regions;
  if (asked !== undefined) return [];
  return row.concepts.flatMap(({ regions }) => regions);
}

/** Where the picture lies on a square of `side` pixels: whole, in the middle. */
export function fitted({ width, height }: { width: number; height: number }, side: number) {
  const scale = side / Math.max(width, height);
  return { scale, x: (side - width * scale) / 2, y: (side - height * scale) / 2 };
}

/** Over any picture: a dark line with a light one around it. */
const tileColours: TileColours = { ink: "rgb(20 20 19)", halo: "rgb(255 255 255 / 0.9)" };

interface TileColours {
  readonly ink: string;
  readonly halo: string;
}

/** The canvas becomes `side` device pixels. */
export function drawTile(
  canvas: HTMLCanvasElement,
  { bitmap, size }: Thumbnail,
  regions: readonly Region[],
  { ink, halo }: TileColours = tileColours,
): void {
  const side = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
  canvas.width = side;
  canvas.height = side;
  const context = canvas.getContext("2d");
  if (context === null) return;
  const { scale, x, y } = fitted(size, side);
  context.imageSmoothingEnabled = scale < 2; // Small pictures keep their pixels.
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, x, y, size.width * scale, size.height * scale);
  context.setTransform(scale, 0, 0, scale, x, y);
  for (const [colour, width] of [
    [halo, 4],
    [ink, 2],
  ] as const) {
    context.strokeStyle = colour;
    context.fillStyle = colour;
    for (const region of regions) strokeRegion(context, region, (width * devicePixelRatio) / scale);
  }
  context.resetTransform();
}

function strokeRegion(context: CanvasRenderingContext2D, region: Region, width: number): void {
  const { lines, points } = outlineOf(region, 192);
  context.lineWidth = width;
  context.lineCap = "square";
  context.lineJoin = "miter";
  context.beginPath();
  for (const [[x, y], ...rest] of lines) {
    context.moveTo(x, y);
    for (const [px, py] of rest) context.lineTo(px, py);
  }
  context.stroke();
  for (const [x, y] of points) {
    context.beginPath();
    context.arc(x, y, 1.6 * width, 0, 2 * Math.PI);
    context.fill();
  }
}
