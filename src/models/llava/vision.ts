import { type NdArray, np, slice } from "../../engine/array.ts";
import { activate } from "../../nn/activation.ts";
import { attend, type Heads } from "../../nn/attention.ts";
import { linear } from "../../nn/linear.ts";
import { layerNorm } from "../../nn/norm.ts";
import { embedPatches } from "../../nn/patch.ts";
import type { ImageLayout } from "../inputs.ts";
import type { VisionPass } from "../parts.ts";
import { type LlavaConfig, type VisionConfig, visionFeatureLayers } from "./config.ts";
import type { LlavaParams, VisionLayerParams, VisionParams } from "./params.ts";

interface VisionActivations {
  /** [B, 1 + P, D]: class token and patches, positions added. */
  readonly patchEmbeddings: NdArray;
  /** [B, 1 + P, D] each: before the first layer (after the first norm), then after each layer. */
  readonly hiddenStates: readonly NdArray[];
}

/**
 * The vision side of LLaVA (Liu et al., arXiv 2304.08485; architecture of Hugging Face's
 * `LlavaForConditionalGeneration`): images [B I, 3, Y, X], I of them a row, to image tokens.
 */
export function see(
  config: LlavaConfig,
  params: LlavaParams,
  pixelValues: NdArray,
  { images }: ImageLayout,
  wholeTower: boolean,
): VisionPass {
  const { visionConfig } = config;
  const depth = wholeTower ? visionConfig.numHiddenLayers : Math.max(...visionFeatureLayers(config));
  const { patchEmbeddings, hiddenStates } = visionTower(visionConfig, params.visionTower, pixelValues, depth);
  const perImage = projectImage(config, params.multiModalProjector, hiddenStates);
  const [all, N, D] = perImage.shape;
  const rows = all / images.length;
  const features = images.length === 1 ? perImage : np.reshape(perImage, [rows, images.length * N, D]);
  return { features, patchEmbeddings, hiddenStates };
}

/** CLIP's vision tower (Radford et al., arXiv 2103.00020) up to layer `depth`; pixels [B, 3, Y, X]. */
function visionTower(
  config: VisionConfig,
  params: VisionParams,
  pixelValues: NdArray,
  depth: number,
): VisionActivations {
  const patchEmbeddings = embedImage(params, pixelValues);
  const hiddenStates = [layerNorm(params.preLayrnorm, patchEmbeddings, config.layerNormEps)];
  for (const layer of params.encoder.layers.slice(0, depth)) {
    hiddenStates.push(visionLayer(config, layer, hiddenStates[hiddenStates.length - 1]));
  }
  return { patchEmbeddings, hiddenStates };
}

function embedImage({ embeddings }: VisionParams, pixelValues: NdArray): NdArray {
  const patches = embedPatches(embeddings.patchEmbedding.weight, pixelValues);
  const [B, , D] = patches.shape;
  const classToken = np.broadcastTo(embeddings.classEmbedding, [B, 1, D]);
  return np.add(np.concatenate([classToken, patches], 1), embeddings.positionEmbedding.weight);
}

function visionLayer(config: VisionConfig, params: VisionLayerParams, x: NdArray): NdArray {
  const normed = layerNorm(params.layerNorm1, x, config.layerNormEps);
  const { mixed } = attend(visionHeads(config, params, normed));
  const middle = np.add(x, linear(params.selfAttn.outProj, mixed));
  const expanded = linear(params.mlp.fc1, layerNorm(params.layerNorm2, middle, config.layerNormEps));
  return np.add(middle, linear(params.mlp.fc2, activate(config.hiddenAct, expanded)));
}

function visionHeads(config: VisionConfig, { selfAttn }: VisionLayerParams, x: NdArray): Heads {
  const [B, P, D] = x.shape;
  const H = config.numAttentionHeads;
  return {
    query: np.reshape(linear(selfAttn.qProj, x), [B, P, H, 1, D / H]),
    key: np.reshape(linear(selfAttn.kProj, x), [B, P, H, D / H]),
    value: np.reshape(linear(selfAttn.vProj, x), [B, P, H, D / H]),
  };
}

/** Image tokens for the decoder from the tower's hidden states: [B, N, D]. No norm follows the tower. */
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
