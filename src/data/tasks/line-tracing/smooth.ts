import type { Random } from "../../../common/random.ts";
import type { Point } from "../../drawing/drawing.ts";
import { type Braid, ranksOf } from "./braid.ts";
import type { Frame } from "./frame.ts";

export type SmoothFamily = "spline" | "polyline" | "arcs";

export interface SmoothOptions {
  readonly family: SmoothFamily;
  readonly frame: Frame;
  readonly braid: Braid;
  /** Lines from this number on join no label. */
  readonly labelled: number;
  /** Whether some crossings of the asked line are shallow. */
  readonly nearTangent: boolean;
  /** From 1 down to 0: how far lines stray from an even pattern. */
  readonly liveliness: number;
}

/** Lines through the columns of a braid, line 0 first, as points (u, v). Nothing is promised: the checker decides. */
export function smoothLines(random: Random, options: SmoothOptions): Point[][] {
  const ranks = ranksOf(options.braid);
  const plan = layOut(random, options);
  const extents = ranks[0].map((_, line) => extent(random, options, ranks, line));
  return ranks[0].map((_, line) => {
    const knots = knotsOf(random, options, plan, ranks, line, extents[line]);
    return draw(options.family, knots, plan.wander);
  });
}

/** A knot of a line; `loop` is half the height of a loop made on the way from here to the next, negative for up. */
interface Knot {
  readonly u: number;
  readonly v: number;
  readonly loop?: number;
}

interface Plan {
  /** Distance of neighbouring tracks where lines change places, and in each column. */
  readonly spacing: number;
  readonly spacings: readonly number[];
  /** Borders of the columns along u, one more than there are columns. */
  readonly borders: readonly number[];
  /** For each column the length of its crossings along u, and their middle. */
  readonly zones: readonly number[];
  readonly middles: readonly number[];
  /** Height of the middle of the bundle of tracks. */
  readonly wander: (u: number) => number;
}

function layOut(random: Random, options: SmoothOptions): Plan {
  const { frame, braid, liveliness, nearTangent } = options;
  const { columns, start } = braid;
  const run = frame.to - frame.from;
  const lead = run * (columns.length > 8 ? 0.07 : 0.12);
  const weights = columns.map(({ loop }) => (loop ? 1.35 : 1) + 0.25 * liveliness * (random.uniform() - 0.5));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const borders = [frame.from + lead];
  for (const weight of weights) borders.push(borders.at(-1)! + (weight / total) * (run - 2 * lead));
  const widest = (frame.size - 2 * frame.margin - frame.stroke) / start.length;
  const narrowest = Math.min(...columns.map((_, i) => borders[i + 1] - borders[i]));
  const steepest = { spline: 1.15, polyline: 1.3, arcs: 0.6 }[options.family];
  const spacing = Math.min(widest, steepest * narrowest) * (1 - 0.12 * liveliness * random.uniform());
  const shallow = shallowColumns(random, braid, nearTangent);
  const zones = columns.map((_, i) => {
    const length = 0.98 * (borders[i + 1] - borders[i]);
    return zoneLength(random, options.family, spacing, length, shallow.has(i));
  });
  const middles = zones.map((zone, i) => {
    const slack = borders[i + 1] - borders[i] - zone;
    return (borders[i] + borders[i + 1]) / 2 + 0.8 * liveliness * (random.uniform() - 0.5) * slack;
  });
  const spacings = columns.map(({ loop }, i) => {
    if (!loop) return spacing;
    const radius = Math.max(1.7 * frame.stroke, 0.35 * (borders[i + 1] - borders[i]));
    return Math.max(spacing, Math.min(widest, radius + 2.6 * frame.stroke));
  });
  return { spacing, spacings, borders, zones, middles, wander: wanderer(random, options, spacing) };
}

/** Columns of the asked line's crossings that shall be shallow: one, and perhaps some more. */
function shallowColumns(random: Random, { start, columns }: Braid, wanted: boolean): Set<number> {
  if (!wanted) return new Set();
  let rank = start.indexOf(0);
  const own = columns.flatMap(({ swaps }, i) => {
    const low = swaps.find((swap) => swap === rank || swap + 1 === rank);
    if (low === undefined) return [];
    rank = low === rank ? rank + 1 : rank - 1;
    return [i];
  });
  return new Set(random.shuffle(own).slice(0, 1 + random.integer(Math.ceil(own.length / 3))));
}

