/** Draws lines by a plan until the checker accepts them. */
import type { Random } from "../../../common/random.ts";
import type { Point } from "../../drawing/drawing.ts";
import { type BraidOptions, braid, drawEnds } from "./braid.ts";
import { checkLabels, checkTraceable, type Traced } from "./check.ts";
import { frameFor } from "./frame.ts";
import type { Setting } from "./options.ts";
import { orthogonalLines } from "./orthogonal.ts";
import { smoothLines } from "./smooth.ts";

/** Lines that can be followed, the asked line first and distractors last, in pixels of the canvas. */
export interface Tangle {
  readonly lines: readonly (readonly Point[])[];
  readonly stroke: number;
  /** Height of labels. */
  readonly label: number;
  readonly labels: readonly PlacedLabel[];
  /** For each line what the checker found. */
  readonly counts: readonly Counts[];
}

/** The label at the start (end 0) or the end (end 1) of a line. */
export interface PlacedLabel {
  readonly line: number;
  readonly end: 0 | 1;
  readonly centre: Point;
}

export interface Counts {
  readonly crossings: number;
  readonly selfCrossings: number;
  /** Crossings with other lines at under {@link shallowAngle} degrees. */
  readonly shallow: number;
}

/** Crossings from here on are not near-tangent; in degrees. */
export const shallowAngle = 40;
/** Labels are at least this high, in pixels. */
const leastLabel = 5;
const attempts = 100;
/** About one picture in 6,000 cannot be drawn unless its asked line begins and ends elsewhere. */
const endings = 10;

/** Draws until the checker is content and the asked line has exactly what the setting says; undefined: it never was. */
export function tangle(random: Random, setting: Setting): Tangle | undefined {
  if (frameFor(setting.size, 1, setting.lines).label < leastLabel) return undefined;
  for (let ending = 0; ending < endings; ending++) {
    // The asked line's ends stay while the rest is redrawn: else those that are easy to draw would be more frequent.
    const ends = drawEnds(random, setting.lines + setting.distractors, setting.crossings);
    const found = tangleBetween(random, setting, ends);
    if (found !== undefined) return found;
  }
  return undefined;
}

function tangleBetween(random: Random, setting: Setting, ends: BraidOptions["ends"]): Tangle | undefined {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const liveliness = Math.max(0, 1 - attempt / 4);
    const drawn = draw(random, setting, ends, liveliness);
    if (drawn === undefined || !drawn.lines.every((line) => inside(line, setting.size, drawn.stroke)))
      continue;
    const traced = checkTraceable(drawn.lines, drawn.stroke);
    if (traced.problem !== undefined) continue;
    if (checkLabels(drawn.lines, drawn.stroke, drawn.labels, drawn.label) !== undefined) continue;
    const counts = drawn.lines.map((_, line) => count(traced, line));
    if (fits(counts[0], setting)) return { ...drawn, counts };
  }
  return undefined;
}

export function draw(
  random: Random,
  setting: Setting,
  ends: BraidOptions["ends"],
  liveliness: number,
): Omit<Tangle, "counts"> | undefined {
  const stroke = round(Math.max(1, setting.width * setting.size));
  const { lines: labelled, crossings, selfCrossings, distractors, family } = setting;
  const tracks = labelled + distractors;
  const layout = frameFor(setting.size, stroke, labelled);
  const shape = { tracks, crossings, loops: selfCrossings, ends };
  const raw =
    family === "orthogonal"
      ? orthogonalLines(random, { ...shape, frame: layout, labelled })
      : smoothLines(random, {
          family,
          frame: layout,
          braid: braid(random, shape),
          labelled,
          nearTangent: setting.nearTangent === "some",
          liveliness,
        });
  if (raw === undefined) return undefined;
  const across = setting.orientation === "left-right";
  const labels = raw.slice(0, labelled).flatMap((points, line): PlacedLabel[] => [
    { line, end: 0, centre: turned(layout.startLabel, points[0][1], across) },
    { line, end: 1, centre: turned(layout.endLabel, points[points.length - 1][1], across) },
  ]);
  return {
    lines: raw.map((points) => distinct(points, across)),
    stroke,
    label: round(layout.label),
    labels,
  };
}

function turned(u: number, v: number, across: boolean): Point {
  return across ? [round(u), round(v)] : [round(v), round(u)];
}

export function count({ crossings }: Traced, line: number): Counts {
  const own = crossings.filter(({ a, b }) => a === line || b === line);
  const others = own.filter(({ a, b }) => a !== b);
  const shallow = others.filter(({ angle }) => angle < shallowAngle).length;
  return { crossings: others.length, selfCrossings: own.length - others.length, shallow };
}

/** The points turned, without those that rounding makes the same as the one before. */
function distinct(points: readonly Point[], across: boolean): Point[] {
  const result: Point[] = [];
  let [lastU, lastV] = [Number.NaN, Number.NaN];
  for (const point of points) {
    const u = round(point[0]);
    const v = round(point[1]);
    if (u === lastU && v === lastV) continue;
    result.push(across ? [u, v] : [v, u]);
    [lastU, lastV] = [u, v];
  }
  return result;
}

/** Whole strokes show. */
function inside(points: readonly Point[], size: number, stroke: number): boolean {
  const within = (value: number) => value >= stroke / 2 && value <= size - stroke / 2;
  return points.every((point) => within(point[0]) && within(point[1]));
}

function fits(counts: Counts, { crossings, selfCrossings, nearTangent }: Setting): boolean {
  if (counts.crossings !== crossings || counts.selfCrossings !== selfCrossings) return false;
  return counts.shallow > 0 === (nearTangent === "some");
}

/** To hundredths of a pixel: the same numbers on every machine, and short ones in files. */
const round = (value: number) => Math.round(value * 100) / 100;
