/** A glance: what all image tokens say of some words, and the answers to some questions with where they look, at once. */
import type { RgbImage } from "../common/image.ts";
import type { Vlm } from "../vlm/open.ts";
import { type AttentionResult, attentionMaps } from "./attention.ts";
import { type LensResult, lensMaps } from "./logit-lens.ts";

/** What a glance asks. */
export interface GlanceOptions {
  /** Concepts whose maps are wanted; none: no maps. */
  readonly words?: readonly string[];
  readonly questions?: readonly string[];
  /** Likeliest words for each patch; default 0, none. */
  readonly top?: number;
  /** Where each patch's likeliest words are read: at the last layer (the default), or at all. */
  readonly layers?: "last" | "all";
  /** Whether to give each head's map beside their mean; default false, `heads` and `globalHeads` are then empty. */
  readonly heads?: boolean;
  /** Most tokens of an answer, its end among them; default 16. */
  readonly maxNewTokens?: number;
}

/** What {@link glance} gives. */
export interface Glance {
  /** Probabilities of the words at every layer; `words` of a layer are empty where they were not asked for. */
  readonly lens: LensResult;
  /** One for each question, in their order. */
  readonly answers: readonly AttentionResult[];
}

/** The same numbers as {@link lensMaps} and {@link attentionMaps}. */
export async function glance(model: Vlm, image: RgbImage, options: GlanceOptions = {}): Promise<Glance> {
  const { words = [], questions = [], top = 0, layers = "last", heads = false, maxNewTokens = 16 } = options;
  const lens = await lensMaps(model, image, words, { topK: top });
  const answers: AttentionResult[] = [];
  for (const question of questions)
    answers.push(await attentionMaps(model, image, question, { maxNewTokens }));
  return {
    lens: layers === "all" ? lens : atLast(lens),
    answers: heads ? answers : answers.map(withoutHeads),
  };
}

function atLast(lens: LensResult): LensResult {
  const last = lens.layers.length - 1;
  return { ...lens, layers: lens.layers.map((layer, l) => (l === last ? layer : { ...layer, words: [] })) };
}

function withoutHeads(answer: AttentionResult): AttentionResult {
  const tokens = answer.tokens.map((token) => ({
    ...token,
    layers: token.layers.map(({ globalHeads: _, ...layer }) => ({ ...layer, heads: [] })),
  }));
  return { ...answer, tokens };
}
