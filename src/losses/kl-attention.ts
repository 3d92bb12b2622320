/** The KL attention loss: the answer's attention goes to the evidence (arXiv 2511.12738). */
import { z } from "zod";
import { indicator, type NdArray, np } from "../engine/array.ts";
import { answerWeights, gateOptions, isGated } from "./answer-gate.ts";
import { evidenceOptions, mapsOf, PADDING } from "./evidence.ts";
import { chooseLayers, layersHelp, layersSchema } from "./layers.ts";
import { defineLoss, type LossContext, tapped } from "./loss.ts";
import { logMeanExp, meanOf, weightedMean } from "./stable.ts";
import { oneHot } from "./vocabulary.ts";

const options = z.strictObject({
  layers: layersSchema.default("all").describe(layersHelp),
  direction: z
    .enum(["forward", "reverse"])
    .default("forward")
    .describe("`forward`: KL(P || Q). `reverse`: KL(Q || P), with a little of the uniform map mixed into P."),
  heads: z
    .enum(["mean", "each", "best"])
    .default("mean")
    .describe(
      "`mean`: Q is the mean over heads. `each`: mean of the heads' divergences. `best`: the smallest of them.",
    ),
  query: z
    .enum(["predicting", "last-answer"])
    .default("last-answer")
    .describe(
      "Whose attention is pulled: the tokens that predict the answer, or the last token of the answer.",
    ),
  ...evidenceOptions,
  ...gateOptions,
});
type Options = z.output<typeof options>;

/** The share of the uniform map in P for the reverse divergence, which is infinite where P is 0. */
const UNIFORM_SHARE = 0.01;

/**
 * KL attention loss ([B]): `(1/L) Σ_l KL(P || Q^l)`, where Q^l is the attention of a query token over the N
 * image tokens in layer l, renormalised to sum 1 per head and averaged over heads; mean over the queries that
 * have a target map. A query without one adds nothing and is not counted. With a gate each query's divergence has its
 * answer's weight, and the mean stays that over all queries with a map: one that is let through has the gradient that it
 * would have without a gate.
 */
export const klAttention = defineLoss({
  name: "klal",
  options,
  needs(chosen) {
    const { target, evidence, refresh, passes } = chosen;
    const readsLens = target === "learnt" && evidence === "agreement";
    const readsStates = isGated(chosen) || readsLens;
    return {
      taps: ["imageLogAttentionRows", ...(readsStates ? (["hiddenStates"] as const) : [])],
      lastRows: ["answers", ...(readsLens ? (["images"] as const) : [])],
      queries: chosen.query,
      learnsFrom: target === "regions" ? "regions" : "answers",
      ...(target === "learnt" && evidence === "knock-out" && { evidence: { refresh, passes } }),
    };
  },
  compute(context, chosen) {
    const rows = tapped(context, "imageLogAttentionRows");
    const maps = mapsOf(context, chosen);
    const targets = ofQueries(context, chosen, maps);
    const counted = hasMap(targets);
    const gate = answerWeights(context, chosen);
    const weights = gate && ofQueries(context, chosen, gate);
    const divergences = chooseLayers(chosen.layers, rows.length).map((layer) => {
      const whole = { targets, rows: rows[layer], counted };
      const seen = (context.windows?.[layer] ?? null) === null ? whole : withinReach(whole);
      const values = overHeads(chosen, seen.targets, seen.rows);
      return weightedMean(weights ? np.multiply(values, weights) : values, seen.counted);
    });
    const parts = { last: divergences.at(-1)! };
    const loss = meanOf(divergences);
    return { loss, parts: gate ? { ...parts, supervised: weightedMean(gate, hasMap(maps)) } : parts };
  },
});

/** Target maps [..., N] -> [...]: 1 where there is one. */
function hasMap(targets: NdArray): NdArray {
  return indicator(np.greater(np.sum(targets, -1), 0), targets);
}

/** What a layer is held to: targets [B, R, N], its log-attention [B, H, R, N], and which queries count [B, R]. */
interface Held {
  readonly targets: NdArray;
  readonly rows: NdArray;
  readonly counted: NdArray;
}

/**
 * In a layer with a window: targets of the image tokens that the window reaches, scaled to sum 1; a query that reaches none
 * of its own does not count.
 */
function withinReach({ targets, rows }: Held): Held {
  const [, , , N] = rows.shape;
  const reached = indicator(np.greater(np.max(rows, 1), PADDING), targets);
  const own = np.multiply(targets, reached);
  const total = np.sum(own, -1, { keepdims: true });
  const counts = np.greater(total, 0);
  return {
    targets: np.divide(own, np.where(counts, total, 1)),
    rows: np.where(np.expandDims(counts, 1), rows, -Math.log(N)),
    counted: indicator(np.squeeze(counts, -1), targets),
  };
}

/** What a question has, [B, Q, ...], at each of its queries, [B, R, ...]: at every position that predicts its answer. */
function ofQueries({ batch }: LossContext, chosen: Options, perQuestion: NdArray): NdArray {
  if (chosen.query === "last-answer") return perQuestion;
  const belongs = oneHot(batch.answerQuestions, perQuestion.shape[1], perQuestion);
  return np.einsum(perQuestion.ndim === 3 ? "baq,bqn->ban" : "baq,bq->ba", belongs, perQuestion);
}

/** Targets [B, R, N] and log-attention [B, H, R, N] -> divergences [B, R]. */
function overHeads(chosen: Options, targets: NdArray, logAttention: NdArray): NdArray {
  const divergence = divergences[chosen.direction];
  if (chosen.heads === "mean") return divergence(targets, logMeanExp(logAttention, 1));
  const perHead = divergence(np.expandDims(targets, 1), logAttention);
  return chosen.heads === "each" ? np.mean(perHead, 1) : np.min(perHead, 1);
}

/** Targets P (sum 1 or all 0) and log Q, [..., N] each -> [...]; finite for both. */
const divergences: Record<Options["direction"], (targets: NdArray, logQ: NdArray) => NdArray> = {
  forward: (targets, logQ) => np.sum(np.multiply(targets, np.subtract(safeLog(targets), logQ)), -1),
  reverse: (targets, logQ) => {
    const seen = indicator(np.greater(logQ, PADDING), targets); // Room that a row's image leaves empty counts for nothing.
    const uniform = np.divide(UNIFORM_SHARE, np.sum(seen, -1, { keepdims: true }));
    const logP = np.log(np.add(np.multiply(targets, 1 - UNIFORM_SHARE), uniform));
    return np.sum(np.multiply(np.exp(logQ), np.subtract(logQ, logP)), -1);
  },
};

/** `log x`, finite at 0, where `x log x` is then 0. */
function safeLog(x: NdArray): NdArray {
  return np.log(np.maximum(x, 1e-30));
}
