/** The vision side of LLaVA: pixels to image tokens. */
import { type NdArray, np, slice } from "../../engine/array.ts";
import { activate } from "../../nn/activation.ts";
import { linear } from "../../nn/linear.ts";
import type { VisionInputs, VisionPass } from "../contract/parts.ts";
import { perRow, pixelsOf } from "../inputs/layout.ts";
import { type LlavaConfig, visionFeatureLayers } from "./config.ts";
import type { LlavaParams } from "./params.ts";
import { runTower } from "./towers.ts";

/**
 * The vision side of LLaVA (Liu et al., arXiv 2304.08485; architecture of Hugging Face's
 * `LlavaForConditionalGeneration`): images [B I, 3, Y, X], I of them a row, to image tokens.
 */
export function encodeImages(
  config: LlavaConfig,
  params: LlavaParams,
  { pixelValues, layout }: VisionInputs,
  wholeTower: boolean,
): VisionPass {
  const { visionConfig } = config;
  const depth = wholeTower ? visionConfig.numHiddenLayers : Math.max(...visionFeatureLayers(config));
  const { patchEmbeddings, hiddenStates } = runTower(visionConfig, params.visionTower, pixelValues, depth);
  return {
    features: perRow(projectImage(config, params.multiModalProjector, hiddenStates), pixelsOf(layout)),
    patchEmbeddings: perRow(patchEmbeddings, pixelsOf(layout)),
    hiddenStates: hiddenStates.map((x) => perRow(x, pixelsOf(layout))),
  };
}

/** Image tokens for the decoder from the tower's hidden states: [I, N, D]. No norm follows the tower. */
function projectImage(
  config: LlavaConfig,
  params: LlavaParams["multiModalProjector"],
  hiddenStates: readonly NdArray[],
): NdArray {
  const start = config.visionFeatureSelectStrategy === "default" ? 1 : 0;
  const chosen = visionFeatureLayers(config).map((layer) => {
    const state = hiddenStates[layer];
    return start === 0 ? state : slice(state, 1, start, state.shape[1]);
  });
  const features = chosen.length === 1 ? chosen[0] : np.concatenate(chosen, 2);
  const hidden = activate(config.projectorHiddenAct, linear(params.linear1, features));
  return linear(params.linear2, hidden);
}
