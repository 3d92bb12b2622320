/** Bytes of picture files, taken for what their first bytes say, and how large a picture may be. */
import { UserError } from "../../common/errors.ts";
import type { Size } from "../../common/image.ts";

/** Formats that are read. */
export const pictureFormats = ["png", "jpeg", "webp", "gif", "tiff", "avif"] as const;
export type PictureFormat = (typeof pictureFormats)[number];

/** The first bytes of each as Latin-1, a space for any. AVIF has its brand behind them, which its decoder looks at. */
const beginnings: Readonly<Record<PictureFormat, readonly string[]>> = {
  png: ["\x89PNG\r\n\x1a\n"],
  jpeg: ["\xff\xd8\xff"],
  webp: ["RIFF    WEBP"],
  gif: ["GIF87a", "GIF89a"],
  tiff: ["II*\0", "MM\0*", "II+\0", "MM\0+"],
  avif: ["    ftyp"],
};

function begins(text: string, beginning: string): boolean {
  return [...beginning].every((char, i) => char === " " || char === text[i]);
}

/** What people take for pictures. */
const others: readonly (readonly [beginning: RegExp, what: string])[] = [
  [/^BM/, "a BMP, which is not read; save it as PNG"],
  [/^(?:\xef\xbb\xbf)?\s*<(?:svg|\?xml|!--|!DOCTYPE svg)/i, "an SVG, which is not read; save it as PNG"],
  [/^\s*<(?:!DOCTYPE )?html/i, "a web page"],
  [/^version https:\/\/git-lfs/, "a pointer of Git LFS; git lfs pull fetches the picture"],
  [/^%PDF/, "a PDF, which is not read; save it as PNG"],
];

/** As many bytes tell what a file is. */
export const START = 64;

/** Throws a `UserError` for bytes that do not begin as a picture. */
export function checkBytes(bytes: Uint8Array, name: string): void {
  const wrong = wrongBytes(bytes);
  if (wrong !== undefined) throw noPicture(name, wrong);
}

/** What is wrong with bytes that should begin a picture; undefined where nothing is. */
function wrongBytes(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return "an empty file";
  if (formatOf(bytes) !== undefined) return undefined;
  const start = startOf(bytes);
  const [, other] = others.find(([beginning]) => beginning.test(start)) ?? [];
  return other ?? `bytes of none of the formats ${pictureFormats.join(", ")}`;
}

/** The format that the first bytes say. */
export function formatOf(bytes: Uint8Array): PictureFormat | undefined {
  const start = startOf(bytes);
  return pictureFormats.find((format) => beginnings[format].some((one) => begins(start, one)));
}

function startOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, START));
}

/** The error of a picture: `image NAME: expected a picture file, found: ...` */
export function noPicture(name: string, found: string, cause?: unknown): UserError {
  return new UserError(`image ${name}: expected ${expected}, found: ${found}`, { cause });
}

export const expected = "a picture file";

/** What is found in bytes that begin as a picture and do not go on as one. */
export const damaged = "a damaged file, or one that is cut off";

/** The largest file that is read as a picture, in bytes. */
export const MOST_BYTES = 2 ** 31 - 1;

/** The most pixels that a picture may have: where Pillow refuses one as a decompression bomb. */
export const MOST_PIXELS = 178_956_970;

/**
 * The longest side that a picture may have, in pixels. Rows are decoded whole and many at a time: a file of some hundred
 * bytes that says it is 16 million pixels wide and 7 high took more than 6 GB.
 */
export const LONGEST_SIDE = 131_072;

/** Throws an Error for a picture that is larger than it may be. */
export function checkSize(size: Size): void {
  checkSides(size);
  const { width, height } = size;
  if (width * height > MOST_PIXELS)
    throw new Error(`${width} x ${height} pixels, and a picture has at most ${MOST_PIXELS}`);
}

/** Throws an Error for a picture with a side that is longer than it may be. */
export function checkSides({ width, height }: Size): void {
  if (Math.max(width, height) > LONGEST_SIDE)
    throw new Error(`${width} x ${height} pixels, and a side has at most ${LONGEST_SIDE}`);
}
