/**
 * `fovea/losses`: the losses of the papers, what a loss of one's own is made of, and their sum.
 *
 * @module
 */

// What a loss is given.
export type { Batch } from "./batch.ts";
// The losses: KL attention (KLAL), logit lens (LLL), next token.
export { klAttention } from "./kl-attention.ts";
// A loss of one's own.
export { lastLayer } from "./layers.ts";
export { logitLens } from "./logit-lens.ts";
export {
  defineLoss,
  type ExamplePart,
  type Loss,
  type LossContext,
  type LossDefinition,
  type LossNeeds,
  type LossValue,
  type QueryKind,
  tapped,
} from "./loss.ts";
export { nextToken } from "./next-token.ts";
export { type LossesConfig, type LossName, losses, lossesSchema } from "./registry.ts";
// Means and logarithms that stay finite.
export { log1mexp, logMeanExp, meanOf, normalised, weightedMean } from "./stable.ts";
// Losses with their options and weights, and their sum.
export { chosenLosses, totalLoss, totalNeeds, type WeightedLoss, weigh } from "./total.ts";
// Log-probabilities by the model's own head, without an array of all logits.
export {
  atPositions,
  conceptLogits,
  logProbabilities,
  logSumExpLogits,
  oneHot,
} from "./vocabulary.ts";
