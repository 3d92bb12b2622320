/** Log-probabilities of an answer's tokens, and of those that could have stood there. */
import type { TextTokenizer } from "../hub/text/tokenizer.ts";

/** A token with the model's own log-probability: before penalties, temperature and any choice among the probable. */
export interface ScoredToken {
  /** Its text alone. */
  readonly token: string;
  /** In UTF-8; null where the token is a part of a character. */
  readonly bytes: readonly number[] | null;
  readonly logprob: number;
}

export interface ScoredPlace extends ScoredToken {
  /** The most probable tokens at its place, the most probable first. */
  readonly top: readonly ScoredToken[];
}

/** What JSON has in place of minus infinity, as OpenAI's. */
const impossible = -9999;

/** Scores a token by the logits [V] that it was chosen from. */
export function scoredPlace(
  tokenizer: TextTokenizer,
  logits: Float32Array,
  id: number,
  alternatives: number,
): ScoredPlace {
  const sum = logSumExp(logits);
  const scored = (token: number): ScoredToken => {
    const text = tokenizer.decode([token]);
    const logprob = Math.max(impossible, logits[token] - sum);
    return {
      token: text,
      bytes: text.includes("\ufffd") ? null : [...new TextEncoder().encode(text)],
      logprob,
    };
  };
  return { ...scored(id), top: largest(logits, alternatives).map(scored) };
}

/** log of the sum of exp, the largest subtracted first. */
function logSumExp(logits: Float32Array): number {
  const most = logits.reduce((a, b) => Math.max(a, b));
  return most + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0));
}

/** Indices of the `count` largest logits, the largest first; of equal ones the first. */
function largest(logits: Float32Array, count: number): number[] {
  const found: number[] = [];
  for (let id = 0; id < logits.length; id++) {
    if (found.length === count && !(logits[id] > logits[found[count - 1]])) continue;
    let at = found.length;
    while (at > 0 && logits[id] > logits[found[at - 1]]) at--;
    found.splice(at, 0, id);
    if (found.length > count) found.pop();
  }
  return found;
}
