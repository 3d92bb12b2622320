/** Pictures as canvases and textures take them: [Y, X, 4], red, green, blue, alpha. */
import type { RgbImage } from "../common/image.ts";
import { colourAt } from "./colour.ts";
import type { Paint, Raster } from "./heat.ts";

/** A picture with alpha; `new ImageData(data, width, height)` is one for a canvas. */
export interface RgbaImage {
  readonly width: number;
  readonly height: number;
  /** [Y, X, 4], not multiplied by alpha. */
  readonly data: Uint8ClampedArray<ArrayBuffer>;
}

/** An opaque picture. */
export function rgbaOf({ width, height, data }: RgbImage): RgbaImage {
  const rgba = new Uint8ClampedArray(4 * width * height);
  for (let i = 0; i < width * height; i++) {
    rgba.set(data.subarray(3 * i, 3 * i + 3), 4 * i);
    rgba[4 * i + 3] = 255;
  }
  return { width, height, data: rgba };
}

/**
 * A map's colours to lay over a photo: `opacity` (0 to 1) everywhere that the model sees, clear elsewhere. Brightness of
 * the photo shines through and mixes with the colours; where values are to be read, take `paintView`.
 */
export function overlay({ width, height, values }: Raster, { colours, at }: Paint, opacity = 0.6): RgbaImage {
  const data = new Uint8ClampedArray(4 * width * height);
  values.forEach((value, i) => {
    if (!Number.isNaN(value)) data.set([...colourAt(colours, at(value)), 255 * opacity], 4 * i);
  });
  return { width, height, data };
}
