/** Maps as pictures: painted over a line drawing of the photo, or alone, with marks on places. */
import type { ImageGeometry, RgbImage } from "../../common/image.ts";
import { type Box, patchBox } from "../../grounding/geometry.ts";
import type { Display } from "../../models/inputs/images.ts";
import type { Paint } from "../heat.ts";
import { paintView, type View, viewFrom } from "../view.ts";
import { fitPicture, type Pen } from "./canvas.ts";
import { type Item, ink, pictureItem } from "./figure.ts";

/** A view whose longer side is about `side` pixels. */
export function viewOf(image: RgbImage, side: number): View {
  return viewFrom(image, fitPicture(image, side), side);
}

/** One map over one image, in a view of about `side` pixels. */
export function heatPicture(
  image: RgbImage,
  geometry: ImageGeometry,
  values: ArrayLike<number>,
  paint: Paint,
  side: number,
): RgbImage {
  return paintView(viewOf(image, side), geometry, values, paint);
}

/** A map as it stands in a sheet. */
export interface MapPanel {
  readonly label: string;
  readonly note?: string;
  /** [N] in row order. */
  readonly values: ArrayLike<number>;
  /** Place that gets a frame. */
  readonly mark?: number;
}

/** Where maps of one kind lie, and what their colours mean. */
export interface MapGround {
  readonly geometry: ImageGeometry;
  readonly tiles: Display["tiles"];
  readonly paint: Paint;
  /** A box of the original picture that is asked about: it gets a blue frame. */
  readonly region?: Box;
}

/** Blue that is told apart from every colour of a map. */
const regionColour = "#0072b2";

export function mapItem(view: View, ground: MapGround, { label, note, values, mark }: MapPanel): Item {
  const { geometry, paint } = ground;
  const factor = view.picture.width / geometry.original.width;
  const marks = (pen: Pen) => {
    drawGround(pen, ground, factor);
    if (mark !== undefined) framePatch(pen, geometry, mark, factor);
  };
  return pictureItem(paintView(view, geometry, values, paint), { label, note, marks });
}

/** The photo, with the borders of its tiles and the region. */
export function photoItem({ picture }: View, ground: MapGround, label: string): Item {
  const factor = picture.width / ground.geometry.original.width;
  return pictureItem(picture, { label, marks: (pen) => drawGround(pen, ground, factor) });
}

function drawGround(pen: Pen, { geometry, tiles, region }: MapGround, factor: number): void {
  drawTiles(pen, geometry, tiles, factor);
  if (region !== undefined) frame(pen, region, factor, regionColour);
}

/** A dark frame in a light one inside a patch, so that it shows on every colour and at the border of the picture. */
function framePatch(pen: Pen, geometry: ImageGeometry, index: number, factor: number): void {
  const { width, height } = geometry.original;
  const [x0, y0, x1, y1] = patchBox(geometry, index);
  const shown: Box = [Math.max(0, x0), Math.max(0, y0), Math.min(width, x1), Math.min(height, y1)];
  frame(pen, shown, factor, ink);
}

/** A frame on the inner side of a box of the original picture, with a white line inside it. */
function frame(pen: Pen, box: Box, factor: number, colour: string): void {
  const [x0, y0, x1, y1] = box.map((value) => value * factor);
  for (const [line, width, inset] of [
    [colour, 2, 1],
    ["#ffffff", 1, 2.5],
  ] as const) {
    pen.strokeStyle = line;
    pen.lineWidth = width;
    pen.strokeRect(x0 + inset, y0 + inset, x1 - x0 - 2 * inset, y1 - y0 - 2 * inset);
  }
}

/** Borders between tiles: dashes, dark on light. */
function drawTiles(pen: Pen, geometry: ImageGeometry, tiles: Display["tiles"], factor: number): void {
  const { rows, columns } = geometry.grid;
  const [left, top] = patchBox(geometry, 0);
  const last = patchBox(geometry, rows * columns - 1);
  const [width, height] = [last[2] - left, last[3] - top];
  for (let i = 1; i < tiles.columns; i++) {
    const x = Math.round((left + (i * width) / tiles.columns) * factor);
    dashed(pen, [x, top * factor, x, (top + height) * factor]);
  }
  for (let i = 1; i < tiles.rows; i++) {
    const y = Math.round((top + (i * height) / tiles.rows) * factor);
    dashed(pen, [left * factor, y, (left + width) * factor, y]);
  }
}

function dashed(pen: Pen, [x0, y0, x1, y1]: readonly [number, number, number, number]): void {
  for (const [colour, dash] of [
    ["#ffffff", []],
    [ink, [5, 4]],
  ] as const) {
    pen.strokeStyle = colour;
    pen.lineWidth = 1.5;
    pen.setLineDash([...dash]);
    pen.beginPath();
    pen.moveTo(x0, y0);
    pen.lineTo(x1, y1);
    pen.stroke();
  }
  pen.setLineDash([]);
}
