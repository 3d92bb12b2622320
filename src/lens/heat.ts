/** From a map of patches to colours over a picture. */
import type { ImageGeometry, RgbImage } from "../common/image.ts";
import { toPatches } from "../grounding/geometry.ts";
import { colourAt, type Rgb } from "./colour.ts";
import type { Scale } from "./scale.ts";

/** How a map of patches becomes a map of pixels. */
export type Upsampling = "nearest" | "bilinear";

/** A raster that spans the original image: [height, width], NaN where no image token looks. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
}

/**
 * Paints a map over image tokens onto a raster that spans the original image. Every pixel's centre is taken
 * to the patch grid through the recorded geometry; "nearest" gives it its patch's value, so that a patch's
 * heat covers exactly its own pixels; "bilinear" interpolates between patch centres and repeats the border.
 * Pixels that the processor cropped away are NaN.
 *
 * @param values [N] in row order, N = rows * columns of the grid.
 * @param size Raster size in pixels; the original's own by default, a multiple of it for an enlarged view.
 */
export function paintMap(
  values: ArrayLike<number>,
  geometry: ImageGeometry,
  upsampling: Upsampling = "nearest",
  size: { readonly width: number; readonly height: number } = geometry.original,
): Raster {
  const { rows, columns } = geometry.grid;
  if (values.length !== rows * columns)
    throw new RangeError(`map: values must have ${rows} x ${columns} entries, got ${values.length}`);
  const { width, height } = geometry.original;
  const xs = pixelCentres(size.width, width).map((x) => toPatches([x, 0], geometry)[0]);
  const ys = pixelCentres(size.height, height).map((y) => toPatches([0, y], geometry)[1]);
  const sample = upsampling === "nearest" ? sampleNearest : sampleBilinear;
  const painted = new Float32Array(size.width * size.height);
  for (let y = 0; y < size.height; y++)
    for (let x = 0; x < size.width; x++)
      painted[y * size.width + x] = sample(values, rows, columns, ys[y], xs[x]);
  return { ...size, values: painted };
}

/** Centres of a raster's pixels along one axis, in pixels of the original. */
function pixelCentres(pixels: number, original: number): number[] {
  return Array.from({ length: pixels }, (_, i) => ((i + 0.5) * original) / pixels);
}

function sampleNearest(values: ArrayLike<number>, rows: number, columns: number, y: number, x: number) {
  const row = Math.floor(y);
  const column = Math.floor(x);
  const inside = row >= 0 && row < rows && column >= 0 && column < columns;
  return inside ? values[row * columns + column] : Number.NaN;
}

function sampleBilinear(values: ArrayLike<number>, rows: number, columns: number, y: number, x: number) {
  if (y < 0 || y >= rows || x < 0 || x >= columns) return Number.NaN;
  const [row, nextRow, down] = neighbours(y, rows);
  const [column, nextColumn, right] = neighbours(x, columns);
  const at = (r: number) =>
    values[r * columns + column] * (1 - right) + values[r * columns + nextColumn] * right;
  return at(row) * (1 - down) + at(nextRow) * down;
}

/** The two patch centres around a coordinate and the share of the second. */
function neighbours(coordinate: number, length: number): [number, number, number] {
  const fromCentre = Math.min(length - 1, Math.max(0, coordinate - 0.5));
  const first = Math.floor(fromCentre);
  return [first, Math.min(length - 1, first + 1), fromCentre - first];
}

/** How dark a line of the picture is over a map's colour, and how light over a dark one. */
const ink = 0.45;

/**
 * A raster's colours with the lines of a picture of the same size over them ([height, width], see lines.ts): away from
 * lines a pixel's colour tells its value alone, whatever the picture's brightness. Pixels without a value, which the
 * model does not see, are hatched.
 */
export function paintRaster(lines: Float32Array, raster: Raster, { colours, at }: Paint): RgbImage {
  const data = new Uint8Array(3 * raster.values.length);
  raster.values.forEach((value, i) => {
    const unseen = Number.isNaN(value);
    const colour = unseen
      ? hatch(i % raster.width, Math.floor(i / raster.width))
      : colourAt(colours, at(value));
    const strength = ink * lines[i] * (unseen ? 0.5 : 1);
    const towards = 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2] > 90 ? 20 : 235;
    for (let c = 0; c < 3; c++) data[3 * i + c] = Math.round(colour[c] + strength * (towards - colour[c]));
  });
  return { width: raster.width, height: raster.height, data };
}

/** What painting needs of a scale. */
export type Paint = Pick<Scale, "colours" | "at">;

/** Thin grey lines from bottom left to top right. */
function hatch(x: number, y: number): Rgb {
  return (x + y) % 8 === 0 ? [178, 178, 174] : [226, 226, 222];
}
