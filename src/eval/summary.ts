import type { Evaluation } from "./evaluate.ts";
import { difference, estimate, keyOf, type Measurement } from "./measurement.ts";
import type { Estimate } from "./statistics.ts";

/** One metric of one or two models. */
export interface SummaryRow {
  readonly group: string;
  readonly name: string;
  readonly layer?: number;
  /** By model, in the order given. */
  readonly estimates: readonly Estimate[];
  /** First model - second model, over the same items. */
  readonly difference?: Estimate;
}

/** How much of what a model's image tokens say at the right place is lost with depth: the diffusion of [A]. */
export interface Locality {
  /** The layer at which the metric is best, its value there, and its value at the last layer. */
  readonly bestLayer: number;
  readonly best: number;
  readonly last: number;
  /** (best - last) / best: 0 = nothing is lost. */
  readonly lost: number;
}

export interface Summary {
  readonly models: readonly string[];
  readonly counts: Evaluation["counts"];
  readonly rows: readonly SummaryRow[];
  /** By model: lens average precision by layer. */
  readonly locality: readonly Locality[];
}

/** Estimates with 95 % intervals; for two models also their paired differences. */
export function summarise(evaluations: readonly Evaluation[], seed = 0): Summary {
  const [first, second] = evaluations;
  const others = evaluations.map(({ measurements }) => new Map(measurements.map((m) => [keyOf(m), m])));
  const rows = rowKeys(evaluations).map((measurement) => {
    const key = keyOf(measurement);
    const found = others.map((measurements) => measurements.get(key));
    const [a, b] = found;
    const { group, name, layer } = measurement;
    return {
      group,
      name,
      ...(layer !== undefined && { layer }),
      estimates: found.map((m) => (m === undefined ? nothing : estimate(m, seed))),
      ...(second !== undefined &&
        a !== undefined &&
        b !== undefined && { difference: difference(a, b, seed) }),
    };
  });
  return {
    models: evaluations.map(({ model }) => model),
    counts: first.counts,
    rows,
    locality: evaluations.map((evaluation) => localityOf(evaluation.measurements)),
  };
}

const nothing: Estimate = { value: Number.NaN, low: Number.NaN, high: Number.NaN, count: 0 };

/** The metrics of all models: a model with fewer layers lacks some. */
function rowKeys(evaluations: readonly Evaluation[]): Measurement[] {
  const known = new Map<string, Measurement>();
  for (const { measurements } of evaluations)
    for (const measurement of measurements)
      if (!known.has(keyOf(measurement))) known.set(keyOf(measurement), measurement);
  return [...known.values()];
}

function localityOf(measurements: readonly Measurement[]): Locality {
  const byLayer = measurements
    .filter(
      ({ group, name, layer }) => group === "lens" && name === "average precision" && layer !== undefined,
    )
    .sort((a, b) => (a.layer as number) - (b.layer as number))
    .map((measurement) => meanOf(measurement.values));
  const best = Math.max(...byLayer);
  const last = byLayer[byLayer.length - 1] ?? Number.NaN;
  return { bestLayer: byLayer.indexOf(best), best, last, lost: (best - last) / best };
}

function meanOf(values: readonly number[]): number {
  const counted = values.filter((value) => !Number.isNaN(value));
  return counted.reduce((sum, value) => sum + value, 0) / counted.length;
}

/** A table for people: by group the metrics of the whole model, then of every layer. */
export function summaryLines(summary: Summary): string[] {
  const { models, counts, rows } = summary;
  const head = `${counts.images} images, ${counts.questions} questions, ${counts.concepts} concepts; 95 % intervals`;
  const columns = ["", ...models, ...(models.length === 2 ? ["difference"] : [])];
  const groups = [...new Set(rows.map(({ group }) => group))];
  const body = groups.flatMap((group) => [
    [group],
    ...rows.filter((row) => row.group === group).map(rowCells),
  ]);
  const lost = summary.locality.map(({ bestLayer, lost }) => `${percent(lost)} since layer ${bestLayer}`);
  return [head, "", ...aligned([columns, ...body, ["locality lost with depth", ...lost]])];
}

function rowCells({ name, layer, estimates, difference: change }: SummaryRow): string[] {
  const label =
    layer === undefined ? `  ${name}` : `  ${name}, ${layer === 0 ? "decoder input" : `layer ${layer}`}`;
  const show = name === "kl" || name === "entropy" ? nats : percents;
  const signed = (value: Estimate) => (value.value > 0 ? "+" : "") + show(value);
  return [label, ...estimates.map(show), ...(change === undefined ? [] : [signed(change)])];
}

const percent = (share: number) => (Number.isNaN(share) ? "-" : `${(100 * share).toFixed(1)} %`);
const number = (share: number) => (100 * share).toFixed(1);

function percents({ value, low, high }: Estimate): string {
  return Number.isNaN(value) ? "-" : `${number(value)} % [${number(low)}, ${number(high)}]`;
}

function nats({ value, low, high }: Estimate): string {
  return Number.isNaN(value) ? "-" : `${value.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`;
}

/** Columns as wide as their longest cell, the first aligned left, the others right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const widths = Array.from({ length: Math.max(...rows.map((row) => row.length)) }, (_, i) => width(i));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join("  ")
      .trimEnd(),
  );
}
