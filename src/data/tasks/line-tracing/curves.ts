import { atan2, cos, sin, tan } from "../../../common/portable-math.ts";
import type { Random } from "../../../common/random.ts";
import type { Point } from "../../drawing/drawing.ts";

export type SmoothFamily = "spline" | "polyline" | "arcs";

/**
 * A place that a line runs through, level except in polylines. With `loop` the line makes a loop of that radius on its
 * way to the next knot, upwards where negative; that next knot is `looped`.
 */
export interface Knot {
  readonly u: number;
  readonly v: number;
  readonly loop?: number;
  readonly looped?: boolean;
  /** Of the way to the next knot, see {@link Zone}. */
  readonly tilt?: number;
  /** Stays where it is when knots are merged: it holds a shallow crossing. */
  readonly pinned?: boolean;
}

/** How two neighbours change places. */
export interface Zone {
  /** Along u, about `middle`. */
  readonly length: number;
  readonly middle: number;
  /** For arcs: the steepest direction, in radians from level; a straight piece joins arcs that would exceed it. */
  readonly tilt: number;
  readonly shallow: boolean;
}

/** A point that is still being made. */
type Place = [u: number, v: number];

const radians = Math.PI / 180;

/**
 * A change of places over one `spacing` within a column, for a wanted angle between the two lines: 55 to 115 degrees,
 * or shallow: 29 to 36 degrees, long and flat where there is room for it, else tall and thin.
 */
export function zoneFor(
  random: Random,
  family: SmoothFamily,
  spacing: number,
  [from, to]: readonly [number, number],
  shallow: boolean,
  liveliness: number,
): Zone {
  const room = 0.98 * (to - from);
  const flat = 29 + 7 * random.uniform();
  const wanted = 55 + 60 * random.uniform();
  let half = ((shallow ? flat : wanted) / 2) * radians;
  let length = lengthFor(family, spacing, room, half);
  if (shallow && length > room) {
    half = 90 * radians - half;
    length = lengthFor(family, spacing, room, half);
  } else if (length > room) [half, length] = [58 * radians, room];
  const middle = (from + to + 0.8 * liveliness * (random.uniform() - 0.5) * (to - from - length)) / 2;
  return { length, middle, tilt: half, shallow };
}

/** Length of a change of places whose lines are `half` an angle from level where they cross. */
function lengthFor(family: SmoothFamily, spacing: number, room: number, half: number): number {
  if (family === "spline") return (1.5 * spacing) / tan(half);
  if (family === "polyline") return spacing / tan(half);
  return Math.min(spacing / tan(half / 2), Math.max(room, spacing / tan(0.8 * half)));
}

/** Points of a line through its knots, a few pixels apart on curves; heights are then moved by the bundle's sway. */
export function drawThrough(
  family: SmoothFamily,
  knots: readonly Knot[],
  sway: (u: number) => number,
): Point[] {
  const slopes = family === "spline" ? monotoneSlopes(knots) : knots.map(() => 0);
  const points: Place[] = [];
  for (let i = 0; i + 1 < knots.length; i++) {
    const [from, to] = [knots[i], knots[i + 1]];
    if (from.loop !== undefined) points.push(...loop(from, to, from.loop, family));
    else if (family === "polyline") points.push([from.u, from.v]);
    else if (family === "arcs") biarc(points, from, to);
    else cubic(points, from, to, slopes[i], slopes[i + 1]);
  }
  const last = knots[knots.length - 1];
  points.push([last.u, last.v]);
  for (const point of points) point[1] += sway(point[0]);
  return points;
}

/** Slopes at the knots such that cubic pieces do not overshoot (Fritsch and Butland 1984: harmonic means). */
function monotoneSlopes(knots: readonly Knot[]): number[] {
  const chords = knots.slice(1).map((knot, i) => (knot.v - knots[i].v) / (knot.u - knots[i].u));
  return knots.map((knot, i) => {
    if (knot.loop !== undefined || knot.looped) return 0;
    const [before, after] = [chords[i - 1] ?? 0, chords[i] ?? 0];
    return before * after <= 0 ? 0 : (2 * before * after) / (before + after);
  });
}

