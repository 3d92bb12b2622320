/** How many pictures an arm sees until a metric first reaches a target, and how many times more another arm needs. */
import { random } from "../common/random.ts";
import { quantile } from "../eval/statistics.ts";
import type { RunRecord } from "./record.ts";

/** Pictures until a target. */
export interface Until {
  /** Geometric mean over seeds; undefined where a seed did not reach the target. */
  readonly value?: number;
  /** 95 % bootstrap over seeds and held-out pictures; `high` is Infinity where more than 2.5 % of the resamples do not get there. */
  readonly low: number;
  readonly high: number;
  readonly seeds: number;
  /** Seeds that reached it. */
  readonly reached: number;
  /** Pictures that the shortest training saw. */
  readonly trained: number;
}

/** How many times the pictures of another arm an arm needs, seed by seed. */
export interface UntilRatio {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly seeds: number;
  /** The slower arm did not get there in some seed, so that all three are lower bounds: its training's pictures count instead. */
  readonly isBound: boolean;
}

/**
 * Where a curve first reaches `target`: between two points on a straight line over the logarithm of the pictures. Infinity
 * where it does not.
 */
export function firstCrossing(
  pictures: readonly number[],
  values: readonly number[],
  target: number,
): number {
  const at = values.findIndex((value) => value >= target);
  if (at < 0) return Number.POSITIVE_INFINITY;
  if (at === 0 || pictures[at - 1] === 0) return pictures[at];
  const [x0, x1] = [Math.log(pictures[at - 1]), Math.log(pictures[at])];
  const share = (target - values[at - 1]) / (values[at] - values[at - 1]);
  return Math.exp(x0 + share * (x1 - x0));
}

const resamples = 500;

/** Undefined without a run that has the metric. */
export function picturesUntil(runs: readonly RunRecord[], key: string, target: number): Until | undefined {
  const curves = runs.flatMap((run) => curveOf(run, key) ?? []);
  if (curves.length === 0) return undefined;
  const found = curves.map((curve) => crossingOf(curve, target));
  const reached = found.filter(Number.isFinite).length;
  const drawn = draws(curves.length, (seed, pick) =>
    crossingOf(curves[seed], target, pick(curves[seed].counts.length)),
  );
  return {
    ...(reached === found.length && { value: geometricMean(found) }),
    ...spread(drawn.map(geometricMean)),
    seeds: curves.length,
    reached,
    trained: Math.min(...curves.map(trainedOf)),
  };
}

/** Of the seeds that both arms have; undefined without one, or where the faster arm does not reach the target in all of them. */
export function untilRatio(
  slow: readonly RunRecord[],
  fast: readonly RunRecord[],
  key: string,
  target: number,
): UntilRatio | undefined {
  const pairs = slow.flatMap((run) => {
    const other = fast.find(({ seed }) => seed === run.seed);
    const [a, b] = [curveOf(run, key), other && curveOf(other, key)];
    return a === undefined || b === undefined ? [] : [[a, b] as const];
  });
  if (pairs.length === 0) return undefined;
  const ratioOf = ([a, b]: readonly [Curve, Curve], drawn?: readonly number[]) =>
    Math.min(trainedOf(a), crossingOf(a, target, drawn)) / crossingOf(b, target, drawn);
  if (pairs.some(([, b]) => crossingOf(b, target) === Number.POSITIVE_INFINITY)) return undefined;
  const drawn = draws(pairs.length, (seed, pick) => ratioOf(pairs[seed], pick(pairs[seed][0].counts.length)));
  return {
    value: geometricMean(pairs.map((pair) => ratioOf(pair))),
    ...spread(drawn.map(geometricMean)),
    seeds: pairs.length,
    isBound: pairs.some(([a]) => crossingOf(a, target) === Number.POSITIVE_INFINITY),
  };
}

/** A metric of one run along its training. */
interface Curve {
  readonly pictures: readonly number[];
  /** By point and held-out picture. */
  readonly sums: readonly (readonly number[])[];
  /** By held-out picture. */
  readonly counts: readonly number[];
}

function curveOf({ points, counts }: RunRecord, key: string): Curve | undefined {
  const found = points.filter(({ sums }) => sums[key] !== undefined);
  if (found.length === 0) return undefined;
  return {
    pictures: found.map(({ pictures }) => pictures),
    sums: found.map(({ sums }) => sums[key]),
    counts: counts[key],
  };
}

const trainedOf = ({ pictures }: Curve) => pictures[pictures.length - 1];

/** With the held-out pictures `drawn`, or all. */
function crossingOf({ pictures, sums, counts }: Curve, target: number, drawn?: readonly number[]): number {
  const total = (of: readonly number[]) =>
    drawn === undefined
      ? of.reduce((sum, value) => sum + value, 0)
      : drawn.reduce((sum, i) => sum + of[i], 0);
  const count = total(counts);
  return firstCrossing(
    pictures,
    sums.map((values) => total(values) / count),
    target,
  );
}

/** Bootstrap: seeds drawn with replacement, and for each the held-out pictures. */
function draws(seeds: number, of: (seed: number, pick: (size: number) => number[]) => number): number[][] {
  const source = random("until", seeds);
  const pick = (size: number) => Array.from({ length: size }, () => source.integer(size));
  return Array.from({ length: resamples }, () =>
    Array.from({ length: seeds }, () => of(source.integer(seeds), pick)),
  );
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** Percentiles; one next to an infinite value is infinite. */
function spread(values: readonly number[]): { low: number; high: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => {
    const found = quantile(sorted, share);
    return Number.isNaN(found) ? Number.POSITIVE_INFINITY : found;
  };
  return { low: at(0.025), high: at(0.975) };
}
