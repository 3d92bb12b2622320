import { UserError } from "../../common/errors.ts";
import { sharp } from "../../hub/image/decoders.ts";

/** One size of a picture: 8-bit RGBA, row major, colour already multiplied by alpha. */
export interface Level {
  readonly width: number;
  readonly height: number;
  /** [Y, X, 4] */
  readonly data: Uint8Array;
}

/**
 * A picture with transparency, trimmed to what shows, ready to paste at any size: level i is 2^i times smaller
 * than level 0, each texel the area average of the four below it.
 */
export interface CutOut {
  readonly name: string;
  /** Which picture of that name it is, for splits and reports. */
  readonly picture: string;
  readonly levels: readonly Level[];
}

/** Named cut-outs; a name may have several pictures. */
export interface CutOutSet {
  /** Every name in a fixed order. */
  readonly names: readonly string[];
  readonly pictures: ReadonlyMap<string, readonly CutOut[]>;
}

/** Alpha below this (of 255) does not count as visible when a picture is trimmed. */
const faint = 8;

/**
 * Decodes a picture file's bytes; throws a {@link UserError} when it cannot be read or shows nothing.
 * Pictures larger than `maxSide` pixels are reduced to it.
 */
export async function decodeCutOut(
  source: Uint8Array,
  name: string,
  picture: string,
  maxSide = 256,
): Promise<CutOut> {
  const { data, info } = await decode(source, picture, maxSide);
  const level = trim({ width: info.width, height: info.height, data });
  if (level === undefined) throw new UserError(`cut-out ${picture}: every pixel is transparent`);
  return { name, picture, levels: mipLevels(premultiply(level)) };
}

async function decode(source: Uint8Array, picture: string, maxSide: number) {
  try {
    return await sharp(source)
      .autoOrient()
      .resize(maxSide, maxSide, { fit: "inside", withoutEnlargement: true })
      .toColourspace("srgb")
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
  } catch (cause) {
    throw new UserError(`picture ${picture} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function trim(image: Level): Level | undefined {
  let [left, top, right, bottom] = [image.width, image.height, -1, -1];
  for (let y = 0; y < image.height; y++)
    for (let x = 0; x < image.width; x++) {
      if (image.data[(y * image.width + x) * 4 + 3] < faint) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = y;
    }
  return right < 0 ? undefined : cropped(image, left, top, right - left + 1, bottom - top + 1);
}

function cropped(image: Level, left: number, top: number, width: number, height: number): Level {
  const data = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * 4;
    data.set(image.data.subarray(from, from + width * 4), y * width * 4);
  }
  return { width, height, data };
}

function premultiply(image: Level): Level {
  const data = new Uint8Array(image.data);
  for (let i = 0; i < data.length; i += 4)
    for (let c = 0; c < 3; c++) data[i + c] = Math.round((data[i + c] * data[i + 3]) / 255);
  return { ...image, data };
}

/** Halves a picture by area averages until it is one texel; beyond its edges everything is transparent. */
export function mipLevels(full: Level): Level[] {
  const levels = [full];
  while (Math.max(levels.at(-1)!.width, levels.at(-1)!.height) > 1) levels.push(half(levels.at(-1)!));
  return levels;
}

function half(image: Level): Level {
  const [width, height] = [Math.ceil(image.width / 2), Math.ceil(image.height / 2)];
  const sums = new Uint16Array(width * height * 4);
  for (let y = 0; y < image.height; y++)
    for (let x = 0; x < image.width; x++) {
      const from = (y * image.width + x) * 4;
      const to = ((y >> 1) * width + (x >> 1)) * 4;
      for (let c = 0; c < 4; c++) sums[to + c] += image.data[from + c];
    }
  const data = new Uint8Array(sums.length);
  for (let i = 0; i < sums.length; i++) data[i] = (sums[i] + 2) >> 2;
  return { width, height, data };
}

/** Groups cut-outs by name; names in order of first appearance, pictures in the order given. */
export function cutOutSet(cutOuts: readonly CutOut[]): CutOutSet {
  const pictures = Map.groupBy(cutOuts, (cutOut) => cutOut.name);
  return { names: [...pictures.keys()], pictures };
}
