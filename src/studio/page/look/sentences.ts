/** One sentence of what one sees, from what the models said: nothing is claimed that is not known. */
import { formatShare } from "../../../lens/scale.ts";
import type { Letter } from "../studio.ts";
import type { Curve, Over } from "./state.ts";

/** What is known of one model's view. Undefined: not there yet, or not known. */
export interface Seen {
  readonly letter: Letter;
  /** Whether it says the concept at the layer, as the library's sentence has it. */
  readonly says?: boolean;
  /** "says cat at row 2, column 3: 0.94" */
  readonly lens?: string;
  /** At the cut, against what is known. */
  readonly iou?: number;
  readonly answer?: string;
  /** The answer with something knocked out. */
  readonly after?: string;
  readonly ended?: boolean;
  /** Share of the attention on the image, and of the whole on the target. */
  readonly image?: number;
  readonly target?: number;
  /** Words that patches are most certain of, likeliest first. */
  readonly words?: readonly string[];
}

export interface SentenceFacts {
  readonly over: Over;
  readonly concept?: string;
  readonly layer: string;
  readonly question?: string;
  /** What the question is about, by its word. */
  readonly target?: string;
  /** What is knocked out, in words. */
  readonly struck?: string;
  readonly seen: readonly Seen[];
}

export function sentenceOf(facts: SentenceFacts): string {
  if (facts.seen.length === 0) return "";
  return changeSentence(facts) ?? sentences[facts.over](facts);
}

const sentences: Readonly<Record<Over, (facts: SentenceFacts) => string>> = {
  concept: conceptSentence,
  words: wordsSentence,
  attention: attentionSentence,
  relevance: relevanceSentence,
};

/** What a knock-out did, once a model has answered again. */
function changeSentence({ struck, seen }: SentenceFacts): string | undefined {
  const again = seen.filter(({ after }) => after !== undefined);
  if (struck === undefined || again.length === 0) return undefined;
  const parts = again.map(({ letter, answer = "", after = "" }) => changeText(letter, answer, after));
  return `Without ${struck}: ${parts.join("; ")}.`;
}

function conceptSentence({ concept, layer, seen }: SentenceFacts): string {
  if (concept === undefined) return "Type a word to see where the patches say it.";
  const read = seen.filter(({ lens }) => lens !== undefined);
  if (read.length === 0) return "";
  const parts = read.map(({ letter, lens, iou }) => {
    const overlap = iou === undefined ? "" : `; its mask and the ${concept} have an IoU of ${iou.toFixed(2)}`;
    return `${letter.toUpperCase()} ${lens}${overlap}`;
  });
  return `At ${layer}, ${parts.join(". ")}.`;
}

function wordsSentence({ layer, seen }: SentenceFacts): string {
  const read = seen.filter(({ words }) => words !== undefined);
  if (read.length === 0) return "";
  const parts = read.map(({ letter, words = [] }) =>
    words.length === 0
      ? `no patch of ${letter.toUpperCase()} is certain of a word`
      : `${letter.toUpperCase()}’s patches are most certain of ${listed(words.slice(0, 4))}`,
  );
  return `At ${layer}, ${parts.join("; ")}.`;
}

function attentionSentence({ question, layer, target, seen }: SentenceFacts): string {
  if (question === undefined) return "Ask a question to see where its answer looks.";
  const read = seen.filter(({ answer }) => answer !== undefined);
  if (read.length === 0) return "";
  const parts = read.map(({ letter, answer = "", ended, image = 0, target: on }) => {
    const said = answer === "" ? "says nothing" : `answers “${answer}${ended === false ? " …" : ""}”`;
    const where = `gives the image ${formatShare(image)} of its attention`;
    const about = on === undefined || target === undefined ? "" : `, the ${target} ${formatShare(on)}`;
    return `${letter.toUpperCase()} ${said}; the token ${where}${about}`;
  });
  return `Asked “${question}”: ${parts.join(". ")} (${layer}).`;
}

function relevanceSentence({ question, target, seen }: SentenceFacts): string {
  if (question === undefined) return "Ask a question to see what mattered for its answer.";
  const read = seen.filter(({ image }) => image !== undefined);
  if (read.length === 0) return "";
  const parts = read.map(({ letter, answer = "", image = 0, target: on }) => {
    const said = answer === "" ? "says nothing" : `answers “${answer}”`;
    const about =
      on === undefined || target === undefined ? "" : `, and of that ${formatShare(on)} on the ${target}`;
    return `${letter.toUpperCase()} ${said}; ${formatShare(image)} of what mattered lies on the image${about}`;
  });
  return `Asked “${question}”: ${parts.join(". ")}.`;
}

/** "a, b and c" */
export function listed(words: readonly string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`;
}

/** What sinks are, where there are some: people take them for a bug. */
export function sinkText(sinks: readonly number[], columns: number, share: number | undefined): string {
  if (sinks.length === 0)
    return "No patch draws attention whatever is asked: there is no sink in this picture.";
  const places = sinks
    .slice(0, 4)
    .map((patch) => `row ${1 + Math.floor(patch / columns)}, column ${1 + (patch % columns)}`);
  const more = sinks.length > 4 ? ` and ${sinks.length - 4} more` : "";
  const part = share === undefined ? "" : ` Here ${formatShare(share)} of the attention lies on them.`;
  const what = sinks.length === 1 ? "is a sink: it draws" : "are sinks: they draw";
  return `${listed(places)}${more} ${what} attention from most heads at almost every token, whatever is asked. That is how the model rests attention that it has no use for, not a fault of the map, and says nothing of what shows there.${part}`;
}

/** "“fire truck” is two tokens here: fire · truck" */
export function piecesText(word: string, pieces: readonly string[]): string | undefined {
  if (pieces.length < 2) return undefined;
  return `“${word}” is cut into ${pieces.length} tokens: ${pieces.join(" · ")}. Its rank is the mean of theirs.`;
}

/** What a curve of locality starts and ends with. */
export interface CurveEnds {
  readonly letter: Letter;
  readonly first: number;
  readonly last: number;
}

/** What the curve of locality means, with its ends. */
export function localityText(curve: Curve, models: readonly CurveEnds[]): string {
  const number = curve === "information" ? (bits: number) => `${bits.toFixed(2)} bits` : formatShare;
  const parts = models.map(
    ({ letter, first, last }) =>
      `${letter.toUpperCase()} ${number(first)} at the input, ${number(last)} after the last layer`,
  );
  return `${curveTexts[curve]} ${parts.join("; ")}.`;
}

const curveTexts: Readonly<Record<Curve, string>> = {
  information:
    "How much the word that a patch says tells of which patch says it: nothing where all patches say the same, most where each speaks of its own place.",
  identity:
    "How many patches are still nearest to their own input: where the curve falls, patches have mixed, and what one holds is no longer about its own place.",
  precision:
    "How well the words of the patches find the things that show in this picture: 1 where every patch of a thing says its word before all others do.",
};

/** "its answer turns from “a4” to “c2”", or that it stays. */
export function changeText(letter: Letter, before: string, after: string): string {
  const who = letter.toUpperCase();
  return before === after
    ? `${who} still answers “${after}”`
    : `${who} answered “${before}” and now answers “${after}”`;
}