function cubic(points: Place[], from: Knot, to: Knot, slopeFrom: number, slopeTo: number): void {
  const length = to.u - from.u;
  const height = to.v - from.v;
  const parts = steps(length, height);
  for (let i = 0; i < parts; i++) {
    const t = i / parts;
    const s = 1 - t;
    const bend = t * s * length * (s * slopeFrom - t * slopeTo);
    points.push([from.u + t * length, from.v + height * t * t * (3 - 2 * t) + bend]);
  }
}

/**
 * An S of two equal circular arcs, level at both knots, with a straight piece between them where arcs alone would be
 * steeper than the tilt. For tilt t, radius r, straight length l: du = 2 r sin t + l cos t, dv = 2 r (1 - cos t) + l sin t.
 */
function biarc(points: Place[], from: Knot, to: Knot): void {
  const [du, dv] = [to.u - from.u, Math.abs(to.v - from.v)];
  if (dv < 0.03 * du) {
    points.push([from.u, from.v]);
    return;
  }
  const chord = atan2(dv, du);
  const tilt = Math.min(2 * chord, Math.max(from.tilt ?? 58 * radians, chord + 10 * radians));
  if (tilt > 88 * radians) {
    cubic(points, from, to, 0, 0);
    return;
  }
  const [sine, versine] = [sin(tilt), 1 - cos(tilt)];
  const radius = (du * sine - dv * cos(tilt)) / (2 * versine);
  const parts = Math.ceil(Math.max(tilt / 0.16, (radius * tilt) / 4));
  const sign = Math.sign(to.v - from.v);
  const arc: number[] = [];
  for (let i = 0; i <= parts; i++) {
    const turn = (tilt * i) / parts;
    const u = radius * sin(turn);
    const v = sign * radius * (1 - cos(turn));
    arc.push(u, v);
    points.push([from.u + u, from.v + v]);
  }
  const shared = tilt < 2 * chord ? 0 : 1; // Pure arcs share their middle.
  for (let i = parts - shared; i > 0; i--) points.push([to.u - arc[2 * i], to.v - arc[2 * i + 1]]);
}

const steps = (du: number, dv: number) =>
  Math.max(Math.abs(dv) > 0.2 * du ? 8 : 3, Math.min(24, Math.ceil((du + 1.5 * Math.abs(dv)) / 4)));

/** Half the length and the height of a loop whose circle has radius 1. */
export const loopHalf = 2 * Math.SQRT1_2;
export const loopHeight = 1.2 * Math.SQRT1_2 + 0.8 * (1 - Math.SQRT1_2) + Math.SQRT2 + 1;

/**
 * A loop, level at both knots: up at 45 degrees, round three quarters of a circle, and down again through the way up at
 * a right angle. Its first half is built about the crossing and mirrored.
 */
function loop(from: Knot, to: Knot, radius: number, family: SmoothFamily): Place[] {
  const size = Math.abs(radius);
  const [flare, round] = family === "polyline" ? [1, 3] : [4, 10];
  const foot = Array.from({ length: flare + 1 }, (_, i): Point => {
    const turn = (Math.PI * i) / (4 * flare);
    return [0.8 * sin(turn) - loopHalf, 0.8 * (1 - cos(turn))];
  });
  const middle = loopHeight - 1;
  const circle = Array.from({ length: round + 1 }, (_, i): Point => {
    const turn = Math.PI * (0.75 - (0.75 * i) / round);
    return [sin(turn), middle + cos(turn)];
  });
  const half = [...foot, ...circle];
  const other = half.slice(0, -1).reverse();
  const all = [...half, ...other.map(([u, v]): Point => [-u, v])].slice(0, -1);
  const centre = (from.u + to.u) / 2;
  return all.map(([u, v]) => [centre + size * u, from.v + radius * v]);
}
