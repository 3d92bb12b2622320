/**
 * `#pictures` in a page. PNG is read by our own code, to the last bit as everywhere; other formats by the page's decoders,
 * with their colour management and their turning off. What is read and what is refused is as in image-file.ts, but for TIFF.
 */

import { mustBe, UserError } from "../../common/errors.ts";
import type { RgbImage } from "../../common/image.ts";
import { type PictureFacts, pictureFacts } from "./file-facts.ts";
import { checkBytes, checkSize, formatOf, MOST_BYTES, noPicture } from "./picture-bytes.ts";
import type { Pictures } from "./pictures.ts";
import { decodePng } from "./png.ts";
import { type Channels, LostDepth, lostDepth, toRgb, upright } from "./to-rgb.ts";

export const decodeImage: Pictures["decodeImage"] = async (source, given) => {
  const name = given ?? nameOf(source);
  const bytes = source instanceof Blob ? await bytesOf(source, name) : new Uint8Array(source);
  checkBytes(bytes, name);
  try {
    return await decode(bytes);
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    throw noPicture(name, cause instanceof LostDepth ? lostDepth : (cause as Error).message, cause);
  }
};

function nameOf(source: Uint8Array | Blob): string {
  if (source instanceof File) return source.name;
  return `${source instanceof Blob ? source.size : source.length} bytes`;
}

async function bytesOf(blob: Blob, name: string): Promise<Uint8Array<ArrayBuffer>> {
  if (blob.size > MOST_BYTES) throw mustBe(`image ${name}`, "size", `at most ${MOST_BYTES} bytes`, blob.size);
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (cause) {
    throw noPicture(name, (cause as Error).message, cause);
  }
}

async function decode(bytes: Uint8Array<ArrayBuffer>): Promise<RgbImage> {
  const format = formatOf(bytes) ?? "png";
  const facts = pictureFacts(bytes, format);
  checkSize(facts);
  const channels = format === "png" ? await decodePng(bytes) : await byPage(bytes, facts, format);
  return upright(toRgb(channels), facts.orientation ?? 1);
}

/** As stored: EXIF's orientations are taken out, so that nobody turns the picture but {@link upright}. */
async function byPage(
  bytes: Uint8Array<ArrayBuffer>,
  facts: PictureFacts,
  format: string,
): Promise<Channels> {
  for (const at of facts.turns) bytes.fill(0, at, at + 4);
  const blob = new Blob([bytes], { type: `image/${format}` });
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  try {
    return pixelsOf(bitmap);
  } finally {
    bitmap.close();
  }
}

function pixelsOf(bitmap: ImageBitmap): Channels {
  const { width, height } = bitmap;
  checkSize({ width, height });
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error(`${width} x ${height} pixels, which this page cannot hold`);
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  return { width, height, kind: "rgba", data: new Uint8Array(data.buffer, data.byteOffset, data.length) };
}
