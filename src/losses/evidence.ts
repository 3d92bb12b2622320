/** Target maps of the attention loss where no regions are given: found from the model itself, without gradient. */
import { z } from "zod";
import { indicator, type NdArray, np, stopGradient } from "../engine/array.ts";
import { imageColumns } from "../models/inputs/layout.ts";
import { lastLayer } from "./layers.ts";
import { type LossContext, type QueryKind, tapped } from "./loss.ts";
import { normalised } from "./stable.ts";
import { conceptLogits, logSumExpLogits, oneHot } from "./vocabulary.ts";

/** Options of a loss whose target maps can be learnt. */
export const evidenceOptions = {
  target: z
    .enum(["regions", "learnt"])
    .default("regions")
    .describe(
      "Where target maps come from: the questions' regions, or `learnt`, from the model itself, by `evidence`.",
    ),
  evidence: z
    .enum(["agreement", "knock-out"])
    .default("agreement")
    .describe(
      "With `learnt`. `agreement`: the image tokens where attention lies and whose lens says the answer. `knock-out`: those whose removal makes the answer less probable.",
    ),
  refresh: z
    .int()
    .positive()
    .default(8)
    .describe(
      "With `knock-out`: steps from one search for evidence to the next; the steps between have no such target.",
    ),
  passes: z
    .int()
    .min(16)
    .multipleOf(2)
    .default(32)
    .describe(
      "With `knock-out`: forward passes of a search, in each of which half of the image tokens is hidden.",
    ),
};
export type EvidenceOptions = z.output<z.ZodObject<typeof evidenceOptions>>;

/** The target map of each question, [B, Q, N]: sum 1, or all 0 where there is none. */
export function mapsOf(
  context: LossContext,
  chosen: EvidenceOptions & { readonly query: QueryKind },
): NdArray {
  const { attentionTargets, learntTargets } = context.batch;
  if (chosen.target === "regions") return attentionTargets;
  if (chosen.evidence === "agreement") return agreementMaps(context, chosen.query);
  if (learntTargets === undefined) throw new Error("klal: the batch must have learntTargets, got none");
  return learntTargets;
}

/** Below it a log-probability is that of a masked token. */
export const PADDING = -1e6;

/**
 * Where lens and attention agree, [B, Q, N], sum 1, all 0 for a question without an answer: the attention of a question's
 * queries over the image tokens, mean of all layers and heads, times the probability that each image token gives the
 * answer's tokens by the logit lens of the last layer (their geometric mean).
 */
export function agreementMaps(context: LossContext, query: QueryKind): NdArray {
  const { answerQuestions, lastAnswerPositions } = context.batch;
  const rows = tapped(context, "imageLogAttentionRows").map(stopGradient);
  const lens = lensOfAnswers(context);
  const belongs = oneHot(answerQuestions, lastAnswerPositions.shape[1], lens);
  const shares = normalised(np.transpose(belongs, [0, 2, 1])); // [B, Q, A]
  const said = np.einsum("bqa,ban->bqn", shares, lens);
  const looked = rows.map((row) => np.mean(np.exp(row), 1)).reduce((sum, map) => np.add(sum, map));
  const attention = query === "last-answer" ? looked : np.einsum("bqa,ban->bqn", shares, looked);
  const log = np.add(np.log(np.maximum(attention, 1e-30)), said);
  const seen = np.where(np.greater(attention, 0), log, PADDING);
  const power = np.exp(np.subtract(seen, np.max(seen, -1, { keepdims: true })));
  const map = np.divide(power, np.sum(power, -1, { keepdims: true }));
  const answered = indicator(np.greater(np.sum(shares, -1, { keepdims: true }), 0), map);
  return stopGradient(np.multiply(map, answered));
}

/** log p of each answer token by the lens at each image token, [B, A, N]. */
function lensOfAnswers({ taps, head, layout, batch }: LossContext): NdArray {
  const states = lastLayer(tapped({ taps }, "hiddenStates"));
  const x = stopGradient(head.norm(imageColumns(states, 1, layout)));
  const ids = np.expandDims(batch.answerIds, 2);
  const logits = np.squeeze(conceptLogits(x, head, ids), 2);
  return stopGradient(np.subtract(logits, np.expandDims(logSumExpLogits(x, head), 1)));
}
