import { random } from "../common/random.ts";

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
  const counted = values.flatMap((value, i) => (Number.isNaN(value) ? [] : [i]));
  if (counted.length === 0) return { value: Number.NaN, count: 0, low: Number.NaN, high: Number.NaN };
  const { groups } = options;
  const kept = counted.map((i) => values[i]);
  const means = resampledMeans(kept, { ...options, groups: groups && counted.map((i) => groups[i]) });
  return {
    value: mean(kept),
    count: kept.length,
    low: quantile(means, 0.025),
    high: quantile(means, 0.975),
  };
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

/** Sums and counts of the values by group, in order of first appearance. */
function groupSums(values: readonly number[], groups?: readonly number[]) {
  const known = new Map<number, number>();
  const index = values.map((_, i) => {
    const group = groups?.[i] ?? i;
    if (!known.has(group)) known.set(group, known.size);
    return known.get(group) as number;
  });
  const sums = new Float64Array(known.size);
  const counts = new Float64Array(known.size);
  for (const [i, value] of values.entries()) {
    sums[index[i]] += value;
    counts[index[i]]++;
  }
  return { sums, counts };
}

/** Sorted means of resamples. */
function resampledMeans(values: readonly number[], options: BootstrapOptions): Float64Array {
  const source = random("bootstrap", options.seed ?? 0);
  const { sums, counts } = groupSums(values, options.groups);
  const means = Float64Array.from({ length: options.resamples ?? 1000 }, () => {
    let [sum, count] = [0, 0];
    for (let i = 0; i < sums.length; i++) {
      const drawn = source.integer(sums.length);
      sum += sums[drawn];
      count += counts[drawn];
    }
    return sum / count;
  });
  return means.sort();
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
