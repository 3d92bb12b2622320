import type { ImageGeometry, RgbImage } from "../common/image.ts";
import { toPatches } from "../grounding/geometry.ts";
import { type ColourMap, colourAt } from "./colour.ts";

export type Upsampling = "nearest" | "bilinear";

/** Values in [low, high] that a colour map's two ends stand for. */
export interface HeatRange {
  readonly low: number;
  readonly high: number;
}

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

/** Smallest and largest finite value of several maps: one scale for pictures to be compared. */
export function rangeOf(maps: readonly ArrayLike<number>[]): HeatRange {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const map of maps)
    for (let i = 0; i < map.length; i++)
      if (Number.isFinite(map[i])) {
        low = Math.min(low, map[i]);
        high = Math.max(high, map[i]);
      }
  return low <= high ? { low, high } : { low: 0, high: 0 };
}

/**
 * Lays a raster's colours over a picture of the same size: `opacity` of colour, the rest the picture in
 * grey, so that every hue is the map's. Pixels without a value keep the picture as it is.
 */
export function overlay(
  picture: RgbImage,
  raster: Raster,
  colours: ColourMap,
  range: HeatRange,
  opacity = 0.6,
): RgbImage {
  const data = Uint8Array.from(picture.data);
  const span = range.high - range.low || 1;
  raster.values.forEach((value, i) => {
    if (Number.isNaN(value)) return;
    const colour = colourAt(colours, (value - range.low) / span);
    const grey = (1 - opacity) * dimmed * lumaAt(picture.data, 3 * i);
    for (let c = 0; c < 3; c++) data[3 * i + c] = Math.round(grey + opacity * colour[c]);
  });
  return { width: picture.width, height: picture.height, data };
}

/** A bright picture would make every colour look like a higher value. */
const dimmed = 0.8;

/** Brightness of the pixel at `offset`, weights of ITU-R BT.709. */
function lumaAt(rgb: Uint8Array, offset: number): number {
  return 0.2126 * rgb[offset] + 0.7152 * rgb[offset + 1] + 0.0722 * rgb[offset + 2];
}

/** Enlarges a picture by a whole factor, pixel by pixel, so that positions stay true. */
export function enlarge(picture: RgbImage, factor: number): RgbImage {
  const width = picture.width * factor;
  const height = picture.height * factor;
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const from = 3 * (Math.floor(y / factor) * picture.width + Math.floor(x / factor));
      data.set(picture.data.subarray(from, from + 3), 3 * (y * width + x));
    }
  return { width, height, data };
}
