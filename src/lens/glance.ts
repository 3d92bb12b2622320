/**
 * A glance: what the image tokens say of some words, and the answers to some questions with where they look, from one pass
 * where the model allows it. For pictures that change while somebody looks.
 */
import { checkImage, type RgbImage } from "../common/image.ts";
import { layoutOf } from "../models/inputs/images.ts";
import { imagesSeeQuestion } from "../nn/visibility.ts";
import type { Vlm } from "../vlm/open.ts";
import { answerRoom } from "../vlm/prompt.ts";
import { type AttentionResult, attendedAnswer } from "./attention.ts";
import { memoryOf } from "./glance-memory.ts";
import { type AskedPrompt, answerPass, type GlancePass, releasePass } from "./glance-pass.ts";
import { statesOf } from "./image-states.ts";
import { type LensConcepts, type LensResult, lensOf } from "./logit-lens.ts";

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
  /**
   * Probabilities of the words that the vocabulary can write (`lens.concepts`), at every layer; `words` of a layer are
   * empty where they were not asked for.
   */
  readonly lens: LensResult;
  /** Words that it cannot write, as they were given. */
  readonly unknown: readonly string[];
  /** One for each question, in their order. */
  readonly answers: readonly GlanceAnswer[];
}

/** An answer with where its tokens look. */
export interface GlanceAnswer extends AttentionResult {
  /** Words of the question that the vocabulary lacks: the model sees all of them as one and the same. */
  readonly unknown: readonly string[];
}

/**
 * The numbers of `lensMaps` and `attentionMaps`: questions share a row behind the picture, and the answers that they had
 * last are drafts of the next ones, so that a pass over all of them is enough as long as no answer changes. Throws a
 * UserError for a question that is too long.
 */
export async function glance(model: Vlm, image: RgbImage, options: GlanceOptions = {}): Promise<Glance> {
  const { words = [], top = 0, layers = "last", heads = false } = options;
  const { concepts, unknown } = conceptsOf(model, words);
  const passes: GlancePass[] = [];
  for (const row of rowsOf(model, askedPrompts(model, image, options)))
    passes.push(await answerPass(model, row));
  // Where images see the question, what they say of themselves is read under none.
  const seen = imagesSeeQuestion(model.family.visibility) ? undefined : passes[0]?.seen;
  const isNamed = (layer: number) => layers === "all" || layer === model.facts.layers;
  const lens = await lensOf(model, seen ?? (await statesOf(model, image)), concepts, { topK: top }, isNamed);
  const answers = passes.flatMap((pass) => answersOf(model, pass, heads));
  passes.forEach(releasePass);
  return { lens, unknown, answers };
}

function conceptsOf(model: Vlm, words: readonly string[]) {
  const memory = memoryOf(model);
  const read = words.map((text) => memory.word(text));
  return {
    concepts: read.flatMap(({ word, ids }): LensConcepts => (ids === undefined ? [] : [{ word, ids }])),
    unknown: words.filter((_, i) => read[i].ids === undefined),
  };
}

function askedPrompts(model: Vlm, image: RgbImage, options: GlanceOptions): AskedPrompt[] {
  checkImage(model.name, image);
  const { questions = [], maxNewTokens = 16 } = options;
  const { imageTokenId } = model.facts;
  const processed = model.reader.preprocess(image);
  return questions.map((text) => {
    const { parts, unknown } = memoryOf(model).question(text);
    const prefix = parts.prefix.flatMap((id) => (id === imageTokenId ? processed.ids : id));
    const layout = layoutOf(prefix, imageTokenId, [processed]);
    const prompt = { ...parts, prefix, image: processed, layout };
    return { text, unknown, prompt, limit: answerRoom("glance", model, prompt, maxNewTokens) };
  });
}

/** Questions of one row together; alone where images see them, or where they leave answers rooms that differ. */
function rowsOf(model: Vlm, asked: readonly AskedPrompt[]): (readonly AskedPrompt[])[] {
  if (asked.length === 0) return [];
  const differ = asked.some(({ limit }) => limit !== asked[0].limit);
  const isApart = differ || imagesSeeQuestion(model.family.visibility);
  return isApart ? asked.map((one) => [one]) : [asked];
}

function answersOf(model: Vlm, { arrays, displays, answers }: GlancePass, heads: boolean): GlanceAnswer[] {
  return answers.map(({ asked: { text, unknown }, answer, first }) => {
    const attended = attendedAnswer(model, answer, arrays, displays, first);
    return { question: text, unknown, ...(heads ? attended : withoutHeads(attended)) };
  });
}

function withoutHeads<R extends Pick<AttentionResult, "tokens">>(result: R): R {
  const tokens = result.tokens.map((token) => ({
    ...token,
    layers: token.layers.map(({ globalHeads: _, ...layer }) => ({ ...layer, heads: [] })),
  }));
  return { ...result, tokens };
}
