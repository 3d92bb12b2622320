/**
 * Picture files to and from RGB: the one way in which every room reads a picture, so that training, evaluation, the
 * lens and the server see the same pixels as Python's processors do with Pillow.
 *
 *     readImage(path) -> RgbImage            PNG, JPEG, WebP, GIF (first frame), TIFF (first page), AVIF
 *     decodeImage(bytes, name) -> RgbImage   the same from memory; the name is for errors
 *     pictureHeader(path | bytes)            format and upright size, without decoding
 *     writePng(path, image)                  whole or not at all
 */
import { UserError } from "../../common/errors.ts";
import { writeFileWhole } from "../../common/files.ts";
import type { RgbImage, Size } from "../../common/image.ts";
import { type Metadata, sharp } from "./decoders.ts";
import { xmpOrientation } from "./exif.ts";
import {
  checkBytes,
  checkSides,
  damaged,
  MOST_PIXELS,
  noPicture,
  type PictureFormat,
  pictureFormats,
} from "./picture-bytes.ts";
import { checkPicture, readPictureBytes } from "./picture-file.ts";
import type { Pictures } from "./pictures.ts";
import { readTiffTags, tiffTag } from "./tiff.ts";
import { type ChannelKind, LostDepth, lostDepth, toRgb, upright } from "./to-rgb.ts";

export { LONGEST_SIDE, MOST_PIXELS, type PictureFormat, pictureFormats } from "./picture-bytes.ts";
export { pictureInside } from "./picture-file.ts";

/** What the header of a picture says. */
export interface PictureHeader extends Size {
  readonly format: PictureFormat;
  /** EXIF's, 1 to 8; 1 is stored as it is shown. `width` and `height` are of the picture as it is shown. */
  readonly orientation: number;
  /** Whether any reader shows the same: upright, opaque, grey or RGB of 8 bits a channel, one frame. */
  readonly isPlain: boolean;
}

/**
 * Reads a picture file: upright as its EXIF orientation says, transparent parts on white, embedded colour profiles
 * ignored (as Pillow does), 8 bits RGB. Throws a `UserError` that names the file when it is missing, damaged, too large
 * or not a picture.
 */
export async function readImage(path: string): Promise<RgbImage> {
  return decode(await readPictureBytes(path), path);
}

/** {@link readImage} of a file's bytes; `name` stands for the file in errors. */
export const decodeImage: Pictures["decodeImage"] = async (source, name) => {
  const bytes = source instanceof Blob ? new Uint8Array(await source.arrayBuffer()) : source;
  return decode(bytes, nameOf(bytes, name));
};

/** What a picture's header says. Throws a `UserError` as {@link readImage} does; damage further on is not seen. */
export async function pictureHeader(source: string | Uint8Array, name?: string): Promise<PictureHeader> {
  return headerOf(await metadataOf(source, nameOf(source, name)));
}

/** The size of a picture as it is shown, upright, from its header. */
export async function pictureSize(path: string): Promise<Size> {
  const { width, height } = await pictureHeader(path);
  return { width, height };
}

/** PNG without loss: reading it gives the same values. */
export async function encodePng({ width, height, data }: RgbImage): Promise<Uint8Array> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

/** Writes an image as a PNG file, whole or not at all. */
export async function writePng(path: string, image: RgbImage): Promise<void> {
  await writeFileWhole(path, await encodePng(image));
}

function nameOf(source: string | Uint8Array, name?: string): string {
  return name ?? (typeof source === "string" ? source : `${source.length} bytes`);
}

/** Damaged pictures are errors; what decoders only warn of is not. Profiles are ignored. */
function opened(source: string | Uint8Array) {
  return sharp(source, { failOn: "error", ignoreIcc: true, limitInputPixels: MOST_PIXELS });
}

async function metadataOf(source: string | Uint8Array, name: string): Promise<Metadata> {
  if (typeof source === "string") await checkPicture(source);
  else checkBytes(source, name);
  try {
    const metadata = await opened(source).metadata();
    const { format, compression } = metadata;
    checkSides(metadata);
    const known =
      format === "heif" ? compression === "av1" : pictureFormats.includes(format as PictureFormat);
    if (known) return metadata;
    throw new Error(`${format.toUpperCase()}, which is none of ${pictureFormats.join(", ")}`);
  } catch (cause) {
    throw refusal(source, name, cause as Error);
  }
}

