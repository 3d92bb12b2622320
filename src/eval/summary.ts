/** Measurements of models as tables, with intervals and paired differences. */
import { shownLine } from "../common/shown-text.ts";
import { formatProbability } from "../lens/scale.ts";
import type { Evaluation } from "./evaluate.ts";
import { queryNames } from "./maps.ts";
import { difference, estimate, keyOf, type Measurement } from "./measurement.ts";
import type { Estimate } from "./statistics.ts";
import { learntSuffix } from "./thresholds.ts";

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

/**
 * How much of what a model's image tokens say at the right place is lost with depth: the diffusion of [A].
 */
export interface Locality {
  /** The layer at which the metric is best, its value there, and its value at the last layer. */
  readonly bestLayer: number;
  readonly best: number;
  readonly last: number;
  /** (best - last) / best: 0 = nothing is lost. */
  readonly lost: number;
}

/** What {@link summarise} gives: models side by side, with intervals and differences. */
export interface Summary {
  readonly models: readonly string[];
  readonly counts: Evaluation["counts"];
  /** By model. */
  readonly thresholds: readonly Evaluation["thresholds"][];
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
    thresholds: evaluations.map(({ thresholds }) => thresholds),
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

/** What is looked at first: is it seen where it is, and does the answer look there? */
const first: Readonly<Record<string, readonly string[]>> = {
  lens: [`presence${learntSuffix}`, "pointing game", "iou", `iou${learntSuffix}`, "best iou"],
  [`attention of the ${queryNames.predicting}`]: ["mass on target", "share on image"],
};

/** A short table for people: the metrics that answer the two questions, layered ones at their last layer. */
export function briefSummary(summary: Summary): string[] {
  const { models, rows } = summary;
  const table = Object.entries(first).flatMap(([group, names]) => {
    const own = lastLayers(rows.filter((row) => row.group === group));
    const shownRows = names.flatMap((name) => own.filter((row) => row.name === name));
    return shownRows.length === 0 ? [] : [[group], ...shownRows.map(rowCells)];
  });
  const columns = ["", ...models, ...(models.length === 2 ? ["difference"] : [])];
  const nothing = "There is nothing to score: no concept and no question has a region.";
  const shownTable = table.length === 0 ? [nothing] : aligned([columns, ...table]);
  return [headLine(summary), ...thresholdLines(summary), "", ...shownTable];
}

/** Which probability counts as saying a word: the fixed one, and for each model those that were learnt. */
function thresholdLines({ models, thresholds }: Summary): string[] {
  const learnt = thresholds.flatMap(({ learnt: found }, m) => {
    if (found === undefined) return [];
    const [even, odd] = found.patches.map(formatProbability);
    return [`${models.length > 1 ? `${models[m]} ` : ""}${even === odd ? even : `${even} and ${odd}`}`];
  });
  const half = "learnt on one half of the images for the other";
  const [{ fixed }] = thresholds;
  return [`lens threshold: ${fixed}${learnt.length > 0 ? `; ${half}: ${learnt.join(", ")}` : ""}`];
}

function headLine({ counts }: Summary): string {
  const items = `${counts.images} images, ${counts.questions} questions, ${counts.concepts} concepts`;
  return `${items}; 95 % intervals`;
}

/** Tables for people: every metric (of layered ones the last layer), then means layer by layer. */
export function summaryLines(summary: Summary): string[] {
  const { models, rows, locality } = summary;
  const columns = ["", ...models, ...(models.length === 2 ? ["difference"] : [])];
  const lost = locality.map(
    ({ bestLayer, lost: share }) => `${shown("share", share)} since ${layerLabel(bestLayer)}`,
  );
  const groups = [...new Set(rows.map(({ group }) => group))];
  const table = groups.flatMap((group) => [
    [group],
    ...lastLayers(rows.filter((row) => row.group === group)).map(rowCells),
    ...(group === "lens" ? [["  average precision lost with depth", ...lost]] : []),
  ]);
  const heads = [headLine(summary), ...thresholdLines(summary)];
  return [...heads, "", ...aligned([columns, ...table]), "", ...aligned(layerTable(summary))];
}

/** Rows without a layer, and of the others those of the last layer. */
function lastLayers(rows: readonly SummaryRow[]): SummaryRow[] {
  const last = Math.max(...rows.map(({ layer }) => layer ?? 0));
  return rows.filter(({ layer }) => layer === undefined || layer === last);
}

/** Means by layer: a line for each layered metric and model. */
function layerTable({ models, rows }: Summary): string[][] {
  const layered = rows.filter(({ layer }) => layer !== undefined);
  const layers = [...new Set(layered.map(({ layer }) => layer as number))].sort((a, b) => a - b);
  const names = [...new Set(layered.map(({ group, name }) => `${group}: ${name}`))];
  const lines = names.flatMap((label) =>
    models.map((model, m) => {
      const cells = layers.map((layer) => {
        const row = layered.find((r) => `${r.group}: ${r.name}` === label && r.layer === layer);
        return row === undefined ? "" : shown(row.name, row.estimates[m].value);
      });
      return [label, model, ...cells];
    }),
  );
  return [["by layer", "", ...layers.map((layer) => (layer === 0 ? "input" : `${layer}`))], ...lines];
}

const layerLabel = (layer: number) => (layer === 0 ? "the decoder input" : `layer ${layer}`);

function rowCells({ name, layer, estimates, difference: change }: SummaryRow): string[] {
  const label = layer === undefined ? `  ${name}` : `  ${name}, ${layerLabel(layer)}`;
  const cells = estimates.map((value) => withInterval(name, value));
  const sign = change !== undefined && change.value > 0 ? "+" : "";
  return [label, ...cells, ...(change === undefined ? [] : [sign + withInterval(name, change)])];
}

interface Unit {
  readonly suffix: string;
  readonly write: (value: number) => string;
}

const percents: Unit = { suffix: " %", write: (value) => (100 * value).toFixed(1) };
const nats: Unit = { suffix: "", write: (value) => value.toFixed(2) };

/** Shares are shown in per cent, entropies and divergences in nats. */
const unitOf = (name: string) => (name === "kl" || name === "entropy" ? nats : percents);

export function shown(name: string, value: number): string {
  const { write, suffix } = unitOf(name);
  return Number.isNaN(value) ? "-" : write(value) + suffix;
}

export function withInterval(name: string, { value, low, high }: Estimate): string {
  const { write } = unitOf(name);
  return Number.isNaN(value) ? "-" : `${shown(name, value)} [${write(low)}, ${write(high)}]`;
}

/** Columns as wide as their longest cell, the first aligned left, the others right. */
export function aligned(given: readonly (readonly string[])[]): string[] {
  const rows = given.map((row) => row.map(shownLine));
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const widths = Array.from({ length: Math.max(...rows.map((row) => row.length)) }, (_, i) => width(i));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join("  ")
      .trimEnd(),
  );
}
