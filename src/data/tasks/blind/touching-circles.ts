import { z } from "zod";
import type { Point, Shape } from "../../drawing/drawing.ts";
import { axis, defineDrawnTask } from "../drawn.ts";
import { direction } from "./geometry.ts";
import {
  commonOptions,
  type InkName,
  inkNames,
  inks,
  onWhite,
  phrase,
  spoken,
  strata,
  stroke,
  widthAxis,
} from "./shared.ts";

const wordings = ["are the two circles touching ?", "do the two circles touch ?"];
const gaps = [-0.5, -0.2, -0.1, -0.05, 0.05, 0.1, 0.2, 0.5] as const;
const fills = ["filled", "outlined"] as const;
const radii = [1 / 8, 1 / 10, 1 / 12] as const;

const options = z.strictObject({
  ...commonOptions,
  /** Between the outer edges, in radii; below zero they overlap. Never less than a pixel. */
  gap: axis(
    z
      .number()
      .min(-1.5)
      .max(1.5)
      .refine((gap) => gap !== 0, "must not be 0"),
    gaps,
  ),
  /** As a share of the canvas. */
  radius: axis(z.number().min(0.06).max(0.14), radii),
  fill: axis(z.enum(fills), fills),
  /** Of the outlines. */
  width: widthAxis([3]),
});

/**
 * "are the two circles touching ?" -> "yes" where they overlap, "no" where they are apart: task 2 of "Vision
 * language models are blind", without exact tangents, which pixels cannot tell from what is next to them.
 */
export const touchingCircles = defineDrawnTask({
  description: "say whether two circles touch",
  wordings,
  options,
  make(random, given) {
    const [size, share, fill] = [random.pick(given.size), random.pick(given.radius), random.pick(given.fill)];
    const width = random.pick(given.width);
    const signs = [-1, 1].filter((sign) => given.gap.some((gap) => gap < 0 === sign < 0));
    const sign = random.pick(signs);
    const gap = random.pick(given.gap.filter((value) => value < 0 === sign < 0));
    const radius = share * size;
    const pixels = sign * Math.max(1, Math.abs(gap) * radius);
    const [a, b] = twoCentres(direction(random), radius + pixels / 2);
    const spot = place(random, size, radius, a);
    const centres = [a, b].map(([x, y]): Point => [x + spot[0], y + spot[1]]);
    const colours = random.shuffle(inkNames);
    const line = stroke(width, size);
    const question = {
      question: phrase(random, wordings, given.wordings),
      answer: sign < 0 ? "yes" : "no",
      regions: [{ kind: "points" as const, points: [spot] }],
      difficulty: { size, gap, radius: Math.round(share * 1000) / 1000, fill, width },
      answerType: "yes-no" as const,
      choices: ["yes", "no"],
    };
    const shapes = centres.map((centre, i) =>
      circle(centre, radius, fill === "filled" ? undefined : line, colours[i]),
    );
    return onWhite(size, shapes, question);
  },
  words: (given) => [...spoken(wordings, given.wordings), "yes", "no"],
  benchmark: { version: 1, count: 720, strata: strata({ gap: gaps, radius: radii, fill: fills }) },
});

/** Centres at `reach` from the origin, on opposite sides. */
function twoCentres([x, y]: Point, reach: number): [Point, Point] {
  return [
    [x * reach, y * reach],
    [-x * reach, -y * reach],
  ];
}

/** Where halfway may be, so that both circles lie inside the canvas. */
function place(random: { uniform(): number }, size: number, radius: number, [x, y]: Point): Point {
  const within = (reach: number) => reach + random.uniform() * (size - 2 * reach);
  return [within(Math.abs(x) + radius + 2), within(Math.abs(y) + radius + 2)];
}

/** A disc, or a ring whose outer edge is at `radius`. */
function circle(centre: Point, radius: number, width: number | undefined, ink: InkName): Shape {
  const colour = inks[ink];
  return width === undefined
    ? { kind: "disc", centre, radius, colour }
    : { kind: "ring", centre, radius: radius - width / 2, width, colour };
}
