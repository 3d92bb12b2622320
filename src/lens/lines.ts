import type { RgbImage } from "../common/image.ts";

/** Steps of brightness (0 to 1, from one pixel to the next) from which a line begins to show and is drawn in full. */
const faint = 0.04;
const full = 0.16;

/** What a slope at most counts more than it is, in dim pictures. */
const maxGain = 4;

/**
 * A picture as a drawing in thin lines: [height, width], 0 = paper, 1 = line. Flat areas are paper however bright they
 * are, so that a map's colour over them is its own. Lines are the ridges of the brightness's gradient after smoothing by
 * `blur` pixels, the standard deviation of a Gaussian (Canny, IEEE PAMI 8(6), 1986); in dim pictures gradients count more.
 */
export function lineDrawing(picture: RgbImage, blur: number): Float32Array {
  const { width, height } = picture;
  const slopes = gradient(blurred(brightness(picture), width, height, blur), width, height);
  const strong = quantile(slopes.size, 0.95) * blur;
  const gain = blur * Math.min(maxGain, Math.max(1, full / Math.max(1e-6, strong)));
  const lines = slopes.size.map(
    (slope, i) => ridge(slopes, i, width) * smoothStep((slope * gain - faint) / (full - faint)),
  );
  return softened(lines, width, height);
}

/** Weights of ITU-R BT.709; 0 to 1. */
function brightness({ width, height, data }: RgbImage): Float32Array {
  const result = new Float32Array(width * height);
  for (let i = 0; i < result.length; i++)
    result[i] = (0.2126 * data[3 * i] + 0.7152 * data[3 * i + 1] + 0.0722 * data[3 * i + 2]) / 255;
  return result;
}

/** Three box filters along each axis come close to a Gaussian; borders are repeated. */
function blurred(values: Float32Array, width: number, height: number, deviation: number): Float32Array {
  const radius = Math.max(1, Math.round((Math.sqrt(4 * deviation * deviation + 1) - 1) / 2));
  let result = values;
  for (let pass = 0; pass < 3; pass++) {
    result = boxed(result, height, width, width, 1, radius);
    result = boxed(result, width, height, 1, width, radius);
  }
  return result;
}

/** Mean of 2 radius + 1 neighbours along the axis of `step`, on each of `lines` lines of `length` values. */
function boxed(
  values: Float32Array,
  lines: number,
  length: number,
  lineStep: number,
  step: number,
  radius: number,
): Float32Array {
  const result = new Float32Array(values.length);
  for (let line = 0; line < lines; line++) {
    const at = (i: number) => values[line * lineStep + Math.min(length - 1, Math.max(0, i)) * step];
    let sum = 0;
    for (let i = -radius; i <= radius; i++) sum += at(i);
    for (let i = 0; i < length; i++) {
      result[line * lineStep + i * step] = sum / (2 * radius + 1);
      sum += at(i + radius + 1) - at(i - radius);
    }
  }
  return result;
}

/** The gradient in brightness a pixel: its length and its parts, [height, width]; 0 on the border. */
interface Slopes {
  readonly size: Float32Array;
  readonly x: Float32Array;
  readonly y: Float32Array;
}

function gradient(values: Float32Array, width: number, height: number): Slopes {
  const empty = () => new Float32Array(values.length);
  const slopes = { size: empty(), x: empty(), y: empty() };
  for (let row = 1; row < height - 1; row++)
    for (let column = 1; column < width - 1; column++) {
      const i = row * width + column;
      const down = (at: number) => values[at - width] + 2 * values[at] + values[at + width];
      const along = (at: number) => values[at - 1] + 2 * values[at] + values[at + 1];
      slopes.x[i] = (down(i + 1) - down(i - 1)) / 8;
      slopes.y[i] = (along(i + width) - along(i - width)) / 8;
      slopes.size[i] = Math.hypot(slopes.x[i], slopes.y[i]);
    }
  return slopes;
}

/** 1 where the gradient is steepest across its line, else 0. */
function ridge({ size, x, y }: Slopes, i: number, width: number): number {
  if (size[i] === 0) return 0;
  const [dx, dy] = [Math.round(x[i] / size[i]), Math.round(y[i] / size[i])];
  const step = dy * width + dx;
  return size[i] >= size[i - step] && size[i] > size[i + step] ? 1 : 0;
}

/** Lines a little wider than a pixel, with soft borders. */
function softened(lines: Float32Array, width: number, height: number): Float32Array {
  return lines.map((own, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    if (x === 0 || y === 0 || x === width - 1 || y === height - 1) return own;
    const near = Math.max(lines[i - 1], lines[i + 1], lines[i - width], lines[i + width]);
    return Math.max(own, 0.6 * near);
  });
}

function quantile(values: Float32Array, share: number): number {
  const sorted = values.slice().sort();
  return sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
}

function smoothStep(t: number): number {
  const x = Math.min(1, Math.max(0, t));
  return x * x * (3 - 2 * x);
}
