import type { Vlm } from "./open.ts";

/** An answer's text, without special tokens and the space that templates put before it. */
export function answerText(model: Vlm, ids: readonly number[]): string {
  return model.chat.tokenizer.decode(ids, { skipSpecialTokens: true }).trim();
}

/** Ids that end an answer. */
export function endIds(model: Vlm): number[] {
  const { eos } = model.chat.tokenizer.special;
  return [...new Set([...model.facts.eosTokenIds, ...(eos === undefined ? [] : [eos])])];
}
