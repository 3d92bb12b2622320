/** A model's answer and maps with something knocked out, beside those with nothing. */
import type { RgbImage } from "../common/image.ts";
import type { HostArray } from "../engine/host.ts";
import { imagesSeeQuestion } from "../nn/visibility.ts";
import { greedyAnswer } from "../vlm/answer.ts";
import type { Vlm } from "../vlm/open.ts";
import { answerRoom, promptOf } from "../vlm/prompt.ts";
import { type AttentionOptions, type AttentionResult, lookAt } from "./attention.ts";
import { keptLast, pictureKey } from "./kept.ts";
import { isKnockedOut, type KnockOut, promptKnockOutIfAny } from "./knock-out.ts";
import { type LensResult, lensMaps } from "./logit-lens.ts";
import { readLayers } from "./readings.ts";

/** What a model says and shows, with something knocked out or nothing. */
export interface KnockOutSide {
  readonly attention: AttentionResult;
  /** The maps of the words that were given; absent without any. */
  readonly lens?: LensResult;
}

/** How likely a token was to begin the answer, before and after. */
export interface FirstToken {
  readonly token: string;
  readonly id: number;
  readonly before: Chance;
  readonly after: Chance;
}

/** Of a token, before any penalty of repetitions. */
export interface Chance {
  readonly probability: number;
  readonly logit: number;
}

/** What {@link knockOutMaps} gives. */
export interface KnockOutResult {
  readonly before: KnockOutSide;
  readonly after: KnockOutSide;
  /** The likeliest first tokens of either side, likeliest before first. */
  readonly first: readonly FirstToken[];
}

/** What is told of both sides. */
export interface KnockOutOptions extends Omit<AttentionOptions, "knockOut"> {
  /** Concept words whose maps are told. */
  readonly words?: readonly string[];
}

/** How many of the likeliest words each side tells unless asked otherwise. */
const topWords = 8;

/**
 * Answers a question with nothing knocked out and with `knockOut`, and tells where both answers look and what the image tokens
 * say. What is before is kept, so that the next knock-out about the same picture and question costs its own side alone, and
 * none compiles anything new.
 */
export async function knockOutMaps(
  model: Vlm,
  image: RgbImage,
  question: string,
  knockOut: KnockOut,
  { words = [], topK = topWords, ...options }: KnockOutOptions = {},
): Promise<KnockOutResult> {
  const all = { ...options, topK };
  const key = JSON.stringify([pictureKey(image), question, words, all]);
  const before = await keptBefore.of(model, key, () => oneSide(model, image, question, {}, words, all));
  const after = isKnockedOut(knockOut)
    ? await oneSide(model, image, question, knockOut, words, all, before)
    : before;
  return {
    before: shownSide(before),
    after: shownSide(after),
    first: await firstTokens(model, before, after),
  };
}

interface Side extends KnockOutSide {
  /** [R, D]: the last layer's states of the positions that predict the answer. */
  readonly last: HostArray;
}

const keptBefore = keptLast<Side>("answers with nothing knocked out", ({ attention, lens }) => {
  const { tokens, prompt = [] } = attention;
  const heads = [...tokens, ...prompt].flatMap(({ layers }) => layers.flatMap((layer) => layer.heads));
  const maps = lens?.layers.flatMap((layer) => layer.maps) ?? [];
  return [...heads, ...maps].reduce((sum, map) => sum + map.byteLength, 0);
});

const shownSide = ({ attention, lens }: Side): KnockOutSide => ({ attention, ...(lens && { lens }) });

async function oneSide(
  model: Vlm,
  image: RgbImage,
  question: string,
  knockOut: KnockOut,
  words: readonly string[],
  { maxNewTokens = 16, ...options }: AttentionOptions,
  before?: Side,
): Promise<Side> {
  const prompt = promptOf(model, image, question);
  const room = answerRoom("attend", model, prompt, maxNewTokens);
  const hidden = promptKnockOutIfAny("attend", model, prompt, knockOut);
  const answer = await greedyAnswer(model, prompt, room, hidden);
  const { result, states } = await lookAt(model, prompt, answer, room, { ...options, knockOut });
  const lens = reaches(model, knockOut)
    ? words.length > 0
      ? await lensMaps(model, image, words, { ranks: true, knockOut })
      : undefined
    : before?.lens;
  return { attention: { question, ...result }, ...(lens && { lens }), last: states[states.length - 1] };
}

/** Whether image tokens see less: those that see no text only where other patches are hidden from them. */
function reaches({ family }: Vlm, knockOut: KnockOut): boolean {
  return !isKnockedOut(knockOut) || knockOut.from === "all" || imagesSeeQuestion(family.visibility);
}

async function firstTokens(model: Vlm, before: Side, after: Side): Promise<FirstToken[]> {
  const likeliest = [before, after].flatMap(({ attention }) => attention.tokens[0]?.words?.at(-1) ?? []);
  const ids = [...new Set(likeliest.map(({ id }) => id))];
  if (ids.length === 0) return [];
  // As many as there can be, so that one program reads them all.
  const filled = [...ids, ...new Array<number>(likeliest.length - ids.length).fill(ids[0])];
  const wanted = { ids: filled, norm: true, sum: true, ranks: false, top: 0 };
  const [[was], [is]] = await readLayers(model, [before.last, after.last], [0], wanted);
  const chance = ({ logits, logSumExp }: typeof was, k: number): Chance => ({
    probability: Math.exp(logits[k] - logSumExp),
    logit: logits[k],
  });
  const tokens = ids.map((id, k) => ({
    token: model.chat.tokenizer.token(id) ?? "",
    id,
    before: chance(was, k),
    after: chance(is, k),
  }));
  return tokens.sort((a, b) => b.before.logit - a.before.logit);
}
