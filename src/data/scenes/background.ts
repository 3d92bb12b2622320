import { cos, sin } from "../../common/portable-math.ts";
import type { Random } from "../../common/random.ts";
import type { Level } from "../assets/cutout.ts";
import type { Photo } from "../assets/folder.ts";
import { type Canvas, paste } from "./paint.ts";
import { paintShape, type Shape } from "./shape.ts";

type Painter = (canvas: Canvas, random: Random, photos: readonly Photo[]) => void;

/** Kinds of background. `photo` needs photos. */
export const backgrounds = {
  plain: paintPlain,
  gradient: paintGradient,
  clouds: paintClouds,
  noise: paintNoise,
  stripes: paintStripes,
  shapes: paintShapes,
  texture: paintTexture,
  scenery: paintScenery,
  photo: paintPhoto,
} as const satisfies Record<string, Painter>;

export type BackgroundKind = keyof typeof backgrounds;

/** 0 to 255 */
export type Rgb = readonly [number, number, number];

/** A colour anywhere in the cube, pulled half-way to grey so that objects stand out. */
function randomColour(random: Random): Rgb {
  const grey = 40 + 175 * random.uniform();
  const channel = () => 0.5 * grey + 0.5 * (255 * random.uniform());
  return [channel(), channel(), channel()];
}

/** A colour anywhere in the cube. */
export function anyColour(random: Random): Rgb {
  return [255 * random.uniform(), 255 * random.uniform(), 255 * random.uniform()];
}

function paintPlain(canvas: Canvas, random: Random): void {
  fillCanvas(canvas, randomColour(random));
}

/** One colour all over. */
export function fillCanvas(canvas: Canvas, [red, green, blue]: Rgb): void {
  for (let i = 0; i < canvas.colour.length; i += 3) {
    canvas.colour[i] = red;
    canvas.colour[i + 1] = green;
    canvas.colour[i + 2] = blue;
  }
}

function paintGradient(canvas: Canvas, random: Random): void {
  const [from, to] = [randomColour(random), randomColour(random)];
  const angle = 2 * Math.PI * random.uniform();
  const [dx, dy] = [cos(angle) / canvas.size, sin(angle) / canvas.size];
  for (let y = 0, i = 0; y < canvas.size; y++)
    for (let x = 0; x < canvas.size; x++, i += 3) {
      const along = (x - canvas.size / 2) * dx + (y - canvas.size / 2) * dy;
      const t = Math.min(1, Math.max(0, along + 0.5));
      for (let c = 0; c < 3; c++) canvas.colour[i + c] = from[c] + t * (to[c] - from[c]);
    }
}

/** Smooth blobs: a few random colours on a coarse lattice, interpolated. */
function paintClouds(canvas: Canvas, random: Random): void {
  paintLattice(canvas, random, 3 + random.integer(4), 1);
}

/** Clouds with a finer lattice on top. */
function paintNoise(canvas: Canvas, random: Random): void {
  paintLattice(canvas, random, 3 + random.integer(3), 1);
  paintLattice(canvas, random, Math.max(8, Math.round(canvas.size / 4)), 0.15 + 0.25 * random.uniform());
}

function paintLattice(canvas: Canvas, random: Random, cells: number, opacity: number): void {
  const data = new Uint8Array(cells * cells * 4);
  for (let i = 0; i < data.length; i += 4) {
    data.set(randomColour(random), i);
    data[i + 3] = 255;
  }
  pasteLattice(canvas, { width: cells, height: cells, data }, opacity);
}

/** Stretches a small picture over the canvas, bilinear, texel centres at the ends. */
function pasteLattice(canvas: Canvas, { width, height, data }: Level, opacity: number): void {
  const { size, colour } = canvas;
  const step = [(width - 1) / size, (height - 1) / size];
  for (let y = 0, i = 0; y < size; y++) {
    const v = (y + 0.5) * step[1];
    const [top, fy] = [Math.floor(v), v - Math.floor(v)];
    for (let x = 0; x < size; x++, i += 3) {
      const u = (x + 0.5) * step[0];
      const left = Math.floor(u);
      const fx = u - left;
      const at = (top * width + left) * 4;
      for (let c = 0; c < 3; c++) {
        const upper = data[at + c] + fx * (data[at + 4 + c] - data[at + c]);
        const below = at + width * 4 + c;
        const lower = data[below] + fx * (data[below + 4] - data[below]);
        colour[i + c] += opacity * (upper + fy * (lower - upper) - colour[i + c]);
      }
    }
  }
}

