/**
 * What Pillow makes of a picture's own channels when it is asked for RGB (`Image.convert`, Convert.c), with transparent
 * parts on white as `transformers.image_transforms.convert_to_rgb` puts them (`Image.alpha_composite`,
 * AlphaComposite.c): the same integers.
 */
import type { RgbImage } from "../../common/image.ts";

/** Decoded channels before any conversion. */
export interface Channels {
  readonly width: number;
  readonly height: number;
  /** [Y, X, C]: grey, grey and alpha, RGB, RGBA, CMYK or YCbCr; 16-bit values are of the whole range. */
  readonly data: Uint8Array | Uint16Array;
  readonly kind: ChannelKind;
}

export type ChannelKind = keyof typeof pixelRules;

/** Writes pixel `to` (an offset into `out`) from the channels at `from`. */
type PixelRule = (data: Uint8Array, from: number, out: Uint8Array, to: number) => void;

const pixelRules = {
  grey: { channels: 1, rule: (data, from, out, to) => out.fill(data[from], to, to + 3) },
  "grey-alpha": {
    channels: 2,
    rule: (data, from, out, to) => out.fill(onWhite(data[from], data[from + 1]), to, to + 3),
  },
  rgba: {
    channels: 4,
    rule(data, from, out, to) {
      for (let c = 0; c < 3; c++) out[to + c] = onWhite(data[from + c], data[from + 3]);
    },
  },
  cmyk: {
    channels: 4,
    rule(data, from, out, to) {
      const light = 255 - data[from + 3];
      for (let c = 0; c < 3; c++) out[to + c] = Math.max(0, light - dividedBy255(data[from + c] * light));
    },
  },
  ycbcr: { channels: 3, rule: fromYcbcr },
  rgb: {
    channels: 3,
    rule(data, from, out, to) {
      for (let c = 0; c < 3; c++) out[to + c] = data[from + c];
    },
  },
} as const satisfies Record<string, { channels: number; rule: PixelRule }>;

/** A 16-bit grey picture has values that Pillow's conversion would lose. */
export class LostDepth extends Error {}

/** What is said of it. */
export const lostDepth =
  "16-bit grey with values above 255, which Python's processors see as white; save it with 8 bits a channel";

/** Throws {@link LostDepth} for 16-bit grey with values above 255: Pillow makes all of them white. */
export function toRgb({ width, height, data, kind }: Channels): RgbImage {
  const eight = data instanceof Uint8Array ? data : eightBits(data, kind);
  if (kind === "rgb") return { width, height, data: new Uint8Array(eight) };
  const { channels, rule }: { channels: number; rule: PixelRule } = pixelRules[kind];
  const out = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) rule(eight, i * channels, out, i * 3);
  return { width, height, data: out };
}

/** The high byte, as Pillow reads 16-bit colour; 16-bit grey alone keeps its values, and is cut at 255 as RGB. */
function eightBits(data: Uint16Array, kind: ChannelKind): Uint8Array {
  if (kind !== "grey") return Uint8Array.from(data, (value) => value >> 8);
  if (data.some((value) => value > 255)) throw new LostDepth();
  return Uint8Array.from(data);
}

/** A value of the given alpha over white, rounded as Pillow does: 7 bits below the point. */
function onWhite(value: number, alpha: number): number {
  const sum = (value * alpha + 255 * (255 - alpha) + 128) << 7;
  return ((sum >> 8) + sum) >> 15;
}

/** Pillow's MULDIV255: a product over 255, rounded. */
function dividedBy255(product: number): number {
  const rounded = product + 128;
  return ((rounded >> 8) + rounded) >> 8;
}

/** JPEG's YCbCr by the tables of Pillow (ConvertYCbCr.c): 6 bits below the point, cast as C casts. */
function fromYcbcr(data: Uint8Array, from: number, out: Uint8Array, to: number): void {
  const [y, cb, cr] = [data[from], data[from + 1] - 128, data[from + 2] - 128];
  out[to] = clipped(y + (scaled(1.402, cr) >> 6));
  out[to + 1] = clipped(y + ((scaled(-0.34414, cb) + scaled(-0.71414, cr)) >> 6));
  out[to + 2] = clipped(y + (scaled(1.772, cb) >> 6));
}

function scaled(factor: number, value: number): number {
  return Math.trunc(factor * 64 * value + 0.5);
}

function clipped(value: number): number {
  return Math.min(255, Math.max(0, value));
}

/** The picture as it is shown, from how it is stored: EXIF's orientation 1 to 8. */
export function upright({ width, height, data }: RgbImage, orientation: number): RgbImage {
  const turn = turns[orientation];
  if (turn === undefined) return { width, height, data };
  const size = orientation >= 5 ? { width: height, height: width } : { width, height };
  const out = new Uint8Array(data.length);
  for (let y = 0, to = 0; y < size.height; y++)
    for (let x = 0; x < size.width; x++, to += 3) {
      const [column, row] = turn(x, y, size.width - 1, size.height - 1);
      const from = (row * width + column) * 3;
      out[to] = data[from];
      out[to + 1] = data[from + 1];
      out[to + 2] = data[from + 2];
    }
  return { ...size, data: out };
}

/** From a place of the upright picture, and its last column and row, to the place where it is stored. */
const turns: Readonly<
  Record<
    number,
    (x: number, y: number, right: number, bottom: number) => readonly [column: number, row: number]
  >
> = {
  2: (x, y, right) => [right - x, y],
  3: (x, y, right, bottom) => [right - x, bottom - y],
  4: (x, y, _, bottom) => [x, bottom - y],
  5: (x, y) => [y, x],
  6: (x, y, right) => [y, right - x],
  7: (x, y, right, bottom) => [bottom - y, right - x],
  8: (x, y, _, bottom) => [bottom - y, x],
};
