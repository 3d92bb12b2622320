/**
 * Picture files to and from RGB, through sharp: the one way in which every room reads a picture.
 *
 *     readImage(path) -> RgbImage            PNG, JPEG, WebP, GIF (first frame), TIFF, AVIF
 *     decodeImage(bytes, name) -> RgbImage   the same from memory; the name is for errors
 *     pictureSize(path) -> {width, height}   upright, from the header
 *     writePng(path, image)                  whole or not at all
 */
import sharp from "sharp";
import { UserError } from "../common/errors.ts";
import { writeFileWhole } from "../common/files.ts";
import type { RgbImage, Size } from "../common/image.ts";

/**
 * Reads a picture file: turned upright as its EXIF orientation says, transparent parts on white, 8 bits RGB.
 * Throws a `UserError` that names the file when it is missing, damaged or not a picture.
 */
export function readImage(path: string): Promise<RgbImage> {
  return decode(path, path);
}

/** {@link readImage} of a file's bytes; `name` stands for the file in errors. */
export function decodeImage(bytes: Uint8Array, name = `${bytes.length} bytes`): Promise<RgbImage> {
  return decode(bytes, name);
}

/** The size of a picture as it is shown, upright, from its header. Throws a `UserError` as {@link readImage} does. */
export async function pictureSize(path: string): Promise<Size> {
  const { autoOrient } = await sharp(path).metadata().catch(refuse(path));
  return { width: autoOrient.width, height: autoOrient.height };
}

async function decode(source: string | Uint8Array, name: string): Promise<RgbImage> {
  const { data, info } = await sharp(source, { failOn: "truncated" })
    .autoOrient()
    .flatten({ background: "#ffffff" })
    .toColourspace("srgb")
    .removeAlpha()
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true })
    .catch(refuse(name));
  return { width: info.width, height: info.height, data: threeChannels(data, info.channels) };
}

function refuse(name: string): (cause: Error) => never {
  return (cause) => {
    throw new UserError(`image ${name}: expected a picture file, found: ${cause.message}`, { cause });
  };
}

/** PNG without loss: reading it gives the same values. */
export async function encodePng({ width, height, data }: RgbImage): Promise<Uint8Array> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

export async function writePng(path: string, image: RgbImage): Promise<void> {
  await writeFileWhole(path, await encodePng(image));
}

function threeChannels(data: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return new Uint8Array(data);
  return Uint8Array.from(
    { length: (data.length / channels) * 3 },
    (_, i) => data[Math.floor(i / 3) * channels],
  );
}
