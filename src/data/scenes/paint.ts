import type { Level } from "../assets/cutout.ts";

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
  const [cos, sin] = [Math.cos(at.rotation) * texelsPerPixel, Math.sin(at.rotation) * texelsPerPixel];
  const area = texelsPerPixel * texelsPerPixel;
  const reachX = (halfX * Math.abs(cos) + halfY * Math.abs(sin)) / area + 1;
  const reachY = (halfX * Math.abs(sin) + halfY * Math.abs(cos)) / area + 1;
  const mirror = at.flip ? -1 : 1;
  const texel = new Float32Array(4);
  const [firstX, lastX] = span(at.centreX, reachX, owner === 0 ? canvas.size : undefined);
  const [firstY, lastY] = span(at.centreY, reachY, owner === 0 ? canvas.size : undefined);
  let covered = 0;
  for (let y = firstY; y <= lastY; y++)
    for (let x = firstX; x <= lastX; x++) {
      const [dx, dy] = [x + 0.5 - at.centreX, y + 0.5 - at.centreY];
      sample(picture, mirror * (cos * dx + sin * dy) + halfX, cos * dy - sin * dx + halfY, texel);
      if (texel[3] < 0.5) continue;
      if (texel[3] >= visibleAlpha) covered++;
      if (x < 0 || y < 0 || x >= canvas.size || y >= canvas.size) continue;
      blend(canvas, y * canvas.size + x, texel, at.brightness, owner);
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
  const index = Math.min(levels.length - 1, Math.max(0, Math.round(Math.log2(shrink))));
  const factor = 2 ** index;
  return {
    picture: levels[index],
    halfX: full.width / 2 / factor,
    halfY: full.height / 2 / factor,
    texelsPerPixel: shrink / factor,
  };
}

/** Bilinear sample at (u, v) in texels, texel centres at halves; transparent outside. */
function sample(picture: Level, u: number, v: number, out: Float32Array): void {
  const { width, height, data } = picture;
  const left = Math.floor(u - 0.5);
  const top = Math.floor(v - 0.5);
  const [fx, fy] = [u - 0.5 - left, v - 0.5 - top];
  out.fill(0);
  for (let j = 0; j < 2; j++) {
    const y = top + j;
    if (y < 0 || y >= height) continue;
    for (let i = 0; i < 2; i++) {
      const x = left + i;
      if (x < 0 || x >= width) continue;
      const weight = (i === 0 ? 1 - fx : fx) * (j === 0 ? 1 - fy : fy);
      const from = (y * width + x) * 4;
      for (let c = 0; c < 4; c++) out[c] += weight * data[from + c];
    }
  }
}

/** Paints a premultiplied texel over a pixel. */
function blend(canvas: Canvas, pixel: number, texel: Float32Array, brightness: number, owner: number): void {
  const keep = 1 - texel[3] / 255;
  for (let c = 0; c < 3; c++) {
    const i = pixel * 3 + c;
    canvas.colour[i] = canvas.colour[i] * keep + Math.min(texel[c] * brightness, texel[3]);
  }
  if (texel[3] >= visibleAlpha) canvas.owner[pixel] = owner;
}

/** Paints a disc with a soft edge of one pixel; returns the pixels it covers, counting those outside. */
export function paintDisc(
  canvas: Canvas,
  [centreX, centreY, radius]: readonly [number, number, number],
  colour: readonly [number, number, number],
  owner: number,
): number {
  const texel = new Float32Array(4);
  let covered = 0;
  for (let y = Math.floor(centreY - radius - 1); y <= centreY + radius + 1; y++)
    for (let x = Math.floor(centreX - radius - 1); x <= centreX + radius + 1; x++) {
      const distance = Math.hypot(x + 0.5 - centreX, y + 0.5 - centreY);
      const alpha = Math.min(1, Math.max(0, radius + 0.5 - distance));
      if (alpha >= 0.5) covered++;
      if (alpha === 0 || x < 0 || y < 0 || x >= canvas.size || y >= canvas.size) continue;
      texel.set([colour[0] * alpha, colour[1] * alpha, colour[2] * alpha, 255 * alpha]);
      blend(canvas, y * canvas.size + x, texel, 1, owner);
    }
  return covered;
}

/** The canvas as 8-bit RGB, with noise added to each channel (`noise()` gives one value, in levels of 255). */
export function finish(canvas: Canvas, noise?: () => number): Uint8Array {
  const bytes = new Uint8Array(canvas.colour.length);
  for (let i = 0; i < bytes.length; i++) {
    const value = canvas.colour[i] + (noise === undefined ? 0 : noise());
    bytes[i] = value <= 0 ? 0 : value >= 255 ? 255 : value + 0.5;
  }
  return bytes;
}
