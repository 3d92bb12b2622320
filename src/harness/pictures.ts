import { readFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import type { AnswerFamily } from "../answers/families.ts";
import { UserError } from "../common/errors.ts";
import type { Picture } from "./providers/provider.ts";
import type { ItemRecord } from "./record.ts";

const mediaTypes: Readonly<Record<string, Picture["mediaType"]>> = {
  png: "image/png",
  jpeg: "image/jpeg",
  webp: "image/webp",
  gif: "image/gif",
};

/**
 * An item's picture as it is sent: the bytes of its file, unless no server takes them (another format), a server could
 * turn it (EXIF orientation, which regions do not follow), or the family wants another size; then a PNG.
 */
export async function pictureOf(folder: string, item: ItemRecord, family: AnswerFamily): Promise<Picture> {
  const path = join(folder, item.image);
  try {
    const bytes = await readFile(path);
    const picture = sharp(bytes);
    const { format, orientation = 1 } = await picture.metadata();
    const { width, height } = sizeSent(item, family);
    const resized = width !== item.width || height !== item.height;
    const mediaType = mediaTypes[format];
    if (mediaType !== undefined && orientation === 1 && !resized)
      return { bytes: new Uint8Array(bytes), mediaType, width, height };
    const drawn = resized ? picture.resize(width, height, { fit: "fill" }) : picture;
    return { bytes: new Uint8Array(await drawn.png().toBuffer()), mediaType: "image/png", width, height };
  } catch (cause) {
    throw new UserError(`image ${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** The size at which an item's picture is sent. */
export function sizeSent({ width, height }: ItemRecord, family: AnswerFamily) {
  return (family.resizes && family.seen?.({ width, height })) || { width, height };
}
