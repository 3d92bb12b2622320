import type { RgbImage } from "../../common/image.ts";
import { sharp } from "../../hub/image/decoders.ts";
import { readImage } from "../../hub/image/image-file.ts";
import { type RunPlace, runPicture } from "../run-pictures.ts";

/** Longest side of a picture on a page; larger ones are reduced. */
const side = 640;

/**
 * A picture of a run as a `data:` address, upright as models see it; undefined where it cannot be read or is not of the
 * data that was asked: the page says so, a data set that was moved must not cost its numbers.
 */
export async function pictureAddress(run: RunPlace, image: string): Promise<string | undefined> {
  const read = await runPicture(run, image)
    .then(readImage)
    .catch(() => undefined);
  return read && webpAddress(read);
}

/** A picture as a `data:` address: small ones without loss, large ones reduced. */
export async function webpAddress({ width, height, data }: RgbImage): Promise<string> {
  const large = Math.max(width, height) > side;
  const bytes = await sharp(data, { raw: { width, height, channels: 3 } })
    .resize(side, side, { fit: "inside", withoutEnlargement: true })
    .webp(large ? { quality: 86 } : { lossless: true })
    .toBuffer();
  return `data:image/webp;base64,${bytes.toString("base64")}`;
}
