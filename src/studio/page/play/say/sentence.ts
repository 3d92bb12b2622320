/**
 * One sentence or two of what one sees and why the models differ, composed from facts: who names the thing where it is, whose
 * answer is right, where each answer looks. Of pictures whose truth nobody knows it tells what the models say, and claims
 * nothing. Spans instead of markup: the page sets letters and words in type.
 */
import type { Letter } from "../../studio.ts";
import type { Verdict } from "./scores.ts";

/** A piece of the sentence: plain, a model's letter, a word that is said, or an answer. */
export interface Span {
  readonly text: string;
  readonly kind?: "model" | "word" | "answer";
  readonly letter?: Letter;
}

/** What is seen of one model. */
export interface ModelFacts {
  readonly letter: Letter;
  /** Of the chosen word at the last layer; "unknown": the model cannot write it. */
  readonly patches: PatchState;
  /** Words that its patches say by themselves, the most frequent first. */
  readonly said: readonly string[];
  readonly answer?: {
    readonly text: string;
    readonly ended: boolean;
    readonly verdict: Verdict;
    /** Share of its look on the evidence; undefined without evidence. */
    readonly onTarget?: number;
  };
}

/**
 * - found: the highest patch lies on the thing, and the patches that say it cover it well
 * - part: the highest lies on it, but they cover it badly
 * - astray: said, but highest elsewhere
 * - said: said of something that is not there, or of a picture that nobody knows
 * - silent: said nowhere
 */
export type PatchState = "found" | "part" | "astray" | "said" | "silent" | "unknown";

/** What is known of the picture. */
export interface PictureFacts {
  /** "scene": the truth is known. */
  readonly kind: "scene" | "own";
  readonly isEmpty: boolean;
  readonly word?: string;
  /** Of the chosen word. */
  readonly presence?: "shows" | "hidden" | "absent";
  readonly question?: string;
  /** Where the thing lies that the question is about; "there" where it is the word's. */
  readonly target?: string;
}

/** From what IoU on a thing counts as covered well: half, as boxes and masks are commonly judged. */
export const coveredWell = 0.5;

/** From which share on a look is said to be there. */
const looksThere = 0.5;

export function patchState({
  isKnown,
  says,
  pointing,
  iou,
}: {
  readonly isKnown: boolean;
  readonly says: boolean;
  /** NaN where the word does not show. */
  readonly pointing: number;
  readonly iou: number;
}): PatchState {
  if (!isKnown) return "unknown";
  if (!says) return "silent";
  if (Number.isNaN(pointing)) return "said";
  if (pointing === 0) return "astray";
  return iou >= coveredWell ? "found" : "part";
}

/** The sentence; undefined while no model has said anything. */
export function sentenceOf(picture: PictureFacts, models: readonly ModelFacts[]): Span[] | undefined {
  if (models.length === 0) return undefined;
  if (picture.kind === "own")
    return [...own(picture, models), plain(" Nobody knows the truth of this picture.")];
  return [...opening(picture), ...grouped(picture, models)];
}

/** Its plain text, for screen readers and files. */
export function plainText(spans: readonly Span[]): string {
  return spans.map(({ text }) => text).join("");
}

const plain = (text: string): Span => ({ text });
const word = (text: string): Span => ({ text, kind: "word" });
const said = (text: string): Span => ({ text, kind: "answer" });
const name = (letter: Letter): Span => ({ text: letter.toUpperCase(), kind: "model", letter });

function opening({ isEmpty, word: chosen, presence }: PictureFacts): Span[] {
  if (isEmpty) return [plain("There is nothing in the scene. ")];
  if (presence === "hidden" && chosen !== undefined)
    return [plain("The "), word(chosen), plain(" is wholly hidden. ")];
  if (presence === "absent" && chosen !== undefined)
    return [plain("There is no "), word(chosen), plain(" in the scene. ")];
  return [];
}

/** Models of which the same is true are told of together. */
function grouped(picture: PictureFacts, models: readonly ModelFacts[]): Span[] {
  const groups = [...Map.groupBy(models, (model) => keyOf(model, picture)).values()];
  const inOrder = groups.sort((a, b) => merit(b) - merit(a));
  const sentences = inOrder.map((group) => told(picture, group, group.length === models.length));
  return sentences.flatMap((spans, i) => (i === 0 ? spans : [plain(" "), ...spans]));
}

function keyOf({ patches, answer, said: words }: ModelFacts, { presence, isEmpty }: PictureFacts): string {
  const look = answer?.onTarget === undefined ? "" : answer.onTarget >= looksThere ? "there" : "elsewhere";
  return [
    patches,
    answer?.verdict,
    answer?.ended,
    look,
    answer?.text,
    isEmpty || (patches === "silent" && presence === "shows") ? words.slice(0, 2).join() : "",
  ].join("/");
}

/** Who does better is told of first. */
function merit([{ patches, answer }]: readonly ModelFacts[]): number {
  const right = answer?.verdict === "right" ? 4 : 0;
  return right + { found: 3, part: 2, said: 0, astray: 1, silent: 0, unknown: 0 }[patches];
}

function told(picture: PictureFacts, group: readonly ModelFacts[], isAll: boolean): Span[] {
  const [{ answer }] = group;
  const patches = patchClause(picture, group, isAll);
  const answers = answer === undefined ? [] : answerClause(picture, group);
  const parts = [...patches, ...(patches.length > 0 && answers.length > 0 ? [plain("; ")] : []), ...answers];
  if (patches.length > 0) return [...parts, plain(".")];
  return [...namesOf(group, isAll), plain(": "), ...answers, plain(".")];
}

