/**
 * A vector picture as plain data. Coordinates are pixels of the canvas: origin top left, x right, y down,
 * continuous (the first pixel's centre is 0.5, 0.5), as in regions.
 */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly background: Background;
  /** Painted in order, later over earlier. */
  readonly shapes: readonly Shape[];
}

export type Point = readonly [x: number, y: number];

/** 8 bits a channel, opaque. */
export type Colour = readonly [red: number, green: number, blue: number];

export type Background =
  | { readonly kind: "plain"; readonly colour: Colour }
  /** Linear from the top edge to the bottom edge, or left to right. */
  | {
      readonly kind: "gradient";
      readonly from: Colour;
      readonly to: Colour;
      readonly across: "rows" | "columns";
    };

export type Shape = LineShape | DiscShape | RingShape | PolygonShape | TextShape;

/** A stroke through the points with round caps and joins; a closed outline repeats its first point. */
export interface LineShape {
  readonly kind: "line";
  readonly points: readonly Point[];
  readonly width: number;
  readonly colour: Colour;
}

export interface DiscShape {
  readonly kind: "disc";
  readonly centre: Point;
  readonly radius: number;
  readonly colour: Colour;
}

/** A circle's outline; `radius` is that of the middle of the stroke. */
export interface RingShape {
  readonly kind: "ring";
  readonly centre: Point;
  readonly radius: number;
  readonly width: number;
  readonly colour: Colour;
}

/** Filled, simple (no self-crossings); the last point joins the first. */
export interface PolygonShape {
  readonly kind: "polygon";
  readonly points: readonly Point[];
  readonly colour: Colour;
}

/**
 * Letters A to Z, a to z, digits and a few marks in a stroke font of its own, so that every machine draws the same
 * bytes. `size` is the height of a capital letter.
 */
export interface TextShape {
  readonly kind: "text";
  readonly text: string;
  readonly centre: Point;
  readonly size: number;
  readonly colour: Colour;
}
