/** CLIP's vision tower (Radford et al., arXiv 2103.00020). */
import { type NdArray, np } from "../../engine/array.ts";
import { normal, type ParamSpec } from "../../nn/init.ts";
import { linearSpec } from "../../nn/linear.ts";
import { type LayerNormParams, layerNorm, layerNormSpec } from "../../nn/norm.ts";
import { embedPatches } from "../../nn/patch.ts";
import {
  type VisionActivations,
  type VisionLayerConfig,
  type VisionLayerParams,
  visionLayers,
} from "./layers.ts";

export interface ClipConfig extends VisionLayerConfig {
  /** D */
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly numHiddenLayers: number;
  readonly numChannels: number;
  readonly imageSize: number;
  readonly patchSize: number;
  readonly initializerRange: number;
}

/** The names are those of Hugging Face's tensors in camelCase (`pre_layrnorm` is spelt so there). */
export interface ClipParams<A = NdArray> {
  readonly embeddings: {
    /** [D] */
    readonly classEmbedding: A;
    /** [D, 3, patch, patch] */
    readonly patchEmbedding: { readonly weight: A };
    /** [1 + patches, D], the class token first */
    readonly positionEmbedding: { readonly weight: A };
  };
  readonly preLayrnorm: LayerNormParams<A>;
  readonly encoder: { readonly layers: readonly VisionLayerParams<A>[] };
  /** Part of the checkpoint; hidden states come before it. */
  readonly postLayernorm: LayerNormParams<A>;
}

export function clipSpecs(config: ClipConfig): ClipParams<ParamSpec> {
  const { hiddenSize: D, numChannels: C, patchSize: P, initializerRange: std } = config;
  const patches = Math.floor(config.imageSize / P) ** 2;
  return {
    embeddings: {
      classEmbedding: normal("table", [D], D ** -0.5),
      patchEmbedding: { weight: normal("kernel", [D, C, P, P], std) },
      positionEmbedding: { weight: normal("table", [1 + patches, D], std) },
    },
    preLayrnorm: layerNormSpec(D),
    encoder: { layers: Array.from({ length: config.numHiddenLayers }, () => layerSpecs(config)) },
    postLayernorm: layerNormSpec(D),
  };
}

/** Residual branches start smaller in deeper towers (`CLIPPreTrainedModel._init_weights`). */
function layerSpecs({
  hiddenSize: D,
  intermediateSize: F,
  numHiddenLayers,
}: ClipConfig): VisionLayerParams<ParamSpec> {
  const branch = { std: D ** -0.5 * (2 * numHiddenLayers) ** -0.5, bias: true };
  return {
    layerNorm1: layerNormSpec(D),
    selfAttn: {
      qProj: linearSpec(D, D, branch),
      kProj: linearSpec(D, D, branch),
      vProj: linearSpec(D, D, branch),
      outProj: linearSpec(D, D, { std: D ** -0.5, bias: true, place: "branch-end" }),
    },
    layerNorm2: layerNormSpec(D),
    mlp: {
      fc1: linearSpec(D, F, { std: (2 * D) ** -0.5, bias: true }),
      fc2: linearSpec(F, D, { ...branch, place: "branch-end" }),
    },
  };
}

/** Pixels [I, C, Y, X] through the first `depth` layers; the class token comes before the patches. */
export function clipTower(
  config: ClipConfig,
  { embeddings, preLayrnorm, encoder }: ClipParams,
  pixelValues: NdArray,
  depth: number,
): VisionActivations {
  const patches = embedPatches(embeddings.patchEmbedding.weight, pixelValues);
  const [I, , D] = patches.shape;
  const classToken = np.broadcastTo(embeddings.classEmbedding, [I, 1, D]);
  const tokens = np.concatenate([classToken, patches], 1);
  const patchEmbeddings = np.add(tokens, embeddings.positionEmbedding.weight);
  const entering = layerNorm(preLayrnorm, patchEmbeddings, config.layerNormEps);
  return { patchEmbeddings, hiddenStates: visionLayers(config, encoder.layers.slice(0, depth), entering) };
}