function headerOf(metadata: Metadata): PictureHeader {
  const { format, width, height, orientation, xmp, space, depth, hasAlpha, pages = 1 } = metadata;
  const turn = orientation ?? xmpOrientation(xmp ?? new Uint8Array()) ?? 1;
  const isTurned = turn > 1 && turn <= 8;
  return {
    format: format === "heif" ? "avif" : (format as PictureFormat),
    orientation: turn,
    isPlain: !isTurned && !hasAlpha && depth === "uchar" && ["srgb", "b-w"].includes(space) && pages === 1,
    ...(isTurned && turn >= 5 ? { width: height, height: width } : { width, height }),
  };
}

async function decode(source: Uint8Array, name: string): Promise<RgbImage> {
  const metadata = await metadataOf(source, name);
  try {
    const kind = channelsOf(source, metadata);
    const { depth } = metadata;
    const space = metadata.space === "b-w" && metadata.hasAlpha ? "srgb" : metadata.space; // Raw grey loses its alpha.
    const { data, info } = await opened(source)
      .pipelineColourspace(space)
      .toColourspace(space)
      .raw({ depth })
      .toBuffer({ resolveWithObject: true });
    const { width, height } = info;
    const values = depth === "ushort" ? new Uint16Array(new Uint8Array(data).buffer) : data;
    return upright(toRgb({ width, height, kind, data: values }), headerOf(metadata).orientation);
  } catch (cause) {
    throw refusal(source, name, cause as Error);
  }
}

const kinds: Readonly<Record<string, ChannelKind>> = {
  "b-w 1": "grey",
  "b-w 2": "rgba", // Read as sRGB.
  "grey16 1": "grey",
  "grey16 2": "grey-alpha",
  "srgb 3": "rgb",
  "srgb 4": "rgba",
  "rgb16 3": "rgb",
  "rgb16 4": "rgba",
  "cmyk 4": "cmyk",
};

/** What the channels mean. Throws for channels that Pillow does not turn into RGB either, or not without loss. */
function channelsOf(source: Uint8Array, { format, space, channels, depth }: Metadata): ChannelKind {
  const kind = kinds[`${space} ${channels}`];
  if (kind === undefined || !["uchar", "ushort"].includes(depth)) {
    const got = `${channels} channels ${space.toUpperCase()} of type ${depth}`;
    throw new Error(`${got}; save it as grey or RGB of 8 bits a channel`);
  }
  return format === "tiff" && kind === "rgb" ? tiffKind(source) : kind;
}

const [YCBCR, JPEG] = [6, 7];

/** Colours of a TIFF that is stored as YCbCr come out as they are stored, unless JPEG packs them. */
function tiffKind(source: Uint8Array): ChannelKind {
  const tags = readTiffTags(source);
  const tagged = (tag: number) => tags.get(tag)?.value;
  if (tagged(tiffTag.photometric) !== YCBCR || tagged(tiffTag.compression) === JPEG) return "rgb";
  if ((tagged(tiffTag.subsampling) ?? 2) === 1) return "ycbcr";
  throw new Error("a TIFF of YCbCr with fewer samples of colour; save it as RGB");
}

/** One line that names the file and says what was found instead of a picture. */
function refusal(source: string | Uint8Array, name: string, cause: Error): UserError {
  if (cause instanceof UserError) return cause;
  return noPicture(name, cause instanceof LostDepth ? lostDepth : oneLine(cause, source), cause);
}

function oneLine({ message }: Error, source: string | Uint8Array): string {
  const lines = message.split("\n").map((line) => line.trim());
  const [first = "damaged"] = lines.filter((line) => line !== "");
  const path = typeof source === "string" ? `${source}: ` : "";
  const reason = first.startsWith(path) ? first.slice(path.length) : first;
  return reason === "Unknown error" ? damaged : reason;
}
