import type { Box, Point } from "../../grounding/geometry.ts";
import { type AnswerFamily, extent, type Size, toPixels } from "../families.ts";
import type { Reading } from "./reading.ts";
import { afterMarker } from "./segments.ts";

const number = "-?(?:\\d+(?:\\.\\d+)?|\\.\\d+)";

/**
 * Points of the picture, in its pixels, from numbers written in the family's convention: pairs in brackets, points with
 * named coordinates, or bare numbers two by two. "none" is an answer without points.
 */
export function readPoints(text: string, family: AnswerFamily, size: Size): Reading<Point[]> {
  const part = afterMarker(text) ?? text;
  const pairs = namedPairs(part, family) ?? groups(part, 2) ?? bareNumbers(part, 2);
  if (pairs === undefined) {
    if (/^\W*(?:none|no points?|there (?:is|are) no(?:ne)?\b.*|\[\s*\])\W*$/i.test(part))
      return { value: [] };
    return { problem: "no points found" };
  }
  const points = pairs.map((pair) => toPixels(family, pair as unknown as Point, size));
  const outside = points.indexOf(undefined);
  if (outside >= 0) return { problem: `${outsideOf(pairs[outside], family, size)}` };
  return { value: points as Point[] };
}

/** One box of the picture, in its pixels: four numbers in brackets, two corners, named sides, or four bare numbers. */
export function readBox(text: string, family: AnswerFamily, size: Size): Reading<Box> {
  const part = afterMarker(text) ?? text;
  const found = namedSides(part, family) ?? groups(part, 4) ?? corners(part) ?? bareNumbers(part, 4);
  const boxes = [...new Map((found ?? []).map((box) => [box.join(), box])).values()];
  if (boxes.length === 0) return { problem: "no box found" };
  if (boxes.length > 1)
    return { problem: `more than one box: ${boxes.map((box) => `[${box.join(", ")}]`).join(", ")}` };
  const [box] = boxes;
  const from = toPixels(family, [box[0], box[1]], size);
  const to = toPixels(family, [box[2], box[3]], size);
  if (from === undefined || to === undefined) return { problem: outsideOf(box, family, size) };
  if (from[0] < to[0] && from[1] < to[1]) return { value: [...from, ...to] as unknown as Box };
  return { problem: `[${box.join(", ")}] is not a top left and a bottom right corner` };
}

function outsideOf(values: readonly number[], family: AnswerFamily, size: Size): string {
  const { width, height } = extent(family, size);
  const range = width === height ? `0 to ${width}` : `0 to ${width} across and 0 to ${height} down`;
  return `${values.join(", ")} lies outside of ${range}`;
}

/** Innermost brackets that hold exactly `count` numbers; undefined when there are none. */
function groups(text: string, count: number): number[][] | undefined {
  const list = `${number}(?:\\s*[,;\\s]\\s*${number}){${count - 1}}`;
  const pattern = new RegExp(`[([{<]\\s*(${list})\\s*[)\\]}>]`, "g");
  return nonEmpty([...text.matchAll(pattern)].map(([, inside]) => numbersOf(inside)));
}

/** "(x0, y0), (x1, y1)" */
function corners(text: string): number[][] | undefined {
  const pairs = groups(text, 2);
  return pairs?.length === 2 ? [pairs.flat()] : undefined;
}

/** Numbers without brackets, `count` by `count`, with at most a few words and a colon before them. */
function bareNumbers(text: string, count: number): number[][] | undefined {
  const plain = text.replaceAll(/[*_`"'\s]+/g, " ").replace(/[\s.;]+$/, "");
  const words = plain.replace(/^[\p{L} ]*:?/u, "").split(/[\s,;]+/);
  const pieces = words.filter((word) => word !== "");
  const isNumber = new RegExp(`^${number}$`);
  if (pieces.length === 0 || pieces.length % count !== 0) return undefined;
  return pieces.every((piece) => isNumber.test(piece)) ? chunks(pieces.map(Number), count) : undefined;
}

/** `{"x": 3, "y": 4}`, `x="3" y="4"`, `x1="3" y1="4" x2=...`; the names tell which is which. */
function namedPairs(text: string, { order }: AnswerFamily): number[][] | undefined {
  const name = (letter: string) => `(?<![\\w])"?${letter}\\d*"?\\s*[:=]\\s*"?(${number})%?"?`;
  const apart = "[\\s,;]*";
  const across = [...text.matchAll(new RegExp(name("x") + apart + name("y"), "gi"))].map(([, x, y]) => [
    x,
    y,
  ]);
  const down = [...text.matchAll(new RegExp(name("y") + apart + name("x"), "gi"))].map(([, y, x]) => [x, y]);
  const found = (across.length > 0 ? across : down).map((pair) => pair.map(Number));
  return nonEmpty(order === "xy" ? found : found.map(([x, y]) => [y, x]));
}

/** `"x_min": 3, "y_min": ...`, in any order. */
function namedSides(text: string, { order }: AnswerFamily): number[][] | undefined {
  const side = (names: string) => {
    const all = [...text.matchAll(new RegExp(`(?<!\\w)"?(?:${names})"?\\s*[:=]\\s*"?(${number})`, "gi"))];
    return all.length === 1 ? Number(all[0][1]) : undefined;
  };
  const x0 = side("x_?min|x0|left");
  const y0 = side("y_?min|y0|top");
  const x1 = side(x0 !== undefined && /x_?min|left/i.test(text) ? "x_?max|right" : "x1|x_?max|right");
  const y1 = side(y0 !== undefined && /y_?min|top/i.test(text) ? "y_?max|bottom" : "y1|y_?max|bottom");
  const box = order === "xy" ? [x0, y0, x1, y1] : [y0, x0, y1, x1];
  return box.every((value) => value !== undefined) ? [box as number[]] : undefined;
}

function numbersOf(text: string): number[] {
  return [...text.matchAll(new RegExp(number, "g"))].map(([found]) => Number(found));
}

function chunks(values: readonly number[], size: number): number[][] {
  return Array.from({ length: values.length / size }, (_, i) => values.slice(i * size, (i + 1) * size));
}

function nonEmpty<T>(items: T[]): T[] | undefined {
  return items.length === 0 ? undefined : items;
}
