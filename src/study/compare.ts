/** Arms of a study against each other: over all seeds, on the same pictures, with bootstrap intervals. */
import { UserError } from "../common/errors.ts";
import { bootstrapRatio, type Estimate, pairedRatioDifference, type Ratio } from "../eval/statistics.ts";
import type { Point, RunRecord } from "./record.ts";

/** One metric of all arms at the end. */
export interface ComparedMetric {
  readonly key: string;
  /** By arm; mean over seeds and items, pictures of every seed resampled whole. */
  readonly estimates: readonly Estimate[];
  /** By arm, at the end of each seed: lowest and highest. */
  readonly ranges: readonly (readonly [number, number])[];
  /** Of each arm less the first, on the same questions of the same seeds; undefined for the first. */
  readonly differences: readonly (Estimate | undefined)[];
}

/**
 * Throws a UserError where two runs of one seed did not begin alike: what is said of their difference would be said of more
 * than their losses.
 */
export function mustBeginAlike(records: readonly RunRecord[]): void {
  for (const [seed, own] of Map.groupBy(records, ({ seed }) => seed)) {
    const [first] = own;
    const other = own.find((record) => !beginAlike(first, record));
    if (other === undefined) continue;
    throw new UserError(
      `ablate: arms ${first.arm} and ${other.arm} of seed ${seed} did not begin with the same parameters and batches; was the model, the data or Fovea changed between them?`,
    );
  }
}

function beginAlike({ start: a }: RunRecord, { start: b }: RunRecord): boolean {
  const shared = Math.min(a.batches.length, b.batches.length);
  return a.params === b.params && a.batches.slice(0, shared).join() === b.batches.slice(0, shared).join();
}

/** The metrics of the last point of every record, arm by arm; runs must have been scored on the same pictures. */
export function compareArms(records: readonly RunRecord[], arms: readonly string[]): ComparedMetric[] {
  const own = arms.map((arm) => records.filter((record) => record.arm === arm));
  const keys = [...new Set(records.flatMap(({ counts }) => Object.keys(counts)))].sort(byGroup);
  return keys.map((key) => {
    const estimates = own.map((runs) => estimateOf(runs, key));
    const ranges = own.map((runs) => rangeOf(runs.map((run) => valueAt(run, endOf(run), key))));
    const differences = own.map((runs, i) => (i === 0 ? undefined : differenceOf(runs, own[0], key)));
    return { key, estimates, ranges, differences };
  });
}

const groups = ["accuracy", "lens", "attention"];

function byGroup(a: string, b: string): number {
  const place = (key: string) => groups.indexOf(key.split("/")[0]);
  return place(a) - place(b);
}

export const endOf = ({ points }: RunRecord): Point => points[points.length - 1];

/** Mean over all items of a point; NaN without any. */
export function valueAt({ counts }: RunRecord, { sums }: Point, key: string): number {
  const total = (values: readonly number[] = []) => values.reduce((sum, value) => sum + value, 0);
  return total(sums[key]) / total(counts[key]);
}

function rangeOf(values: readonly number[]): readonly [number, number] {
  const found = values.filter((value) => !Number.isNaN(value));
  return [Math.min(...found), Math.max(...found)];
}

/** Sums and counts of several runs at some point of each, a group for each picture of each seed. */
function pooled(
  runs: readonly RunRecord[],
  key: string,
  at: (run: RunRecord) => Point,
): Ratio & { readonly groups: number[] } {
  const parts = runs.flatMap((run) => {
    const [numerators, denominators] = [at(run).sums[key], run.counts[key]];
    return numerators === undefined || denominators === undefined
      ? []
      : [{ numerators, denominators, seed: run.seed }];
  });
  return {
    numerators: parts.flatMap(({ numerators }) => numerators),
    denominators: parts.flatMap(({ denominators }) => denominators),
    groups: parts.flatMap(({ seed, numerators }) => numerators.map((_, picture) => seed * 1e6 + picture)),
  };
}

/** Mean over seeds and items with its interval, at the end or at another point of every run. */
export function estimateOf(
  runs: readonly RunRecord[],
  key: string,
  at: (run: RunRecord) => Point = endOf,
): Estimate {
  const { numerators, denominators, groups } = pooled(runs, key, at);
  return bootstrapRatio(numerators, denominators, { groups });
}

function differenceOf(
  runs: readonly RunRecord[],
  base: readonly RunRecord[],
  key: string,
): Estimate | undefined {
  const has = (some: readonly RunRecord[], seed: number) =>
    some.some((run) => run.seed === seed && endOf(run).sums[key] !== undefined);
  const seeds = runs.map(({ seed }) => seed).filter((seed) => has(runs, seed) && has(base, seed));
  if (seeds.length === 0) return undefined;
  const side = (some: readonly RunRecord[]) =>
    pooled(
      seeds.flatMap((seed) => some.find((run) => run.seed === seed) ?? []),
      key,
      endOf,
    );
  const [a, b] = [side(runs), side(base)];
  if (a.numerators.length !== b.numerators.length)
    throw new UserError(
      "ablate: the arms were not scored on the same pictures; was the data changed between them?",
    );
  return pairedRatioDifference(a, b, { groups: a.groups });
}
