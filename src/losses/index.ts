/**
 * `fovea/losses`: the losses of the papers, what a loss of one's own is made of, and their sum.
 *
 * @module
 */

// The losses: next token, logit lens (LLL), KL attention (KLAL), contrast; and those that a config can name.

export { contrastive } from "./contrastive.ts";
export { klAttention } from "./kl-attention.ts";
export { logitLens } from "./logit-lens.ts";
export { nextToken } from "./next-token.ts";
export { type LossesConfig, type LossName, losses, lossesSchema } from "./registry.ts";

// A loss of one's own, and what it is given.

export type { Batch } from "./batch.ts";
export { lastLayer } from "./layers.ts";
export {
  defineLoss,
  type ExamplePart,
  type Loss,
  type LossContext,
  type LossDefinition,
  type LossNeeds,
  type LossValue,
  ownParam,
  type QueryKind,
  type RowKind,
  tapped,
} from "./loss.ts";

// Log-probabilities by the model's own head, without an array of all logits.

export {
  atPositions,
  conceptLogits,
  logProbabilities,
  logSumExpLogits,
  oneHot,
} from "./vocabulary.ts";

// Means and logarithms that stay finite.

export { log1mexp, logMeanExp, meanOf, normalised, weightedMean } from "./stable.ts";

// Losses with their weights and options, and their sum.

export { chosenLosses, totalLoss, totalNeeds, type WeightedLoss, weigh } from "./total.ts";
