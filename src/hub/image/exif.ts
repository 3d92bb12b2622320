/** Which side of a picture is up, as EXIF says it, or XMP. */
import { readTiffTags, type TiffTags, tiffTag } from "./tiff.ts";

/** EXIF's orientation, 1 to 8, from its bytes, which are a TIFF's; undefined where it says none. */
export function exifOrientation(exif: Uint8Array): number | undefined {
  const tags: TiffTags = readTiffTags(withoutName(exif));
  return tags.get(tiffTag.orientation)?.value;
}

/** Where in these bytes the orientation's value stands; undefined where there is none. */
export function orientationPlace(exif: Uint8Array): number | undefined {
  const inner = withoutName(exif);
  const found = readTiffTags(inner).get(tiffTag.orientation);
  return found && found.at + exif.length - inner.length;
}

/** Some formats put `Exif\0\0` before it. */
function withoutName(exif: Uint8Array): Uint8Array {
  const isNamed = String.fromCharCode(...exif.subarray(0, 6)) === "Exif\0\0";
  return isNamed ? exif.subarray(6) : exif;
}

/** Pillow looks into XMP where EXIF says nothing. */
export function xmpOrientation(xmp: Uint8Array): number | undefined {
  const found = /tiff:Orientation(?:="|>)([0-9])/.exec(new TextDecoder("latin1").decode(xmp));
  return found ? Number(found[1]) : undefined;
}
