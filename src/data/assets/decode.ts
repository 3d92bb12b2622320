import { UserError } from "../../common/errors.ts";
import { sharp } from "../../hub/image/decoders.ts";
import { type CutOut, type Level, mipLevels } from "./cutout.ts";

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
