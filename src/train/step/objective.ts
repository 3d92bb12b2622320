/** The forward pass and the losses of a batch, as one function of the trained parameters. */
import type { NdArray } from "../../engine/array.ts";
import type { Batch } from "../../losses/batch.ts";
import { lastRows, queryPositions, totalLoss, totalNeeds, type WeightedLoss } from "../../losses/total.ts";
import type { BoundFamily } from "../../models/contract/family.ts";
import type { VlmParams } from "../../models/contract/parts.ts";
import type { ImageLayout } from "../../models/inputs/inputs.ts";
import type { Noise } from "./dropout.ts";
import type { Objective } from "./step.ts";
import type { Named } from "./trees.ts";

/** A family's parameter tree from all parameters by name; `batch` may hold noise for adapters. */
export type BuildParams = (
  named: Named<NdArray>,
  batch: Batch<NdArray> | (Batch<NdArray> & Noise<NdArray>),
) => VlmParams;

/** The model's forward pass and the weighted sum of its losses, over parameters by name. */
export function makeObjective(
  family: BoundFamily,
  layout: ImageLayout,
  chosen: readonly WeightedLoss[],
  build: BuildParams = (named) => family.fromNamed(named),
): Objective<Batch<NdArray>> {
  const needs = totalNeeds(chosen);
  return (named, batch, weights) => {
    const params = build(named, batch);
    const queries = queryPositions(batch, needs);
    // Noise of adapters' inputs is one of whole rows.
    const rows = "adapterTokens" in batch ? undefined : lastRows(batch, needs);
    const { taps } = family.forward(params, batch, {
      layout,
      taps: [...needs.taps],
      logits: false,
      textIds: batch.answerIds,
      ...(queries && { queryPositions: queries }),
      ...(rows && { lastRows: rows }),
    });
    const head = family.head(params);
    const windows = family.facts.attentionWindows;
    return totalLoss(chosen, { batch, layout, taps, head, windows, params: named }, weights);
  };
}

/** Activations in the order of the forward pass, by name: `visionHiddenStates.0`, ..., `logits`. */
export type Probe = (params: Named<NdArray>, batch: Batch<NdArray>) => Named<NdArray>;

const probed = ["patchEmbeddings", "visionHiddenStates", "imageFeatures", "hiddenStates"] as const;

/** The forward pass alone, for finding the first activation that went wrong. */
export function makeProbe(family: BoundFamily, layout: ImageLayout, build: BuildParams): Probe {
  return (named, batch) => {
    const params = build(named, batch);
    const { taps, logits } = family.forward(params, batch, {
      layout,
      taps: [...probed],
    });
    const entries = probed.flatMap((name) => {
      const value: NdArray | readonly NdArray[] = taps[name];
      return Array.isArray(value) ? value.map((x, i) => [`${name}.${i}`, x]) : [[name, value]];
    });
    return { ...Object.fromEntries(entries), ...(logits && { logits }) };
  };
}
