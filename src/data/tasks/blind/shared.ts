import { z } from "zod";
import type { Random } from "../../../common/random.ts";
import type { BoxRegion } from "../../../grounding/region.ts";
import type { Background, Colour, Point, Shape } from "../../drawing/drawing.ts";
import type { Question } from "../../example.ts";
import { axis, type Drawn } from "../drawn.ts";

/** Inks that are told apart on white at any size. */
export const inks = {
  red: [214, 39, 40],
  blue: [35, 95, 215],
  green: [40, 160, 60],
  orange: [255, 140, 20],
  purple: [135, 60, 180],
  black: [20, 20, 20],
} as const satisfies Record<string, Colour>;

export type InkName = keyof typeof inks;
export const inkNames = Object.keys(inks) as InkName[];

const white: Background = { kind: "plain", colour: [255, 255, 255] };

/** Options that every task here has. */
export const commonOptions = {
  /** Side of the canvas, in pixels. */
  size: axis(z.int().min(64).max(4096), [336]),
  /** How many wordings are used, the plainest first. */
  wordings: z.int().min(1).default(1),
};

/** An axis of stroke widths in pixels of a canvas of 336; a canvas of another size has them in proportion. */
export function widthAxis(values: readonly number[]) {
  return axis(z.number().positive().max(24), values);
}

/** The stroke in pixels: `width` in proportion to the canvas, but never so thin that it fades. */
export function stroke(width: number, size: number): number {
  return Math.max(1, (width * size) / 336);
}

/** Fills the places of a wording chosen at random among the first `count`. */
export function phrase(
  random: Random,
  wordings: readonly string[],
  count: number,
  places: Readonly<Record<string, string>> = {},
): string {
  const wording = random.pick(wordings.slice(0, count));
  return wording.replaceAll(/\{(\w+)\}/g, (_, place: string) => places[place]);
}

/** The words that the first `count` wordings have of their own, for a task's list of words. */
export function spoken(wordings: readonly string[], count: number): string[] {
  return wordings
    .slice(0, count)
    .flatMap((wording) => wording.split(" ").filter((word) => !word.includes("{")));
}

/** The whole numbers from `first` to `last`, as answers. */
export function numbers(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, i) => String(first + i));
}

/** Choices of a number: the usual and the given, so that a set of a single count does not give it away. */
export function choicesOf(usual: readonly number[], given: readonly number[]): string[] {
  const all = [...usual, ...given];
  return numbers(Math.min(...all), Math.max(...all));
}

/**
 * Stratum `index`: a single value for each axis, every combination of `values` in turn. A count that is a
 * multiple of the number of combinations is balanced exactly.
 */
export function strata(values: Readonly<Record<string, readonly unknown[]>>) {
  return (index: number): Record<string, unknown> => {
    let rest = index;
    const chosen: Record<string, unknown> = {};
    for (const [name, of] of Object.entries(values)) {
      chosen[name] = of[rest % of.length];
      rest = Math.floor(rest / of.length);
    }
    return chosen;
  };
}

/** The outline of a square or rectangle, closed. */
export function outline([x0, y0, x1, y1]: Box): Point[] {
  // biome-ignore format: the corners
  return [[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]];
}

export type Box = BoxRegion["box"];

/** Picture, question and difficulty of a task that asks one question on white. */
export function onWhite(size: number, shapes: readonly Shape[], question: Omit<Question, "task">): Drawn {
  return { drawing: { width: size, height: size, background: white, shapes }, questions: [question] };
}
