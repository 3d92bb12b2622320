import { mustBe } from "../common/errors.ts";
import type { RgbImage } from "../common/image.ts";
import { type Chat, promptParts, renderPrompt } from "../hub/chat.ts";
import type { ModelFamily } from "../models/family.ts";
import { type ImageReader, layoutOf, type SeenImage } from "../models/images.ts";
import type { ImageLayout } from "../models/inputs.ts";
import { conceptTokens } from "../vlm/concept.ts";
import type { Question } from "./example.ts";

/** What turns text and pictures into numbers, from a model's folder. */
export interface CollateTools {
  readonly chat: Chat;
  readonly reader: ImageReader;
  /** Absent: a family whose prefix several questions share. */
  readonly family?: Pick<ModelFamily, "wholePrefix">;
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
  readonly layout: ImageLayout;
  /** Shape of one image's pixel values. */
  readonly pixels: readonly number[];
  readonly pad: number;
  /** See {@link ModelFamily.wholePrefix}. */
  readonly wholePrefix: boolean;
  question(question: Question): EncodedQuestion;
  /** See {@link conceptTokens}. */
  word(word: string): readonly number[];
}

/** Texts remembered before the memory is emptied: a bound for data sets where every text is new. */
const REMEMBERED = 100_000;

/** Throws a UserError when the model's images are not of one size. */
export function openEncoder({ chat, reader, family }: CollateTools): Encoder {
  const seen = anyImage(reader);
  const { prefix } = promptParts(chat, { question: "", images: [seen.ids] });
  const answerOf = remember((answer) => promptParts(chat, { question: "", answer }).answer);
  return {
    prefix,
    layout: layoutOf(prefix, chat.imageTokenId as number, [seen]),
    pixels: seen.pixelValues.shape,
    pad: chat.tokenizer.special.pad ?? 0,
    wholePrefix: family?.wholePrefix ?? false,
    question: setsAnswersApart(chat) ? encodeApart(chat, answerOf) : encodeTogether(chat),
    word: remember((word) => conceptTokens(chat, word)),
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
  const questionOf = remember((question) => promptParts(chat, { question }).question);
  return ({ question, answer }) => ({ question: questionOf(question), answer: answerOf(answer) });
}

function encodeTogether(chat: Chat): Encoder["question"] {
  const encode = remember((pair) => {
    const [question, answer] = pair.split(MARK);
    return promptParts(chat, { question, answer });
  });
  return ({ question, answer }) => encode(question + MARK + answer);
}

/** What a model makes of an image of any size: rows of one batch have the same image tokens. */
function anyImage(reader: ImageReader): SeenImage {
  const [wide, tall] = [reader.see(blank(64, 32)), reader.see(blank(32, 64))];
  const sizeOf = ({ pixelValues, shape }: SeenImage) =>
    `${shape.rows} x ${shape.columns} [${pixelValues.shape}]`;
  if (sizeOf(wide) === sizeOf(tall)) return wide;
  throw mustBe(
    "collate",
    "image processor",
    "one that gives images of one size",
    `${sizeOf(wide)} and ${sizeOf(tall)}`,
    "train with model.preprocessor: {size: {height, width}}, or {do_image_splitting: false} for tiles",
  );
}

function blank(width: number, height: number): RgbImage {
  return { width, height, data: new Uint8Array(width * height * 3) };
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
