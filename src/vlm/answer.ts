import type { Vlm } from "./open.ts";

/** An answer's text, without special tokens and the space that templates put before it. */
export function answerText(model: Vlm, ids: readonly number[]): string {
  return model.chat.tokenizer.decode(ids, { skipSpecialTokens: true }).trim();
}

/** How many of a model's tokens have no text: its tables may have rows behind the tokenizer's last id. */
export function unknownTokens(model: Vlm, ids: readonly number[]): number {
  return ids.filter((id) => model.chat.tokenizer.token(id) === undefined).length;
}

/** Ids that end an answer. */
export function endIds(model: Vlm): number[] {
  const { eos } = model.chat.tokenizer.special;
  return [...new Set([...model.facts.eosTokenIds, ...(eos === undefined ? [] : [eos])])];
}
