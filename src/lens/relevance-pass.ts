/**
 * Relevance by gradients of attention, as a function to be compiled: Chefer et al., "Generic Attention-model Explainability",
 * arXiv 2103.15679, equations 5 and 6 for self-attention. B rows, S positions, A layers that have attention, H heads.
 */
import { type NdArray, np, take, valueAndGrad } from "../engine/array.ts";
import { atPositions } from "../losses/vocabulary.ts";
import type { Head } from "../models/contract/family.ts";
import type { VlmParams } from "../models/contract/parts.ts";
import type { ImageLayout, ModelInputs } from "../models/inputs/inputs.ts";
import { oneHotPositions } from "../nn/attention.ts";
import type { KnockOutArrays } from "../nn/knock-out.ts";
import { softCapped } from "../nn/softcap.ts";
import type { Vlm } from "../vlm/open.ts";

/**
 * How much each position matters for the logit of token [B] at position [B, 1]: [B, S]. R starts as the identity, and each layer
 * adds mean over heads of max(0, (gradient of the logit by the pattern) x pattern), times R; this is the position's row of R, less
 * the identity.
 */
export function relevanceOf({ family }: Pick<Vlm, "family">, layout: ImageLayout) {
  return (
    params: VlmParams,
    inputs: ModelInputs,
    position: NdArray,
    token: NdArray,
    knockOut?: KnockOutArrays,
  ): NdArray => {
    const [B, S] = inputs.inputIds.shape;
    const heads = family.facts.attentionLayers.map(() => np.zeros([B, family.facts.heads, S, S]));
    const logit = (patternOffsets: NdArray[]): [NdArray, { attentions: readonly NdArray[] }] => {
      const { taps } = family.forward(params, inputs, {
        layout,
        taps: ["hiddenStates", "attentions"],
        logits: false,
        knockOut,
        patternOffsets,
      });
      const last = atPositions(taps.hiddenStates.at(-1) as NdArray, position);
      return [np.sum(tokenLogits(family.head(params), last, token)), { attentions: taps.attentions }];
    };
    const [[, { attentions }], gradients] = valueAndGrad(logit)(heads);
    const row = oneHotPositions(position, S);
    return np.squeeze(np.subtract(np.matmul(row, rollout(attentions, gradients)), row), 1);
  };
}

/** Hidden states [B, 1, D] -> the logits [B] of the tokens [B]. */
function tokenLogits({ norm, weight, softcap }: Head, hidden: NdArray, token: NdArray): NdArray {
  const x = np.squeeze(norm(hidden), 1);
  return softCapped(np.einsum("bd,bd->b", x, take(weight, token)), softcap);
}

/** Patterns and their gradients [B, H, S, S], in the order of layers -> R [B, S, S]. */
function rollout(patterns: readonly NdArray[], gradients: readonly NdArray[]): NdArray {
  const [B, , S] = patterns[0].shape;
  const start = np.broadcastTo(np.expandDims(np.eye(S), 0), [B, S, S]);
  return patterns.reduce((R, pattern, i) => {
    const weights = np.mean(np.maximum(np.multiply(gradients[i], pattern), 0), 1);
    return np.add(R, np.matmul(weights, R));
  }, start);
}
