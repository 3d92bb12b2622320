/** Greedy answers to many packed questions at once. */
import { type HostArray, int32 } from "../engine/host.ts";
import { penalised } from "../models/generate/generate.ts";
import type { ModelInputs } from "../models/inputs/inputs.ts";
import type { Answer } from "./answer.ts";
import type { PackedRows } from "./pack.ts";

/** Logits [B, Q, V] at positions [B, Q]. */
export type LogitsAt = (inputs: ModelInputs<HostArray>, positions: HostArray) => Promise<HostArray>;

/**
 * Greedy answers to all packed questions at once: each pass predicts the next token of every answer that has not ended,
 * and writes it into its place in `rows.inputs.inputIds`. What stands in places not yet written is later in its own
 * question and therefore never seen. There is no cache: a generator's holds one text a row, and here many questions
 * share one image, whose short answers take a few passes together (`greedyAnswer` answers one prompt with a cache).
 */
export async function decodeGreedy(
  rows: PackedRows,
  logitsAt: LogitsAt,
  ends: readonly number[],
  penalty = 1,
): Promise<Answer[][]> {
  const { questions, answerTokens } = rows;
  const S = rows.inputs.inputIds.shape[1];
  const answers = rows.answers.map((ofImage) => ofImage.map((): Answer => ({ ids: [], ended: false })));
  for (let step = 0; step < answerTokens && answers.flat().some(({ ended }) => !ended); step++) {
    const positions = int32([rows.rows, questions]);
    for (const [b, ofImage] of rows.answers.entries())
      for (const [q, columns] of ofImage.entries())
        positions.data[b * questions + q] = columns[Math.min(step, answers[b][q].ids.length)];
    const logits = await logitsAt(rows.inputs, positions);
    for (const [b, ofImage] of rows.answers.entries())
      for (const [q, columns] of ofImage.entries()) {
        if (answers[b][q].ended) continue;
        const own = rowOf(logits, b * questions + q);
        const seen = penalty === 1 ? [] : [...rows.prompts[b][q], ...answers[b][q].ids];
        const id = argmax(penalised(own, seen, penalty));
        if (ends.includes(id)) answers[b][q].ended = true;
        else {
          answers[b][q].ids.push(id);
          if (step + 1 < answerTokens) rows.inputs.inputIds.data[b * S + columns[step + 1]] = id;
        }
      }
  }
  return answers;
}

/** What a pass over a row with a draft of an answer says of it. */
export interface CheckedDraft {
  /** As far as it is known: the draft's tokens that are right, and the one that follows them. */
  readonly answer: Answer;
  /** Whether that is all of it. */
  readonly isWhole: boolean;
}

export interface DraftRule {
  /** Ids of the prompt. */
  readonly prompt: readonly number[];
  readonly ends: readonly number[];
  readonly penalty: number;
  /** Most tokens of the answer, its end among them. */
  readonly limit: number;
}

/**
 * Reads a greedy answer from the logits at its places, rows from `first` on, in which a draft stood: each token is the
 * greedy one as long as all before it in the draft were. A right draft gives an answer in one pass that would take one
 * for each token.
 */
export function checkedDraft(
  logits: HostArray,
  { first, places }: { readonly first: number; readonly places: number },
  draft: readonly number[],
  { prompt, ends, penalty, limit }: DraftRule,
): CheckedDraft {
  const ids: number[] = [];
  for (let i = 0; i < Math.min(places, limit); i++) {
    const seen = penalty === 1 ? [] : [...prompt, ...ids];
    const id = argmax(penalised(rowOf(logits, first + i), seen, penalty));
    if (ends.includes(id)) return { answer: { ids, ended: true }, isWhole: true };
    ids.push(id);
    if (draft[i] !== id) break;
  }
  return { answer: { ids, ended: false }, isWhole: ids.length === limit };
}

/** Row `row` of [..., V]. */
function rowOf({ data, shape }: HostArray, row: number): Float32Array {
  const V = shape.at(-1) as number;
  return (data as Float32Array).subarray(row * V, (row + 1) * V);
}

/** Index of the largest value; the first of equal ones. */
function argmax(values: Float32Array): number {
  let best = 0;
  for (let v = 1; v < values.length; v++) if (values[v] > values[best]) best = v;
  return best;
}
