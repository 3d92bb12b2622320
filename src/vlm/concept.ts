/** A concept word as tokens: the one reading that the lens, the logit lens loss and the evaluation share. */
import { mustBe } from "../common/errors.ts";
import { type Chat, promptParts } from "../hub/text/chat.ts";

/** A word as people mean it: without white space around it, and with one space where several stand. */
export function conceptText(word: string): string {
  return word.trim().replaceAll(/\s+/gu, " ");
}

/**
 * Tokens of a word as it stands in an answer, without the answer's end. Capitals count: most vocabularies have
 * tokens of their own for them.
 */
export function conceptTokens(chat: Chat, word: string): number[] {
  return promptParts(chat, { question: "", answer: conceptText(word) }).answer.slice(0, -1);
}

/** Whether the vocabulary can write the word: it has tokens, and none of them stands for what is not known. */
export function knowsConcept({ tokenizer }: Chat, word: string, ids: readonly number[]): boolean {
  const { unk } = tokenizer.special;
  return conceptText(word) !== "" && ids.length > 0 && (unk === undefined || !ids.includes(unk));
}

/** {@link conceptTokens}; a UserError of `caller` for a word that the vocabulary of the model called `name` lacks. */
export function knownConceptTokens(caller: string, name: string, chat: Chat, word: string): number[] {
  const ids = conceptTokens(chat, word);
  if (!knowsConcept(chat, word, ids))
    throw mustBe(caller, "concept", `made of words that ${name} knows`, word, wordsOf(chat));
  return ids;
}

/** The words of a small vocabulary, for an error's hint. */
function wordsOf({ tokenizer }: Chat): string | undefined {
  if (tokenizer.vocabSize > 1000) return undefined;
  const all = Array.from({ length: tokenizer.vocabSize }, (_, id) => tokenizer.token(id) ?? "");
  return `it knows ${all.filter((token) => /^[a-z]{3,}$/.test(token)).join(", ")}`;
}

/** A concept list with each word once: what is said of a word twice is taken together, its regions as one list. */
export function uniteConcepts<R, C extends { readonly word: string; readonly regions: readonly R[] }>(
  concepts: readonly C[],
): C[] {
  const known = Map.groupBy(concepts, ({ word }) => conceptText(word));
  return [...known].map(([word, all]) => {
    const last = all[all.length - 1];
    return { ...last, word, regions: all.flatMap(({ regions }) => regions) };
  });
}
