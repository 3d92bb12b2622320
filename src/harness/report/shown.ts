import { random } from "../../common/random.ts";
import type { AnswerRecord, ItemRecord } from "../record.ts";
import type { ItemScore } from "../score/item.ts";
import type { RunFolder } from "../score/read.ts";
import { scoreItems } from "../score/scores.ts";
import type { AttentionView } from "./attention-views.ts";
import { pictureAddress } from "./picture.ts";

/**
 * What became of a question between two models, the one held against first: gained and lost are where they differ. Of
 * one model alone a question is right or wrong.
 */
export const changes = ["gained", "lost", "wrong", "right"] as const;
export type Change = (typeof changes)[number];

/** Questions shown of each kind; the others are counted. */
const most: Readonly<Record<Change, number>> = { gained: 12, lost: 12, wrong: 8, right: 4 };

/** A question with its picture, what every model answered and, where that is known, where it looked. */
export interface ShownQuestion {
  readonly item: ItemRecord;
  readonly change: Change;
  /** A `data:` address; missing where the picture cannot be read. */
  readonly picture?: string;
  /** By model, in the order of the page. */
  readonly answers: readonly ShownAnswer[];
}

export interface ShownAnswer {
  readonly slot: number;
  readonly answer?: AnswerRecord;
  readonly outcome: ItemScore["outcome"];
  readonly attention?: AttentionView;
}

/** The questions of a kind: how many there are, and those that are shown, drawn by chance. */
export interface ShownGroup {
  readonly change: Change;
  readonly count: number;
  readonly questions: readonly ShownQuestion[];
}

/** A run and its path. */
export interface ShownRun extends RunFolder {
  readonly folder: string;
}

/** The groups of the page, over the questions of every run; `runs` in the order of the page. */
export async function shownGroups(runs: readonly ShownRun[], seed: number): Promise<ShownGroup[]> {
  const answered = runs.map(byItem);
  const ids = runs[0].items.filter(({ id }) => answered.every((one) => one.has(id))).map(({ id }) => id);
  const known = ids.map((id) => answered.map((one) => one.get(id) as Answered));
  const groups = Map.groupBy(known, changeOf);
  return Promise.all(
    changes.flatMap((change) => {
      const all = groups.get(change) ?? [];
      if (all.length === 0) return [];
      const chosen = random("shown", change, seed).shuffle(all).slice(0, most[change]);
      return [shownGroup(change, all.length, chosen, runs[0])];
    }),
  );
}

async function shownGroup(
  change: Change,
  count: number,
  chosen: readonly (readonly Answered[])[],
  run: ShownRun,
): Promise<ShownGroup> {
  const questions = chosen.map(async (answers): Promise<ShownQuestion> => {
    const { item } = answers[0];
    const picture = await pictureAddress(run, item.image);
    const said = answers.map(({ answer, score }, slot) => ({
      slot,
      ...(answer && { answer }),
      outcome: score.outcome,
    }));
    return { item, change, ...(picture && { picture }), answers: said };
  });
  return { change, count, questions: await Promise.all(questions) };
}

interface Answered {
  readonly item: ItemRecord;
  readonly answer?: AnswerRecord;
  readonly score: ItemScore;
}

function byItem({ items, answers }: RunFolder): Map<string, Answered> {
  const byId = new Map(answers.map((answer) => [answer.id, answer]));
  const scores = scoreItems(items, answers);
  return new Map(
    items.map((item, i) => {
      const answer = byId.get(item.id);
      return [item.id, { item, ...(answer && { answer }), score: scores[i] }];
    }),
  );
}

function changeOf(answers: readonly Answered[]): Change {
  const [before, after] = [answers[0], answers[answers.length - 1]].map(({ score }) => score.correct);
  if (before === after) return after ? "right" : "wrong";
  return after ? "gained" : "lost";
}
