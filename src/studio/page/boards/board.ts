/** A leaderboard as plain data: what the server sends, or the page makes of run folders that a visitor opens. */
import type { ParsedAnswer } from "../../../answers/kinds.ts";
import type { Estimate } from "../../../eval/statistics.ts";
import { columnPlots } from "../../../harness/leaderboard/plots.ts";
import { columnAnswers, type LoadedRun, type Table } from "../../../harness/leaderboard/table.ts";
import type { ItemRecord } from "../../../harness/record.ts";
import type { Outcome } from "../../../harness/score/item.ts";

export interface Board {
  readonly columns: readonly { readonly label: string; readonly task: string; readonly items: number }[];
  readonly rows: readonly BoardRow[];
  readonly baselines: readonly { readonly name: string; readonly cells: readonly Estimate[] }[];
  readonly unfinished: readonly {
    readonly model: string;
    readonly folder: string;
    readonly answered: number;
    readonly items: number;
  }[];
  /** Folders that are no run, or cannot be read, and why. */
  readonly skipped: readonly { readonly folder: string; readonly problem: string }[];
  /** By column: accuracy along the axes of difficulty. */
  readonly axes: readonly (readonly BoardAxis[])[];
}

export interface BoardRow {
  readonly label: string;
  readonly family: string;
  readonly cells: readonly (BoardCell | undefined)[];
  readonly average?: Estimate;
  readonly unparsable: number;
}

export interface BoardCell {
  readonly accuracy: Estimate;
  readonly outcomes: Readonly<Record<Outcome, number>>;
}

export interface BoardAxis {
  readonly axis: string;
  readonly numeric: boolean;
  readonly series: readonly BoardSeries[];
}

/** Of a row, by its place, or of a baseline. */
export interface BoardSeries {
  readonly label: string;
  readonly slot: number | "baseline";
  readonly strata: readonly {
    readonly value: number | string;
    readonly label: string;
    readonly accuracy: Estimate;
  }[];
}

export function boardOf(table: Table, skipped: Board["skipped"]): Board {
  return {
    columns: table.columns.map(({ label, task, items }) => ({ label, task, items })),
    rows: table.rows.map(({ label, family, cells, average, unparsable }) => ({
      label,
      family,
      cells: cells.map((cell) => cell && { accuracy: cell.scores.accuracy, outcomes: cell.scores.outcomes }),
      ...(average && { average }),
      unparsable,
    })),
    baselines: table.baselines.map(({ name, cells }) => ({ name, cells: [...cells] })),
    unfinished: table.unfinished,
    skipped,
    axes: table.columns.map((_, place) =>
      columnPlots(table, place).map(({ axis, numeric, series }) => ({
        axis,
        numeric,
        series: series.map(({ label, slot, strata }) => ({ label, slot, strata: [...strata] })),
      })),
    ),
  };
}

/** A question that a model answered, with what all models said of it. */
export interface Answered {
  readonly item: ItemRecord;
  /** By row; undefined for a model that was not asked. */
  readonly said: readonly (Said | undefined)[];
}

export interface Said {
  readonly text: string;
  readonly outcome: Outcome;
  readonly parsed?: ParsedAnswer;
  /** Why the answer could not be read. */
  readonly problem?: string;
}

/** Which answers of a cell are shown. */
export const showns = ["wrong", "right", "wrong by this alone", "all"] as const;
export type ShownAnswers = (typeof showns)[number];

export interface AnsweredPage {
  readonly count: number;
  readonly answered: readonly Answered[];
}

/** A cell's answers of one kind, a page of them, in the order of the questions. */
export function answersOf(
  table: Table,
  { row, column, shown, from, count }: CellPage,
): AnsweredPage & { readonly runs: readonly LoadedRun[] } {
  const byRow = table.rows.map((one) => columnAnswers(one, column));
  const own = [...(byRow[row]?.values() ?? [])];
  const wanted = own.filter(({ item, score }) => {
    if (shown === "all") return true;
    if (shown === "right") return score.correct;
    if (score.correct) return false;
    const others = byRow.flatMap((answers, i) => (i === row ? [] : (answers.get(item.id) ?? [])));
    return shown === "wrong" || (others.length > 0 && others.every((other) => other.score.correct));
  });
  const page = wanted.slice(from, from + count);
  return {
    count: wanted.length,
    answered: page.map(({ item }) => ({ item, said: byRow.map((answers) => saidOf(answers.get(item.id))) })),
    runs: page.map(({ run }) => run),
  };
}

export interface CellPage {
  readonly row: number;
  readonly column: number;
  readonly shown: ShownAnswers;
  readonly from: number;
  readonly count: number;
}

function saidOf(found: ReturnType<ReturnType<typeof columnAnswers>["get"]>): Said | undefined {
  if (found === undefined) return undefined;
  const { answer, score } = found;
  return {
    text: answer?.text ?? "",
    outcome: score.outcome,
    ...(answer?.parsed && { parsed: answer.parsed }),
    ...(answer?.problem !== undefined && { problem: answer.problem }),
  };
}

/** Whether a cell's value is the best of its column. */
export function isBest({ rows }: Board, row: number, column: number): boolean {
  const value = rows[row].cells[column]?.accuracy.value;
  return value !== undefined && rows.every(({ cells }) => (cells[column]?.accuracy.value ?? 0) <= value);
}

/** "87.3 %", and "81.2 to 91.6" */
export const percent = (value: number) => (Number.isNaN(value) ? "–" : `${(100 * value).toFixed(1)} %`);
export const interval = ({ low, high }: Estimate) =>
  `${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)}`;

/** One sentence of what the board shows, of its numbers alone. */
export function boardSentence(board: Board): string {
  const { rows, columns } = board;
  if (columns.length === 0) return "No run is finished yet.";
  const models = `${rows.length} ${rows.length === 1 ? "model" : "models"}`;
  const questions = columns.reduce((sum, { items }) => sum + items, 0).toLocaleString("en-US");
  const tasks = columns.length === 1 ? columns[0].label : `${columns.length} tasks`;
  const blind = blindSentence(board);
  return `${models} on ${tasks}, ${questions} questions.${blind === "" ? "" : ` ${blind}`}`;
}

/** Which models are not told from guessing: their interval reaches down to the best answer without a picture. */
function blindSentence({ rows, columns, baselines }: Board): string {
  const cells = rows.flatMap(({ cells, label }) =>
    cells.flatMap((cell, c) => {
      const chance = Math.max(...baselines.map((baseline) => baseline.cells[c]?.value ?? 0));
      return cell === undefined
        ? []
        : [{ label, column: columns[c].label, beats: cell.accuracy.low > chance }];
    }),
  );
  const poor = cells.filter(({ beats }) => !beats);
  if (cells.length === 0) return "";
  if (poor.length === 0) return "All are above what can be answered without the picture.";
  if (poor.length > 3)
    return `${poor.length} of ${cells.length} values are not above what can be answered without the picture.`;
  const named = poor.map(({ label, column }) => (columns.length > 1 ? `${label} on ${column}` : label));
  return `Not above what can be answered without the picture: ${named.join(", ")}.`;
}