/**
 * Length along u of a change of places over one `spacing`, for a wanted angle between the two lines. A shallow
 * crossing is long and flat where the column has room for it, else tall and thin.
 */
function zoneLength(
  random: Random,
  family: SmoothFamily,
  spacing: number,
  room: number,
  shallow: boolean,
): number {
  const length = (degrees: number) => {
    const half = (degrees / 2) * (Math.PI / 180);
    if (family === "spline") return (1.5 * spacing) / Math.tan(half);
    if (family === "polyline") return spacing / Math.tan(half);
    return spacing / Math.tan(half / 2);
  };
  if (!shallow) return Math.min(room, length(55 + 65 * random.uniform()));
  const degrees = 29 + 7 * random.uniform();
  const flat = length(degrees);
  return flat <= room ? flat : length(180 - degrees);
}

/** A slow sway of the whole bundle, as far as there is room. */
function wanderer(random: Random, { frame, braid, liveliness, family }: SmoothOptions, spacing: number) {
  const half = frame.size / 2;
  const room = half - frame.margin - frame.stroke - (spacing * braid.start.length) / 2;
  const turns = 0.4 + 0.8 * random.uniform();
  const speed = (2 * Math.PI * turns) / frame.size;
  const phase = 2 * Math.PI * random.uniform();
  const most = family === "arcs" ? 0 : (0.3 * liveliness) / speed;
  const height = Math.max(0, Math.min(room, most)) * random.uniform();
  const shift = Math.max(0, room - height) * liveliness * (2 * random.uniform() - 1);
  return (u: number) => half + shift + height * Math.sin(phase + speed * u);
}

/** First and last column of a line: all of them for a labelled line; a part for one without labels. */
function extent(
  random: Random,
  { braid, labelled }: SmoothOptions,
  ranks: readonly number[][],
  line: number,
): readonly [number, number] {
  const count = braid.columns.length;
  if (line < labelled) return [0, count];
  const meets = braid.columns.flatMap((_, i) => {
    const [before, after] = [ranks[i], ranks[i + 1]];
    return before[line] === after[0] && after[line] === before[0] && before[0] !== after[0] ? [i] : [];
  });
  const latest = Math.min(meets[0] ?? count, count - 1, Math.floor(count / 2));
  const first = random.integer(latest + 1);
  const earliest = Math.max((meets.at(-1) ?? 0) + 1, first + 1, Math.ceil(count / 2));
  return [first, earliest + random.integer(count - earliest + 1)];
}

function knotsOf(
  random: Random,
  { frame, braid, labelled, liveliness }: SmoothOptions,
  plan: Plan,
  ranks: readonly number[][],
  line: number,
  [first, last]: readonly [number, number],
): Knot[] {
  const middle = (braid.start.length - 1) / 2;
  const height = (rank: number, column: number) => (rank - middle) * plan.spacings[column];
  const stray = () => 0.16 * liveliness * plan.spacing * (random.uniform() - 0.5);
  const place = (column: number) =>
    ranks[column].slice(0, labelled).filter((rank) => rank < ranks[column][line]).length;
  const knots: Knot[] = [];
  if (line < labelled) knots.push({ u: frame.from, v: frame.starts[place(0)] - plan.wander(frame.from) });
  for (let i = first; i < last; i++) {
    const [before, after] = [ranks[i][line], ranks[i + 1][line]];
    if (line === 0 && braid.columns[i].loop) {
      const width = plan.borders[i + 1] - plan.borders[i];
      const room = plan.spacings[i] - 2.4 * frame.stroke;
      const radius = Math.min(room, (0.11 * width) / advance, 0.06 * frame.size);
      const side = random.uniform() < 0.5 ? -1 : 1;
      const [u, half, v] = [
        plan.borders[i] + width / 2,
        Math.PI * advance * radius,
        height(before, i) - side * radius,
      ];
      knots.push({ u: u - half, v, loop: side * radius }, { u: u + half, v });
    } else if (before !== after) {
      const [u, half] = [plan.middles[i], plan.zones[i] / 2];
      knots.push(
        { u: u - half, v: height(before, i) + stray() },
        { u: u + half, v: height(after, i) + stray() },
      );
    } else knots.push({ u: (plan.borders[i] + plan.borders[i + 1]) / 2, v: height(before, i) + stray() });
  }
  if (line < labelled)
    knots.push({ u: frame.to, v: frame.ends[place(ranks.length - 1)] - plan.wander(frame.to) });
  return knots;
}

