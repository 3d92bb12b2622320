/** The logit lens loss: each image token says what its patch shows (arXiv 2602.01530). */
import { z } from "zod";
import { indicator, type NdArray, np, slice, stopGradient } from "../engine/array.ts";
import { imageColumns } from "../models/inputs/layout.ts";
import { chooseLayers, layersHelp, layersSchema } from "./layers.ts";
import { defineLoss, type LossContext, tapped } from "./loss.ts";
import { log1mexp, meanOf, normalised, weightedMean } from "./stable.ts";
import { conceptLogits, logSumExpLogits, oneHot } from "./vocabulary.ts";

const options = z.strictObject({
  layers: layersSchema.default("last").describe(layersHelp),
  positiveCoverage: z
    .number()
    .gt(0)
    .max(1)
    .default(0.5)
    .describe("A patch is positive from this coverage on."),
  negativeCoverage: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe("A patch is negative up to this coverage (unless it is positive), and ignored in between."),
  smallRegions: z
    .enum(["best-patch", "none"])
    .default("best-patch")
    .describe(
      "A concept that reaches the threshold nowhere: its best covered patches are positive, or none.",
    ),
  negatives: z
    .enum(["all", "balanced"])
    .default("all")
    .describe("`balanced`: of a present concept's negatives only the |P'| with the highest probability."),
  tokens: z
    .enum(["mean", "first", "max"])
    .default("mean")
    .describe(
      "How the tokens of a concept word count: their mean, the first alone, or the most probable one.",
    ),
});
type Options = z.output<typeof options>;

/**
 * Logit lens loss ([A]; the negative term's form is ours), for each (image, concept) with tokens C:
 *
 *     mean_{s in P'} mean_{c in C} -log p(c|s)  +  mean_{s in N'} mean_{c in C} -log(1 - p(c|s))
 *
 * with P' the image tokens that show the concept, N' those that do not (or hardly), and p the model's own final norm
 * and head applied to the hidden state after a layer. An absent concept has only the second term. Mean over the
 * concepts asked about, the batch and the chosen layers.
 */
export const logitLens = defineLoss({
  name: "lll",
  options,
  needs: () => ({ taps: ["hiddenStates"], lastRows: ["images"], learnsFrom: "concepts" }),
  compute(context, chosen) {
    const states = tapped(context, "hiddenStates");
    const terms = chooseLayers(chosen.layers, states.length - 1).map((layer) =>
      layerTerms(context, chosen, states[layer + 1]),
    );
    const positive = meanOf(terms.map((term) => term.positive));
    const negative = meanOf(terms.map((term) => term.negative));
    return { loss: np.add(positive, negative), parts: { positive, negative } };
  },
});

function layerTerms(context: LossContext, chosen: Options, hidden: NdArray) {
  const { conceptTokenMask } = context.batch;
  const logProbability = conceptLogProbabilities(context, hidden);
  const rule = tokenRules[chosen.tokens](logProbability, conceptTokenMask);
  const { positive, negative } = patchWeights(context.batch.conceptCoverage, chosen, rule);
  const used = np.max(conceptTokenMask, -1);
  const term = (values: NdArray, patches: NdArray) =>
    weightedMean(np.einsum("bkcn,bkc,bkn->bk", values, rule.weights, patches), used);
  return {
    positive: term(np.negative(rule.logProbability), positive),
    negative: term(np.negative(log1mexp(rule.logProbability)), negative),
  };
}

/** `log p(c|s)` for every concept token and image token, [B, S, D] -> [B, K, C, N]. */
function conceptLogProbabilities(context: LossContext, hidden: NdArray): NdArray {
  const x = context.head.norm(imageColumns(hidden, 1, context.layout));
  const chosen = conceptLogits(x, context.head, context.batch.conceptIds);
  return np.subtract(chosen, np.expandDims(logSumExpLogits(x, context.head), [1, 2]));
}

interface TokenRule {
  /** [B, K, C', N] */
  readonly logProbability: NdArray;
  /** [B, K, C'], sum 1 for a used concept, 0 for an unused one. */
  readonly weights: NdArray;
}

/** From log-probabilities [B, K, C, N] and the mask [B, K, C] of the words' tokens. */
const tokenRules: Record<Options["tokens"], (logProbability: NdArray, mask: NdArray) => TokenRule> = {
  mean: (logProbability, mask) => ({ logProbability, weights: normalised(mask) }),
  first: (logProbability, mask) => ({
    logProbability: slice(logProbability, 2, 0, 1),
    weights: slice(mask, 2, 0, 1),
  }),
  max: (logProbability, mask) => {
    const padding = np.multiply(np.subtract(np.expandDims(mask, -1), 1), 1e9);
    // An unused concept keeps a harmless value: its weight is 0, but its gradient must be finite.
    const used = np.max(mask, -1, { keepdims: true });
    const largest = np.max(np.add(logProbability, padding), 2, { keepdims: true });
    return {
      logProbability: np.where(np.greater(np.expandDims(used, -1), 0), largest, -1),
      weights: used,
    };
  },
};

/** Weights of the positive and the negative patches, each [B, K, N] with sum 1 (or 0 where there is none). */
function patchWeights(coverage: NdArray, chosen: Options, rule: TokenRule) {
  const threshold =
    chosen.smallRegions === "none"
      ? chosen.positiveCoverage
      : np.minimum(np.max(coverage, -1, { keepdims: true }), chosen.positiveCoverage);
  const shown = indicator(np.greater(coverage, 0), coverage);
  const positive = np.multiply(indicator(np.greaterEqual(coverage, threshold), coverage), shown);
  const low = indicator(np.lessEqual(coverage, chosen.negativeCoverage), coverage);
  const patch = indicator(np.greaterEqual(coverage, 0), coverage); // Less marks an image token that is no patch.
  const absent = np.multiply(np.multiply(low, patch), np.subtract(1, positive));
  const negative = chosen.negatives === "all" ? absent : hardest(absent, positive, wordScores(rule));
  return { positive: normalised(positive), negative: normalised(negative) };
}

/** [B, K, N] how strongly each patch says the word, without gradient. */
function wordScores({ logProbability, weights }: TokenRule): NdArray {
  return stopGradient(np.einsum("bkcn,bkc->bkn", logProbability, weights));
}

/** The |P'| negatives of a concept with the highest scores (ties kept); all of them where P' is empty. */
function hardest(negative: NdArray, positive: NdArray, scores: NdArray): NdArray {
  const candidates = np.where(np.greater(negative, 0), scores, -1e9);
  const ascending = np.sort(candidates, -1);
  const count = np.sum(positive, -1);
  const place = oneHot(np.subtract(scores.shape[2], count), scores.shape[2], scores);
  const threshold = np.sum(np.multiply(ascending, place), -1);
  const limit = np.where(np.greater(count, 0), threshold, -2e9);
  const kept = indicator(np.greaterEqual(candidates, np.expandDims(limit, -1)), negative);
  return np.multiply(kept, negative);
}
