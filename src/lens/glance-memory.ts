/** What a model was asked lately: the same words and questions come again with every change of a picture. */
import { BoundedCache } from "../common/bounded-cache.ts";
import { type PromptParts, promptParts } from "../hub/text/chat.ts";
import { conceptText, conceptTokens, knowsConcept } from "../vlm/concept.ts";
import type { Vlm } from "../vlm/open.ts";
import { unknownWords } from "../vlm/words.ts";

/** A concept's tokens; undefined where the vocabulary cannot write it. */
export interface AskedWord {
  readonly word: string;
  readonly ids: readonly number[] | undefined;
}

export interface AskedQuestion {
  /** With one token in the place of the image. */
  readonly parts: PromptParts;
  /** Words that the tokenizer replaces by its unknown token. */
  readonly unknown: readonly string[];
}

export interface GlanceMemory {
  word(text: string): AskedWord;
  question(text: string): AskedQuestion;
  /** Tokens of the last answer to a question, the draft of the next. */
  readonly drafts: Pick<BoundedCache<string, readonly number[]>, "get" | "set">;
}

const memories = new WeakMap<Vlm, GlanceMemory>();
/** Of each kind. */
const limit = 64;

/** Of one open model; it goes with the model. */
export function memoryOf(model: Vlm): GlanceMemory {
  const memory = memories.get(model) ?? openMemory(model);
  memories.set(model, memory);
  return memory;
}

function openMemory({ chat }: Vlm): GlanceMemory {
  const words = new BoundedCache<string, AskedWord>({ name: "words of glances", limit });
  const questions = new BoundedCache<string, AskedQuestion>({ name: "questions of glances", limit });
  const readWord = (text: string): AskedWord => {
    const ids = conceptTokens(chat, text);
    return { word: conceptText(text), ids: knowsConcept(chat, text, ids) ? ids : undefined };
  };
  const readQuestion = (text: string): AskedQuestion => ({
    parts: promptParts(chat, { question: text }),
    unknown: unknownWords({ chat }, text),
  });
  return {
    word: (text) => words.getOrMakeNow(text, () => readWord(text)),
    question: (text) => questions.getOrMakeNow(text, () => readQuestion(text)),
    drafts: new BoundedCache({ name: "drafts of answers", limit }),
  };
}
