/**
 * Resizing as Pillow 13 does it, to the last bit: separable filters, widened when shrinking (antialias),
 * weights rounded to 22 bits, 8 bits between the two passes. Python `transformers` resizes with
 * Pillow where torchvision is not installed; torchvision differs by one level in some pixels.
 */
import type { RgbImage } from "../../common/image.ts";

/** Filters by Pillow's numbers, as `resample` of preprocessor_config.json names them; 0 takes the nearest pixel. */
const filters = {
  2: { name: "bilinear", support: 1, weight: (x: number) => Math.max(0, 1 - Math.abs(x)) },
  3: { name: "bicubic", support: 2, weight: (x: number) => cubic(Math.abs(x)) },
  1: { name: "lanczos", support: 3, weight: (x: number) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
  4: { name: "box", support: 0.5, weight: (x: number) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  5: { name: "hamming", support: 1, weight: (x: number) => hamming(Math.abs(x)) },
} as const;

type WeighedFilter = keyof typeof filters;
export type FilterNumber = WeighedFilter | 0;

/** Pillow's first six. */
export const filterNumbers = [0, 1, 2, 3, 4, 5] as const satisfies readonly FilterNumber[];
export const filterRule =
  "must be 0 (nearest), 1 (lanczos), 2 (bilinear), 3 (bicubic), 4 (box) or 5 (hamming)";

/** Keys' cubic convolution with a = -0.5 (Keys 1981, eq. 15), x >= 0. */
function cubic(x: number): number {
  const a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** Pillow's constants are float32. */
function hamming(x: number): number {
  if (x >= 1) return 0;
  return sinc(x) * (Math.fround(0.54) + Math.fround(0.46) * Math.cos(Math.PI * x));
}

/** A new image of the given size; the same one where the size is right already. */
export function resize(image: RgbImage, width: number, height: number, filter: FilterNumber = 3): RgbImage {
  if (filter === 0) return nearest(image, width, height);
  const [narrower, lower] = [image.width - width, image.height - height];
  // Columns first where the height shrinks by more than twice as many pixels as the width (libImaging/Resample.c).
  if (lower > 0 && lower > 2 * narrower) {
    return across(down(image, height, filter), width, filter);
  }
  return down(across(image, width, filter), height, filter);
}

function nearest(image: RgbImage, width: number, height: number): RgbImage {
  const [rows, columns] = [nearestPlaces(image.height, height), nearestPlaces(image.width, width)];
  const data = new Uint8Array(width * height * 3);
  for (const [y, row] of rows.entries()) {
    for (const [x, column] of columns.entries()) {
      const from = (row * image.width + column) * 3;
      data.set(image.data.subarray(from, from + 3), (y * width + x) * 3);
    }
  }
  return { width, height, data };
}

/** Counted up from the first, as Pillow does: rounding adds up. */
function nearestPlaces(size: number, newSize: number): number[] {
  const step = size / newSize;
  let at = step * 0.5;
  return Array.from({ length: newSize }, () => {
    const place = Math.trunc(at);
    at += step;
    return place;
  });
}

function across(image: RgbImage, width: number, filter: WeighedFilter): RgbImage {
  return image.width === width ? image : resizeRows(image, width, filter);
}

function down(image: RgbImage, height: number, filter: WeighedFilter): RgbImage {
  return image.height === height ? image : transposed(resizeRows(transposed(image), height, filter));
}

const bits = 22; // Pillow's PRECISION_BITS: 32 - 8 - 2.

/** Which source pixels make one output pixel: from `start`, with these weights. */
interface Taps {
  readonly start: number;
  readonly weights: Int32Array;
}

function resizeRows({ width, height, data }: RgbImage, newWidth: number, filter: WeighedFilter): RgbImage {
  const taps = Array.from({ length: newWidth }, (_, x) => tapsOf(x, width, newWidth, filter));
  const out = new Uint8Array(newWidth * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < newWidth; x++) {
      blend(data, (y * width + taps[x].start) * 3, taps[x].weights, out, (y * newWidth + x) * 3);
    }
  }
  return { width: newWidth, height, data: out };
}

function blend(data: Uint8Array, from: number, weights: Int32Array, out: Uint8Array, to: number): void {
  let [red, green, blue] = [1 << (bits - 1), 1 << (bits - 1), 1 << (bits - 1)];
  for (let i = 0, at = from; i < weights.length; i++, at += 3) {
    red += data[at] * weights[i];
    green += data[at + 1] * weights[i];
    blue += data[at + 2] * weights[i];
  }
  out[to] = clip8(red >> bits);
  out[to + 1] = clip8(green >> bits);
  out[to + 2] = clip8(blue >> bits);
}

function tapsOf(x: number, width: number, newWidth: number, filter: WeighedFilter): Taps {
  const { support, weight } = filters[filter];
  const scale = width / newWidth;
  const stretch = Math.max(scale, 1);
  const centre = (x + 0.5) * scale;
  const start = Math.max(0, Math.trunc(centre - support * stretch + 0.5));
  const end = Math.min(width, Math.trunc(centre + support * stretch + 0.5));
  const inverse = 1 / stretch;
  const raw = Array.from({ length: end - start }, (_, i) => weight((i + start - centre + 0.5) * inverse));
  const sum = raw.reduce((total, value) => total + value, 0);
  const rounded = raw.map((value) => {
    const scaled = (sum === 0 ? value : value / sum) * (1 << bits);
    return Math.trunc(scaled + (scaled < 0 ? -0.5 : 0.5));
  });
  return { start, weights: Int32Array.from(rounded) };
}

function clip8(value: number): number {
  return Math.max(0, Math.min(value, 255));
}

function transposed({ width, height, data }: RgbImage): RgbImage {
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [from, to] = [(y * width + x) * 3, (x * height + y) * 3];
      out[to] = data[from];
      out[to + 1] = data[from + 1];
      out[to + 2] = data[from + 2];
    }
  }
  return { width: height, height: width, data: out };
}
