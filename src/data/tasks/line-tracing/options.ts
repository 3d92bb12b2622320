import { z } from "zod";
import { mustBe } from "../../../common/errors.ts";
import type { Random } from "../../../common/random.ts";
import { axis } from "../drawn.ts";
import { backgrounds } from "./appearance.ts";

const families = ["spline", "polyline", "orthogonal", "arcs"] as const;

/** The axes of line tracing. Every one is recorded per question, as what the picture shows. */
export const lineTracingOptions = z.strictObject({
  /** Side of the canvas in pixels. Strokes, margins and labels grow with it. */
  size: axis(z.int().min(48).max(4096), [280, 336, 448]),
  /** Labelled lines. */
  lines: axis(z.int().min(2).max(10), [2, 3, 4, 5, 6, 7, 8, 9, 10]),
  /** Crossings of the asked line with other lines. */
  crossings: axis(z.int().min(0).max(12), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
  /** Crossings of the asked line with itself. */
  selfCrossings: axis(z.int().min(0).max(2), [0, 1, 2]),
  /** Whether the asked line meets some line at 25 to 40 degrees; else at 40 or more. */
  nearTangent: axis(z.enum(["none", "some"]), ["none", "some"]),
  /** One ink for all lines, or a colour for each. */
  colours: axis(z.enum(["same", "each"]), ["same", "each"]),
  /** How the question names the line: by the label at its start, or, where each has its own, by its colour. */
  named: axis(z.enum(["label", "colour"]), ["label"]),
  family: axis(z.enum(families), families),
  /** Stroke width as a share of the side; never under one pixel. */
  width: axis(z.number().min(0.002).max(0.03), [0.004, 0.007, 0.01]),
  /** Lines that join no label. */
  distractors: axis(z.int().min(0).max(3), [0, 1, 2, 3]),
  /** What the ends, and so the answers, look like. */
  labels: axis(z.enum(["letters", "digits", "shapes"]), ["letters", "digits", "shapes"]),
  background: axis(z.enum(backgrounds), backgrounds),
  /** Where lines run: from left to right, or from top to bottom. */
  orientation: axis(z.enum(["left-right", "top-bottom"]), ["left-right", "top-bottom"]),
  /** Lines of a picture that are asked about; the axes are balanced for the first, for the others they are recorded. */
  questions: z.union([z.int().min(1), z.literal("all")]).default(1),
  /** How many wordings are used, the plainest first. */
  wordings: z.int().min(1).default(1),
});

export type LineTracingOptions = z.output<typeof lineTracingOptions>;

type Lists = Omit<LineTracingOptions, "questions" | "wordings">;
/** One value for each axis. */
export type Setting = { readonly [Axis in keyof Lists]: Lists[Axis][number] };

/**
 * A value of each axis, uniformly and independently, except that `nearTangent` is drawn only where both values can be:
 * a line without crossings, and orthogonal wires, have no shallow crossing.
 */
export function drawSetting(random: Random, options: LineTracingOptions): Setting {
  const setting = {
    size: random.pick(options.size),
    lines: random.pick(options.lines),
    crossings: random.pick(options.crossings),
    selfCrossings: random.pick(options.selfCrossings),
    colours: random.pick(options.colours),
    family: random.pick(options.family),
    width: random.pick(options.width),
    distractors: random.pick(options.distractors),
    labels: random.pick(options.labels),
    background: random.pick(options.background),
    orientation: random.pick(options.orientation),
  };
  const [nearTangent, named] = [
    drawNearTangent(random, options, setting),
    drawNamed(random, options, setting),
  ];
  return { ...setting, nearTangent, named };
}

/** Lines of one ink have no colour to be called by. */
function drawNamed(
  random: Random,
  { named, colours }: LineTracingOptions,
  setting: Pick<Setting, "colours">,
): Setting["named"] {
  if (named.includes("label")) return setting.colours === "each" ? random.pick(named) : "label";
  if (!colours.includes("same")) return "colour";
  throw mustBe(
    "line-tracing",
    "named",
    'with "label" where colours has "same"',
    named,
    "those lines share one",
  );
}

function drawNearTangent(
  random: Random,
  { nearTangent, crossings, family }: LineTracingOptions,
  setting: Pick<Setting, "crossings" | "family">,
): Setting["nearTangent"] {
  if (nearTangent.includes("none"))
    return setting.crossings > 0 && setting.family !== "orthogonal" ? random.pick(nearTangent) : "none";
  if (!crossings.includes(0) && !family.includes("orthogonal")) return "some";
  const rule = 'a list with "none" where crossings has 0 or family has "orthogonal"';
  throw mustBe("line-tracing", "nearTangent", rule, nearTangent, "these have no shallow crossing");
}
