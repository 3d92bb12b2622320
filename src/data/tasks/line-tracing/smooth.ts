import { sin } from "../../../common/portable-math.ts";
import type { Random } from "../../../common/random.ts";
import type { Point } from "../../drawing/drawing.ts";
import { type Braid, ranksOf } from "./braid.ts";
import {
  drawThrough,
  type Knot,
  loopHalf,
  loopHeight,
  type SmoothFamily,
  type Zone,
  zoneFor,
} from "./curves.ts";
import { type Frame, places } from "./frame.ts";

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
  const plan = layOut(random, options, ranks);
  const sway = swayOf(random, options, plan);
  const knots = ranks[0].map((_, line) => {
    const extent = extentOf(random, options, ranks, line);
    return merged(knotsOf(random, options, plan, ranks, line, extent), plan.closest);
  });
  addEnds(random, options, plan, knots, sway);
  return knots.map((line) => drawThrough(options.family, line, sway));
}

/** Knots at the labels: places in the order in which the labelled lines run there. */
function addEnds(
  random: Random,
  { frame, labelled }: SmoothOptions,
  { borders }: Plan,
  knots: readonly Knot[][],
  sway: (u: number) => number,
): void {
  const own = knots.slice(0, labelled);
  const lead = borders[0] - frame.from;
  const ends = (at: (line: readonly Knot[]) => Knot) => {
    const heights = own.map((line) => at(line).v + sway(at(line).u));
    const free = places(random, frame, heights, lead);
    return heights.map((height) => free[heights.filter((other) => other < height).length]);
  };
  const starts = ends((line) => line[0]);
  const stops = ends((line) => line[line.length - 1]);
  for (let line = 0; line < labelled; line++) {
    own[line].unshift({ u: frame.from, v: starts[line] - sway(frame.from) });
    own[line].push({ u: frame.to, v: stops[line] - sway(frame.to) });
  }
}

interface Plan {
  /** Borders of the columns along u, one more than there are columns. */
  readonly borders: readonly number[];
  /** `[column][lower rank]`: how lines change places there. */
  readonly zones: readonly (readonly Zone[])[];
  /** `[column][rank]`: heights of the tracks, about 0. */
  readonly heights: readonly (readonly number[])[];
  /** For each column the radius of its loop, and the side that it is on: 1 for down, -1 for up. */
  readonly loops: readonly ({ readonly radius: number; readonly side: number } | undefined)[];
  /** Distance of the tracks of lines that change places. */
  readonly spacing: number;
  /** Knots that are closer than this along u become one. */
  readonly closest: number;
}

/** The greatest ratio of track spacing to column length for each family: what keeps crossings from being too tall. */
const steepest: Readonly<Record<SmoothFamily, number>> = { spline: 1.1, polyline: 1.1, arcs: 0.95 };