/** Stripes of two or three colours at any angle. */
function paintStripes(canvas: Canvas, random: Random): void {
  const colours = Array.from({ length: 2 + random.integer(2) }, () => randomColour(random));
  const width = canvas.size * (0.04 + 0.16 * random.uniform());
  const angle = Math.PI * random.uniform();
  const [dx, dy] = [cos(angle) / width, sin(angle) / width];
  const start = colours.length * random.uniform() + 4 * (canvas.size / width); // Positive all over.
  eachPixel(canvas, (x, y) => colours[Math.floor(start + x * dx + y * dy) % colours.length]);
}

function eachPixel({ size, colour }: Canvas, of: (x: number, y: number) => Rgb): void {
  for (let y = 0, i = 0; y < size; y++) for (let x = 0; x < size; x++, i += 3) colour.set(of(x, y), i);
}

/** Clutter: ellipses and rectangles of any colour on a texture. */
function paintShapes(canvas: Canvas, random: Random): void {
  paintTexture(canvas, random);
  for (let left = 3 + random.integer(8); left > 0; left--) {
    const half = () => canvas.size * (0.03 + 0.2 * random.uniform());
    const shape: Shape = {
      centre: [canvas.size * random.uniform(), canvas.size * random.uniform()],
      half: [half(), half()],
      angle: Math.PI * random.uniform(),
      round: random.uniform() < 0.5,
    };
    paintShape(canvas, shape, anyColour(random), 0);
  }
}

/**
 * Detail at every scale, as in a photo: lattices of two related colours, each twice as fine as the one before and weaker,
 * so that the spectrum falls as that of natural pictures does.
 */
function paintTexture(canvas: Canvas, random: Random): void {
  const fall = 0.5 + 0.3 * random.uniform();
  const [dark, light] = [randomColour(random), randomColour(random)];
  fillCanvas(canvas, dark);
  let opacity = 1;
  for (let cells = 2 + random.integer(2); cells <= canvas.size / 2; cells *= 2, opacity *= fall)
    pasteLattice(canvas, mixedLattice(random, cells, dark, light), opacity);
}

/** A lattice of colours between two, each a little off. */
function mixedLattice(random: Random, cells: number, from: Rgb, to: Rgb): Level {
  const data = new Uint8Array(cells * cells * 4);
  for (let i = 0; i < data.length; i += 4) {
    const t = random.uniform();
    for (let c = 0; c < 3; c++) {
      const off = 40 * (random.uniform() - 0.5);
      data[i + c] = Math.min(255, Math.max(0, from[c] + t * (to[c] - from[c]) + off));
    }
    data[i + 3] = 255;
  }
  return { width: cells, height: cells, data };
}

/** Two textures that meet at a line, as floor and wall or land and sky do, under light from one side. */
function paintScenery(canvas: Canvas, random: Random): void {
  paintTexture(canvas, random);
  const below = Float32Array.from(canvas.colour);
  paintTexture(canvas, random);
  const { size, colour } = canvas;
  const [height, slope] = [size * (0.3 + 0.4 * random.uniform()), 0.5 * (random.uniform() - 0.5)];
  const [lit, side] = [0.5 * random.uniform(), random.uniform() < 0.5 ? -1 : 1];
  for (let y = 0, i = 0; y < size; y++)
    for (let x = 0; x < size; x++, i += 3) {
      const under = Math.min(1, Math.max(0, y + 0.5 - height - slope * (x - size / 2)));
      const light = 1 + (side * lit * (2 * x - size)) / size;
      for (let c = 0; c < 3; c++)
        colour[i + c] = Math.min(255, light * (colour[i + c] + under * (below[i + c] - colour[i + c])));
    }
}

/** A random crop of a photo, turned left to right half the time. */
function paintPhoto(canvas: Canvas, random: Random, photos: readonly Photo[]): void {
  const { levels } = random.pick(photos);
  const { width, height } = levels[0];
  const short = Math.min(width, height);
  const crop = short * (0.5 + 0.5 * random.uniform()) - 1; // Inside by half a texel: no transparent border.
  const scale = canvas.size / crop;
  const offset = (length: number) => (random.uniform() - 0.5) * (length - crop - 1) * scale;
  paste(
    canvas,
    levels,
    {
      centreX: canvas.size / 2 + offset(width),
      centreY: canvas.size / 2 + offset(height),
      side: Math.max(width, height) * scale,
      rotation: 0,
      flip: random.uniform() < 0.5,
      brightness: 1,
    },
    0,
  );
}
