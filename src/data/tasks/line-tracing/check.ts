/** Whether a drawing of lines can be followed by a person: knows the drawn lines alone, and decides alone. */
import { acos, asin, sin } from "../../../common/portable-math.ts";
import type { Point } from "../../drawing/drawing.ts";
import { apart, cut, eachNear, type Pieces, pointAt, toPiece } from "./pieces.ts";

/** What makes a picture traceable. Distances are in stroke widths, between the middles of strokes. */
export interface TraceLimits {
  /** Least angle of a crossing, in degrees. */
  readonly angle: number;
  /** Straight on is the straightest way over a crossing by at least this many degrees, two strokes either side of it. */
  readonly straighter: number;
  /** Least distance of two lines, or of two stretches of one, away from their crossings. */
  readonly apart: number;
  /** Least distance of two crossings. */
  readonly between: number;
}

/** Crossings of 25 degrees and more, and a clear gap of one stroke between strokes. */
export const traceLimits: TraceLimits = { angle: 25, straighter: 15, apart: 2, between: 2 };

/** A proper crossing of line `a` with line `b`; of one line with itself when they are the same. */
export interface Crossing {
  readonly a: number;
  readonly b: number;
  readonly at: Point;
  /** In (0, 90] degrees. */
  readonly angle: number;
  /** Arc length from the start of each line to the crossing; the first is the smaller where the line is the same. */
  readonly along: readonly [a: number, b: number];
}

export interface Traced {
  readonly crossings: readonly Crossing[];
  /** Why the lines cannot be followed without doubt; undefined when they can. */
  readonly problem: string | undefined;
}

/**
 * Finds every crossing of the drawn polylines and says whether each line can be followed without doubt. `width` is the
 * stroke's, in pixels. It knows nothing of how lines were made, and demands that
 * - every crossing is proper, not too shallow, and both lines go on straighter than any other way over it,
 * - no two crossings lie together, so that no three lines meet in a point,
 * - everywhere else lines keep apart from each other, and a line from its other stretches. About a crossing a line is
 *   excused as far as two straight lines of that angle need to part, and a quarter further; but never up to half way
 *   to another crossing of the same two lines, so that two lines show a gap between any two of their crossings.
 */
export function checkTraceable(
  lines: readonly (readonly Point[])[],
  width: number,
  limits: TraceLimits = traceLimits,
): Traced {
  const near = limits.apart * width;
  const pieces = cut(lines, Math.max(2, 1.5 * near));
  const { met, close } = meet(pieces, near);
  const crossings = met.map(({ crossing }) => crossing);
  const problem =
    shallow(crossings, limits.angle) ??
    crowded(crossings, limits.between * width) ??
    crooked(pieces, met, 2 * width, limits.straighter) ??
    touching(pieces, crossings, close, near);
  return { crossings, problem };
}

/** A crossing with the two pieces that cross, those of line `a` first. */
interface Met {
  readonly crossing: Crossing;
  readonly pieces: readonly [a: number, b: number];
}

/**
 * Crossings, and pairs of pieces that come closer than `near`. Pieces of one line count as close where they are more
 * than twice `near` apart along it: less is a bend.
 */
function meet(pieces: Pieces, near: number): { met: Met[]; close: number[] } {
  const { line, x0, y0, x1, y1, along, length, longest } = pieces;
  const met: Met[] = [];
  const close: number[] = [];
  const least = 0.01 * longest;
  eachNear(pieces, near, (i, j) => {
    const same = line[i] === line[j];
    const forward = along[i] < along[j];
    const gap = !same
      ? Infinity
      : forward
        ? along[j] - along[i] - length[i]
        : along[i] - along[j] - length[j];
    if (gap <= least) return; // Neighbours on a line share an end.
    const found = (same ? forward : line[i] < line[j]) ? cross(pieces, i, j) : cross(pieces, j, i);
    if (found !== undefined) met.push(found);
    if (gap <= 2 * near) return;
    if (found || apart(x0[i], y0[i], x1[i], y1[i], x0[j], y0[j], x1[j], y1[j]) < near * near)
      close.push(i, j);
  });
  return { met, close };
}

