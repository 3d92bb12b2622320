import type { Point, TextShape } from "./drawing.ts";

/**
 * Strokes of each character on a grid of 8 x 12 (capitals; tails reach down to 16), two base-36 digits a point: x, y.
 * Strokes are separated by "|"; one that begins with "~" is a smooth curve through its points. Fovea's own drawing.
 */
const glyphs: Readonly<Record<string, string>> = {
  A: "0c 40 8c|28 68",
  B: "40 00 0c 4c|06 46|~40 61 73 65 46|~46 77 89 7b 4c",
  C: "~82 60 30 13 06 19 3c 6c 8a",
  D: "30 00 0c 3c|~30 62 86 6a 3c",
  E: "80 00 0c 8c|06 66",
  F: "80 00 0c|06 66",
  G: "~82 60 30 13 06 19 3c 6c 8a|8a 87 57",
  H: "00 0c|80 8c|06 86",
  I: "40 4c|20 60|2c 6c",
  J: "60 69|~69 5c 2c 0a",
  K: "00 0c|80 07|35 8c",
  L: "00 0c 8c",
  M: "0c 00 47 80 8c",
  N: "0c 00 8c 80",
  O: "~40 72 86 7a 4c 1a 06 12 40",
  P: "0c 00 40|06 46|~40 71 83 75 46",
  Q: "~40 72 86 7a 4c 1a 06 12 40|58 8c",
  R: "0c 00 40|06 46|~40 71 83 75 46|46 8c",
  S: "~82 60 20 03 25 46 67 89 6c 2c 0a",
  T: "00 80|40 4c",
  U: "00 08|80 88|~08 1b 4c 7b 88",
  V: "00 4c 80",
  W: "00 2c 44 6c 80",
  X: "00 8c|80 0c",
  Y: "00 45 80|45 4c",
  Z: "00 80 0c 8c",
  "0": "~40 62 76 6a 4c 2a 16 22 40",
  "1": "13 40 4c|1c 7c",
  "2": "~03 11 40 71 83 66 0c|0c 8c",
  "3": "~02 20 50 73 55 36|~36 67 89 6c 2c 0a",
  "4": "6c 60 08 88",
  "5": "70 10 05|~05 44 75 89 6c 2c 0a",
  "6": "~72 40 13 08 2c 5c 88 56 25 08",
  "7": "00 80 3c",
  "8": "~40 73 46 13 40|~46 89 4c 09 46",
  "9": "~1a 4c 79 84 60 30 04 36 67 84",
  a: "~77 54 24 08 2c 5c 79|74 7c",
  b: "00 0c|~07 24 54 78 5c 2c 09",
  c: "~76 44 15 08 1b 4c 7a",
  d: "70 7c|~77 54 24 08 2c 5c 79",
  e: "08 78|~78 65 44 15 08 1b 4c 7a",
  f: "~70 50 33|33 3c|04 64",
  g: "74 7d|~7d 5g 1f|~77 54 24 08 2c 5c 79",
  h: "00 0c|~07 24 54 77|77 7c",
  i: "44 4c|40 41",
  j: "44 4d|~4d 3g 0f|40 41",
  k: "00 0c|74 09|37 7c",
  l: "40 4c",
  m: "04 0c|~06 14 34 46|46 4c|~46 54 74 86|86 8c",
  n: "04 0c|~07 24 54 77|77 7c",
  o: "~44 75 88 7b 4c 1b 08 15 44",
  p: "04 0g|~07 24 54 78 5c 2c 09",
  q: "74 7g|~77 54 24 08 2c 5c 79",
  r: "04 0c|~07 24 55",
  s: "~75 54 24 06 48 7a 5c 2c 0b",
  t: "30 3a|~3a 4c 7b|04 64",
  u: "04 09|~09 2c 5c 79|74 7c",
  v: "04 4c 84",
  w: "04 2c 46 6c 84",
  x: "04 7c|74 0c",
  y: "04 4c|84 2g",
  z: "04 74 0c 7c",
  ".": "4b 4c",
  ",": "4b 3e",
  ":": "45 46|4b 4c",
  "-": "17 77",
  "+": "17 77|44 4a",
  "?": "~03 11 40 71 83 55 48|4b 4c",
  " ": "",
};

/** The characters that can be drawn. */
export const drawable: ReadonlySet<string> = new Set(Object.keys(glyphs));

const [cellWidth, capital, advance] = [8, 12, 11];

/** Width of a stroke as a share of the size. */
export const strokeShare = 0.15;

/** Width of a text from the left of its first to the right of its last character, in pixels. */
export function textWidth(text: string, size: number): number {
  return ((advance * (text.length - 1) + cellWidth) * size) / capital;
}

/** Strokes of a text as polylines in pixels. Throws a RangeError for a character outside {@link drawable}. */
export function textStrokes({ text, centre: [x, y], size }: TextShape): Point[][] {
  const unit = size / capital;
  const left = x - textWidth(text, size) / 2;
  const top = y - size / 2;
  return [...text].flatMap((character, i) =>
    strokesOf(character).map((stroke) =>
      stroke.map(([u, v]): Point => [left + (i * advance + u) * unit, top + v * unit]),
    ),
  );
}

const known = new Map<string, Point[][]>();

function strokesOf(character: string): Point[][] {
  const found = known.get(character);
  if (found !== undefined) return found;
  const glyph = glyphs[character];
  if (glyph === undefined) throw new RangeError(`text: character must be drawable, got ${character}`);
  const strokes = glyph === "" ? [] : glyph.split("|").map(strokeOf);
  known.set(character, strokes);
  return strokes;
}

function strokeOf(text: string): Point[] {
  const smooth = text.startsWith("~");
  const pairs = (smooth ? text.slice(1) : text).split(" ");
  const points = pairs.map(([u, v]): Point => [Number.parseInt(u, 36), Number.parseInt(v, 36)]);
  return smooth ? smoothThrough(points, 5) : points;
}

/** A Catmull-Rom curve through the points, `steps` straight pieces between two; closed when first and last are equal. */
export function smoothThrough(points: readonly Point[], steps: number): Point[] {
  const last = points.length - 1;
  const closed = last > 1 && points[0][0] === points[last][0] && points[0][1] === points[last][1];
  const at = (i: number) => (closed ? points[(i + last) % last] : points[Math.min(last, Math.max(0, i))]);
  const curve: Point[] = [points[0]];
  for (let i = 0; i < last; i++) {
    const [a, b, c, d] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
    for (let step = 1; step <= steps; step++) {
      const t = step / steps;
      curve.push([catmullRom(a[0], b[0], c[0], d[0], t), catmullRom(a[1], b[1], c[1], d[1], t)]);
    }
  }
  return curve;
}

function catmullRom(a: number, b: number, c: number, d: number, t: number): number {
  return 0.5 * (2 * b + t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * b - a - 3 * c + d))));
}
