import { mustBe } from "../common/errors.ts";
import type { ImageGeometry, RgbImage } from "../common/image.ts";
import type { HostArray } from "../engine/host.ts";
import { promptParts } from "../hub/chat.ts";
import { type Display, displayOf } from "../models/images.ts";
import { layoutKey } from "../models/layout.ts";
import { packRows } from "./decode.ts";
import { promptOf, runOn, type Vlm } from "./model.ts";
import { imageStates, layerLogits } from "./traced.ts";

/** What the numbers of a map are. Ranks start at 1, the likeliest token of the vocabulary. */
export const lensSpaces = ["probability", "log-probability", "logit", "rank"] as const;
export type LensSpace = (typeof lensSpaces)[number];

/** How the tokens of a concept word become one number. */
export const tokenRules = ["mean", "first", "max"] as const;
export type TokenRule = (typeof tokenRules)[number];

export interface LensOptions {
  /** Default "probability". */
  readonly space?: LensSpace;
  /** Mean of the tokens' values (of log-probabilities for probabilities), the first alone, or the best. */
  readonly tokens?: TokenRule;
  /** Whether the model's final norm comes before its unembedding; default true. */
  readonly norm?: boolean;
  /** Likeliest words for each patch; default 0, none. */
  readonly topK?: number;
}

export interface LensLayer {
  /** 0 = decoder input, l = after decoder layer l. */
  readonly layer: number;
  /** For each concept, [N] over image tokens in row order. */
  readonly maps: readonly Float32Array[];
  /** For each image token, its likeliest words. */
  readonly words: readonly (readonly PatchWord[])[];
}

export interface PatchWord {
  readonly token: string;
  readonly probability: number;
}

export interface LensResult {
  readonly space: LensSpace;
  readonly tokens: TokenRule;
  readonly norm: boolean;
  readonly geometry: ImageGeometry;
  readonly concepts: readonly { readonly word: string; readonly ids: readonly number[] }[];
  readonly layers: readonly LensLayer[];
}

/**
 * Logit lens of an image: `softmax(W_U norm(h))` at every layer and image token, for concept words and, if
 * asked, for the likeliest words. One layer's logits [N, V] are in memory at a time.
 */
export async function lensMaps(
  model: Vlm,
  image: RgbImage,
  words: readonly string[],
  options: LensOptions = {},
): Promise<LensResult> {
  const { space = "probability", tokens = "mean", norm = true, topK = 0 } = options;
  const concepts = words.map((word) => ({ word, ids: conceptIds(model, word) }));
  const { states, display } = await statesOf(model, image);
  const layers: LensLayer[] = [];
  for (const [layer, hidden] of states.entries()) {
    const fn = layerLogits(model, norm);
    const logits = await runOn<HostArray>(model, `layer logits ${norm}`, fn, [hidden]);
    const readings = readingsOf(logits, display);
    layers.push({
      layer,
      maps: concepts.map(({ ids }) => conceptMap(readings, ids, space, tokens)),
      words: topK > 0 ? readings.map((reading) => topWords(model, reading, topK)) : [],
    });
  }
  return { space, tokens, norm, geometry: display.geometry, concepts, layers };
}

/** Tokens of a word as it stands in an answer. Throws a UserError for a word the vocabulary lacks. */
export function conceptIds(model: Vlm, word: string): number[] {
  const ids = promptParts(model.chat, { question: "", answer: word }).answer.slice(0, -1);
  const unknown = model.chat.tokenizer.special.unk;
  if (word.trim() === "" || ids.length === 0 || (unknown !== undefined && ids.includes(unknown)))
    throw mustBe("lens", "concept", `made of words that ${model.name} knows`, word, wordsOf(model));
  return ids;
}

/** The words of a small vocabulary, for an error's hint. */
function wordsOf({ chat: { tokenizer } }: Vlm): string | undefined {
  if (tokenizer.vocabSize > 1000) return undefined;
  const all = Array.from({ length: tokenizer.vocabSize }, (_, id) => tokenizer.token(id) ?? "");
  return `it knows ${all.filter((token) => /^[a-z]{3,}$/.test(token)).join(", ")}`;
}

/** L + 1 arrays [N, D] of hidden states under the image alone: later text cannot change them. */
async function statesOf(model: Vlm, image: RgbImage) {
  const { prefix, layout, seen } = promptOf(model, image);
  const { inputs } = packRows(
    { pixelValues: seen.pixelValues, prefix, questions: [[]], layout, pad: 0 },
    { images: 1, questions: 0, questionTokens: 0, answerTokens: 1 },
  );
  const kind = `image states, ${layoutKey(layout)}`;
  const states = await runOn<HostArray[]>(model, kind, imageStates(model, layout), [inputs]);
  const flat = states.map((state) => ({ ...state, shape: state.shape.slice(1) }));
  return { states: flat, display: displayOf(seen) };
}

/** The logits of one image token, [V], and the logarithm of the sum of their exponentials. */
interface Reading {
  readonly logits: Float32Array;
  readonly logSumExp: number;
}

/** Readings of the image tokens that are shown. */
function readingsOf({ data, shape }: HostArray, { tokens }: Display): Reading[] {
  const [, V] = shape;
  return tokens.map((token) => {
    const logits = (data as Float32Array).subarray(token * V, (token + 1) * V);
    return { logits, logSumExp: logSumExp(logits) };
  });
}

function logSumExp(logits: Float32Array): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const logit of logits) largest = Math.max(largest, logit);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  return largest + Math.log(sum);
}

function conceptMap(
  readings: readonly Reading[],
  ids: readonly number[],
  space: LensSpace,
  rule: TokenRule,
): Float32Array {
  const { value, finish, better } = spaces[space];
  return Float32Array.from(readings, (reading) => {
    const values = ids.map((id) => value(reading, id));
    return finish(combine[rule](values, better));
  });
}

interface Space {
  readonly value: (reading: Reading, id: number) => number;
  readonly finish: (value: number) => number;
  /** The best of several values. */
  readonly better: (...values: number[]) => number;
}

const same = (value: number) => value;
const logProbability = ({ logits, logSumExp }: Reading, id: number) => logits[id] - logSumExp;

const spaces: Record<LensSpace, Space> = {
  logit: { value: ({ logits }, id) => logits[id], finish: same, better: Math.max },
  "log-probability": { value: logProbability, finish: same, better: Math.max },
  probability: { value: logProbability, finish: Math.exp, better: Math.max },
  rank: { value: ({ logits }, id) => rankOf(logits, id), finish: same, better: Math.min },
};

const combine: Record<TokenRule, (values: number[], better: Space["better"]) => number> = {
  mean: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  first: (values) => values[0],
  max: (values, better) => better(...values),
};

function rankOf(logits: Float32Array, id: number): number {
  let rank = 1;
  for (const logit of logits) if (logit > logits[id]) rank++;
  return rank;
}

function topWords(model: Vlm, { logits, logSumExp }: Reading, count: number): PatchWord[] {
  const order = Array.from(logits.keys()).sort((a, b) => logits[b] - logits[a]);
  return order.slice(0, count).map((id) => ({
    token: model.chat.tokenizer.token(id) ?? `#${id}`,
    probability: Math.exp(logits[id] - logSumExp),
  }));
}
