/** The tables of a study, for people: at the end, against the first arm, and pictures until a target. */
import { withInterval } from "../eval/language/lines.ts";
import type { TokenChange } from "../eval/language/measure.ts";
import type { Estimate } from "../eval/statistics.ts";
import { aligned } from "../eval/summary.ts";
import { labelOf } from "./record.ts";
import type { StudyReport, UntilRow } from "./report.ts";
import type { Until, UntilRatio } from "./until.ts";

type Table = readonly (readonly string[])[];

const percent = (value: number) => (100 * value).toFixed(1);

/** "93.1 [92.0, 94.4]" */
export function shownEstimate({ value, low, high }: Estimate): string {
  return Number.isNaN(value) ? "–" : `${percent(value)} [${percent(low)}, ${percent(high)}]`;
}

/** "+3.1 [+2.0, +4.4]", in points. */
export function shownDifference(estimate: Estimate | undefined): string {
  if (estimate === undefined || Number.isNaN(estimate.value)) return "–";
  const signed = (value: number) => `${value < 0 ? "−" : "+"}${percent(Math.abs(value))}`;
  return `${signed(estimate.value)} [${signed(estimate.low)}, ${signed(estimate.high)}]`;
}

/** "12,300" in three digits. */
export function shownPictures(value: number): string {
  return Number.isFinite(value) ? Number(value.toPrecision(3)).toLocaleString("en-GB") : "∞";
}

export function shownUntil(until: Until | undefined): string {
  if (until === undefined) return "–";
  const { value, low, high, seeds, reached, trained } = until;
  const within = `${shownPictures(trained)} pictures`;
  if (value === undefined)
    return reached === 0 ? `not within ${within}` : `in ${reached} of ${seeds} seeds within ${within}`;
  return `${shownPictures(value)} [${shownPictures(low)}, ${shownPictures(high)}]`;
}

export function shownRatio(ratio: UntilRatio | undefined): string {
  if (ratio === undefined) return "–";
  const digits = (value: number) => (Number.isFinite(value) ? `${Number(value.toPrecision(2))}` : "∞");
  const { value, low, high, isBound } = ratio;
  return isBound ? `more than ${digits(low)}` : `${digits(value)} [${digits(low)}, ${digits(high)}]`;
}

/** Every metric at the end, an arm a column. */
export function endTable({ arms, metrics }: StudyReport): Table {
  const rows = metrics.map(({ key, estimates }) => [labelOf(key), ...estimates.map(shownEstimate)]);
  return [["%", ...arms.map(({ name }) => name)], ...rows];
}

/** What every other arm adds to the first. */
function differenceTable({ arms, metrics }: StudyReport): Table {
  const [first, ...others] = arms;
  const rows = metrics.map(({ key, differences }) => [
    labelOf(key),
    ...differences.slice(1).map(shownDifference),
  ]);
  return [[`points against ${first.name}`, ...others.map(({ name }) => name)], ...rows];
}

/** Of each arm's models against the one that they were trained from; no row where that was not measured. */
function languageTable({ arms, language }: StudyReport): Table {
  const head = ["against the model before", ...arms.map(({ name }) => name)];
  if (language.every((kept) => kept === undefined)) return [head];
  const cells = (of: (kept: TokenChange) => Estimate, digits: number) =>
    language.map((kept) => (kept === undefined ? "–" : withInterval(of(kept), digits)));
  return [
    head,
    ["perplexity, times", ...cells(({ perplexityRatio }) => perplexityRatio, 3)],
    ["KL, nats a token", ...cells(({ kl }) => kl, 4)],
  ];
}

function untilTable({ arms, until }: StudyReport): Table {
  const rows = until.map(({ key, target, arms: each }) => [
    untilLabel({ key, target }),
    ...each.map(shownUntil),
  ]);
  return [["pictures until", ...arms.map(({ name }) => name)], ...rows];
}

/** How many times the pictures of the last arm each other needs, of the scores for which that is known of an arm. */
function ratioTable({ arms, until }: StudyReport): Table {
  const last = arms[arms.length - 1];
  const known = until.filter(({ ratios }) => ratios.slice(0, -1).some((ratio) => ratio !== undefined));
  const rows = known.map(({ key, target, ratios }) => [
    untilLabel({ key, target }),
    ...ratios.slice(0, -1).map(shownRatio),
  ]);
  return [[`times the pictures of ${last.name}`, ...arms.slice(0, -1).map(({ name }) => name)], ...rows];
}

function untilLabel({ key, target }: Pick<UntilRow, "key" | "target">): string {
  return `${labelOf(key)} ${Math.round(100 * target)} %`;
}

/** What is compared: how many seeds, pictures and questions. */
export function headLines({ arms, runs, missing, questions, pictures }: StudyReport): string[] {
  const each = arms.map(
    ({ name, seeds, steps, trained }) =>
      `${name}: ${seeds.length === 1 ? "seed" : "seeds"} ${seeds.join(", ")}; ${steps.toLocaleString("en-GB")} steps, ${trained.toLocaleString("en-GB")} pictures`,
  );
  const open = missing.length > 0 ? [`Not there yet: ${missing.join("; ")}.`] : [];
  return [
    `${runs} runs, scored on ${pictures.toLocaleString("en-GB")} held-out pictures with ${questions.toLocaleString("en-GB")} questions; 95 % intervals, pictures of all seeds resampled.`,
    "Within a seed all arms had the same start, pictures, order and steps, as their hashes show; only the losses differ.",
    ...each,
    ...open,
  ];
}

/** A table of a study under its heading. */
export interface TitledTable {
  readonly title: string;
  readonly rows: Table;
}

/** The tables that have a row. */
export function tablesOf(report: StudyReport): TitledTable[] {
  const tables = [
    { title: "At the end", rows: endTable(report) },
    { title: "Against the first arm, on the same questions", rows: differenceTable(report) },
    { title: "Language kept, on texts without a picture", rows: languageTable(report) },
    { title: "Pictures until a score is first reached", rows: untilTable(report) },
    { title: "How many times the pictures", rows: ratioTable(report) },
  ];
  return tables.filter(({ rows: [head, ...rows] }) => head.length > 1 && rows.length > 0);
}

export function reportLines(report: StudyReport): string[] {
  return [...headLines(report), ...tablesOf(report).flatMap(({ rows }) => ["", ...aligned(rows)])];
}

export function reportMarkdown(report: StudyReport): string {
  const cells = (row: readonly string[]) =>
    `| ${row.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const table = ({ title, rows: [head, ...rows] }: TitledTable) =>
    [`## ${title}\n`, cells(head), cells(head.map(() => "---")), ...rows.map(cells)].join("\n");
  const list = headLines(report)
    .map((line) => `- ${line}`)
    .join("\n");
  return ["# Ablation", list, ...tablesOf(report).map(table), "![Learning curves](curves.svg)", ""].join(
    "\n\n",
  );
}
