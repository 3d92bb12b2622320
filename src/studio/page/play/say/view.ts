/** From what a model answered to what its column shows. Pure. */
import type { RgbImage } from "../../../../common/image.ts";
import type { Region } from "../../../../grounding/region.ts";
import type { AttentionLayer, AttentionResult } from "../../../../lens/attention.ts";
import { readable } from "../../../../lens/findings.ts";
import type { Glance } from "../../../../lens/glance.ts";
import type { PatchWord } from "../../../../lens/logit-lens.ts";
import type { Letter } from "../../studio.ts";
import type { PlayQuestion } from "./questions.ts";
import {
  fixedThreshold,
  type LensScore,
  lensScore,
  lookOf,
  onTarget,
  type Verdict,
  verdictOf,
} from "./scores.ts";
import { type ModelFacts, patchState } from "./sentence.ts";

/** What the models were asked of a picture; what they say is always shown with it. */
export interface Asked {
  readonly image: RgbImage;
  /** The words whose maps are wanted. */
  readonly words: readonly string[];
  readonly questions: readonly PlayQuestion[];
  /** Where each of `words` shows; undefined where nobody knows. */
  readonly regions?: readonly (readonly Region[])[];
}

/** One model's say of what was asked. */
export interface Seen {
  readonly asked: Asked;
  readonly glance: Glance;
}

export interface AnswerRow {
  readonly question: PlayQuestion;
  readonly answer?: AttentionResult;
  readonly verdict: Verdict;
}

export function answerRows({ asked, glance }: Seen): AnswerRow[] {
  return asked.questions.map((question) => {
    const answer = glance.answers.find((one) => one.question === question.text);
    return { question, ...(answer && { answer }), verdict: answer ? verdictOf(answer, question) : "open" };
  });
}

/** Where the answer to a question looks, at a layer. */
export function lookAt(
  { asked, glance }: Seen,
  question: string,
  layer?: number,
): { readonly look: AttentionLayer; readonly answer: AttentionResult; readonly share: number } | undefined {
  const answer = glance.answers.find((one) => one.question === question);
  const look = answer && lookOf(answer, layer);
  if (answer === undefined || look === undefined) return undefined;
  const regions = asked.questions.find(({ text }) => text === question)?.regions ?? [];
  return { look, answer, share: onTarget(look, regions, answer.geometry) };
}

/** The word's maps by layer; undefined for a word that the model cannot write. */
export function mapsOf({ glance: { lens } }: Seen, word: string): Float32Array[] | undefined {
  const k = lens.concepts.findIndex((concept) => concept.word === word);
  return k < 0 ? undefined : lens.layers.map(({ maps }) => maps[k]);
}

/** Of the last layer; undefined for a word that the model cannot write, or of which nothing is known. */
export function scoreOf(seen: Seen, word: string, threshold = fixedThreshold): LensScore | undefined {
  const map = mapsOf(seen, word)?.at(-1);
  if (map === undefined) return undefined;
  const k = seen.asked.words.indexOf(word);
  return lensScore(map, seen.asked.regions?.[k] ?? [], seen.glance.lens.geometry, threshold);
}

/**
 * The words that each patch says at a layer, the last without one: numbers and marks are left out, which patches of small
 * models say where nothing is.
 */
export function patchWords({ glance: { lens } }: Seen, layer?: number): readonly (readonly PatchWord[])[] {
  const all = lens.layers.at(layer ?? -1)?.words ?? lens.layers.at(-1)?.words ?? [];
  return all.map((words) => words.filter(({ token }) => isWord(readable(token))));
}

/** Two letters in a row at least. */
const isWord = (text: string) => /\p{L}{2}/u.test(text);

/** The probability of each patch's likeliest word, [N]. */
export function certainty(words: readonly (readonly PatchWord[])[]): Float32Array {
  return Float32Array.from(words, ([likeliest]) => likeliest?.probability ?? 0);
}

/** Words that at least one patch says with the threshold's probability, the most frequent first. */
export function saidWords(words: readonly (readonly PatchWord[])[], threshold = fixedThreshold): string[] {
  const counts = new Map<string, number>();
  for (const [likeliest] of words) {
    if (likeliest === undefined || likeliest.probability < threshold) continue;
    const text = readable(likeliest.token);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a).map(([text]) => text);
}

/** What the sentence is about. */
export interface FactsOptions {
  readonly word?: string;
  readonly questionAt: number;
  readonly threshold?: number;
}

/** Undefined until the model was asked about the word. */
export function factsOf(
  letter: Letter,
  seen: Seen,
  { word, questionAt, threshold }: FactsOptions,
): ModelFacts | undefined {
  const isKnown = word !== undefined && !seen.glance.unknown.includes(word);
  const score = isKnown ? scoreOf(seen, word, threshold) : undefined;
  if (isKnown && score === undefined) return undefined;
  const nothing = { says: false, pointing: Number.NaN, iou: Number.NaN };
  const rows = answerRows(seen);
  const row = rows[questionAt] ?? rows[0];
  const share = row && lookAt(seen, row.question.text)?.share;
  return {
    letter,
    patches: patchState({ isKnown, ...(score ?? nothing) }),
    said: saidWords(patchWords(seen), threshold),
    ...(row?.answer && {
      answer: {
        text: row.answer.answer,
        ended: row.answer.ended,
        verdict: row.verdict,
        ...(share !== undefined && !Number.isNaN(share) && { onTarget: share }),
      },
    }),
  };
}
