import type { RgbImage } from "../../src/common/image.ts";

/** The picture of picture.py. */
export function picture(width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const green = (Math.floor(x / 3) + Math.floor(y / 5)) % 2 === 0 ? 255 : 0;
      data.set([(x * 7 + y * 3) % 256, green, (x * x + y * y * 5 + x * y) % 256], (y * width + x) * 3);
    }
  }
  return { width, height, data };
}
