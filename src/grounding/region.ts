/**
 * Regions are in pixels of the original image: origin top left, x right, y down, continuous (the first
 * pixel's centre is 0.5, 0.5).
 */
export type Region = BoxRegion | MaskRegion | PointsRegion | PolylineRegion;

/** `[x0, y0, x1, y1]` with x0 < x1 and y0 < y1. */
export interface BoxRegion {
  readonly kind: "box";
  readonly box: readonly [number, number, number, number];
}

/** A binary mask as COCO run lengths, column by column, starting with background. */
export interface MaskRegion {
  readonly kind: "mask";
  readonly size: readonly [height: number, width: number];
  readonly counts: readonly number[];
}

/** Points, in pixels of the original image. */
export interface PointsRegion {
  readonly kind: "points";
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** A line through the points in order, for example a traced curve. */
export interface PolylineRegion {
  readonly kind: "polyline";
  readonly points: readonly (readonly [x: number, y: number])[];
}
