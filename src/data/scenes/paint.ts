import { cos as cosine, sin as sine } from "../../common/portable-math.ts";
import { type Random, random } from "../../common/random.ts";
import type { Level } from "../assets/cutout.ts";
import { type ColourChange, colourMatrix, recolour } from "./colour.ts";

/** A square picture being painted, and which thing each pixel shows: 0 background, i > 0 the i-th thing painted. */
export interface Canvas {
  readonly size: number;
  /** [Y, X, 3], 0 to 255 */
  readonly colour: Float32Array;
  /** [Y, X] */
  readonly owner: Uint8Array;
}

export function makeCanvas(size: number): Canvas {
  return { size, colour: new Float32Array(size * size * 3), owner: new Uint8Array(size * size) };
}

/** Where and how a picture is pasted, in canvas pixels. */
export interface Placement {
  readonly centreX: number;
  readonly centreY: number;
  /** The length that the picture's longer side gets. */
  readonly side: number;
  /** Radians, clockwise on screen. */
  readonly rotation: number;
  readonly flip: boolean;
  /** Factor on colour; 1 leaves it as it is. */
  readonly brightness: number;
  /** Left out: its colours are as they are. */
  readonly colours?: ColourChange;
}

/** A pixel shows what covers at least half of it (of 255). */
const visibleAlpha = 127.5;

/**
 * Pastes a picture over the canvas by inverse affine mapping, bilinear on the level nearest to the output scale, so
 * that small copies do not alias. Pixels it covers at least half become `owner`'s. Returns how many pixels it
 * covers at least half, counting those outside the canvas unless it is background (owner 0).
 */
export function paste(canvas: Canvas, levels: readonly Level[], at: Placement, owner: number): number {
  const { picture, halfX, halfY, texelsPerPixel } = chooseLevel(levels, at.side);
  const [cos, sin] = [cosine(at.rotation) * texelsPerPixel, sine(at.rotation) * texelsPerPixel];
  const area = texelsPerPixel * texelsPerPixel;
  const reachX = (halfX * Math.abs(cos) + halfY * Math.abs(sin)) / area + 1;
  const reachY = (halfX * Math.abs(sin) + halfY * Math.abs(cos)) / area + 1;
  const mirror = at.flip ? -1 : 1;
  const colours = at.colours && colourMatrix(at.colours);
  const [firstX, lastX] = span(at.centreX, reachX, owner === 0 ? canvas.size : undefined);
  const [firstY, lastY] = span(at.centreY, reachY, owner === 0 ? canvas.size : undefined);
  let covered = 0;
  for (let y = firstY; y <= lastY; y++)
    for (let x = firstX; x <= lastX; x++) {
      const dx = x + 0.5 - at.centreX;
      const dy = y + 0.5 - at.centreY;
      const u = mirror * (cos * dx + sin * dy) + halfX;
      if (!sample(picture, u, cos * dy - sin * dx + halfY)) continue;
      if (texel[3] >= visibleAlpha) covered++;
      if (x < 0 || y < 0 || x >= canvas.size || y >= canvas.size) continue;
      if (colours !== undefined) recolour(texel, colours);
      blend(canvas, y * canvas.size + x, at.brightness, owner);
    }
  return covered;
}

function span(centre: number, reach: number, clip?: number): [first: number, last: number] {
  const [first, last] = [Math.floor(centre - reach), Math.floor(centre + reach)];
  return clip === undefined ? [first, last] : [Math.max(0, first), Math.min(clip - 1, last)];
}

/** The level whose texels are nearest in size to output pixels, and half the picture's extent in its texels. */
function chooseLevel(levels: readonly Level[], side: number) {
  const [full] = levels;
  const shrink = Math.max(full.width, full.height) / side;
  let [index, factor] = [0, 1];
  const isTooFine = ({ data }: Level) => data.length === 0 || shrink >= factor * Math.SQRT2;
  for (; index < levels.length - 1 && isTooFine(levels[index]); index++) factor *= 2;
  return {
    picture: levels[index],
    halfX: full.width / 2 / factor,
    halfY: full.height / 2 / factor,
    texelsPerPixel: shrink / factor,
  };
}

/** The colour being painted, premultiplied, 0 to 255: one place for all, as it is needed once a pixel. */
const texel = new Float32Array(4);

