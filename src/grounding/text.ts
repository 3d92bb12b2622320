/**
 * Places and text: the only file where one becomes the other.
 *
 *     pointText(point, style, frame), pointsText, boxText   -> what a model writes, "34 71", "[12, 40]", "<loc0012>..."
 *     pointOf(pair, style, frame), boxOf                    -> numbers that a model wrote, as pixels of the picture
 *     rangeOf(style, frame)                                 -> the numbers that are possible
 *
 * Places outside of a text are in pixels of the original picture (see region.ts).
 */
import { UserError } from "../common/errors.ts";
import type { Size } from "../common/image.ts";
import type { Box, Point } from "./geometry.ts";

/** A picture as it is, and as the model sees it: its processor may resize it. */
export interface Frame {
  readonly original: Size;
  readonly processed: Size;
}

export function frameOf(original: Size, processed: Size = original): Frame {
  return { original: sizeOf(original), processed: sizeOf(processed) };
}

const sizeOf = ({ width, height }: Size): Size => ({ width, height });

/** What a number counts. */
interface ScaleRule {
  /** What the whole width or height of the picture is. */
  readonly extent: (frame: Frame, axis: "width" | "height") => number;
  readonly decimals: number;
  /** Steps that are counted from 0 and rounded down: each stands for its middle. */
  readonly steps?: true;
}

const scales = {
  /** Shares of the picture, 0 to 1, three decimals. */
  unit: { extent: () => 1, decimals: 3 },
  /** Whole numbers 0 to 99, rounded down; each stands for the middle of its hundredth. */
  hundredths: { extent: () => 100, decimals: 0, steps: true },
  /** Whole numbers 0 to 1000. */
  thousand: { extent: () => 1000, decimals: 0 },
  /** Whole pixels of the picture as the model sees it, after its processor has resized it. */
  resized: { extent: ({ processed }, axis) => processed[axis], decimals: 0 },
  /** Whole pixels of the picture as it is. */
  pixels: { extent: ({ original }, axis) => original[axis], decimals: 0 },
  /** 1024 values from edge to edge: PaliGemma's location tokens (big_vision, pp/proj/paligemma/segmentation.py). */
  bins: { extent: () => 1023, decimals: 0 },
} as const satisfies Record<string, ScaleRule>;

export type Scale = keyof typeof scales;
export const scaleNames = Object.keys(scales) as [Scale, ...Scale[]];

/**
 * - plain: numbers by spaces, "34 71 , 10 8" and "12 30 40 62"
 * - list: JSON lists, "[[34, 71], [10, 8]]" and "[12, 30, 40, 62]"
 * - tokens: "<loc0012><loc0300>", four digits each
 */
export const placeForms = ["plain", "list", "tokens"] as const;

/** How a model writes places. */
export interface PlaceStyle {
  readonly scale: Scale;
  /** Which coordinate comes first, in points and in both corners of a box. */
  readonly order: "xy" | "yx";
  readonly form: (typeof placeForms)[number];
  /** Of hundredths: how many equal steps of the side are told apart; each is called by the hundredth in its middle. */
  readonly steps?: number;
}

/** The style of the tasks of this project and of all data folders: "34 71" in hundredths. */
export const hundredths: PlaceStyle = { scale: "hundredths", order: "xy", form: "plain" };

/** The largest x and y of a style; the smallest are 0. */
export function rangeOf({ scale }: PlaceStyle, frame: Frame): Size {
  const { extent }: ScaleRule = scales[scale];
  return { width: extent(frame, "width"), height: extent(frame, "height") };
}

/** The numbers of a point, in the order of the style; a point outside of the picture is moved to its border. */
export function pointNumbers([x, y]: Point, style: PlaceStyle, frame: Frame): [string, string] {
  const pair: [string, string] = [written(x, style, frame, "width"), written(y, style, frame, "height")];
  return style.order === "xy" ? pair : [pair[1], pair[0]];
}

