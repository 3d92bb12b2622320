import type { NdArray } from "../../engine/array.ts";
import { type HostArray, sizeOf } from "../../engine/host.ts";
import { initParam, isParamSpec, mapTree, normal, type ParamSpec } from "../../nn/init.ts";
import { type LinearParams, linearSpec } from "../../nn/linear.ts";
import { type LayerNormParams, layerNormSpec } from "../../nn/norm.ts";
import type { VlmParams } from "../parts.ts";
import { type LlavaConfig, patchGrid, type VisionConfig, visionFeatureLayers } from "./config.ts";
import { fanInSpec } from "./fan-in.ts";
import { gridWaves } from "./waves.ts";

/** The names are those of Hugging Face's tensors in camelCase (`pre_layrnorm` is spelt so there). */
export interface VisionLayerParams<A = NdArray> {
  readonly layerNorm1: LayerNormParams<A>;
  readonly selfAttn: {
    readonly qProj: LinearParams<A>;
    readonly kProj: LinearParams<A>;
    readonly vProj: LinearParams<A>;
    readonly outProj: LinearParams<A>;
  };
  readonly layerNorm2: LayerNormParams<A>;
  readonly mlp: { readonly fc1: LinearParams<A>; readonly fc2: LinearParams<A> };
}

export interface VisionParams<A = NdArray> {
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
  /** Part of the checkpoint, never used by LLaVA. */
  readonly postLayernorm: LayerNormParams<A>;
}

export interface LlavaParams<A = NdArray> extends VlmParams<A> {
  readonly visionTower: VisionParams<A>;
  readonly multiModalProjector: { readonly linear1: LinearParams<A>; readonly linear2: LinearParams<A> };
}

/** Starting values, where they should differ from Hugging Face's. */
export interface LlavaInit {
  /** `hugging-face` [default]: as `transformers` draws them. `fan-in`: see {@link fanInSpec}. */
  readonly scheme?: "hugging-face" | "fan-in";
  /** `random` [default]: each position its own. `waves`: see {@link gridWaves}. */
  readonly visionPositions?: "random" | "waves";
  /** Position embeddings of the vision tower; strong ones let a small model say where things are. */
  readonly visionPositionStd?: number;
}

/** Shape and start of the vision tower's and the projector's parameters, in the order of Hugging Face's modules. */
export function visionSideSpecs(config: LlavaConfig): Omit<LlavaParams<ParamSpec>, keyof VlmParams> {
  const { visionConfig: vision, textConfig: text } = config;
  const std = text.initializerRange;
  const features = visionFeatureLayers(config).length * vision.hiddenSize;
  const bias = config.multimodalProjectorBias;
  return {
    visionTower: visionSpecs(config),
    multiModalProjector: {
      linear1: linearSpec(features, text.hiddenSize, { std, bias }),
      linear2: linearSpec(text.hiddenSize, text.hiddenSize, { std, bias }),
    },
  };
}

function visionSpecs(config: LlavaConfig): VisionParams<ParamSpec> {
  const { visionConfig: vision } = config;
  const { hiddenSize: D, numChannels: C, patchSize: P, initializerRange: std } = vision;
  const { rows, columns } = patchGrid(config);
  return {
    embeddings: {
      classEmbedding: normal([D], D ** -0.5),
      patchEmbedding: { weight: normal([D, C, P, P], std) },
      positionEmbedding: { weight: normal([1 + rows * columns, D], std) },
    },
    preLayrnorm: layerNormSpec(D),
    encoder: { layers: Array.from({ length: vision.numHiddenLayers }, () => visionLayerSpecs(vision)) },
    postLayernorm: layerNormSpec(D),
  };
}

/** Starting values of CLIP: residual branches shrink with depth (`CLIPPreTrainedModel._init_weights`). */
function visionLayerSpecs({
  hiddenSize: D,
  intermediateSize: F,
  ...vision
}: VisionConfig): VisionLayerParams<ParamSpec> {
  const branch = { std: D ** -0.5 * (2 * vision.numHiddenLayers) ** -0.5, bias: true };
  return {
    layerNorm1: layerNormSpec(D),
    selfAttn: {
      qProj: linearSpec(D, D, branch),
      kProj: linearSpec(D, D, branch),
      vProj: linearSpec(D, D, branch),
      outProj: linearSpec(D, D, { std: D ** -0.5, bias: true }),
    },
    layerNorm2: layerNormSpec(D),
    mlp: {
      fc1: linearSpec(D, F, { std: (2 * D) ** -0.5, bias: true }),
      fc2: linearSpec(F, D, branch),
    },
  };
}

/**
 * A random starting value, by default as Hugging Face draws it in distribution; the same seed gives the same
 * values.
 */
export function drawParam(
  config: LlavaConfig,
  spec: ParamSpec,
  path: string,
  seed: number | string,
  init: LlavaInit = {},
): HostArray<"float32"> {
  const start = init.scheme === "fan-in" ? fanInSpec(config, spec, path) : spec;
  if (!path.endsWith("positionEmbedding.weight")) return initParam(start, seed, path);
  const std = init.visionPositionStd ?? config.visionConfig.initializerRange;
  if (init.visionPositions === "waves") return gridWaves(patchGrid(config), spec.shape[1], std, seed);
  return initParam(normal(spec.shape, std), seed, path);
}

/** Number of trainable numbers, in all and by part. */
export function countParams(specs: LlavaParams<ParamSpec>): {
  vision: number;
  projector: number;
  decoder: number;
  total: number;
} {
  const counts = { vision: 0, projector: 0, decoder: 0, total: 0 };
  mapTree(specs as never, isParamSpec, (spec, path) => {
    const part = path.startsWith("vision") ? "vision" : path.startsWith("multi") ? "projector" : "decoder";
    counts[part] += sizeOf(spec.shape);
    counts.total += sizeOf(spec.shape);
  });
  return counts;
}
