/** A greedy answer from one pass over a row in which a draft of it stands. */
import type { HostArray } from "../engine/host.ts";
import { penalised } from "../models/generate/generate.ts";
import type { Answer } from "./answer.ts";

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
