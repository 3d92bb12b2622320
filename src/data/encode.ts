import { mustBe } from "../common/errors.ts";
import { type Chat, promptParts } from "../hub/chat.ts";
import { type ImageProcessor, processedSize } from "../hub/processor.ts";
import type { BatchLayout } from "../losses/batch.ts";
import type { Question } from "./example.ts";

/** What turns text and pictures into numbers, from a model's folder. */
export interface CollateTools {
  readonly chat: Chat;
  readonly processor: ImageProcessor;
  /** Side of the vision tower's patches in processed pixels; one image token a patch. */
  readonly patch: number;
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

/** Throws a UserError when the processor does not give every image the same size. */
export function openEncoder({ chat, processor, patch }: CollateTools): Encoder {
  const pixels = fixedSize(processor);
  const imageTokens = Math.floor(pixels.width / patch) * Math.floor(pixels.height / patch);
  const parts = remember((key: string) => {
    const [question = "", answer = ""] = key.split(SEPARATOR);
    return promptParts(chat, { question, answer, imageTokens });
  });
  const { prefix } = parts(SEPARATOR);
  return {
    prefix,
    layout: { imageStart: prefix.length - imageTokens, imageTokens },
    pixels,
    pad: chat.tokenizer.special.pad ?? 0,
    question: ({ question, answer }) => parts(question + SEPARATOR + answer),
    word: remember((word: string) => parts(SEPARATOR + word).answer.slice(0, -1)),
  };
}

/** Stands in no text (a Unicode non-character). */
const SEPARATOR = "\uffff";

function fixedSize(processor: ImageProcessor): { width: number; height: number } {
  const [wide, tall] = [
    processedSize(processor, { width: 64, height: 32 }),
    processedSize(processor, { width: 32, height: 64 }),
  ];
  if (wide.width === tall.width && wide.height === tall.height) return wide;
  throw mustBe(
    "collate",
    "image processor",
    "one that gives every image the same size",
    "a size that varies",
  );
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
