/** A mask on its photo, as pixels: what it leaves out paler and grey, a red line in a white one along its border. */
import type { RgbImage } from "../common/image.ts";
import type { BinaryMask } from "./mask.ts";

/** The photo under a mask of its size. Throws a `RangeError` for a mask of another size. */
export function maskedPicture(picture: RgbImage, mask: BinaryMask): RgbImage {
  if (mask.width !== picture.width || mask.height !== picture.height)
    throw new RangeError(
      `mask: must be ${picture.width} x ${picture.height} like its picture, got ${mask.width} x ${mask.height}`,
    );
  const data = Uint8Array.from(picture.data);
  const width = Math.max(2, Math.round(Math.max(picture.width, picture.height) / 320));
  for (let i = 0; i < mask.data.length; i++) {
    if (mask.data[i] === 1) continue;
    const [r, g, b] = picture.data.subarray(3 * i, 3 * i + 3);
    const grey = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    for (let c = 0; c < 3; c++)
      data[3 * i + c] = Math.round(110 + 0.5 * (0.75 * grey + 0.25 * picture.data[3 * i + c]));
  }
  drawOutline(data, mask, 2 * width, [255, 255, 255]);
  drawOutline(data, mask, width, outline);
  return { ...picture, data };
}

const outline = [168, 20, 10] as const;

/** Colours the pixels outside a mask that are at most `reach` pixels from it, along rows and columns. */
function drawOutline(data: Uint8Array, mask: BinaryMask, reach: number, colour: readonly number[]): void {
  const near = spread(mask, reach);
  for (let i = 0; i < mask.data.length; i++) if (mask.data[i] === 0 && near[i] === 1) data.set(colour, 3 * i);
}

/** A mask grown by a square of `reach` pixels on each side. */
function spread({ width, height, data }: BinaryMask, reach: number): Uint8Array {
  const across = new Uint8Array(data.length);
  const result = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) {
    if (data[i] === 0) continue;
    const [x, row] = [i % width, i - (i % width)];
    across.fill(1, row + Math.max(0, x - reach), row + Math.min(width, x + reach + 1));
  }
  for (let y = 0; y < height; y++)
    for (let v = Math.max(0, y - reach); v <= Math.min(height - 1, y + reach); v++)
      for (let x = 0; x < width; x++) result[y * width + x] |= across[v * width + x];
  return result;
}
