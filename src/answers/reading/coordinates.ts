import { UserError } from "../../common/errors.ts";
import type { Box, Point } from "../../grounding/geometry.ts";
import { boxOf, type Frame, type PlaceStyle, pointOf } from "../../grounding/text.ts";
import type { Reading } from "./reading.ts";
import { afterMarker } from "./segments.ts";

const plainNumber = "-?(?:\\d+(?:\\.\\d+)?|\\.\\d+)";
const number = `["']?${plainNumber}(?:px|%)?["']?`;

/**
 * Points of the picture, in its pixels, from numbers written in the model's style: pairs in brackets, points with named
 * coordinates, or bare numbers two by two; location tokens where the style has them. "none" is an answer without points.
 */
export function readPoints(text: string, style: PlaceStyle, frame: Frame): Reading<Point[]> {
  const part = afterMarker(text) ?? text;
  const pairs =
    style.form === "tokens"
      ? tokens(part, 2)
      : (namedPairs(part, style) ?? groups(part, 2) ?? bareNumbers(part, 2));
  if (pairs === undefined) return nothing.test(part) ? { value: [] } : { problem: "no points found" };
  return located(() => distinct(pairs).map((pair) => pointOf([pair[0], pair[1]], style, frame)));
}

const nothing =
  /^\W*(?:none|nothing|no (?:such )?(?:points?|places?|objects?)|there (?:is|are) no(?:ne)?\b.*|\[\s*\]|\u6ca1\u6709|\u65e0)\W*$/i;

/** One box of the picture, in its pixels: four numbers in brackets, two corners, named sides, or four bare numbers. */
export function readBox(text: string, style: PlaceStyle, frame: Frame): Reading<Box> {
  const part = afterMarker(text) ?? text;
  const found =
    style.form === "tokens"
      ? tokens(part, 4)
      : (namedBoxes(part, style) ?? groups(part, 4) ?? corners(part, style) ?? bareNumbers(part, 4));
  const boxes = distinct(found ?? []);
  if (boxes.length === 0) return { problem: "no box found" };
  if (boxes.length > 1)
    return { problem: `more than one box: ${boxes.map((box) => `[${box.join(", ")}]`).join(", ")}` };
  return located(() => boxOf(boxes[0], style, frame));
}

/** What is out of range or no box is no answer. */
function located<T>(turn: () => T): Reading<T> {
  try {
    return { value: turn() };
  } catch (error) {
    if (error instanceof UserError) return { problem: error.message };
    throw error;
  }
}

function distinct(all: readonly number[][]): number[][] {
  return [...new Map(all.map((numbers) => [numbers.join(), numbers])).values()];
}

/** `<loc0012><loc0300>...`, `count` by `count`, in runs. */
function tokens(text: string, count: number): number[][] | undefined {
  const runs = [...text.matchAll(/(?:<loc\d{4}>\s*)+/g)].map(([run]) =>
    [...run.matchAll(/<loc(\d{4})>/g)].map(([, digits]) => Number(digits)),
  );
  if (runs.length === 0 || runs.some(({ length }) => length % count !== 0)) return undefined;
  return runs.flatMap((run) => chunks(run, count));
}

/** Innermost brackets or tags that hold exactly `count` numbers; undefined when there are none. */
function groups(text: string, count: number): number[][] | undefined {
  const list = `${number}(?:\\s*[,;\\s]\\s*${number}){${count - 1}}`;
  const pattern = new RegExp(`[([{<>]\\s*(${list})\\s*(?=[)\\]}><])`, "g");
  return nonEmpty([...text.matchAll(pattern)].map(([, inside]) => numbersOf(inside)));
}

/** "(x0, y0), (x1, y1)", or two points with named coordinates. */
function corners(text: string, style: PlaceStyle): number[][] | undefined {
  const pairs = groups(text, 2) ?? namedPairs(text, style);
  return pairs?.length === 2 ? [pairs.flat()] : undefined;
}

/** Numbers without brackets, `count` by `count`, with at most a few words and a colon before them. */
function bareNumbers(text: string, count: number): number[][] | undefined {
  const plain = text.replaceAll(/[*_`"'\s]+/g, " ").replace(/[\s.;]+$/, "");
  const words = plain.replace(/^[\p{L} ]*:?/u, "").split(/[\s,;]+/);
  const pieces = words.filter((word) => word !== "");
  const isNumber = new RegExp(`^${number}$`);
  if (pieces.length === 0 || pieces.length % count !== 0) return undefined;
  return pieces.every((piece) => isNumber.test(piece))
    ? chunks(numbersOf(pieces.join(" ")), count)
    : undefined;
}

const value = `\\s*[:=]\\s*["']?(${plainNumber})(?:px|%)?["']?`;
const name = (names: string) => `(?<![\\w])["']?(?:${names})["']?${value}`;

/** `{"x": 3, "y": 4}`, `x="3" y="4"`, `x1="3" y1="4" x2=...`; the names tell which is which. */
function namedPairs(text: string, { order }: PlaceStyle): number[][] | undefined {
  const apart = "[\\s,;]*(?:and\\s+)?";
  const both = (a: string, b: string) =>
    [...text.matchAll(new RegExp(name(`${a}\\d*`) + apart + name(`${b}\\d*`), "gi"))].map(([, one, two]) => [
      Number(one),
      Number(two),
    ]);
  const across = both("x", "y");
  const found = across.length > 0 ? across : both("y", "x").map(([y, x]) => [x, y]);
  return nonEmpty(order === "xy" ? found : found.map(([x, y]) => [y, x]));
}

/** Names of the four sides, each with all its spellings. */
const sideNames: readonly (readonly [x0: string, y0: string, x1: string, y1: string])[] = [
  ["x_?min|left|min_?x", "y_?min|top|min_?y", "x_?max|right|max_?x", "y_?max|bottom|max_?y"],
  ["x_?1", "y_?1", "x_?2", "y_?2"],
  ["x_?0", "y_?0", "x_?1", "y_?1"],
  ["x_?start", "y_?start", "x_?end", "y_?end"],
];

/** Boxes whose sides have names, in any order: `"x_min": 3, "y_min": ...`, or a corner with width and height. */
function namedBoxes(text: string, { order }: PlaceStyle): number[][] | undefined {
  const inOrder = ([x0, y0, x1, y1]: number[]) => (order === "xy" ? [x0, y0, x1, y1] : [y0, x0, y1, x1]);
  for (const names of sideNames) {
    const found = namedColumns(text, names);
    if (found !== undefined) return found.map(inOrder);
  }
  const sized = namedColumns(text, ["x|left", "y|top", "w|width", "h|height"]);
  return sized?.map(([x, y, width, height]) => inOrder([x, y, x + width, y + height]));
}

/** The values under four names, which must occur equally often: one row for each time. */
function namedColumns(text: string, names: readonly string[]): number[][] | undefined {
  const columns = names.map((side) =>
    [...text.matchAll(new RegExp(name(side), "gi"))].map(([, found]) => Number(found)),
  );
  const [{ length }] = columns;
  if (length === 0 || columns.some((column) => column.length !== length)) return undefined;
  return Array.from({ length }, (_, i) => columns.map((column) => column[i]));
}

function numbersOf(text: string): number[] {
  return [...text.matchAll(new RegExp(plainNumber, "g"))].map(([found]) => Number(found));
}

function chunks(values: readonly number[], size: number): number[][] {
  return Array.from({ length: values.length / size }, (_, i) => values.slice(i * size, (i + 1) * size));
}

function nonEmpty<T>(items: T[]): T[] | undefined {
  return items.length === 0 ? undefined : items;
}
