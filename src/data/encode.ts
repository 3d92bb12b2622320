/** From an example's texts to the tokens of a row. */
import { type Asking, familyOf } from "../answers/families.ts";
import type { Size } from "../common/image.ts";
import { type Chat, promptParts, renderPrompt } from "../hub/text/chat.ts";
import type { BoundFamily } from "../models/contract/family.ts";
import type { ImageReader, MeasuredImage } from "../models/inputs/images.ts";
import type { RowLayout } from "../models/inputs/inputs.ts";
import { placeImages } from "../models/inputs/layout.ts";
import type { Visibility } from "../nn/visibility.ts";
import { conceptTokens } from "../vlm/concept.ts";
import { type Spoken, speechOf } from "../vlm/speech.ts";
import type { Question } from "./example.ts";

/** What turns text and pictures into numbers, from a model's folder. */
export interface CollateTools {
  readonly chat: Chat;
  readonly reader: ImageReader;
  readonly family: Pick<BoundFamily, "visibility" | "pixels" | "imageInputs" | "rotaryPositions" | "facts">;
  /** How the model is asked and writes places; absent: as data folders have it. */
  readonly asking?: Asking;
}

/** What every question of an image follows, up to its image tokens and any text behind them. */
export interface Prefix {
  readonly ids: readonly number[];
  readonly layout: RowLayout;
}

/** Token ids of a question and its answer, as they stand behind the prefix. */
export interface EncodedQuestion {
  /** What the model is given to answer. */
  readonly asked: readonly number[];
  /** The question in a row with its answer: without an end that is one token with the answer's beginning. */
  readonly question: readonly number[];
  /** The answer and the token that ends it. */
  readonly answer: readonly number[];
}

/** Text to token ids, remembered: a task asks the same few questions again and again. */
export interface Encoder {
  prefix(image: Pick<MeasuredImage, "ids" | "shape" | "tokens">): Prefix;
  readonly pad: number;
  /** See {@link ModelFamily.visibility}. */
  readonly visibility: Visibility;
  /** See `ModelFacts.longestRow`. */
  readonly longestRow: number;
  /** As the model is asked about a picture of a size, and answers. */
  question(question: Question, size: Size): EncodedQuestion;
  /** See {@link conceptTokens}. */
  word(word: string): readonly number[];
}

/** Texts remembered before the memory is emptied: a bound for data sets where every text is new. */
const REMEMBERED = 100_000;

export function openEncoder(tools: Pick<CollateTools, "chat" | "family" | "reader" | "asking">): Encoder {
  const { chat, family, reader, asking = familyOf("fovea") } = tools;
  const encode = setsAnswersApart(chat) ? encodeApart(chat) : encodeTogether(chat);
  const spoken = speechOf(asking, reader);
  return {
    prefix: encodePrefixes(chat),
    pad: chat.tokenizer.special.pad ?? 0,
    visibility: family.visibility,
    longestRow: family.facts.longestRow,
    question: (question, size) => encode(spoken(question, size)),
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

type Encode = (spoken: Spoken) => EncodedQuestion;

/** Questions and answers remembered each for itself: far fewer texts than there are pairs. */
function encodeApart(chat: Chat): Encode {
  const askedOf = remember((question) => promptParts(chat, { question }).question);
  const prompt = promptParts(chat, { question: "" }).question.length;
  const answerOf = remember((text) => {
    const { question, answer } = promptParts(chat, { question: "", answer: text });
    return { answer, joined: prompt - question.length };
  });
  return (spoken) => {
    const asked = askedOf(spoken.question);
    const { answer, joined } = answerOf(spoken.answer);
    return { asked, question: joined === 0 ? asked : asked.slice(0, -joined), answer };
  };
}

function encodeTogether(chat: Chat): Encode {
  const encode = remember((pair) => {
    const [question, answer] = pair.split(MARK);
    const { question: asked } = promptParts(chat, { question });
    return { asked, ...promptParts(chat, { question, answer }) };
  });
  return ({ question, answer }) => encode(question + MARK + answer);
}

/** Shapes of images remembered: a processor gives few of them, or bounds their number. */
const SHAPES = 4096;

/** Images of one shape have the same tokens. */
function encodePrefixes(chat: Chat): Encoder["prefix"] {
  const known = new Map<string, Prefix>();
  return ({ ids, shape, tokens }) => {
    const key = `${shape.rows} x ${shape.columns}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    if (known.size >= SHAPES) known.clear();
    const { prefix } = promptParts(chat, { question: "", images: [ids] });
    const layout = placeImages(prefix, chat.imageTokenId as number, [{ tokens, shape }]);
    const made = { ids: prefix, layout };
    known.set(key, made);
    return made;
  };
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