function written(value: number, style: PlaceStyle, frame: Frame, axis: "width" | "height"): string {
  const { extent, decimals, steps }: ScaleRule = scales[style.scale];
  const all = extent(frame, axis);
  const share = Math.min(1, Math.max(0, value / frame.original[axis]));
  if (!steps) return (share * all).toFixed(decimals);
  const count = style.steps ?? all;
  return stepName(Math.min(count - 1, Math.floor(share * count)), all, count);
}

const stepName = (step: number, all: number, count: number) => `${Math.floor(((step + 0.5) * all) / count)}`;

/** Every number that a point in hundredths may be written with. */
export function stepNames({ steps: count = 100 }: Pick<PlaceStyle, "steps">): string[] {
  return Array.from({ length: count }, (_, step) => stepName(step, 100, count));
}

/** One point as a part of a text. */
export function pointText(point: Point, style: PlaceStyle, frame: Frame): string {
  return joined(pointNumbers(point, style, frame), style);
}

/** All points that an answer names; "none" without any. */
export function pointsText(points: readonly Point[], style: PlaceStyle, frame: Frame): string {
  if (points.length === 0) return "none";
  const texts = points.map((point) => pointText(point, style, frame));
  if (style.form === "list") return `[${texts.join(", ")}]`;
  return texts.join(style.form === "tokens" ? " ; " : " , ");
}

export function boxText([x0, y0, x1, y1]: Box, style: PlaceStyle, frame: Frame): string {
  const corners: readonly Point[] = [
    [x0, y0],
    [x1, y1],
  ];
  return joined(
    corners.flatMap((corner) => pointNumbers(corner, style, frame)),
    style,
  );
}

function joined(numbers: readonly string[], { form }: PlaceStyle): string {
  if (form === "plain") return numbers.join(" ");
  if (form === "list") return `[${numbers.join(", ")}]`;
  return numbers.map((number) => `<loc${number.padStart(4, "0")}>`).join("");
}

/**
 * Two numbers of a text, in the order of the style, as a point of the picture in its own pixels. Throws a `UserError`
 * where they lie outside of the style's range.
 */
export function pointOf(pair: Point, style: PlaceStyle, frame: Frame): Point {
  const range = rangeOf(style, frame);
  const [x, y] = style.order === "xy" ? pair : [pair[1], pair[0]];
  if (!(x >= 0 && x <= range.width && y >= 0 && y <= range.height)) throw outside(pair, range);
  const { steps }: ScaleRule = scales[style.scale];
  const share = (value: number, all: number) => Math.min(1, (value + (steps ? 0.5 : 0)) / all);
  return [share(x, range.width) * frame.original.width, share(y, range.height) * frame.original.height];
}

/**
 * Four numbers of a text as a box, top left corner first; two equal ones of a style that counts steps are that step,
 * edge to edge. Throws a `UserError` as {@link pointOf}, or where they are no box.
 */
export function boxOf(numbers: readonly number[], style: PlaceStyle, frame: Frame): Box {
  const range = rangeOf(style, frame);
  const [xs, ys] = style.order === "xy" ? [0, 1] : [1, 0];
  const inside = numbers.every((n, i) => n >= 0 && n <= (i % 2 === xs ? range.width : range.height));
  if (!inside) throw outside(numbers, range);
  const { steps }: ScaleRule = scales[style.scale];
  const side = (at: number, all: number, pixels: number): [number, number] => {
    const [low, high] = [numbers[at], numbers[at + 2]];
    if (!(low < high || (steps && low === high)))
      throw new UserError(`[${numbers.join(", ")}] is not a top left and a bottom right corner`);
    const [from, to] = !steps ? [low, high] : low < high ? [low + 0.5, high + 0.5] : [low, high + 1];
    return [Math.min(1, from / all) * pixels, Math.min(1, to / all) * pixels];
  };
  const { width, height } = frame.original;
  const [x0, x1] = side(xs, range.width, width);
  const [y0, y1] = side(ys, range.height, height);
  return [x0, y0, x1, y1];
}

function outside(numbers: readonly number[], { width, height }: Size): UserError {
  const range = width === height ? `0 to ${width}` : `0 to ${width} across and 0 to ${height} down`;
  return new UserError(`${numbers.join(", ")} lies outside of ${range}`);
}
