/** Everything measured on a run, with its baselines. */
import { type JudgeOptions, judgeDefaults } from "../../answers/judge.ts";
import { bootstrapMean, bootstrapRatio, type Estimate, proportion } from "../../eval/statistics.ts";
import type { AnswerRecord, ItemRecord, RunRecord } from "../record.ts";
import { type ItemScore, type Outcome, scoreItem } from "./item.ts";
import type { RunFolder } from "./run-files.ts";
import { type AxisScores, scoreAxes } from "./strata.ts";

/** Everything measured on one run; `scores.json` holds it. */
export interface RunScores {
  readonly version: 1;
  readonly run: RunRecord;
  readonly options: Required<JudgeOptions>;
  /** Over all items, whatever their task. */
  readonly all: GroupScores;
  readonly tasks: readonly TaskScores[];
  readonly tokens: TokenCounts;
  /** What is scored without looking, over the same items. */
  readonly baselines: readonly BaselineScores[];
}

export interface GroupScores {
  readonly items: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  /** Unparsable and unanswered count as wrong. */
  readonly accuracy: Estimate;
}

export interface TaskScores extends GroupScores {
  readonly task: string;
  readonly axes: readonly AxisScores[];
  readonly box?: BoxScores;
  readonly points?: PointsScores;
  readonly yesNo?: YesNoScores;
}

/** Of answers that are boxes, as referring expressions are scored. */
export interface BoxScores {
  /** Share of boxes with an IoU of at least `options.iou`. */
  readonly accuracy: Estimate;
  readonly meanIou: Estimate;
}

/** Of answers that are points: means over the questions; an answer that is none scores 0. */
export interface PointsScores {
  readonly precision: Estimate;
  readonly recall: Estimate;
  readonly f1: Estimate;
}

/**
 * Of yes-no answers, as POPE scores them (Li et al., EMNLP 2023): yes is the positive class. An answer that
 * is neither is no yes, so it lowers recall where yes is true, and it is wrong in the accuracy.
 */
export interface YesNoScores {
  readonly accuracy: Estimate;
  readonly precision: Estimate;
  readonly recall: Estimate;
  readonly f1: Estimate;
  readonly yesShare: Estimate;
}

export interface TokenCounts {
  /** Sums over the answers that tell; null when none does. */
  readonly input: number | null;
  readonly output: number | null;
}

export interface BaselineScores {
  readonly name: string;
  readonly accuracy: Estimate;
  readonly tasks: readonly {
    readonly task: string;
    readonly accuracy: Estimate;
    readonly axes: readonly AxisScores[];
  }[];
}

/** Answers that need no model, to be scored over the same items. */
export interface BaselineAnswers {
  readonly name: string;
  readonly answers: readonly AnswerRecord[];
}

export interface RunScoreOptions extends JudgeOptions {
  readonly baselines?: readonly BaselineAnswers[];
}

/** Scores what a run folder holds. Intervals are 95 %: Wilson, or bootstrap over images. */
export function scoreRun({ run, items, answers }: RunFolder, options: RunScoreOptions = {}): RunScores {
  const { baselines = [], ...rules } = options;
  const scores = scoreItems(items, answers, rules);
  return {
    version: 1,
    run,
    options: { ...judgeDefaults, ...rules },
    all: groupScores(scores),
    tasks: tasksOf(items).map((task) => taskScores(task, items, scores)),
    tokens: { input: tokenSum(answers, "inputTokens"), output: tokenSum(answers, "outputTokens") },
    baselines: baselines.map((baseline) => baselineScores(baseline, items, rules)),
  };
}

/** One score an item, in their order; of several answers to an item the last counts. */
export function scoreItems(
  items: readonly ItemRecord[],
  answers: readonly AnswerRecord[],
  options: JudgeOptions = {},
): ItemScore[] {
  const byId = new Map(answers.map((answer) => [answer.id, answer]));
  return items.map((item) => scoreItem(item, byId.get(item.id), options));
}

export function tasksOf(items: readonly ItemRecord[]): string[] {
  return [...new Set(items.map(({ task }) => task))];
}

