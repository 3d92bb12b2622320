/** What is left of a model's language: how well it predicts texts, how far it went from another model, what it answers. */
import type { Vlm } from "../../vlm/open.ts";
import {
  type BootstrapOptions,
  bootstrapRatio,
  type Estimate,
  pairedRatioDifference,
} from "../statistics.ts";
import { answersWithoutPicture } from "./answers.ts";
import { scoreRow, scoreRowOfBoth, type TextIds, type TextScore, textRows } from "./likelihood.ts";

/** What language is measured on. */
export interface LanguageData {
  /** Independent texts: the bootstrap draws whole ones. */
  readonly texts: readonly string[];
  readonly instructions: readonly string[];
}

export interface LanguageOptions {
  /** Most tokens of an answer; default 48. */
  readonly answerTokens?: number;
  /** Of the bootstrap. */
  readonly seed?: number;
  /** After each text, and after each model's answers: steps done of `steps`. */
  readonly onProgress?: (done: number, steps: number) => void;
}

/** One model's language, with 95 % intervals over texts. */
export interface ModelLanguage {
  readonly model: string;
  readonly tokens: number;
  /** Those of them that the tokenizer has no token for. */
  readonly unknown: number;
  /** exp(-(1/N) Σ log p(token | tokens before it)) */
  readonly perplexity: Estimate;
  /** The same likelihood by the texts' UTF-8 bytes, which does not depend on the tokenizer. */
  readonly bitsPerByte: Estimate;
  readonly answers: readonly string[];
}

/** What changed from `against` to `model`. */
export interface LanguageChange {
  /** Perplexity of `model` by that of `against`, paired by text; null where they have different tokens. */
  readonly perplexityRatio: Estimate | null;
  /** Bits per byte of `model` less those of `against`. */
  readonly bitsPerByte: Estimate;
  /** KL(against || model), nats for each token of the texts; null where they have different tokens. */
  readonly kl: Estimate | null;
  /** Instructions that both answer in the same words. */
  readonly sameAnswers: number;
}

export interface LanguageReport {
  readonly texts: number;
  readonly instructions: readonly string[];
  readonly models: readonly ModelLanguage[];
  readonly change: LanguageChange | null;
}

/** Of each text, sums over its tokens: nats of two models with the same tokens, and Σ KL(before || after). */
export interface TextChange {
  readonly tokens: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly kl: readonly number[];
}

/** The part of a {@link LanguageChange} that only models with the same tokens have. */
export interface TokenChange {
  readonly perplexityRatio: Estimate;
  readonly kl: Estimate;
}

/** What `model` says of texts against what `against` said; undefined where they have different tokens. */
export async function textChange(
  model: Vlm,
  against: Vlm,
  texts: readonly string[],
  onText: () => void = () => {},
): Promise<TextChange | undefined> {
  return sumsOf(await scoredTexts([against, model], texts, onText));
}

/** Measures a model, and what changed since `against`. */
export async function measureLanguage(
  model: Vlm,
  against: Vlm | undefined,
  { texts, instructions }: LanguageData,
  { answerTokens = 48, seed = 0, onProgress }: LanguageOptions = {},
): Promise<LanguageReport> {
  const models = against === undefined ? [model] : [against, model];
  const steps = texts.length + models.length;
  let done = 0;
  const advance = () => onProgress?.(++done, steps);
  const likelihoods = await scoredTexts(models, texts, advance);
  const bytes = texts.map((text) => new TextEncoder().encode(text).length);
  const languages: ModelLanguage[] = [];
  for (const [m, own] of models.entries()) {
    const answers = await answersWithoutPicture(own, instructions, answerTokens);
    advance();
    const unknown = unknownIn(own, likelihoods.rows[m]);
    languages.push({ model: own.folder, unknown, answers, ...estimates(likelihoods.scores[m], bytes, seed) });
  }
  const ordered = languages.toReversed();
  if (against === undefined) return { texts: texts.length, instructions, models: ordered, change: null };
  const [before, after] = languages;
  const sameAnswers = after.answers.filter((answer, i) => answer === before.answers[i]).length;
  const change = { ...changeOf(likelihoods, bytes, seed), sameAnswers };
  return { texts: texts.length, instructions, models: ordered, change };
}