/** Points of a line through its knots, a few pixels apart on curves; heights are then moved by the bundle's sway. */
function draw(family: SmoothFamily, knots: readonly Knot[], wander: (u: number) => number): Point[] {
  const slopes = family === "spline" ? monotoneSlopes(knots) : knots.map(() => 0);
  const points: Point[] = [];
  for (let i = 0; i + 1 < knots.length; i++) {
    const [from, to] = [knots[i], knots[i + 1]];
    if (from.loop !== undefined) points.push(...loop(from, to, from.loop, family));
    else if (family === "polyline") points.push([from.u, from.v]);
    else if (family === "arcs") points.push(...biarc(from, to));
    else points.push(...cubic(from, to, slopes[i], slopes[i + 1]));
  }
  const last = knots[knots.length - 1];
  points.push([last.u, last.v]);
  return points.map(([u, v]) => [u, v + wander(u)]);
}

/** Slopes at the knots such that cubic pieces do not overshoot (Fritsch and Butland 1984: harmonic means). */
function monotoneSlopes(knots: readonly Knot[]): number[] {
  const chords = knots.slice(1).map((knot, i) => (knot.v - knots[i].v) / (knot.u - knots[i].u));
  return knots.map((knot, i) => {
    if (knot.loop !== undefined || (i > 0 && knots[i - 1].loop !== undefined)) return 0;
    const [before, after] = [chords[i - 1] ?? 0, chords[i] ?? 0];
    return before * after <= 0 ? 0 : (2 * before * after) / (before + after);
  });
}

function cubic(from: Knot, to: Knot, slopeFrom: number, slopeTo: number): Point[] {
  const length = to.u - from.u;
  const parts = steps(length, to.v - from.v);
  return Array.from({ length: parts }, (_, i) => {
    const t = i / parts;
    const s = 1 - t;
    const bend = t * s * length * (s * slopeFrom - t * slopeTo);
    return [from.u + t * length, from.v + (to.v - from.v) * t * t * (3 - 2 * t) + bend];
  });
}

/** Two equal arcs of a circle, level at both knots: the first half of an S, then the same turned about the middle. */
function biarc(from: Knot, to: Knot): Point[] {
  const [du, dv] = [to.u - from.u, to.v - from.v];
  if (Math.abs(dv) < 0.05 * Math.abs(du)) return [[from.u, from.v]];
  const radius = (du * du + dv * dv) / (4 * Math.abs(dv));
  const whole = 2 * Math.atan2(Math.abs(dv), du);
  const parts = 2 * Math.ceil(steps(du, dv) / 2);
  const sign = Math.sign(dv);
  return Array.from({ length: parts }, (_, i) => {
    const t = (2 * i) / parts;
    const turn = whole * (t <= 1 ? t : 2 - t);
    const [u, v] = [radius * Math.sin(turn), sign * radius * (1 - Math.cos(turn))];
    return t <= 1 ? [from.u + u, from.v + v] : [to.u - u, to.v - v];
  });
}

const steps = (du: number, dv: number) =>
  Math.max(2, Math.min(24, Math.ceil((Math.abs(du) + 1.5 * Math.abs(dv)) / 4)));

/** Times b, the advance of the trochoid a t - b sin t: wide loops that cross themselves at about 50 degrees. */
const advance = 0.22;

/** One turn of a prolate trochoid, level at both knots. */
function loop(from: Knot, to: Knot, radius: number, family: SmoothFamily): Point[] {
  const parts = family === "polyline" ? 10 : 28;
  const middle = (from.u + to.u) / 2;
  return Array.from({ length: parts }, (_, i) => {
    const t = Math.PI * ((2 * i) / parts - 1);
    const u = middle + Math.abs(radius) * (advance * t - Math.sin(t));
    return [u, from.v + radius * (1 + Math.cos(t))];
  });
}