function layOut(random: Random, options: SmoothOptions, ranks: readonly number[][]): Plan {
  const { frame, braid, liveliness, family } = options;
  const { columns, start } = braid;
  const run = frame.to - frame.from;
  const lead = run * (columns.length > 8 ? 0.05 + 0.006 * options.labelled : 0.13);
  const weights = columns.map(
    ({ loop }) =>
      (loop ? Math.max(1.6, (6.4 * frame.stroke * columns.length) / run) : 1) +
      0.25 * liveliness * (random.uniform() - 0.5),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const borders = [frame.from + lead];
  for (const weight of weights) borders.push(borders.at(-1)! + (weight / total) * (run - 2 * lead));
  const lengths = columns.map((_, i) => borders[i + 1] - borders[i]);
  const room = frame.size - 2 * frame.margin - frame.stroke;
  const narrowest = Math.min(...lengths.filter((_, i) => !columns[i].loop), lengths[0]);
  const widest = room / (start.length - 0.5);
  const spacing = Math.min(widest, steepest[family] * narrowest) * (1 - 0.12 * liveliness * random.uniform());
  const shallow = shallowSwaps(random, braid, options.nearTangent);
  const zones = columns.map(({ swaps }, i) => {
    const own: Zone[] = [];
    const jitter = columns[i - 1]?.loop || columns[i + 1]?.loop ? 0 : liveliness;
    for (const low of swaps) {
      const thin =
        shallow[i] === low || (options.nearTangent && shallow[i] === undefined && random.uniform() < 0.2);
      own[low] = zoneFor(random, family, spacing, [borders[i], borders[i + 1]], thin, jitter);
    }
    return own;
  });
  const loops = columns.map(({ loop }, i) =>
    loop ? loopIn(random, options, ranks, i, lengths[i], widest) : undefined,
  );
  const heights = heightsOf(random, options, { ranks, lengths, spacing, room, loops });
  return { borders, zones, heights, loops, spacing, closest: 0.22 * narrowest };
}

/**
 * For each column the lower rank of the asked line's swap if that shall be shallow, -1 if it shall not; undefined where
 * the asked line swaps with none. One shall be at least.
 */
function shallowSwaps(random: Random, { start, columns }: Braid, wanted: boolean): (number | undefined)[] {
  let rank = start.indexOf(0);
  const lows = columns.map(({ swaps }) => {
    const low = swaps.find((swap) => swap === rank || swap + 1 === rank);
    if (low !== undefined) rank = low === rank ? rank + 1 : rank - 1;
    return low;
  });
  if (!wanted) return lows.map((low) => (low === undefined ? low : -1));
  const own = lows.flatMap((low, i) => (low === undefined ? [] : [i]));
  const chosen = random.shuffle(own).slice(0, 1 + random.integer(Math.ceil(own.length / 3)));
  return lows.map((low, i) => (low === undefined || chosen.includes(i) ? low : -1));
}

/** A loop lies away from where the line comes from and goes to, where these agree. */
function loopIn(
  random: Random,
  { frame }: SmoothOptions,
  ranks: readonly number[][],
  column: number,
  length: number,
  widest: number,
) {
  const own = ranks.map((rank) => rank[0]);
  const before = own[column] - (own.slice(0, column).findLast((rank) => rank !== own[column]) ?? own[column]);
  const after = (own.slice(column + 1).find((rank) => rank !== own[column]) ?? own[column]) - own[column];
  const side = Math.sign(before - after) || (random.uniform() < 0.5 ? -1 : 1);
  const radius = Math.min(0.22 * length, 0.04 * frame.size, (widest - 2.3 * frame.stroke) / loopHeight);
  return { radius: Math.max(radius, 1.25 * frame.stroke), side };
}

/**
 * Heights of the tracks in each column. Neighbours that change places are `spacing` apart, those about a loop further,
 * and others may drift apart where there is room, slowly from column to column.
 */
function heightsOf(
  random: Random,
  { braid: { columns, start }, frame, liveliness }: SmoothOptions,
  plan: {
    readonly ranks: readonly number[][];
    readonly lengths: readonly number[];
    readonly spacing: number;
    readonly room: number;
    readonly loops: Plan["loops"];
  },
): number[][] {
  const { ranks, lengths, spacing, room, loops } = plan;
  const spare = (liveliness * Math.max(0, room - spacing * start.length)) / start.length;
  const extras = columns.map(({ swaps }) => {
    const free = Array.from({ length: start.length - 1 }, () => 2 * spare * squared(random.uniform()));
    for (const low of swaps) free[low] = 0;
    return free;
  });
  const drift = Math.min(0.4, 1.2 / start.length);
  const ease = (i: number, j: number) => {
    for (let gap = 0; gap < start.length - 1; gap++)
      extras[i][gap] = Math.min(extras[i][gap], extras[j][gap] + drift * lengths[i]);
  };
  for (let i = 1; i < columns.length; i++) ease(i, i - 1);
  for (let i = columns.length - 2; i >= 0; i--) ease(i, i + 1);
  return extras.map((extra, i) => {
    const heights = spread(
      extra.map((more) => spacing + more),
      room,
    );
    const loop = loops[i];
    return loop === undefined ? heights : makeRoom(heights, ranks[i][0], loop, 2.3 * frame.stroke);
  });
}

/** Heights about 0 with the gaps between them, squeezed where they need more than the room. */
function spread(gaps: readonly number[], room: number): number[] {
  const total = gaps.reduce((sum, gap) => sum + gap, 0);
  const scale = Math.min(1, room / total);
  const heights = [(-total * scale) / 2];
  for (const gap of gaps) heights.push(heights.at(-1)! + gap * scale);
  return heights;
}

/** Moves tracks apart on the loop's side of a rank, so that they are `clear` of it. */
function makeRoom(
  heights: readonly number[],
  rank: number,
  { radius, side }: NonNullable<Plan["loops"][number]>,
  clear: number,
): number[] {
  const next = heights[rank + side];
  if (next === undefined) return [...heights];
  const more = Math.max(0, loopHeight * radius + clear - Math.abs(next - heights[rank]));
  return heights.map((height, other) => height + ((other - rank) * side > 0 ? side : -side) * (more / 2));
}

/** A slow sway of the whole bundle, as far as there is room. */
function swayOf(random: Random, { frame, liveliness, family }: SmoothOptions, { heights }: Plan) {
  const top = Math.min(...heights.map((column) => column[0]));
  const bottom = Math.max(...heights.map((column) => column.at(-1)!));
  const centre = (frame.size - top - bottom) / 2;
  const room = Math.max(0, (frame.size - bottom + top) / 2 - frame.margin - frame.stroke);
  const speed = (2 * Math.PI * (0.4 + 0.8 * random.uniform())) / frame.size;
  const phase = 2 * Math.PI * random.uniform();
  const most = family === "arcs" ? 0 : (0.25 * liveliness) / speed;
  const height = Math.min(room, most) * random.uniform();
  const shift = 0.8 * (room - height) * liveliness * (2 * random.uniform() - 1);
  return (u: number) => centre + shift + height * sin(phase + speed * u);
}

/** First and last column of a line: all of them for a labelled line; a part for one without labels. */
function extentOf(
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
  const latest = Math.min(meets[0] ?? count, count - 1, Math.floor(0.4 * count));
  const first = random.integer(latest + 1);
  const earliest = Math.max((meets.at(-1) ?? 0) + 1, first + 1, Math.ceil(0.6 * count));
  return [first, earliest + random.integer(count - earliest + 1)];
}

function knotsOf(
  random: Random,
  { liveliness, labelled }: SmoothOptions,
  plan: Plan,
  ranks: readonly number[][],
  line: number,
  [first, last]: readonly [number, number],
): Knot[] {
  const stray = () => 0.14 * liveliness * plan.spacing * (random.uniform() - 0.5);
  const knots: Knot[] = [];
  for (let i = first; i < last; i++) {
    const from = plan.heights[i][ranks[i][line]];
    const to = plan.heights[i][ranks[i + 1][line]];
    const looping = plan.loops[i];
    const loop = line === 0 ? looping : undefined;
    const u = (plan.borders[i] + plan.borders[i + 1]) / 2;
    if (loop !== undefined) {
      const half = loopHalf * loop.radius;
      knots.push(
        { u: u - half, v: from, loop: loop.side * loop.radius },
        { u: u + half, v: from, looped: true },
      );
    } else if (from !== to) {
      const {
        length,
        middle,
        tilt,
        shallow: pinned,
      } = plan.zones[i][Math.min(ranks[i][line], ranks[i + 1][line])];
      const half = length / 2;
      const [before, after] = pinned ? [from, to] : [from + stray(), to + stray()];
      knots.push({ u: middle - half, v: before, pinned, tilt }, { u: middle + half, v: after, pinned });
    } else if (looping !== undefined) {
      const half = loopHalf * looping.radius;
      knots.push({ u: u - half, v: from }, { u: u + half, v: from });
    } else knots.push({ u, v: from + stray() });
  }
  if (line >= labelled) {
    knots.unshift({ u: plan.borders[first], v: knots[0].v });
    knots.push({ u: plan.borders[last], v: knots[knots.length - 1].v });
  }
  return knots;
}

/** Knots that almost lie above one another would make teeth: each such pair becomes one knot. */
function merged(knots: readonly Knot[], closest: number): Knot[] {
  const result: Knot[] = [];
  for (const knot of knots) {
    const last = result.at(-1);
    if (last === undefined || knot.u - last.u >= closest || !mergeable(last, knot)) result.push(knot);
    else if (knot.pinned) result[result.length - 1] = knot;
    else if (!last.pinned)
      result[result.length - 1] = { u: (last.u + knot.u) / 2, v: (last.v + knot.v) / 2, tilt: knot.tilt };
  }
  return result;
}

function mergeable(a: Knot, b: Knot): boolean {
  return !(a.looped || a.loop !== undefined || b.loop !== undefined || b.looped || (a.pinned && b.pinned));
}

const squared = (x: number) => x * x;
