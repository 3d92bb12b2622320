/** Pictures on a page's canvas. */
import type { RgbImage } from "../common/image.ts";
import { type RgbaImage, rgbaOf } from "../lens/rgba.ts";

/** A picture as `putImageData` and `createImageBitmap` take it. */
export function imageData(picture: RgbImage | RgbaImage): ImageData {
  const { width, height, data } = picture.data instanceof Uint8Array ? rgbaOf(picture as RgbImage) : picture;
  return new ImageData(data as RgbaImage["data"], width, height);
}

/** Gives a canvas the size of a picture, in pixels, and draws it there. */
export function drawPicture(
  canvas: HTMLCanvasElement | OffscreenCanvas,
  picture: RgbImage | RgbaImage,
): void {
  canvas.width = picture.width;
  canvas.height = picture.height;
  const pen = canvas.getContext("2d") as CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;
  pen.putImageData(imageData(picture), 0, 0);
}