/** Where pieces i and j cross. A piece's end on the other's line counts as right of it, so a knot is met once. */
function cross(pieces: Pieces, i: number, j: number): Met | undefined {
  const { line, x0, y0, x1, y1, along, length } = pieces;
  const ux = x1[i] - x0[i];
  const uy = y1[i] - y0[i];
  const vx = x1[j] - x0[j];
  const vy = y1[j] - y0[j];
  const a = ux * (y0[j] - y0[i]) - uy * (x0[j] - x0[i]);
  const b = ux * (y1[j] - y0[i]) - uy * (x1[j] - x0[i]);
  if (a >= 0 === b >= 0) return undefined;
  const c = vx * (y0[i] - y0[j]) - vy * (x0[i] - x0[j]);
  const d = vx * (y1[i] - y0[j]) - vy * (x1[i] - x0[j]);
  if (c >= 0 === d >= 0) return undefined;
  const sine = Math.abs(ux * vy - uy * vx) / (length[i] * length[j]);
  if (sine < 1e-9) return undefined; // On one straight line: they may overlap, but they do not cross.
  const [t, s] = [c / (c - d), a / (a - b)];
  const crossing: Crossing = {
    a: line[i],
    b: line[j],
    at: [x0[i] + t * ux, y0[i] + t * uy],
    angle: (asin(Math.min(1, sine)) * 180) / Math.PI,
    along: [along[i] + t * length[i], along[j] + s * length[j]],
  };
  return { crossing, pieces: [i, j] };
}

function shallow(crossings: readonly Crossing[], least: number): string | undefined {
  const found = crossings.find(({ angle }) => angle < least);
  return found && `lines ${found.a} and ${found.b} cross at ${found.angle.toFixed(1)} degrees`;
}

function crowded(crossings: readonly Crossing[], least: number): string | undefined {
  for (let i = 0; i < crossings.length; i++)
    for (let j = 0; j < i; j++)
      if (squared(crossings[i].at, crossings[j].at) < least * least)
        return `two crossings lie together at ${show(crossings[i].at)}`;
  return undefined;
}

/** Looks at the four arms of each crossing, `reach` long: the two of a line must be straighter than any other two. */
function crooked(pieces: Pieces, met: readonly Met[], reach: number, margin: number): string | undefined {
  for (const { crossing, pieces: both } of met) {
    const arms = both.flatMap((piece, k) => [
      arm(pieces, piece, crossing.at, crossing.along[k] - reach),
      arm(pieces, piece, crossing.at, crossing.along[k] + reach),
    ]);
    if (!arms.every((arm) => arm !== undefined)) return `a line ends at the crossing ${show(crossing.at)}`;
    const turn = (i: number, j: number) => turnBetween(arms[i], arms[j]);
    const own = Math.max(turn(0, 1), turn(2, 3));
    const other = Math.min(turn(0, 2), turn(0, 3), turn(1, 2), turn(1, 3));
    if (other - own < margin)
      return `lines ${crossing.a} and ${crossing.b} bend at their crossing ${show(crossing.at)}`;
  }
  return undefined;
}

/** From a crossing to the point of the line at an arc length; undefined beyond its ends. */
function arm(pieces: Pieces, piece: number, [x, y]: Point, arc: number): Point | undefined {
  const { line, along, length, count } = pieces;
  let i = piece;
  while (arc < along[i] && i > 0 && line[i - 1] === line[piece]) i--;
  while (arc > along[i] + length[i] && i + 1 < count && line[i + 1] === line[piece]) i++;
  if (arc < along[i] || arc > along[i] + length[i] + 1e-6) return undefined;
  const [u, v] = pointAt(pieces, i, arc);
  return [u - x, v - y];
}

/** By how many degrees one turns who comes in by one arm and leaves by the other. */
function turnBetween([ax, ay]: Point, [bx, by]: Point): number {
  const cosine = -(ax * bx + ay * by) / Math.sqrt((ax * ax + ay * ay) * (bx * bx + by * by));
  return (acos(Math.max(-1, Math.min(1, cosine))) * 180) / Math.PI;
}

function touching(
  pieces: Pieces,
  crossings: readonly Crossing[],
  close: readonly number[],
  near: number,
): string | undefined {
  const { line, along, x0, y0 } = pieces;
  const reaches = crossings.map((crossing) => reachOf(crossing, crossings, near));
  for (let k = 0; k < close.length; k += 2) {
    let [i, j] = [close[k], close[k + 1]];
    if (line[i] > line[j] || (line[i] === line[j] && along[i] > along[j])) [i, j] = [j, i];
    const c = crossings.findIndex(
      ({ a, b, along }, c) =>
        a === line[i] &&
        b === line[j] &&
        touches(pieces, i, along[0], reaches[c]) &&
        touches(pieces, j, along[1], reaches[c]),
    );
    const excused =
      c >= 0 &&
      clearBeyond(pieces, [i, j], crossings[c].along[0], reaches[c], near) &&
      clearBeyond(pieces, [j, i], crossings[c].along[1], reaches[c], near);
    if (!excused) return `lines ${line[i]} and ${line[j]} come too close at ${show([x0[i], y0[i]])}`;
  }
  return undefined;
}

