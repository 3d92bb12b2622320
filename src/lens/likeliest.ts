import type { Vlm } from "../vlm/open.ts";
import type { Reading } from "./readings.ts";

/** A likely word of a patch, or of a position of the text. */
export interface PatchWord {
  /** Empty for an id beyond the tokenizer, of a head that is padded. */
  readonly token: string;
  readonly id: number;
  readonly probability: number;
}

/** The likeliest tokens of a reading with its sum, as words. */
export function wordsOf(model: Vlm, { top, logSumExp }: Reading): PatchWord[] {
  return top.map(({ id, logit }) => ({
    token: model.chat.tokenizer.token(id) ?? "",
    id,
    probability: Math.exp(logit - logSumExp),
  }));
}
