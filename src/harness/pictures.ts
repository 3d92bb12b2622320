import { join } from "node:path";
import type { AnswerFamily } from "../answers/families.ts";
import { dataFolderOf } from "../data/imagefolder/metadata.ts";
import { sharp } from "../hub/image/decoders.ts";
import { decodeImage, pictureHeader, pictureInside } from "../hub/image/image-file.ts";
import { readPictureBytes } from "../hub/image/picture-file.ts";
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
 * show it otherwise than it is shown here (turned by EXIF, transparent, more than 8 bits a channel), or the family wants
 * another size; then a PNG, upright and on white.
 */
export async function pictureOf(data: string, item: ItemRecord, family: AnswerFamily): Promise<Picture> {
  const folder = dataFolderOf(data);
  const path = join(folder, item.image);
  const bytes = await readPictureBytes(await pictureInside(folder, item.image));
  const { format, isPlain } = await pictureHeader(bytes, path);
  const { width, height } = sizeSent(item, family);
  const isResized = width !== item.width || height !== item.height;
  const mediaType = mediaTypes[format];
  if (mediaType !== undefined && isPlain && !isResized)
    return { name: path, bytes: new Uint8Array(bytes), mediaType, width, height };
  const image = await decodeImage(bytes, path);
  const shown = sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } });
  const drawn = isResized ? shown.resize(width, height, { fit: "fill" }) : shown;
  const sent = new Uint8Array(await drawn.png().toBuffer());
  return { name: path, bytes: sent, mediaType: "image/png", width, height };
}

/** The size at which an item's picture is sent. */
export function sizeSent({ width, height }: ItemRecord, family: AnswerFamily) {
  return (family.resizes && family.processedSize?.({ width, height })) || { width, height };
}
