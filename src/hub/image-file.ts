/**
 * Picture files to and from RGB, through sharp.
 *
 *     readImage(path | bytes) -> RgbImage    PNG, JPEG, WebP, GIF (first frame), TIFF, AVIF
 *     writePng(path, image)                  whole or not at all
 */
import sharp from "sharp";
import { UserError } from "../common/errors.ts";
import { writeFileWhole } from "../common/files.ts";
import type { RgbImage } from "../common/image.ts";

/**
 * Decodes a picture: turned upright as its EXIF orientation says, transparent parts on white, 8 bits sRGB.
 * Throws a UserError that names the file when it is missing, damaged or not a picture.
 */
export async function readImage(source: string | Uint8Array): Promise<RgbImage> {
  try {
    const { data, info } = await sharp(source, { failOn: "truncated" })
      .autoOrient()
      .flatten({ background: "#ffffff" })
      .toColourspace("srgb")
      .removeAlpha()
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data: threeChannels(data, info.channels) };
  } catch (cause) {
    const name = typeof source === "string" ? source : `${source.length} bytes`;
    throw new UserError(`image ${name}: expected a picture file, found: ${(cause as Error).message}`, {
      cause,
    });
  }
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
