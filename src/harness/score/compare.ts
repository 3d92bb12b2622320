/** Two runs on the questions that they share. */
import type { JudgeOptions } from "../../answers/judge.ts";
import { UserError } from "../../common/errors.ts";
import { type McNemar, mcNemar } from "../../eval/significance.ts";
import { type Estimate, pairedDifference, proportion } from "../../eval/statistics.ts";
import { aligned } from "../../eval/summary.ts";
import type { ItemRecord } from "../record.ts";
import { percent } from "./lines.ts";
import { type RunFolder, readRunFolder } from "./read.ts";
import { imageGroups, scoreItems, tasksOf } from "./scores.ts";

/** Two runs over the items that both were asked. */
export interface Comparison {
  readonly a: string;
  readonly b: string;
  /** Items of one run that the other lacks, or has with another question, answer or picture. */
  readonly notShared: number;
  readonly all: PairScores;
  readonly tasks: readonly (PairScores & { readonly task: string })[];
}

export interface PairScores {
  readonly items: number;
  readonly accuracy: readonly [a: Estimate, b: Estimate];
  /** a - b, paired bootstrap over images. */
  readonly difference: Estimate;
  readonly mcNemar: McNemar;
}

export interface CompareOptions extends JudgeOptions {
  /** Of the bootstrap; default 0. */
  readonly seed?: number;
}

/**
 * Compares two runs (folders, or what they hold) on their shared items. Throws a `UserError` where they share none, or one
 * of them has no answer yet to some that are shared: what was answered first is no sample of all.
 */
export async function compareRuns(
  first: string | RunFolder,
  second: string | RunFolder,
  options: CompareOptions = {},
): Promise<Comparison> {
  const a = await opened(first);
  const b = await opened(second);
  const { seed = 0, ...rules } = options;
  const others = new Map(b.items.map((item) => [item.id, item]));
  const items = a.items.filter((item) => sameItem(item, others.get(item.id)));
  if (items.length === 0)
    throw new UserError(
      `compare: ${a.run.model} and ${b.run.model} share no item; both runs must be over the same data`,
    );
  for (const run of [a, b]) refuseUnfinished(run, items);
  const [rightA, rightB] = [a, b].map(({ answers }) =>
    scoreItems(items, answers, rules).map(({ correct }) => correct),
  );
  const pair = (keep: (item: ItemRecord) => boolean) => {
    const places = items.flatMap((item, i) => (keep(item) ? [i] : []));
    const groups = imageGroups(places.map((i) => items[i]));
    return pairScores(
      places.map((i) => rightA[i]),
      places.map((i) => rightB[i]),
      { seed, groups },
    );
  };
  return {
    a: a.run.model,
    b: b.run.model,
    notShared: a.items.length + b.items.length - 2 * items.length,
    all: pair(() => true),
    tasks: tasksOf(items).map((task) => ({ task, ...pair((item) => item.task === task) })),
  };
}

async function opened(source: string | RunFolder): Promise<RunFolder> {
  return typeof source === "string" ? readRunFolder(source) : source;
}

function refuseUnfinished({ run, answers }: RunFolder, items: readonly ItemRecord[]): void {
  const answered = new Set(answers.map(({ id }) => id));
  const open = items.filter(({ id }) => !answered.has(id)).length;
  if (open === 0) return;
  const done = `${items.length - open} of ${items.length} questions`;
  throw new UserError(
    `compare: the run of ${run.model} is not finished: it has answers to ${done}; the command that began it goes on`,
  );
}

/** The same question about the same picture with the same answer. */
function sameItem(a: ItemRecord, b: ItemRecord | undefined): boolean {
  if (b === undefined) return false;
  const key = ({ task, image, question, answer, answerType, regions }: ItemRecord) =>
    JSON.stringify([task, image, question, answer, answerType, regions]);
  return key(a) === key(b);
}

function pairScores(
  a: readonly boolean[],
  b: readonly boolean[],
  options: { readonly seed: number; readonly groups: readonly number[] },
): PairScores {
  return {
    items: a.length,
    accuracy: [proportion(a), proportion(b)],
    difference: pairedDifference(a.map(Number), b.map(Number), options),
    mcNemar: mcNemar(a, b),
  };
}

/** A comparison as a table for people. */
export function comparisonLines(comparison: Comparison): string[] {
  const { a, b, notShared, all, tasks } = comparison;
  const rows = [...tasks.map((task) => [task.task, task] as const), ["all", all] as const];
  const left = notShared === 0 ? "" : `; ${notShared} items of only one run left out`;
  return [
    `${all.items} shared items, 95 % intervals${left}`,
    `A = ${a}`,
    `B = ${b}`,
    "",
    ...aligned([
      ["accuracy", "items", "A", "B", "A - B", "only A right", "only B right", "p (McNemar, exact)"],
      ...(tasks.length === 1 ? rows.slice(1) : rows).map(([label, pair]) => pairRow(label, pair)),
    ]),
  ];
}

function pairRow(label: string, { items, accuracy, difference, mcNemar: test }: PairScores): string[] {
  const sign = difference.value > 0 ? "+" : "";
  return [
    label,
    String(items),
    percent(accuracy[0]),
    percent(accuracy[1]),
    sign + percent(difference),
    String(test.onlyA),
    String(test.onlyB),
    shownP(test.p),
  ];
}

/** Two significant digits; very small ones as a bound. */
export function shownP(p: number): string {
  return p < 1e-4 ? "< 0.0001" : String(Number(p.toPrecision(2)));
}
