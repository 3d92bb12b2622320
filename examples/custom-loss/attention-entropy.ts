/**
 * A loss of one's own: attention that is sure of its answer should be sure of its place.
 *
 *     mean over answer tokens with a region of  p(answer token) · H(Q)
 *
 * with H the entropy (in nats) of the last layer's attention Q over image tokens, at the position that predicts the
 * token. The probability only weighs: no gradient flows through it. `config.yaml` names it.
 */
import { indicator, type NdArray, np, stopGradient } from "fovea/engine";
import {
  atPositions,
  defineLoss,
  type LossContext,
  lastLayer,
  logMeanExp,
  logProbabilities,
  oneHot,
  weightedMean,
} from "fovea/losses";
import { z } from "zod";

export const loss = defineLoss({
  name: "attention-entropy",
  options: z.strictObject({
    /** Entropy of the mean over heads, or mean of the heads' entropies. */
    heads: z.enum(["mean", "each"]).default("mean"),
  }),
  needs: { taps: ["hiddenStates", "imageLogAttentionRows"], queries: "predicting" },
  compute(context, { heads }) {
    const rows = lastLayer(context.taps.imageLogAttentionRows); // [B, H, A, N]
    const spread = heads === "mean" ? entropy(logMeanExp(rows, 1)) : np.mean(entropy(rows), 1);
    const confidence = answerProbabilities(context);
    const counted = withRegion(context);
    return {
      loss: weightedMean(np.multiply(confidence, spread), counted),
      parts: { entropy: weightedMean(spread, counted), confidence: weightedMean(confidence, counted) },
    };
  },
});

/** Log-probabilities [..., N] -> [...], in nats. */
function entropy(logProbability: NdArray): NdArray {
  return np.negative(np.sum(np.multiply(np.exp(logProbability), logProbability), -1));
}

/** p(answer token), [B, A]: the head runs at the A positions only. */
function answerProbabilities({ batch, taps, head }: LossContext<"hiddenStates">): NdArray {
  const { answerPositions, answerIds } = batch;
  const hidden = atPositions(lastLayer(taps.hiddenStates), answerPositions);
  return stopGradient(np.exp(logProbabilities(head.norm(hidden), head, answerIds)));
}

/** 1 where the answer token's question has a region, [B, A]. */
function withRegion({ batch }: LossContext): NdArray {
  const { attentionTargets, answerQuestions } = batch;
  const hasRegion = np.sum(attentionTargets, -1); // [B, Q], 1 or 0: a target map has sum 1.
  const own = oneHot(answerQuestions, hasRegion.shape[1], hasRegion);
  return indicator(np.greater(np.einsum("baq,bq->ba", own, hasRegion), 0.5), hasRegion);
}
