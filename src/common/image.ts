/** Images in memory, and how a model's grid of patches lies on them. */
import { mustBe } from "./errors.ts";

/** In pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** An RGB image, row major, 8 bits a channel, no alpha. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  /** [Y, X, 3] */
  readonly data: Uint8Array;
}

/** Throws a UserError of `caller` for a picture whose array does not have three bytes for each of its pixels. */
export function checkImage(caller: string, { width, height, data }: RgbImage): void {
  const isSide = (side: number) => Number.isInteger(side) && side > 0;
  if (!isSide(width) || !isSide(height))
    throw mustBe(caller, "picture", "of whole numbers of pixels, at least 1 x 1", `${width} x ${height}`);
  const pixels = width * height;
  if (data?.length === 3 * pixels) return;
  const hint = data?.length === 4 * pixels ? "leave out the alpha channel" : undefined;
  const rule = `of ${width} x ${height} pixels of 3 bytes, ${3 * pixels} in all`;
  throw mustBe(caller, "data of picture", rule, data?.length, hint);
}

/**
 * How an original image became a grid of image tokens. A point (x, y) of the original lies at
 * (x * scaleX + offsetX, y * scaleY + offsetY) of the processed image; token (row, column) covers
 * `patch` x `patch` processed pixels from (column * patch, row * patch).
 */
export interface ImageGeometry {
  readonly original: { readonly width: number; readonly height: number };
  readonly processed: { readonly width: number; readonly height: number };
  readonly scaleX: number;
  readonly scaleY: number;
  /** Negative where the processor crops, positive where it pads. */
  readonly offsetX: number;
  readonly offsetY: number;
  readonly patch: number;
  readonly grid: { readonly rows: number; readonly columns: number };
}
