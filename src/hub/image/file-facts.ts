/**
 * What picture files say of themselves, from their bytes: the size before anything is decoded, and which side is up. Formats
 * that a page's own decoders read; PNG is in png.ts.
 *
 *     pictureFacts(bytes, format)     -> size as stored, orientation, and where EXIF's value of it stands
 */
import type { Size } from "../../common/image.ts";
import { exifOrientation, orientationPlace, xmpOrientation } from "./exif.ts";
import { damaged, type PictureFormat } from "./picture-bytes.ts";
import { pngChunks, pngHeader } from "./png.ts";

export interface PictureFacts extends Size {
  /** As stored, 1 to 8; 1 is upright. Absent: nothing says. */
  readonly orientation?: number;
  /** Offsets of EXIF's orientations: decoders of browsers would turn the picture by them. */
  readonly turns: readonly number[];
}

type Bytes = Uint8Array<ArrayBuffer>;

/** Throws an Error where the bytes do not say a size. */
export function pictureFacts(bytes: Bytes, format: PictureFormat): PictureFacts {
  const read = readers[format];
  if (read === undefined)
    throw new Error(`a ${format.toUpperCase()}, which a page does not read; save it as PNG`);
  try {
    return read(bytes);
  } catch (error) {
    throw error instanceof RangeError ? new Error(damaged) : error; // Read beyond the end.
  }
}

const readers: Partial<Record<PictureFormat, (bytes: Bytes) => PictureFacts>> = {
  png: pngFacts,
  jpeg: jpegFacts,
  webp: webpFacts,
  gif: gifFacts,
  avif: avifFacts,
};

const viewOf = (bytes: Bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
const textAt = (bytes: Bytes, at: number, length: number) =>
  String.fromCharCode(...bytes.subarray(at, at + length));

interface Part {
  readonly at: number;
  readonly data: Bytes;
}

/** Facts of a size with the parts of EXIF and XMP that stand in the file. */
function facts(size: Size, exif: readonly Part[], xmp: readonly Part[]): PictureFacts {
  const said = [
    ...exif.map(({ data }) => exifOrientation(data)),
    ...xmp.map(({ data }) => xmpOrientation(data)),
  ].find((orientation) => orientation !== undefined);
  const turns = exif.flatMap(({ at, data }) => {
    const place = orientationPlace(data);
    return place === undefined ? [] : [at + place];
  });
  return { ...size, turns, ...(said !== undefined && { orientation: said }) };
}

function pngFacts(bytes: Bytes): PictureFacts {
  const { width, height } = pngHeader(bytes);
  const chunks = pngChunks(bytes);
  const ofType = (type: string) => chunks.filter((chunk) => chunk.type === type);
  const exif = ofType("eXIf").map(({ data }) => ({ at: data.byteOffset - bytes.byteOffset, data }));
  const xmp = ofType("iTXt").filter(({ data }) => textAt(data, 0, 17) === "XML:com.adobe.xmp");
  return facts(
    { width, height },
    exif,
    xmp.map(({ data }) => ({ at: 0, data })),
  );
}

const xmpName = "http://ns.adobe.com/xap/1.0/";

/** Segments up to the pixels (ITU T.81, annex B); the frame's says the size. */
function jpegFacts(bytes: Bytes): PictureFacts {
  const view = viewOf(bytes);
  const parts: { exif: Part[]; xmp: Part[] } = { exif: [], xmp: [] };
  let size: Size | undefined;
  for (let at = 2; view.getUint8(at) === 0xff; ) {
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      at++; // Filled up.
      continue;
    }
    if (marker === 0xda) break;
    const length = view.getUint16(at + 2);
    const part = { at: at + 4, data: bytes.subarray(at + 4, at + 2 + length) };
    if (marker === 0xe1 && textAt(part.data, 0, 6) === "Exif\0\0") parts.exif.push(part);
    if (marker === 0xe1 && textAt(part.data, 0, xmpName.length) === xmpName) parts.xmp.push(part);
    if (isFrame(marker)) size ??= { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    at += 2 + length;
  }
  if (size === undefined || !endsJpeg(bytes)) throw new Error(damaged);
  return facts(size, parts.exif, parts.xmp);
}

/** Decoders of browsers show what there is of a picture that is cut off; the end may have something behind it. */
function endsJpeg(bytes: Bytes): boolean {
  for (let at = bytes.length - 2; at > 2; at--) if (bytes[at] === 0xff && bytes[at + 1] === 0xd9) return true;
  return false;
}

/** SOF0 to SOF15, without the three markers among them that are tables. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}

/** RIFF's chunks (RFC 9649). */
function webpFacts(bytes: Bytes): PictureFacts {
  const view = viewOf(bytes);
  if (view.getUint32(4, true) + 8 > bytes.length) throw new Error(damaged);
  const size = webpSize(view, textAt(bytes, 12, 4));
  const [exif, xmp]: [Part[], Part[]] = [[], []];
  for (let at = 12; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at + 4, true);
    const part = { at: at + 8, data: bytes.subarray(at + 8, at + 8 + length) };
    if (textAt(bytes, at, 4) === "EXIF") exif.push(part);
    if (textAt(bytes, at, 4) === "XMP ") xmp.push(part);
    at += 8 + length + (length % 2);
  }
  return facts(size, exif, xmp);
}

function webpSize(view: DataView, kind: string): Size {
  if (kind === "VP8X") {
    const triple = (at: number) => view.getUint16(at, true) + (view.getUint8(at + 2) << 16) + 1;
    return { width: triple(24), height: triple(27) };
  }
  if (kind === "VP8L") {
    const bits = view.getUint32(21, true);
    return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 };
  }
  if (kind !== "VP8 ") throw new Error(damaged);
  return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
}

function gifFacts(bytes: Bytes): PictureFacts {
  const view = viewOf(bytes);
  if (bytes.lastIndexOf(0x3b) < 13) throw new Error(damaged); // It ends with this byte.
  return facts({ width: view.getUint16(6, true), height: view.getUint16(8, true) }, [], []);
}

/** The largest of the sizes that its items have (`ispe` of ISO/IEC 23008-12); it is turned by its decoder. */
function avifFacts(bytes: Bytes): PictureFacts {
  const view = viewOf(bytes);
  let size: Size | undefined;
  const most = Math.min(bytes.length - 20, 2 ** 16);
  for (let at = 0; at <= most; at++) {
    if (view.getUint32(at) !== 0x69737065) continue;
    const [width, height] = [view.getUint32(at + 8), view.getUint32(at + 12)];
    if (size === undefined || width * height > size.width * size.height) size = { width, height };
  }
  if (size === undefined) throw new Error(damaged);
  return facts(size, [], []);
}