/** "Both models", "A", "A and C" */
function namesOf(group: readonly ModelFacts[], isAll: boolean): Span[] {
  if (group.length === 1) return [name(group[0].letter)];
  if (isAll) return [plain(group.length === 2 ? "Both models" : `All ${group.length} models`)];
  const last = group[group.length - 1];
  const before = group
    .slice(0, -1)
    .flatMap(({ letter }, i) => (i === 0 ? [name(letter)] : [plain(", "), name(letter)]));
  return [...before, plain(" and "), name(last.letter)];
}

function patchesOf(group: readonly ModelFacts[], isAll: boolean): Span[] {
  if (group.length === 1) return [name(group[0].letter), plain("’s patches ")];
  if (isAll)
    return [plain(group.length === 2 ? "The patches of both " : `The patches of all ${group.length} `)];
  return [plain("The patches of "), ...namesOf(group, false), plain(" ")];
}

function patchClause(picture: PictureFacts, group: readonly ModelFacts[], isAll: boolean): Span[] {
  const [{ patches, said: words }] = group;
  const { word: chosen, presence, isEmpty } = picture;
  const start = patchesOf(group, isAll);
  if (isEmpty || chosen === undefined) {
    if (words.length === 0) return [...start, plain("say nothing of it")];
    return [...start, plain(isEmpty ? "still say " : "say "), ...listed(words.slice(0, 2))];
  }
  if (patches === "unknown")
    return [
      ...namesOf(group, isAll),
      plain(group.length === 1 ? " has no word for " : " have no word for "),
      word(chosen),
    ];
  const saying = [...start, plain("say "), word(chosen)];
  if (patches === "found") return [...saying, plain(` where the ${chosen} is`)];
  if (patches === "part")
    return [...saying, plain(` on the ${chosen}, but not on all of it or also beside it`)];
  if (patches === "astray") return [...saying, plain(", but not where it is")];
  if (patches === "said")
    return [...saying, plain(presence === "hidden" ? " all the same" : " where there is none")];
  if (presence === "absent" || presence === "hidden") return [...saying, plain(" nowhere, rightly")];
  if (words.length === 0) return [...start, plain("name nothing in the picture")];
  return [...saying, plain(" nowhere")];
}

function listed(words: readonly string[]): Span[] {
  const last = words.length - 1;
  return words.flatMap((text, i) => [...(i === 0 ? [] : [plain(i === last ? " and " : ", ")]), word(text)]);
}

function answerClause(picture: PictureFacts, group: readonly ModelFacts[]): Span[] {
  const [{ answer }] = group;
  if (answer === undefined) return [];
  const { text, ended, verdict, onTarget } = answer;
  const one = group.length === 1;
  if (!ended)
    return [plain(one ? "its answer does not come to an end" : "their answers do not come to an end")];
  const shown = text === "" ? plain("with nothing") : said(text);
  const look = onTarget === undefined ? [] : [plain(lookText(picture, group, verdict !== "wrong"))];
  if (verdict === "open") return [plain(one ? "it answers " : "they answer "), shown, ...look];
  const its = one ? "its answer" : "their answer";
  if (text === "") return [plain(`${its} is empty`), ...look];
  return [plain(`${its}, `), said(text), plain(`, is ${verdict}`), ...look];
}

/** Where the answers look: said as a surprise where it does not go with right or wrong. */
function lookText({ target }: PictureFacts, group: readonly ModelFacts[], isRight: boolean): string {
  const values = group.map(({ answer }) => answer?.onTarget ?? 0);
  const one = group.length === 1;
  const share = [...new Set(values.map(percent))].join(" and ");
  const and = one ? " and looks" : ", and they look";
  const though = one ? ", though it looks" : ", though they look";
  if (values[0] >= looksThere) return `${isRight ? and : though} there (${share})`;
  return `${isRight ? `${though} mostly` : and} elsewhere (${share} on the ${target ?? "target"})`;
}

/** What the models say of a picture of which nothing is known. */
function own({ word: chosen, question }: PictureFacts, models: readonly ModelFacts[]): Span[] {
  return models.flatMap((model, i) => [
    ...(i === 0 ? [] : [plain(" ")]),
    ...ownModel(model, chosen, question),
  ]);
}

function ownModel(
  { letter, said: words, patches, answer }: ModelFacts,
  chosen?: string,
  question?: string,
): Span[] {
  const start = [name(letter), plain("’s patches say ")];
  const most =
    words.length > 0 ? [...start, ...listed(words.slice(0, 3))] : [...start, plain("no word clearly")];
  const isNamed = chosen === undefined || words.slice(0, 3).includes(chosen) || patches === "unknown";
  const sought = isNamed
    ? []
    : [
        plain(patches === "silent" ? ", " : ", and "),
        word(chosen),
        plain(patches === "silent" ? " nowhere" : " somewhere"),
      ];
  if (answer === undefined || question === undefined) return [...most, ...sought, plain(".")];
  const ended = answer.ended ? [] : [plain(" without an end")];
  const reply =
    answer.text === "" ? [plain("; it answers nothing")] : [plain("; it answers "), said(answer.text)];
  return [...most, ...sought, ...reply, ...ended, plain(".")];
}

/** "9 %" */
export function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
