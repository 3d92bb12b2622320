/** The picture under a map: its pixels from wherever they are, grey where a map is over it. */
import type { RgbImage, Size } from "../../common/image.ts";
import { paperGrey } from "./veil.ts";

/** A picture of the page, or its pixels. */
export type PictureSource = RgbImage | ImageBitmap | HTMLImageElement | HTMLCanvasElement;

export function sizeOf(picture: PictureSource): Size {
  return "naturalWidth" in picture
    ? { width: picture.naturalWidth, height: picture.naturalHeight }
    : { width: picture.width, height: picture.height };
}

/** Longest side of the canvas that is kept: maps are seldom drawn larger. */
const longest = 1024;

/** Papers of pictures that are pixels, which stay as they are: a page shows one under many maps. */
const papers = {
  grey: new WeakMap<RgbImage, OffscreenCanvas>(),
  plain: new WeakMap<RgbImage, OffscreenCanvas>(),
};

/** The picture as a canvas to draw from and not on, in its colours or grey. */
export function paperOf(picture: PictureSource, grey: boolean): OffscreenCanvas {
  if (!("data" in picture)) return newPaper(picture, grey);
  const known = grey ? papers.grey : papers.plain;
  const paper = known.get(picture) ?? newPaper(picture, grey);
  known.set(picture, paper);
  return paper;
}

function newPaper(picture: PictureSource, grey: boolean): OffscreenCanvas {
  const { width, height } = sizeOf(picture);
  const factor = Math.min(1, longest / Math.max(width, height));
  const canvas = new OffscreenCanvas(
    Math.max(1, Math.round(width * factor)),
    Math.max(1, Math.round(height * factor)),
  );
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  if ("data" in picture && factor === 1) {
    context.putImageData(pixelsOf(picture, grey), 0, 0);
    return canvas;
  }
  const source = "data" in picture ? paperOfSize(picture) : picture;
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  if (grey) turnGrey(context, canvas);
  return canvas;
}

function paperOfSize(picture: RgbImage): OffscreenCanvas {
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  canvas.getContext("2d")!.putImageData(pixelsOf(picture, false), 0, 0);
  return canvas;
}

function pixelsOf({ width, height, data }: RgbImage, grey: boolean): ImageData {
  const image = new ImageData(width, height);
  const into = image.data;
  for (let i = 0, from = 0; i < into.length; i += 4, from += 3) {
    into[i] = data[from];
    into[i + 1] = data[from + 1];
    into[i + 2] = data[from + 2];
    into[i + 3] = 255;
  }
  if (grey) greyPixels(into);
  return image;
}

function turnGrey(context: OffscreenCanvasRenderingContext2D, { width, height }: Size): void {
  const image = context.getImageData(0, 0, width, height);
  greyPixels(image.data);
  context.putImageData(image, 0, 0);
}

/** Brightness by ITU-R BT.709, between the paper's two ends. */
function greyPixels(pixels: Uint8ClampedArray): void {
  for (let i = 0; i < pixels.length; i += 4) {
    const grey = paperGrey(0.2126 * pixels[i] + 0.7152 * pixels[i + 1] + 0.0722 * pixels[i + 2]);
    pixels[i] = pixels[i + 1] = pixels[i + 2] = grey;
  }
}

/** The picture at an address, or the `<img>` of the page whose id is behind `#`; throws where there is none. */
export async function loadPicture(address: string): Promise<HTMLImageElement> {
  const found = address.startsWith("#") ? document.getElementById(address.slice(1)) : undefined;
  const image = found instanceof HTMLImageElement ? found : Object.assign(new Image(), { src: address });
  await image.decode();
  return image;
}