/** Bilinear sample at (u, v) in texels, texel centres at halves, into {@link texel}; false where nothing shows. */
function sample({ width, height, data }: Level, u: number, v: number): boolean {
  if (!(u > -0.5 && v > -0.5 && u < width + 0.5 && v < height + 0.5)) return false;
  const left = Math.floor(u - 0.5);
  const top = Math.floor(v - 0.5);
  const fx = u - 0.5 - left;
  const fy = v - 0.5 - top;
  texel.fill(0);
  addTexel(data, width, left, top, top >= 0 && left >= 0 ? (1 - fx) * (1 - fy) : 0);
  addTexel(data, width, left + 1, top, top >= 0 && left + 1 < width ? fx * (1 - fy) : 0);
  addTexel(data, width, left, top + 1, top + 1 < height && left >= 0 ? (1 - fx) * fy : 0);
  addTexel(data, width, left + 1, top + 1, top + 1 < height && left + 1 < width ? fx * fy : 0);
  return texel[3] >= 0.5;
}

function addTexel(data: Uint8Array, width: number, x: number, y: number, weight: number): void {
  if (weight === 0) return;
  const from = (y * width + x) * 4;
  texel[0] += weight * data[from];
  texel[1] += weight * data[from + 1];
  texel[2] += weight * data[from + 2];
  texel[3] += weight * data[from + 3];
}

/** Paints {@link texel} over a pixel. */
function blend({ colour, owner }: Canvas, pixel: number, brightness: number, thing: number): void {
  const alpha = texel[3];
  const keep = 1 - alpha / 255;
  const i = pixel * 3;
  colour[i] = colour[i] * keep + Math.min(texel[0] * brightness, alpha);
  colour[i + 1] = colour[i + 1] * keep + Math.min(texel[1] * brightness, alpha);
  colour[i + 2] = colour[i + 2] * keep + Math.min(texel[2] * brightness, alpha);
  if (alpha >= visibleAlpha) owner[pixel] = thing;
}

/** Paints a disc with a soft edge of one pixel; returns the pixels it covers, counting those outside. */
export function paintDisc(
  canvas: Canvas,
  [centreX, centreY, radius]: readonly [number, number, number],
  colour: readonly [number, number, number],
  owner: number,
): number {
  let covered = 0;
  for (let y = Math.floor(centreY - radius - 1); y <= centreY + radius + 1; y++)
    for (let x = Math.floor(centreX - radius - 1); x <= centreX + radius + 1; x++) {
      const [dx, dy] = [x + 0.5 - centreX, y + 0.5 - centreY];
      const distance = Math.sqrt(dx * dx + dy * dy);
      const alpha = Math.min(1, Math.max(0, radius + 0.5 - distance));
      if (alpha >= 0.5) covered++;
      if (alpha === 0 || x < 0 || y < 0 || x >= canvas.size || y >= canvas.size) continue;
      paintOver(canvas, y * canvas.size + x, colour, alpha, owner);
    }
  return covered;
}

/** Paints one pixel over with a colour (0 to 255) of so much opacity (0 to 1): from a half on it is the owner's. */
export function paintOver(
  canvas: Canvas,
  pixel: number,
  colour: readonly [number, number, number],
  alpha: number,
  owner: number,
): void {
  texel.set([colour[0] * alpha, colour[1] * alpha, colour[2] * alpha, 255 * alpha]);
  blend(canvas, pixel, 1, owner);
}

/** The canvas as 8-bit RGB, with normal noise of the given deviation (of 255) added to each channel. */
export function finish(canvas: Canvas, deviation: number, source: Random): Uint8Array {
  const { colour, size } = canvas;
  const bytes = new Uint8ClampedArray(colour.length); // Rounds, and keeps within 0 to 255.
  const row = size * 3;
  for (let y = 0; y < size; y++) {
    const shift = source.integer(noiseTable.length - row);
    for (let i = 0; i < row; i++)
      bytes[y * row + i] = colour[y * row + i] + deviation * noiseTable[shift + i];
  }
  return new Uint8Array(bytes.buffer);
}

/** Fixed standard normal numbers; every row of an image takes a stretch of them from a random place: quick, and enough. */
const noiseTable = Float32Array.from({ length: 1 << 16 }, random("noise").normal);
