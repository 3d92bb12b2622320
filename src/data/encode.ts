import { mustBe } from "../common/errors.ts";
import { type Chat, promptParts, renderPrompt } from "../hub/chat.ts";
import { type ImageProcessor, processedSize } from "../hub/processor.ts";
import type { BatchLayout } from "../losses/batch.ts";
import type { ModelFacts } from "../models/family.ts";
import type { Question } from "./example.ts";

/** What turns text and pictures into numbers, from a model's folder. */
export interface CollateTools {
  readonly chat: Chat;
  readonly processor: ImageProcessor;
  readonly facts: Pick<ModelFacts, "patchSize" | "imageTokens" | "extraImageTokens">;
}

/** Token ids of a question and its answer, as they stand behind the prefix. */
export interface EncodedQuestion {
  readonly question: readonly number[];
  /** The answer and the token that ends it. */
  readonly answer: readonly number[];
}

/** Text to token ids, remembered: a task asks the same few questions again and again. */
export interface Encoder {
  /** What every question of an image follows, up to its image tokens. */
  readonly prefix: readonly number[];
  readonly layout: BatchLayout;
  /** Size of the pixel values. */
  readonly pixels: { readonly width: number; readonly height: number };
  readonly pad: number;
  question(question: Question): EncodedQuestion;
  /** The tokens of a word as it would stand in an answer, without the answer's end. */
  word(word: string): readonly number[];
}

/** Texts remembered before the memory is emptied: a bound for data sets where every text is new. */
const REMEMBERED = 100_000;

/** Throws a UserError when the processor's images are not of one size, or not of the model's. */
export function openEncoder({ chat, processor, facts }: CollateTools): Encoder {
  const { imageTokens } = facts;
  const pixels = modelSize(processor, facts);
  const { prefix } = promptParts(chat, { question: "", imageTokens });
  const answerOf = remember((answer) => promptParts(chat, { question: "", answer, imageTokens: 1 }).answer);
  return {
    prefix,
    layout: { imageStart: prefix.length - imageTokens, imageTokens },
    pixels,
    pad: chat.tokenizer.special.pad ?? 0,
    question: setsAnswersApart(chat) ? encodeApart(chat, answerOf) : encodeTogether(chat),
    word: remember((word) => answerOf(word).slice(0, -1)),
  };
}

/** Stands in no text (a Unicode non-character). */
const MARK = "\uffff";

/** Whether the template writes something between question and answer, so that neither changes the other's tokens. */
function setsAnswersApart(chat: Chat): boolean {
  const content = [{ type: "image" }, { type: "text", text: MARK }] as const;
  const prompt = renderPrompt(chat, [{ role: "user", content }], { addGenerationPrompt: true });
  return prompt.slice(prompt.indexOf(MARK) + 1).trim() !== "";
}

/** Questions and answers remembered each for itself: far fewer texts than there are pairs. */
function encodeApart(chat: Chat, answerOf: (answer: string) => readonly number[]): Encoder["question"] {
  const questionOf = remember((question) => promptParts(chat, { question, imageTokens: 1 }).question);
  return ({ question, answer }) => ({ question: questionOf(question), answer: answerOf(answer) });
}

function encodeTogether(chat: Chat): Encoder["question"] {
  const encode = remember((pair) => {
    const [question, answer] = pair.split(MARK);
    return promptParts(chat, { question, answer, imageTokens: 1 });
  });
  return ({ question, answer }) => encode(question + MARK + answer);
}

function modelSize(processor: ImageProcessor, facts: CollateTools["facts"]): Encoder["pixels"] {
  const [wide, tall] = [
    processedSize(processor, { width: 64, height: 32 }),
    processedSize(processor, { width: 32, height: 64 }),
  ];
  if (wide.width !== tall.width || wide.height !== tall.height)
    throw mustBe("collate", "image processor", "one that gives images of one size", "a size that varies");
  const { patchSize, imageTokens, extraImageTokens } = facts;
  const patches = Math.floor(wide.width / patchSize) * Math.floor(wide.height / patchSize);
  if (patches + extraImageTokens === imageTokens) return wide;
  const size = `${wide.width} x ${wide.height} pixels`;
  const rule = `one that gives the model's ${imageTokens - extraImageTokens} patches of ${patchSize} pixels`;
  throw mustBe("collate", "image processor", rule, `${patches} (${size})`);
}

function remember<T>(make: (key: string) => T): (key: string) => T {
  const known = new Map<string, T>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    if (known.size >= REMEMBERED) known.clear();
    const made = make(key);
    known.set(key, made);
    return made;
  };
}
