import type { NdArray } from "../../engine/array.ts";
import { type LinearParams, linear, linearSpec } from "../../nn/linear.ts";
import type { VisionInputs, VisionPass, VlmParams } from "../contract/parts.ts";
import { inPart, type PartSpec } from "../contract/roles.ts";
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
}: PaligemmaConfig): Omit<PaligemmaParams<PartSpec>, keyof VlmParams> {
  const { hiddenSize: D, initializerRange: std } = textConfig;
  return {
    visionTower: inPart("vision", siglipSpecs(visionConfig)),
    multiModalProjector: inPart("projector", {
      linear: linearSpec(visionConfig.hiddenSize, D, { std, bias: true }),
    }),
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
