import { random } from "../../common/random.ts";
import type { AnswerRecord, ItemRecord } from "../record.ts";
import { pictureAddress } from "../report/picture.ts";
import type { ItemScore } from "../score/item.ts";
import { columnAnswers, type LoadedRun, type Table } from "./table.ts";

/** A question that at least one model got wrong, with what every model said. */
export interface FailureExample {
  readonly item: ItemRecord;
  /** A `data:` address; missing where the picture cannot be read. */
  readonly picture?: string;
  readonly answers: readonly ExampleAnswer[];
}

export interface ExampleAnswer {
  readonly label: string;
  /** The row of the table: its colour. */
  readonly slot: number;
  readonly answer?: AnswerRecord;
  readonly outcome: ItemScore["outcome"];
}

/** Failures of a column, drawn by chance but always the same, each model's turn to fail in order. */
export async function failureExamples(table: Table, place: number, count: number): Promise<FailureExample[]> {
  const byRow = table.rows.map((row) => columnAnswers(row, place));
  const failures = byRow.map((answers, r) => {
    const wrong = [...answers.values()].filter(({ score }) => !score.correct);
    return random("failures", table.columns[place].label, r).shuffle(wrong);
  });
  const chosen = inTurns(failures, count);
  return Promise.all(
    chosen.map(async ({ item, run }) => ({
      item,
      ...(await pictured(run, item)),
      answers: table.rows.flatMap(({ label }, slot) => {
        const found = byRow[slot].get(item.id);
        if (found === undefined) return [];
        const { answer, score } = found;
        return [{ label, slot, ...(answer && { answer }), outcome: score.outcome }];
      }),
    })),
  );
}

/** The first of every list, then the second of every list, ..., each question once. */
function inTurns<T extends { readonly item: ItemRecord }>(
  lists: readonly (readonly T[])[],
  count: number,
): T[] {
  const chosen = new Map<string, T>();
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  for (let i = 0; i < longest; i++)
    for (const list of lists)
      if (i < list.length && chosen.size < count && !chosen.has(list[i].item.id))
        chosen.set(list[i].item.id, list[i]);
  return [...chosen.values()];
}

async function pictured(run: LoadedRun, item: ItemRecord): Promise<{ picture?: string }> {
  const picture = await pictureAddress(run, item.image);
  return picture === undefined ? {} : { picture };
}
