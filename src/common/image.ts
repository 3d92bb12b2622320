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
