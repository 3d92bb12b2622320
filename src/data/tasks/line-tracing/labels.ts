import { cos, sin } from "../../../common/portable-math.ts";
import type { Colour, Point, Shape } from "../../drawing/drawing.ts";

/** What labels at one side look like. */
export type LabelKind = "letters" | "digits" | "shapes";

/** The labels of each kind, in order: pictures with n lines use the first n. Letters and digits that look alike are apart. */
export const labelPools: Readonly<Record<LabelKind, readonly string[]>> = {
  letters: ["A", "B", "C", "D", "E", "F", "G", "H", "J", "K"],
  digits: ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0"],
  shapes: ["circle", "square", "triangle", "star", "diamond", "cross", "ring", "arrow", "heart", "moon"],
};

/** The starts' kind: never that of the ends, so that a question names one line only. */
export const startKind: Readonly<Record<LabelKind, LabelKind>> = {
  letters: "digits",
  digits: "letters",
  shapes: "digits",
};

/** A label as shapes; `size` is its height. */
export function drawLabel(
  kind: LabelKind,
  label: string,
  centre: Point,
  size: number,
  colour: Colour,
): Shape[] {
  if (kind !== "shapes") return [{ kind: "text", text: label, centre, size, colour }];
  if (label === "circle") return [{ kind: "disc", centre, radius: size / 2, colour }];
  if (label === "ring") return [{ kind: "ring", centre, radius: 0.39 * size, width: 0.2 * size, colour }];
  const points = outlines[label].map(
    ([x, y]): Point => [round(centre[0] + x * size), round(centre[1] + y * size)],
  );
  return [{ kind: "polygon", points, colour }];
}

const round = (value: number) => Math.round(value * 100) / 100;

/** Points at the angles, in turns from straight up and clockwise. */
function polar(radii: readonly number[], turns: readonly number[]): Point[] {
  return turns.map((turn, i) => {
    const angle = 2 * Math.PI * turn;
    const radius = radii[i % radii.length];
    return [radius * sin(angle), -radius * cos(angle)];
  });
}

const evenTurns = (count: number, first = 0) => Array.from({ length: count }, (_, i) => first + i / count);

/** An arc about (x, y), from and to in turns, for outlines with round parts. */
function arc(x: number, y: number, radius: number, from: number, to: number): Point[] {
  const turns = Array.from({ length: 13 }, (_, i) => from + ((to - from) * i) / 12);
  return polar([radius], turns).map(([u, v]) => [x + u, y + v]);
}

/** Outlines of height about 1 about the origin. */
const outlines: Readonly<Record<string, readonly Point[]>> = {
  square: [
    [-0.42, -0.42],
    [0.42, -0.42],
    [0.42, 0.42],
    [-0.42, 0.42],
  ],
  triangle: [
    [0, -0.5],
    [0.54, 0.42],
    [-0.54, 0.42],
  ],
  star: polar([0.56, 0.23], evenTurns(10)),
  diamond: [
    [0, -0.56],
    [0.38, 0],
    [0, 0.56],
    [-0.38, 0],
  ],
  cross: [
    [-0.16, -0.5],
    [0.16, -0.5],
    [0.16, -0.16],
    [0.5, -0.16],
    [0.5, 0.16],
    [0.16, 0.16],
    [0.16, 0.5],
    [-0.16, 0.5],
    [-0.16, 0.16],
    [-0.5, 0.16],
    [-0.5, -0.16],
    [-0.16, -0.16],
  ],
  arrow: [
    [0.55, 0],
    [0.05, -0.48],
    [0.05, -0.17],
    [-0.5, -0.17],
    [-0.5, 0.17],
    [0.05, 0.17],
    [0.05, 0.48],
  ],
  heart: [...arc(-0.25, -0.2, 0.27, -0.37, 0.22), ...arc(0.25, -0.2, 0.27, -0.22, 0.37), [0, 0.5]],
  moon: [...arc(0, 0, 0.5, 0.5, 0), ...arc(0, 0, 0.5, 0, -0.5)].map(([x, y]): Point => [x, y]),
};
