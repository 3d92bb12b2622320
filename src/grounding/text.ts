import { mustBe } from "../common/errors.ts";
import type { Box, Point } from "./geometry.ts";

/** The image a model's text speaks of, in pixels: the original one, or the resized one for families that say so. */
export interface TextFrame {
  readonly original: { readonly width: number; readonly height: number };
  readonly resized: { readonly width: number; readonly height: number };
}

interface CoordinateSystem {
  /** Full extent of an axis in the numbers that the text holds. */
  readonly extent: (frame: TextFrame, axis: "width" | "height") => number;
  readonly decimals: number;
}

/** How model families write coordinates in text. The only place where they are converted. */
export const coordinateSystems = {
  /** Shares of the image, 0 to 1, two decimals. */
  unit: { extent: () => 1, decimals: 2 },
  /** Whole numbers, 0 to 1000. */
  thousand: { extent: () => 1000, decimals: 0 },
  /** Whole pixels of the resized image. */
  pixels: { extent: (frame, axis) => frame.resized[axis], decimals: 0 },
} as const satisfies Record<string, CoordinateSystem>;

export type CoordinateSystemName = keyof typeof coordinateSystems;

/** A point of the original image as the numbers that the model's text holds, kept inside the image. */
export function pointToText([x, y]: Point, frame: TextFrame, system: CoordinateSystemName): [string, string] {
  const { extent, decimals }: CoordinateSystem = coordinateSystems[system];
  const write = (value: number, axis: "width" | "height") => {
    const share = Math.min(1, Math.max(0, value / frame.original[axis]));
    return (share * extent(frame, axis)).toFixed(decimals);
  };
  return [write(x, "width"), write(y, "height")];
}

/** Numbers from a model's text as a point of the original image; throws a `UserError` for what is not a number. */
export function pointFromText(
  text: readonly string[],
  frame: TextFrame,
  system: CoordinateSystemName,
): Point {
  const { extent }: CoordinateSystem = coordinateSystems[system];
  const read = (word: string, axis: "width" | "height") => {
    const value = word?.trim() ? Number(word) : Number.NaN;
    if (!Number.isFinite(value)) throw mustBe("coordinates", axis === "width" ? "x" : "y", "a number", word);
    return (value / extent(frame, axis)) * frame.original[axis];
  };
  return [read(text[0], "width"), read(text[1], "height")];
}

/** A box as four numbers x0, y0, x1, y1; see {@link pointToText}. */
export function boxToText([x0, y0, x1, y1]: Box, frame: TextFrame, system: CoordinateSystemName): string[] {
  return [...pointToText([x0, y0], frame, system), ...pointToText([x1, y1], frame, system)];
}

/** The inverse of {@link boxToText}. */
export function boxFromText(text: readonly string[], frame: TextFrame, system: CoordinateSystemName): Box {
  const [x0, y0] = pointFromText(text.slice(0, 2), frame, system);
  const [x1, y1] = pointFromText(text.slice(2, 4), frame, system);
  return [x0, y0, x1, y1];
}