/** How far along its lines a crossing excuses that they are close. */
function reachOf(crossing: Crossing, crossings: readonly Crossing[], near: number): number {
  const { a, b, along } = crossing;
  let reach = (1.25 * near) / sin((crossing.angle * Math.PI) / 180);
  for (const other of crossings) {
    if (other === crossing || other.a !== a || other.b !== b) continue;
    const gap = Math.max(Math.abs(other.along[0] - along[0]), Math.abs(other.along[1] - along[1]));
    reach = Math.min(reach, 0.45 * gap);
  }
  return a === b ? Math.min(reach, 0.45 * (along[1] - along[0])) : reach;
}

/** Whether some of the piece lies within `reach` of an arc length. */
function touches({ along, length }: Pieces, i: number, arc: number, reach: number): boolean {
  return along[i] <= arc + reach && along[i] + length[i] >= arc - reach;
}

/** Whether what a piece has further than `reach` from an arc length keeps apart from another piece. */
function clearBeyond(
  pieces: Pieces,
  [own, other]: readonly [number, number],
  arc: number,
  reach: number,
  near: number,
): boolean {
  const from = pieces.along[own];
  const to = from + pieces.length[own];
  if (from < arc - reach && !clear(pieces, own, other, from, Math.min(to, arc - reach), near)) return false;
  return to <= arc + reach || clear(pieces, own, other, Math.max(from, arc + reach), to, near);
}

/** Whether a piece keeps apart from another between two arc lengths; plain numbers, as it is asked often. */
function clear(pieces: Pieces, own: number, other: number, from: number, to: number, near: number): boolean {
  const { x0, y0, x1, y1, along, length } = pieces;
  const s = (from - along[own]) / length[own];
  const t = (to - along[own]) / length[own];
  const dx = x1[own] - x0[own];
  const dy = y1[own] - y0[own];
  const [ax, ay] = [x0[own] + s * dx, y0[own] + s * dy];
  const [bx, by] = [x0[own] + t * dx, y0[own] + t * dy];
  return apart(ax, ay, bx, by, x0[other], y0[other], x1[other], y1[other]) >= near * near;
}

export interface LabelPlace {
  readonly line: number;
  readonly end: 0 | 1;
  readonly centre: Point;
}

/**
 * Why the labels, discs of diameter `size` and a third more, do not show where each line begins and ends; undefined
 * when they do. No stroke touches a label, and each labelled end is at least half as far again from any other label as
 * from its own.
 */
export function checkLabels(
  lines: readonly (readonly Point[])[],
  width: number,
  labels: readonly LabelPlace[],
  size: number,
): string | undefined {
  const over = runOver(lines, labels, 0.66 * size + width / 2);
  for (let i = 0; i < labels.length; i++) {
    const { line, end, centre } = labels[i];
    const tip = lines[line][end === 0 ? 0 : lines[line].length - 1];
    const own = squared(tip, centre);
    if (labels.some((other) => other.centre !== centre && squared(other.centre, tip) < 2.25 * own))
      return `line ${line} ends between labels at ${show(centre)}`;
    if (over[i]) return `a line runs over the label at ${show(centre)}`;
  }
  return undefined;
}

/** For each label whether a line comes within `reach` of it. Labels of one side lie together: most pieces are far. */
function runOver(
  lines: readonly (readonly Point[])[],
  labels: readonly LabelPlace[],
  reach: number,
): readonly boolean[] {
  const over = labels.map(() => false);
  for (const end of [0, 1] as const) {
    const side = labels.flatMap((label, i) => (label.end === end ? [i] : []));
    const xs = side.map((i) => labels[i].centre[0]);
    const ys = side.map((i) => labels[i].centre[1]);
    const [left, right] = [Math.min(...xs) - reach, Math.max(...xs) + reach];
    const [top, bottom] = [Math.min(...ys) - reach, Math.max(...ys) + reach];
    for (const points of lines)
      for (let k = 1; k < points.length; k++) {
        const a = points[k - 1];
        const b = points[k];
        if ((a[0] < left && b[0] < left) || (a[0] > right && b[0] > right)) continue;
        if ((a[1] < top && b[1] < top) || (a[1] > bottom && b[1] > bottom)) continue;
        for (const i of side) over[i] ||= comesNear(a, b, labels[i].centre, reach);
      }
  }
  return over;
}

function comesNear(a: Point, b: Point, centre: Point, reach: number): boolean {
  const x = centre[0];
  const y = centre[1];
  if ((a[0] < x - reach && b[0] < x - reach) || (a[0] > x + reach && b[0] > x + reach)) return false;
  if ((a[1] < y - reach && b[1] < y - reach) || (a[1] > y + reach && b[1] > y + reach)) return false;
  return toPiece(x, y, a[0], a[1], b[0], b[1]) < reach * reach;
}

const squared = ([x, y]: Point, [p, q]: Point) => (x - p) * (x - p) + (y - q) * (y - q);

const show = ([x, y]: Point) => `${x.toFixed(1)} ${y.toFixed(1)}`;
