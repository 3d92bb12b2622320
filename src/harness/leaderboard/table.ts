/** Runs as a table: models by tasks and data sets. */
import { random } from "../../common/random.ts";
import { type Estimate, mean, quantile } from "../../eval/statistics.ts";
import { baselineAnswers, baselineKinds } from "../baselines.ts";
import type { AnswerRecord, ItemRecord } from "../record.ts";
import type { ItemScore } from "../score/item.ts";
import type { RunFolder } from "../score/run-files.ts";
import {
  type BaselineScores,
  type RunScores,
  scoreItems,
  scoreRun,
  type TaskScores,
  type TokenCounts,
} from "../score/scores.ts";

/** A run with its path and scores. */
export interface LoadedRun extends RunFolder {
  readonly folder: string;
  readonly scores: RunScores;
  /** US dollars at list price, where the model has one and its tokens are known. */
  readonly cost: number | null;
}

/** A task over one data set: a column of the table. */
export interface Column {
  /** The task, with the data set's name where the same task occurs on several. */
  readonly label: string;
  readonly task: string;
  readonly dataHash: string;
  /** Which part of the data set was asked, where it was not all of it. */
  readonly part?: string;
  /** The most items that a run was asked. */
  readonly items: number;
  readonly baselines: readonly BaselineScores["tasks"][number][];
}

/** A model's result in one column. */
export interface Cell {
  readonly run: LoadedRun;
  readonly scores: TaskScores;
}

/** A model: a row of the table. Its runs together cover some or all columns. */
export interface TableRow {
  readonly label: string;
  readonly family: string;
  readonly runs: readonly LoadedRun[];
  /** By column. */
  readonly cells: readonly (Cell | undefined)[];
  /** Mean of the accuracies of all columns, each counting alike; undefined unless all are there. */
  readonly average?: Estimate;
  readonly tokens: TokenCounts;
  readonly cost: number | null;
  readonly unparsable: number;
  readonly items: number;
}

/** A run that still has questions without an answer: what it has is no sample of the whole, so nothing counts it. */
export interface UnfinishedRun {
  readonly model: string;
  readonly folder: string;
  readonly answered: number;
  readonly items: number;
}

/** Models by tasks, best first. */
export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly TableRow[];
  readonly baselines: readonly { readonly name: string; readonly cells: readonly Estimate[] }[];
  /** Runs that are shown apart. */
  readonly unfinished: readonly UnfinishedRun[];
}

/** Scores of a run, with the baselines over its own items. */
export function scoreWithBaselines(content: RunFolder): RunScores {
  const baselines = baselineKinds.map((name) => ({
    name,
    answers: baselineAnswers(name, content.items, content.run.seed),
  }));
  return scoreRun(content, { baselines });
}

/** Puts finished runs into a table. Runs of baselines are left out: the table has them anyway. */
export function buildTable(all: readonly LoadedRun[]): Table {
  const runs = all.filter((run) => !isUnfinished(run));
  const columns = columnsOf(runs);
  const models = runs.filter(({ run }) => !(baselineKinds as readonly string[]).includes(run.model));
  const rows = rowGroups(models).map((group) => rowOf(group, columns, models));
  const baselines = baselineKinds.map((name, b) => ({
    name,
    cells: columns.map((column) => column.baselines[b].accuracy),
  }));
  const unfinished = all.filter(isUnfinished).map(({ run, folder, scores: { all: group } }) => ({
    model: run.model,
    folder,
    answered: group.items - group.outcomes.unanswered,
    items: group.items,
  }));
  return { columns, rows: rows.sort((a, b) => standing(b) - standing(a)), baselines, unfinished };
}

function isUnfinished({ scores }: LoadedRun): boolean {
  return scores.all.outcomes.unanswered > 0;
}

/** Questions of one task, of one data set and one part of it. */
function columnKey(
  { dataHash, part = "" }: { dataHash: string; part?: string | undefined },
  task: string,
): string {
  return `${task} ${dataHash} ${part}`;
}

/** Complete rows by their average, then the others by the mean of what they have. */
function standing({ cells, average }: TableRow): number {
  if (average !== undefined) return 1 + average.value;
  const values = cells.flatMap((cell) => (cell === undefined ? [] : [cell.scores.accuracy.value]));
  return mean(values);
}

function columnsOf(runs: readonly LoadedRun[]): Column[] {
  const all = runs.flatMap((run) => run.scores.tasks.map((scores) => ({ run, scores })));
  const groups = Map.groupBy(all, ({ run, scores }) => columnKey(run.run, scores.task));
  return [...groups.values()].map((group) => {
    const { run, scores } = group.reduce((a, b) => (b.scores.items > a.scores.items ? b : a));
    const several = [...groups.values()].filter(([other]) => other.scores.task === scores.task).length > 1;
    const { dataHash, part } = run.run;
    const place = [...(several ? [dataName(run)] : []), ...(part === undefined ? [] : [`${part} part`])];
    return {
      label: place.length > 0 ? `${scores.task} (${place.join(", ")})` : scores.task,
      task: scores.task,
      dataHash,
      ...(part !== undefined && { part }),
      items: scores.items,
      baselines: run.scores.baselines.map(
        ({ tasks }) => tasks.find(({ task }) => task === scores.task) as BaselineScores["tasks"][number],
      ),
    };
  });
}

