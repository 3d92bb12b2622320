import { type HostArray, int32 } from "../engine/host.ts";
import type { ModelInputs } from "../models/inputs.ts";
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
        const id = argmax(logits, b * questions + q);
        if (ends.includes(id)) answers[b][q].ended = true;
        else {
          answers[b][q].ids.push(id);
          if (step + 1 < answerTokens) rows.inputs.inputIds.data[b * S + columns[step + 1]] = id;
        }
      }
  }
  return answers;
}

/** Index of the largest value in row `row` of [..., V]; the first of equal ones. */
function argmax({ data, shape }: HostArray, row: number): number {
  const V = shape.at(-1) as number;
  let best = 0;
  for (let v = 1; v < V; v++) if (data[row * V + v] > data[row * V + best]) best = v;
  return best;
}
