/** Intervals: Wilson's for proportions, bootstrap over images for means, ratios and differences. */
import { random } from "../common/random.ts";

/** A 95 % interval. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** An estimate with its 95 % interval and the number of items behind it. */
export interface Estimate extends Interval {
  readonly value: number;
  readonly count: number;
}

/** 97.5 % quantile of the standard normal distribution. */
const z95 = 1.959963984540054;

/**
 * Wilson score interval of a proportion (Wilson, J. Am. Stat. Assoc. 22, 1927), 95 % by default: good also
 * for few items and for shares near 0 and 1. No item: the whole of [0, 1].
 */
export function wilsonInterval(successes: number, count: number, z = z95): Interval {
  if (count === 0) return { low: 0, high: 1 };
  const share = successes / count;
  const scale = 1 + (z * z) / count;
  const centre = (share + (z * z) / (2 * count)) / scale;
  const half = (z * Math.sqrt((share * (1 - share)) / count + (z * z) / (4 * count * count))) / scale;
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

/** Share of successes with its Wilson interval. */
export function proportion(outcomes: readonly boolean[]): Estimate {
  const successes = outcomes.filter(Boolean).length;
  const interval = wilsonInterval(successes, outcomes.length);
  return {
    value: outcomes.length === 0 ? Number.NaN : successes / outcomes.length,
    count: outcomes.length,
    ...interval,
  };
}

/** Mean with its 95 % bootstrap percentile interval; values that are not a number do not count. */
export function bootstrapMean(values: readonly number[], options: BootstrapOptions = {}): Estimate {
  return bootstrapRatio(
    values,
    values.map(() => 1),
    options,
  );
}

/**
 * Ratio of sums Σ a / Σ b with its 95 % bootstrap percentile interval, items drawn with replacement as pairs:
 * for cumulative IoU (intersections over unions) and F1 (2 TP over 2 TP + FP + FN). Items NaN in either do
 * not count, nor do resamples whose Σ b is 0.
 */
export function bootstrapRatio(
  numerators: readonly number[],
  denominators: readonly number[],
  options: BootstrapOptions = {},
): Estimate {
  return bootstrapped({ numerators, denominators }, undefined, options);
}

/** Ratio of sums of a less that of b over the same items: the paired form of {@link bootstrapRatio}. */
export function pairedRatioDifference(a: Ratio, b: Ratio, options: BootstrapOptions = {}): Estimate {
  if (a.numerators.length !== b.numerators.length)
    throw new RangeError(
      `paired ratios: a and b must be equally long, got ${a.numerators.length} and ${b.numerators.length}`,
    );
  return bootstrapped(a, b, options);
}

export interface Ratio {
  readonly numerators: readonly number[];
  readonly denominators: readonly number[];
}

function bootstrapped(a: Ratio, b: Ratio | undefined, options: BootstrapOptions): Estimate {
  const columns = [a, ...(b === undefined ? [] : [b])].flatMap((r) => [r.numerators, r.denominators]);
  const counted = a.numerators.flatMap((_, i) => (columns.some((c) => Number.isNaN(c[i])) ? [] : [i]));
  const nothing = { value: Number.NaN, count: counted.length, low: Number.NaN, high: Number.NaN };
  if (counted.length === 0) return nothing;
  const groups = counted.map((i) => options.groups?.[i] ?? i);
  const sums = groupSums(
    columns.map((column) => counted.map((i) => column[i])),
    groups,
  );
  const value = ratioDifference(sums.map((column) => column.reduce((total, sum) => total + sum, 0)));
  const values = resampledRatios(sums, options);
  if (values.length === 0) return { ...nothing, value };
  return { value, count: counted.length, low: quantile(values, 0.025), high: quantile(values, 0.975) };
}

export interface BootstrapOptions {
  readonly seed?: number;
  /** Default 1000. */
  readonly resamples?: number;
  /** For each value its group (the image it is about): groups are resampled whole. Default: each its own. */
  readonly groups?: readonly number[];
}

/**
 * Mean difference a - b over the same items with a 95 % bootstrap percentile interval: items are drawn with
 * replacement and keep their pair (Efron & Tibshirani 1993, chapter 13). Items NaN in either are left out.
 */
export function pairedDifference(
  a: readonly number[],
  b: readonly number[],
  options: BootstrapOptions = {},
): Estimate {
  if (a.length !== b.length)
    throw new RangeError(`paired difference: a and b must be equally long, got ${a.length} and ${b.length}`);
  return bootstrapMean(
    a.map((value, i) => value - b[i]),
    options,
  );
}

/** Sums of every column by group, in order of first appearance. */
function groupSums(columns: readonly (readonly number[])[], groups: readonly number[]): Float64Array[] {
  const known = new Map<number, number>();
  const index = groups.map((group) => {
    if (!known.has(group)) known.set(group, known.size);
    return known.get(group) as number;
  });
  return columns.map((values) => {
    const sums = new Float64Array(known.size);
    for (const [i, value] of values.entries()) sums[index[i]] += value;
    return sums;
  });
}

/** Sorted ratios of resamples; those with nothing to divide by are left out. */
function resampledRatios(columns: readonly Float64Array[], options: BootstrapOptions): Float64Array {
  const source = random("bootstrap", options.seed ?? 0);
  const size = columns[0].length;
  const ratios = Float64Array.from({ length: options.resamples ?? 1000 }, () => {
    const totals = columns.map(() => 0);
    for (let i = 0; i < size; i++) {
      const drawn = source.integer(size);
      for (let c = 0; c < columns.length; c++) totals[c] += columns[c][drawn];
    }
    return ratioDifference(totals);
  });
  return ratios.filter((ratio) => !Number.isNaN(ratio)).sort();
}

/** [a, b] -> a / b, [a, b, c, d] -> a / b - c / d. */
function ratioDifference([a, b, c, d]: readonly number[]): number {
  return c === undefined ? a / b : a / b - c / d;
}

/** Quantile of sorted values by linear interpolation (Hyndman & Fan's type 7, NumPy's default). */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = (sorted.length - 1) * share;
  const low = Math.floor(at);
  const high = Math.min(sorted.length - 1, low + 1);
  return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}
