/** SigLIP's vision tower (Zhai et al., arXiv 2303.15343), which several families look through. */
import { astype, type NdArray, np, take } from "../engine/array.ts";
import { normal, type ParamSpec } from "../nn/init.ts";
import { linearSpec } from "../nn/linear.ts";
import { type LayerNormParams, layerNorm, layerNormSpec } from "../nn/norm.ts";
import { embedPatches } from "../nn/patch.ts";
import {
  type VisionActivations,
  type VisionLayerConfig,
  type VisionLayerParams,
  visionLayers,
} from "./vision-layers.ts";

export interface SiglipConfig extends VisionLayerConfig {
  /** D */
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly numHiddenLayers: number;
  readonly numChannels: number;
  /** Pixels on a side of the image that the position table is for. */
  readonly imageSize: number;
  readonly patchSize: number;
  readonly initializerRange: number;
}

/** The names are those of Hugging Face's tensors in camelCase. */
export interface SiglipParams<A = NdArray> {
  readonly embeddings: {
    /** [D, 3, patch, patch] and [D] */
    readonly patchEmbedding: { readonly weight: A; readonly bias: A };
    /** [patches, D] */
    readonly positionEmbedding: { readonly weight: A };
  };
  readonly encoder: { readonly layers: readonly VisionLayerParams<A>[] };
  readonly postLayernorm: LayerNormParams<A>;
}

/** Patches on a side of the position table; pixels beyond the last whole patch are not seen. */
export function siglipSide({ imageSize, patchSize }: SiglipConfig): number {
  return Math.floor(imageSize / patchSize);
}

export function siglipSpecs(config: SiglipConfig): SiglipParams<ParamSpec> {
  const { hiddenSize: D, patchSize: P, initializerRange: std } = config;
  const bias = linearSpec(1, D, { std, bias: true }).bias as ParamSpec;
  return {
    embeddings: {
      patchEmbedding: { weight: normal([D, config.numChannels, P, P], std), bias },
      positionEmbedding: { weight: normal([siglipSide(config) ** 2, D], std) },
    },
    encoder: { layers: Array.from({ length: config.numHiddenLayers }, () => layerSpecs(config)) },
    postLayernorm: layerNormSpec(D),
  };
}

function layerSpecs({ hiddenSize: D, intermediateSize: F, initializerRange: std }: SiglipConfig) {
  const square = () => linearSpec(D, D, { std, bias: true });
  return {
    layerNorm1: layerNormSpec(D),
    selfAttn: { qProj: square(), kProj: square(), vProj: square(), outProj: square() },
    layerNorm2: layerNormSpec(D),
    mlp: { fc1: linearSpec(D, F, { std, bias: true }), fc2: linearSpec(F, D, { std, bias: true }) },
  };
}

export interface SiglipOptions {
  /** Layers to pass through; all by default. */
  readonly depth?: number;
  /** For each patch, its row of the position table; patch p has row p by default. */
  readonly positions?: readonly number[];
}

/** Pixels [I, C, Y, X] -> patch embeddings and hidden states [I, P, D], before the last norm. */
export function siglipTower(
  config: SiglipConfig,
  { embeddings, encoder }: SiglipParams,
  pixelValues: NdArray,
  { depth = encoder.layers.length, positions }: SiglipOptions = {},
): VisionActivations {
  const { patchEmbedding, positionEmbedding } = embeddings;
  const patches = np.add(embedPatches(patchEmbedding.weight, pixelValues), patchEmbedding.bias);
  const table =
    positions === undefined || isIdentity(positions, positionEmbedding.weight.shape[0])
      ? positionEmbedding.weight
      : take(positionEmbedding.weight, astype(np.array([...positions]), "int32"));
  const patchEmbeddings = np.add(patches, table);
  return {
    patchEmbeddings,
    hiddenStates: visionLayers(config, encoder.layers.slice(0, depth), patchEmbeddings),
  };
}

/** The norm after the last layer: [I, P, D] -> [I, P, D]. */
export function siglipNorm(config: SiglipConfig, params: SiglipParams, hidden: NdArray): NdArray {
  return layerNorm(params.postLayernorm, hidden, config.layerNormEps);
}

function isIdentity(positions: readonly number[], size: number): boolean {
  return positions.length === size && positions.every((position, i) => position === i);
}
