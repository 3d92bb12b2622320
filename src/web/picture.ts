/** Whatever a page has as a picture, as the pixels that a model takes. */
import { decodeImage } from "#pictures";
import { mustBe } from "../common/errors.ts";
import type { RgbImage } from "../common/image.ts";
import { toRgb } from "../hub/image/to-rgb.ts";

/** A file, pixels, or something that a canvas can draw: `<img>`, `<video>`, `<canvas>`, ... */
export type PictureInput = Blob | ImageData | RgbImage | Exclude<CanvasImageSource, SVGImageElement>;

/**
 * The pixels of a picture, at its own size: upright, transparent parts on white, 8 bits a channel. Files are decoded as
 * src/hub/image/web.ts says: what is stored without loss gives the same values as in Node, others may differ by a level.
 * Throws a `UserError` for a file that is no picture, and for a picture from another origin that a page may not read.
 */
export async function readPicture(input: PictureInput): Promise<RgbImage> {
  if (input instanceof Blob) return decodeImage(input);
  if ("data" in input) return rgbOf(input);
  if (isElement(input)) await input.decode();
  return drawn(input);
}

function rgbOf(pixels: ImageData | RgbImage): RgbImage {
  const { width, height, data } = pixels;
  if (data.length === 3 * width * height) return pixels as RgbImage;
  if (data.length !== 4 * width * height)
    throw mustBe("picture", "data", `of ${width} x ${height} pixels with 3 or 4 channels`, data.length);
  return toRgb({
    width,
    height,
    data: new Uint8Array(data.buffer, data.byteOffset, data.length),
    kind: "rgba",
  });
}

/** A worker has no elements. */
function isElement(input: object): input is HTMLImageElement {
  return typeof HTMLImageElement !== "undefined" && input instanceof HTMLImageElement;
}

function drawn(input: Exclude<CanvasImageSource, SVGImageElement>): RgbImage {
  const { width, height } = sizeOf(input);
  if (!(width > 0 && height > 0))
    throw mustBe("picture", "size", "at least 1 x 1 pixel", `${width} x ${height}`);
  const canvas = new OffscreenCanvas(width, height);
  const pen = canvas.getContext("2d", { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, width, height);
  pen.drawImage(input, 0, 0, width, height);
  try {
    return rgbOf(pen.getImageData(0, 0, width, height));
  } catch {
    throw mustBe("picture", "origin", "this page's, or one that allows reading (CORS)", "another");
  }
}

/** In pixels of the picture itself, whatever room it takes on the page. */
function sizeOf(input: Exclude<CanvasImageSource, SVGImageElement>) {
  if ("naturalWidth" in input) return { width: input.naturalWidth, height: input.naturalHeight };
  if ("videoWidth" in input) return { width: input.videoWidth, height: input.videoHeight };
  if ("displayWidth" in input) return { width: input.displayWidth, height: input.displayHeight };
  return { width: input.width, height: input.height };
}
