import type { ChosenPrompts } from "../../answers/prompts/chosen.ts";
import type { Provider } from "../providers/provider.ts";
import type { ItemRecord } from "../record.ts";

/** Words of a run that its model cannot tell apart from each other. */
export interface UnknownWords {
  /** Questions that hold such words. */
  readonly questions: number;
  /** Right answers that hold such words: the model cannot give them. */
  readonly answers: number;
  /** Every such word with the number of questions and answers that hold it, the most frequent first. */
  readonly words: readonly (readonly [word: string, count: number])[];
}

/** Counts them; undefined where a model knows every word, or nobody can tell. */
export function countUnknown(
  { unknownWords }: Provider,
  items: readonly ItemRecord[],
  prompts: ChosenPrompts,
): UnknownWords | undefined {
  if (unknownWords === undefined) return undefined;
  const words = new Map<string, number>();
  const holds = (text: string) => {
    const found = new Set(unknownWords(text));
    for (const word of found) words.set(word, (words.get(word) ?? 0) + 1);
    return found.size > 0;
  };
  const questions = items.filter((item) => holds(prompts.prompt(item))).length;
  const answers = items.filter((item) => isSaid(item) && holds(item.answer)).length;
  if (questions + answers === 0) return undefined;
  return { questions, answers, words: [...words].sort((a, b) => b[1] - a[1]) };
}

/** Places have their truth in the regions, and their text is written by the model's family. */
function isSaid({ answerType }: ItemRecord): boolean {
  return answerType !== "points" && answerType !== "box";
}

/** For people: how many, and the most frequent words. */
export function unknownLines(model: string, unknown: UnknownWords | undefined): string[] {
  if (unknown === undefined) return [];
  const { questions, answers, words } = unknown;
  const shown = words.slice(0, 8).map(([word, count]) => `${JSON.stringify(word)} (${count})`);
  const more = words.length > shown.length ? `, and ${words.length - shown.length} more` : "";
  const counts = [
    ...(questions > 0 ? [`${questions} of the questions`] : []),
    ...(answers > 0 ? [`${answers} of the right answers`] : []),
  ];
  return [`unknown to ${model}: words in ${counts.join(" and ")}: ${shown.join(", ")}${more}`];
}
