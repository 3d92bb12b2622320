import type { NdArray } from "../../engine/array.ts";
import { constant, normal, type ParamSpec } from "../../nn/init.ts";
import { type LinearParams, linear } from "../../nn/linear.ts";
import type { VisionInputs, VisionPass, VlmParams } from "../contract/parts.ts";
import { perRow, pixelsOf } from "../inputs/layout.ts";
import { type SiglipParams, siglipNorm, siglipSpecs, siglipTower } from "../towers/siglip.ts";
import type { PaligemmaConfig } from "./config.ts";

/** The names are those of Hugging Face's tensors in camelCase. */
export interface PaligemmaParams<A = NdArray> extends VlmParams<A> {
  readonly visionTower: SiglipParams<A>;
  readonly multiModalProjector: { readonly linear: LinearParams<A> };
}

/** The tower as SigLIP draws it; the projector starts as the decoder's layers do. */
export function visionSpecs({
  visionConfig,
  textConfig,
}: PaligemmaConfig): Omit<PaligemmaParams<ParamSpec>, keyof VlmParams> {
  const { hiddenSize: D, initializerRange: std } = textConfig;
  return {
    visionTower: siglipSpecs(visionConfig),
    multiModalProjector: {
      linear: { weight: normal([D, visionConfig.hiddenSize], std), bias: constant([D], 0) },
    },
  };
}

/**
 * The vision side of PaliGemma (Beyer et al., arXiv 2407.07726; architecture of Hugging Face's
 * `PaliGemmaForConditionalGeneration`): images [B I, 3, Y, X], I of them a row, to image tokens.
 */
export function encodeImages(
  { visionConfig }: PaligemmaConfig,
  { visionTower, multiModalProjector }: PaligemmaParams,
  { pixelValues, layout }: VisionInputs,
): VisionPass {
  const { patchEmbeddings, hiddenStates } = siglipTower(visionConfig, visionTower, pixelValues);
  const last = siglipNorm(visionConfig, visionTower, hiddenStates[hiddenStates.length - 1]);
  return {
    features: perRow(linear(multiModalProjector.linear, last), pixelsOf(layout)),
    patchEmbeddings: perRow(patchEmbeddings, pixelsOf(layout)),
    hiddenStates: hiddenStates.map((x) => perRow(x, pixelsOf(layout))),
  };
}
