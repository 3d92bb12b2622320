/** Words of a data set that a model's tokenizer does not know: it would see the same mark for all of them, and say it. */
import type { Texts } from "../../data/example.ts";
import { unknownWords } from "../../vlm/words.ts";

/** Unknown words of one kind of text. */
export interface UnknownWords {
  /** How often they stand in the texts. */
  readonly count: number;
  /** The most frequent ones. */
  readonly words: readonly string[];
}

type TextKind = "questions" | "answers" | "concepts";

type Chat = Parameters<typeof unknownWords>[0]["chat"];

/** Words that are named. */
const NAMED = 5;

/** A noncharacter, which no vocabulary has: a tokenizer that falls back to bytes writes it all the same. */
const STRANGE = "\u{1fffe}";

/** The unknown words of each kind of text; none, without looking, where the tokenizer can spell every text. */
export function unknownInData(examples: readonly Texts[], chat: Chat): Record<TextKind, UnknownWords> {
  const some = unknownWords({ chat }, STRANGE).length > 0 ? examples : [];
  const count = counter(chat);
  return {
    questions: count(some.flatMap(({ questions }) => questions.map(({ question }) => question))),
    answers: count(some.flatMap(({ questions }) => questions.map(({ answer }) => answer))),
    concepts: count(some.flatMap(({ concepts }) => concepts.map(({ word }) => word))),
  };
}

/** A line for each kind that has some. */
export function describeUnknown(found: Record<TextKind, UnknownWords>): string[] {
  return Object.entries(found)
    .filter(([, { count }]) => count > 0)
    .map(
      ([kind, { count, words }]) =>
        `${count} ${count === 1 ? "word" : "words"} in ${kind} are unknown to the tokenizer, which reads all of them ` +
        `as the same mark: ${words.join(", ")}`,
    );
}

function counter(chat: Chat): (texts: readonly string[]) => UnknownWords {
  const seen = new Map<string, boolean>();
  const isUnknown = (word: string) => {
    const found = seen.get(word) ?? unknownWords({ chat }, word).length > 0;
    seen.set(word, found);
    return found;
  };
  return (texts) => {
    const counts = new Map<string, number>();
    const unknown = texts.flatMap((text) =>
      text.split(/\s+/).filter((word) => word !== "" && isUnknown(word)),
    );
    for (const word of unknown.map(bare)) counts.set(word, (counts.get(word) ?? 0) + 1);
    const frequent = [...counts].sort(([, a], [, b]) => b - a).map(([word]) => word);
    return { count: unknown.length, words: frequent.slice(0, NAMED) };
  };
}

/** Without the marks around it. */
function bare(word: string): string {
  return word.replace(/^\p{P}+|\p{P}+$/gu, "") || word;
}