function groupScores(scores: readonly ItemScore[]): GroupScores {
  const count = (outcome: Outcome) => scores.filter((score) => score.outcome === outcome).length;
  return {
    items: scores.length,
    outcomes: {
      right: count("right"),
      wrong: count("wrong"),
      unparsable: count("unparsable"),
      unanswered: count("unanswered"),
    },
    accuracy: proportion(scores.map(({ correct }) => correct)),
  };
}

function taskScores(task: string, items: readonly ItemRecord[], scores: readonly ItemScore[]): TaskScores {
  const places = items.flatMap((item, i) => (item.task === task ? [i] : []));
  const own = places.map((i) => scores[i]);
  const ownItems = places.map((i) => items[i]);
  const groups = imageGroups(ownItems);
  return {
    task,
    ...groupScores(own),
    axes: scoreAxes(ownItems, own),
    ...(own.some(({ iou }) => iou !== undefined) && { box: boxScores(own, groups) }),
    ...(own.some(({ points }) => points !== undefined) && { points: pointsScores(own, groups) }),
    ...(own.some(({ yesNo }) => yesNo !== undefined) && { yesNo: yesNoScores(own, groups) }),
  };
}

/** For each item the number of its image: items of one image are resampled together. */
export function imageGroups(items: readonly ItemRecord[]): number[] {
  const known = new Map<string, number>();
  return items.map(({ image }) => {
    if (!known.has(image)) known.set(image, known.size);
    return known.get(image) as number;
  });
}

function boxScores(scores: readonly ItemScore[], groups: readonly number[]): BoxScores {
  const boxes = scores.filter(({ iou }) => iou !== undefined);
  return {
    accuracy: proportion(boxes.map(({ correct }) => correct)),
    meanIou: bootstrapMean(
      scores.map(({ iou }) => iou ?? Number.NaN),
      { groups },
    ),
  };
}

function pointsScores(scores: readonly ItemScore[], groups: readonly number[]): PointsScores {
  const mean = (name: "precision" | "recall" | "f1") =>
    bootstrapMean(
      scores.map(({ points }) => points?.[name] ?? Number.NaN),
      { groups },
    );
  return { precision: mean("precision"), recall: mean("recall"), f1: mean("f1") };
}

function yesNoScores(scores: readonly ItemScore[], groups: readonly number[]): YesNoScores {
  const all = scores.map(({ yesNo }) => yesNo);
  const asked = all.filter((one) => one !== undefined);
  const isYes = ({ said }: (typeof asked)[number]) => said === "yes";
  const isTrue = ({ truth }: (typeof asked)[number]) => truth === "yes";
  const shares = all.map((one) => {
    if (one === undefined) return [Number.NaN, Number.NaN];
    const [said, truth] = [isYes(one) ? 1 : 0, isTrue(one) ? 1 : 0];
    return [2 * said * truth, said + truth]; // F1 = 2 TP / (2 TP + FP + FN) = 2 TP / (said yes + truly yes)
  });
  return {
    accuracy: proportion(asked.map(({ said, truth }) => said === truth)),
    precision: proportion(asked.filter(isYes).map(isTrue)),
    recall: proportion(asked.filter(isTrue).map(isYes)),
    f1: bootstrapRatio(
      shares.map(([hits]) => hits),
      shares.map(([, yeses]) => yeses),
      { groups },
    ),
    yesShare: proportion(asked.map(isYes)),
  };
}

function tokenSum(
  answers: readonly AnswerRecord[],
  field: "inputTokens" | "outputTokens",
): TokenCounts["input"] {
  const known = answers.map((answer) => answer[field]).filter((count) => count !== undefined);
  return known.length === 0 ? null : known.reduce((sum, count) => sum + count, 0);
}

function baselineScores(
  { name, answers }: BaselineAnswers,
  items: readonly ItemRecord[],
  options: JudgeOptions,
): BaselineScores {
  const scores = scoreItems(items, answers, options);
  const accuracy = (own: readonly ItemScore[]) => proportion(own.map(({ correct }) => correct));
  const tasks = tasksOf(items).map((task) => {
    const places = items.flatMap((item, i) => (item.task === task ? [i] : []));
    const own = places.map((i) => scores[i]);
    const axes = scoreAxes(
      places.map((i) => items[i]),
      own,
    );
    return { task, accuracy: accuracy(own), axes };
  });
  return { name, accuracy: accuracy(scores), tasks };
}
