/** SigLIP's vision tower (Zhai et al., arXiv 2303.15343), which several families look through. */
import { astype, type NdArray, np, take } from "../../engine/array.ts";
import { constant, normal, type ParamSpec, type Place } from "../../nn/init.ts";
import { linearSpec } from "../../nn/linear.ts";
import { type LayerNormParams, layerNorm, layerNormSpec } from "../../nn/norm.ts";
import { embedPatches } from "../../nn/patch.ts";
import {
  type VisionActivations,
  type VisionLayerConfig,
  type VisionLayerParams,
  visionLayers,
} from "./layers.ts";

export interface SiglipConfig extends VisionLayerConfig {
  /** D */
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly numHiddenLayers: number;
  readonly numChannels: number;
  /** Pixels on a side of the image that the position table is for. */
  readonly imageSize: number;
  readonly patchSize: number;
  /** Spread of starting values; absent: as SigLIP's own, see {@link siglipSpecs}. */
  readonly initializerRange?: number;
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

/** Starting values: one spread for all, or those of `SiglipPreTrainedModel._init_weights`, which follow the sizes. */
export function siglipSpecs(config: SiglipConfig): SiglipParams<ParamSpec> {
  const { hiddenSize: D, patchSize: P, numChannels: C, initializerRange } = config;
  return {
    embeddings: {
      patchEmbedding: {
        weight: normal("kernel", [D, C, P, P], initializerRange ?? (C * P * P) ** -0.5),
        bias: constant("bias", [D], 0),
      },
      positionEmbedding: {
        weight: normal("table", [siglipSide(config) ** 2, D], initializerRange ?? D ** -0.5),
      },
    },
    encoder: { layers: Array.from({ length: config.numHiddenLayers }, () => layerSpecs(config)) },
    postLayernorm: layerNormSpec(D),
  };
}

function layerSpecs({ hiddenSize: D, intermediateSize: F, initializerRange }: SiglipConfig) {
  const layer = (input: number, output: number, place?: Place) =>
    linearSpec(input, output, {
      std: initializerRange ?? (2 / (input + output)) ** 0.5,
      bias: true,
      ...(place && { place }),
    });
  return {
    layerNorm1: layerNormSpec(D),
    selfAttn: {
      qProj: layer(D, D),
      kProj: layer(D, D),
      vProj: layer(D, D),
      outProj: layer(D, D, "branch-end"),
    },
    layerNorm2: layerNormSpec(D),
    mlp: { fc1: layer(D, F), fc2: layer(F, D, "branch-end") },
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
