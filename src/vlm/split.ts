/**
 * Points under few corners: each point takes the cheapest corner that is at least as large in every coordinate. Starts
 * with one corner for all points and splits, again and again, the group whose split at a value of one coordinate
 * saves most.
 */

/** A corner or a point: numbers of one length. */
export type Corner = readonly number[];

export interface SplitOptions {
  /** What one of each coordinate costs. */
  readonly costs: readonly number[];
  /** Corners at most. */
  readonly limit: number;
  /** Splitting ends where the corners cost at most this share more than the points themselves. */
  readonly enough: number;
}

interface Group {
  readonly points: readonly Corner[];
  readonly corner: Corner;
  readonly cost: number;
  /** The best two groups of it, and what they save; none where all points are alike. */
  readonly split?: {
    readonly parts: readonly [readonly Corner[], readonly Corner[]];
    readonly saved: number;
  };
}

/** Corners that together lie over all points, in no order. */
export function splitCorners(points: readonly Corner[], { costs, limit, enough }: SplitOptions): Corner[] {
  const costOf = (corner: Corner) => corner.reduce((sum, x, i) => sum + x * costs[i], 0);
  const own = points.reduce((sum, point) => sum + costOf(point), 0);
  let groups = [groupOf(points, costOf)];
  while (groups.length < limit) {
    const cost = groups.reduce((sum, group) => sum + group.cost, 0);
    const best = groups.reduce((a, b) => ((b.split?.saved ?? 0) > (a.split?.saved ?? 0) ? b : a));
    if (best.split === undefined || best.split.saved <= 0 || cost <= own * (1 + enough)) break;
    const parts = best.split.parts.map((part) => groupOf(part, costOf));
    groups = [...groups.filter((group) => group !== best), ...parts];
  }
  return groups.map(({ corner }) => corner);
}

function groupOf(points: readonly Corner[], costOf: (corner: Corner) => number): Group {
  const corner = points.reduce(larger);
  const cost = costOf(corner) * points.length;
  const splits = corner.flatMap((_, axis) => bestSplit(points, axis, costOf) ?? []);
  if (splits.length === 0) return { points, corner, cost };
  const best = splits.reduce((a, b) => (b.cost < a.cost ? b : a));
  return { points, corner, cost, split: { parts: best.parts, saved: cost - best.cost } };
}

/** The cheapest way to cut points in two at a value of one axis. */
function bestSplit(points: readonly Corner[], axis: number, costOf: (corner: Corner) => number) {
  const sorted = [...points].sort((a, b) => a[axis] - b[axis]);
  const after = cornersFrom(sorted);
  let [before, best, at] = [sorted[0], Number.POSITIVE_INFINITY, 0];
  for (let i = 1; i < sorted.length; i++) {
    const isCut = sorted[i][axis] > sorted[i - 1][axis];
    const cost = isCut ? costOf(before) * i + costOf(after[i]) * (sorted.length - i) : best;
    if (cost < best) [best, at] = [cost, i];
    before = larger(before, sorted[i]);
  }
  return at === 0 ? undefined : { cost: best, parts: [sorted.slice(0, at), sorted.slice(at)] as const };
}

/** For each place of a list, the corner over the points from there on. */
function cornersFrom(points: readonly Corner[]): Corner[] {
  const corners = new Array<Corner>(points.length);
  for (let i = points.length - 1; i >= 0; i--)
    corners[i] = i === points.length - 1 ? points[i] : larger(points[i], corners[i + 1]);
  return corners;
}

function larger(a: Corner, b: Corner): Corner {
  return a.map((x, i) => Math.max(x, b[i]));
}