/** Sums of each text, for each model; of two with the same tokens Σ KL too. */
interface Likelihoods {
  readonly rows: readonly (readonly (readonly TextIds[])[])[];
  readonly scores: readonly (readonly TextScore[])[];
  readonly kl: readonly number[] | undefined;
}

async function scoredTexts(
  models: readonly Vlm[],
  texts: readonly string[],
  advance: () => void,
): Promise<Likelihoods> {
  const rows = models.map((model) => texts.map((text) => textRows(model, text)));
  const [against, model] = models;
  const isPair = models.length === 2 && haveSameTokens(models, rows);
  const scores: TextScore[][] = models.map(() => []);
  const kl: number[] = [];
  for (const t of texts.keys()) {
    if (isPair) {
      const both = [];
      for (const ids of rows[0][t]) both.push(await scoreRowOfBoth(against, model, ids));
      scores[0].push(summed(both.map((pair) => pair.against)));
      scores[1].push(summed(both.map((pair) => pair.model)));
      kl.push(both.reduce((sum, pair) => sum + pair.kl, 0));
    } else {
      for (const [m, own] of models.entries()) {
        const parts = [];
        for (const ids of rows[m][t]) parts.push(await scoreRow(own, ids));
        scores[m].push(summed(parts));
      }
    }
    advance();
  }
  return { rows, scores, kl: isPair ? kl : undefined };
}

/** Whether predictions can be compared token by token. */
function haveSameTokens(models: readonly Vlm[], rows: readonly (readonly (readonly TextIds[])[])[]): boolean {
  const [a, b] = models.map(({ facts }) => facts.vocabSize);
  return a === b && JSON.stringify(rows[0]) === JSON.stringify(rows[1]);
}

function unknownIn({ chat: { tokenizer } }: Vlm, rows: readonly (readonly TextIds[])[]): number {
  const { unk } = tokenizer.special;
  return rows.flat(2).filter((id) => id === unk).length;
}

function summed(scores: readonly TextScore[]): TextScore {
  return scores.reduce((a, b) => ({ tokens: a.tokens + b.tokens, nats: a.nats + b.nats }), {
    tokens: 0,
    nats: 0,
  });
}

const BITS = 1 / Math.LN2;

function estimates(scores: readonly TextScore[], bytes: readonly number[], seed: number) {
  const options: BootstrapOptions = { seed };
  const nats = natsOf(scores);
  const tokens = scores.map((score) => score.tokens);
  return {
    tokens: tokens.reduce((a, b) => a + b, 0),
    perplexity: mapped(bootstrapRatio(nats, tokens, options), Math.exp),
    bitsPerByte: mapped(bootstrapRatio(nats, bytes, options), (value) => value * BITS),
  };
}

function changeOf(likelihoods: Likelihoods, bytes: readonly number[], seed: number) {
  const [before, after] = likelihoods.scores;
  const ofBytes = (scores: readonly TextScore[]) => ({ numerators: natsOf(scores), denominators: bytes });
  const bits = pairedRatioDifference(ofBytes(after), ofBytes(before), { seed });
  const sums = sumsOf(likelihoods);
  return {
    ...(sums === undefined ? { perplexityRatio: null, kl: null } : changeByToken(sums, seed)),
    bitsPerByte: mapped(bits, (value) => value * BITS),
  };
}

const natsOf = (scores: readonly TextScore[]) => scores.map(({ nats }) => nats);

function sumsOf({ scores: [before, after], kl }: Likelihoods): TextChange | undefined {
  const tokens = after.map((score) => score.tokens);
  return kl && { tokens, before: natsOf(before), after: natsOf(after), kl };
}

/** Perplexity paired by text, and KL, with 95 % intervals over texts. */
export function changeByToken({ tokens, before, after, kl }: TextChange, seed = 0): TokenChange {
  const [a, b] = [after, before].map((numerators) => ({ numerators, denominators: tokens }));
  return {
    perplexityRatio: mapped(pairedRatioDifference(a, b, { seed }), Math.exp),
    kl: bootstrapRatio(kl, tokens, { seed }),
  };
}

/** An estimate and its interval through a rising function. */
function mapped(estimate: Estimate, of: (value: number) => number): Estimate {
  const { value, low, high, count } = estimate;
  return { count, value: of(value), low: of(low), high: of(high) };
}
