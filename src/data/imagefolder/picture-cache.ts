import type { RgbImage } from "../../common/image.ts";
import { readImage } from "../../hub/image-file.ts";

/** Decoded pictures, the last that were asked for. */
export interface PictureCache {
  read(path: string): Promise<RgbImage>;
  /** Bytes of the pictures that are kept. */
  readonly bytes: number;
}

/** Keeps up to `most` bytes of decoded pictures; the least recently used go first. A larger picture is not kept. */
export function pictureCache(
  most: number,
  decode: (path: string) => Promise<RgbImage> = readImage,
): PictureCache {
  const kept = new Map<string, RgbImage>();
  const underWay = new Map<string, Promise<RgbImage>>();
  let bytes = 0;
  const keep = (path: string, image: RgbImage) => {
    if (image.data.length > most) return;
    kept.set(path, image);
    bytes += image.data.length;
    for (const [oldest, { data }] of kept) {
      if (bytes <= most) break;
      kept.delete(oldest);
      bytes -= data.length;
    }
  };
  const start = (path: string) => {
    const reading = decode(path).finally(() => underWay.delete(path));
    underWay.set(path, reading);
    return reading.then((image) => {
      keep(path, image);
      return image;
    });
  };
  return {
    async read(path) {
      const found = kept.get(path);
      if (found === undefined) return underWay.get(path) ?? start(path);
      kept.delete(path);
      kept.set(path, found);
      return found;
    },
    get bytes() {
      return bytes;
    },
  };
}
