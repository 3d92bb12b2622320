/** The logit lens: what image tokens say, layer by layer, as maps of concept words. */
import type { ImageGeometry, RgbImage } from "../common/image.ts";
import { release } from "../engine/host.ts";
import type { Display } from "../models/inputs/images.ts";
import { conceptText, knownConceptTokens } from "../vlm/concept.ts";
import type { Vlm } from "../vlm/open.ts";
import { type SeenImage, statesOf } from "./image-states.ts";
import type { KnockOut } from "./knock-out.ts";
import { type PatchWord, wordsOf } from "./likeliest.ts";
import { type Reading, readLayers } from "./readings.ts";

export type { PatchWord };

/** What the numbers of a map are. Ranks start at 1, the likeliest token of the vocabulary. */
export const lensSpaces = ["probability", "log-probability", "logit", "rank"] as const;
/** What a map's numbers are. */
export type LensSpace = (typeof lensSpaces)[number];

/** How the tokens of a concept word become one number. */
export const tokenRules = ["mean", "first", "max"] as const;
/** A rule of {@link tokenRules}. */
export type TokenRule = (typeof tokenRules)[number];

/** How the logit lens is read. */
export interface LensOptions {
  /** Default "probability". */
  readonly space?: LensSpace;
  /** Mean of the tokens' values (of log-probabilities for probabilities), the first alone, or the best. */
  readonly tokens?: TokenRule;
  /** Whether the model's final norm comes before its unembedding; default true. */
  readonly norm?: boolean;
  /** Likeliest words for each patch; default 0, none. */
  readonly topK?: number;
  /** Whether to tell the words' ranks too, whatever the space; default false. */
  readonly ranks?: boolean;
  /** What the image tokens do not see. What is hidden from the answer or from text alone changes nothing here, unless images see the question. */
  readonly knockOut?: KnockOut;
}

/** The lens at one layer. */
export interface LensLayer {
  /** 0 = decoder input, l = after decoder layer l. */
  readonly layer: number;
  /** For each concept, [N] over image tokens in row order. */
  readonly maps: readonly Float32Array[];
  /** For each concept, [N] ranks, if asked for. */
  readonly ranks: readonly Float32Array[];
  /** For each image token, its likeliest words. */
  readonly words: readonly (readonly PatchWord[])[];
}

/** The view of the whole picture of a model that cuts pictures into tiles: its own map. */
export interface GlobalView {
  readonly geometry: ImageGeometry;
  readonly layers: readonly LensLayer[];
}

/** What {@link lensMaps} gives: maps of every concept at every layer, and how they were read. */
export interface LensResult {
  readonly space: LensSpace;
  readonly tokens: TokenRule;
  readonly norm: boolean;
  readonly geometry: ImageGeometry;
  /** Tiles of the picture; 1 x 1 where it is not cut. */
  readonly tiles: Display["tiles"];
  /** V, words of the vocabulary. */
  readonly vocabulary: number;
  readonly concepts: readonly { readonly word: string; readonly ids: readonly number[] }[];
  readonly layers: readonly LensLayer[];
  readonly global?: GlobalView;
}

/**
 * Logit lens of an image: `softmax(W_U norm(h))` at every layer and image token, for concept words and, if
 * asked, for the likeliest words. Neither [L, N, V] nor [N, V] is ever in memory.
 */
export async function lensMaps(
  model: Vlm,
  image: RgbImage,
  words: readonly string[],
  options: LensOptions = {},
): Promise<LensResult> {
  const concepts = lensConcepts(model, words);
  const seen = await statesOf(model, image, options.knockOut);
  const result = await lensOf(model, seen, concepts, options);
  for (const state of seen.states) release(state);
  return result;
}

/** Words with their tokens. */
export type LensConcepts = LensResult["concepts"];

/** Throws a UserError for a word that the vocabulary lacks. */
export function lensConcepts(model: Vlm, words: readonly string[]): LensConcepts {
  return words.map((word) => ({
    word: conceptText(word),
    ids: knownConceptTokens("lens", model.name, model.chat, word),
  }));
}

/** The lens of hidden states that are there; `isNamed`: of which layers the likeliest words are given, default all. */
export async function lensOf(
  model: Vlm,
  { states, display, global }: SeenImage,
  concepts: LensConcepts,
  options: LensOptions,
  isNamed: (layer: number) => boolean = () => true,
): Promise<LensResult> {
  const { space = "probability", tokens = "mean", norm = true, topK = 0, ranks = false } = options;
  const ids = [...new Set(concepts.flatMap((concept) => concept.ids))];
  const sum = topK > 0 || spaces[space].needsSum;
  const wanted = { ids, norm, sum, ranks: ranks || space === "rank", top: topK };
  const places = [...display.tokens, ...(global?.tokens ?? [])];
  const read = await readLayers(model, states, places, wanted);
  const layerOf = (readings: readonly Reading[], layer: number): LensLayer => {
    const mapsIn = (wantedSpace: LensSpace) =>
      concepts.map((concept) => {
        const columns = concept.ids.map((id) => ids.indexOf(id));
        return conceptMap(readings, columns, wantedSpace, tokens);
      });
    const likeliest = topK > 0 && isNamed(layer) ? readings.map((reading) => wordsOf(model, reading)) : [];
    return { layer, maps: mapsIn(space), ranks: ranks ? mapsIn("rank") : [], words: likeliest };
  };
  const N = display.tokens.length;
  const { geometry, tiles } = display;
  return {
    space,
    tokens,
    norm,
    geometry,
    tiles,
    vocabulary: model.facts.vocabSize,
    concepts,
    layers: read.map((readings, layer) => layerOf(readings.slice(0, N), layer)),
    ...(global !== undefined && {
      global: {
        geometry: global.geometry,
        layers: read.map((readings, layer) => layerOf(readings.slice(N), layer)),
      },
    }),
  };
}

function conceptMap(
  readings: readonly Reading[],
  columns: readonly number[],
  space: LensSpace,
  rule: TokenRule,
): Float32Array {
  const { value, finish, better } = spaces[space];
  return Float32Array.from(readings, (reading) => {
    const values = columns.map((k) => value(reading, k));
    return finish(combine[rule](values, better));
  });
}

interface Space {
  /** Of the k-th token asked for. */
  readonly value: (reading: Reading, k: number) => number;
  readonly finish: (value: number) => number;
  /** The best of several values. */
  readonly better: (...values: number[]) => number;
  /** Whether it takes the whole vocabulary's log-sum-exp. */
  readonly needsSum: boolean;
}

const same = (value: number) => value;
const logProbability = ({ logits, logSumExp }: Reading, k: number) => logits[k] - logSumExp;

const spaces: Record<LensSpace, Space> = {
  logit: { value: ({ logits }, k) => logits[k], finish: same, better: Math.max, needsSum: false },
  "log-probability": { value: logProbability, finish: same, better: Math.max, needsSum: true },
  probability: { value: logProbability, finish: Math.exp, better: Math.max, needsSum: true },
  rank: { value: ({ ranks }, k) => ranks[k], finish: same, better: Math.min, needsSum: false },
};

const combine: Record<TokenRule, (values: number[], better: Space["better"]) => number> = {
  mean: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  first: (values) => values[0],
  max: (values, better) => better(...values),
};