/** The last part of the path of a run's data. */
export function dataName({ folder, run }: LoadedRun): string {
  const parts: string[] = [];
  for (const part of (run.data.startsWith("/") ? run.data : `${folder}/${run.data}`).split("/"))
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  return parts.at(-1) ?? run.data;
}

/** Runs of one model make one row, unless two of them were asked the same task. */
function rowGroups(runs: readonly LoadedRun[]): LoadedRun[][] {
  const groups: LoadedRun[][] = [];
  const keys = ({ run, scores }: LoadedRun) => scores.tasks.map(({ task }) => columnKey(run, task));
  for (const run of runs) {
    const found = groups.find(
      (group) =>
        group[0].run.model === run.run.model &&
        group[0].run.family === run.run.family &&
        !group.some((other) => keys(other).some((key) => keys(run).includes(key))),
    );
    if (found === undefined) groups.push([run]);
    else found.push(run);
  }
  return groups;
}

function rowOf(group: LoadedRun[], columns: readonly Column[], all: readonly LoadedRun[]): TableRow {
  const { model, family } = group[0].run;
  // A second row of the same model is told apart by its folder.
  const alone = all.every(({ run }, i) => run.model !== model || group.includes(all[i]));
  const cells = columns.map((column) => cellOf(group, column));
  const sum = (of: (run: LoadedRun) => number) => group.reduce((total, run) => total + of(run), 0);
  return {
    label: alone ? model : `${model} · ${group.map(({ folder }) => folder).join(", ")}`,
    family,
    runs: group,
    cells,
    ...(columns.length > 1 && cells.every((cell) => cell !== undefined) && { average: averageOf(cells) }),
    tokens: {
      input: total(group.map(({ scores }) => scores.tokens.input)),
      output: total(group.map(({ scores }) => scores.tokens.output)),
    },
    cost: total(group.map(({ cost }) => cost)),
    unparsable: sum(({ scores }) => scores.all.outcomes.unparsable),
    items: sum(({ scores }) => scores.all.items),
  };
}

function cellOf(group: readonly LoadedRun[], column: Column): Cell | undefined {
  for (const run of group) {
    const scores = run.scores.tasks.find(({ task }) => task === column.task);
    if (scores !== undefined && columnKey(run.run, column.task) === columnKey(column, column.task))
      return { run, scores };
  }
  return undefined;
}

/** Known only where every run of the row tells. */
function total(counts: readonly (number | null)[]): number | null {
  return counts.includes(null) ? null : counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
}

/**
 * Mean accuracy over tasks with a bootstrap interval: questions are drawn with replacement within each task.
 */
function averageOf(cells: readonly Cell[]): Estimate {
  const tasks = cells.map(({ scores }) => ({
    right: scores.outcomes.right,
    items: scores.items,
    share: scores.accuracy.value,
  }));
  const source = random("average of tasks", 0);
  const drawn = ({ right, items }: (typeof tasks)[number]) => {
    let hits = 0;
    for (let i = 0; i < items; i++) if (source.integer(items) < right) hits++;
    return hits / items;
  };
  const means = Float64Array.from({ length: 1000 }, () => mean(tasks.map(drawn))).sort();
  return {
    value: mean(tasks.map(({ share }) => share)),
    count: tasks.reduce((sum, { items }) => sum + items, 0),
    low: quantile(means, 0.025),
    high: quantile(means, 0.975),
  };
}

/** All that a row was asked, as one run; names carry the data set, so that two sets never mix. */
export function mergedRun({ label, runs }: TableRow): RunFolder {
  const named = (name: string, { run }: LoadedRun) => `${run.dataHash}/${name}`;
  return {
    run: { ...runs[0].run, model: label },
    items: runs.flatMap((run) =>
      run.items.map((item) => ({ ...item, id: named(item.id, run), image: named(item.image, run) })),
    ),
    answers: runs.flatMap((run) => run.answers.map((answer) => ({ ...answer, id: named(answer.id, run) }))),
  };
}

/** What a row answered to each question of a column, by the question's id. */
export function columnAnswers(
  row: TableRow,
  place: number,
): Map<string, { item: ItemRecord; answer?: AnswerRecord; score: ItemScore; run: LoadedRun }> {
  const cell = row.cells[place];
  if (cell === undefined) return new Map();
  const { items, answers } = cell.run;
  const byId = new Map(answers.map((answer) => [answer.id, answer]));
  const own = items.filter(({ task }) => task === cell.scores.task);
  const scores = scoreItems(own, answers);
  return new Map(
    own.map((item, i) => {
      const answer = byId.get(item.id);
      return [item.id, { item, ...(answer && { answer }), score: scores[i], run: cell.run }];
    }),
  );
}
