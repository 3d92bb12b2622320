import type { NdArray } from "../../engine/array.ts";
import { type HostArray, sizeOf } from "../../engine/host.ts";
import { initParam, isParamSpec, mapTree, normal, type ParamSpec } from "../../nn/init.ts";
import { type LinearParams, linearSpec } from "../../nn/linear.ts";
import { type LayerNormParams, layerNormSpec, type RmsNormParams, rmsNormSpec } from "../../nn/norm.ts";
import {
  type LlavaConfig,
  patchGrid,
  type TextConfig,
  type VisionConfig,
  visionFeatureLayers,
} from "./config.ts";
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

export interface DecoderLayerParams<A = NdArray> {
  readonly inputLayernorm: RmsNormParams<A>;
  readonly selfAttn: {
    readonly qProj: LinearParams<A>;
    readonly kProj: LinearParams<A>;
    readonly vProj: LinearParams<A>;
    readonly oProj: LinearParams<A>;
  };
  readonly postAttentionLayernorm: RmsNormParams<A>;
  readonly mlp: {
    readonly gateProj: LinearParams<A>;
    readonly upProj: LinearParams<A>;
    readonly downProj: LinearParams<A>;
  };
}

export interface DecoderParams<A = NdArray> {
  /** [V, D] */
  readonly embedTokens: { readonly weight: A };
  readonly layers: readonly DecoderLayerParams<A>[];
  readonly norm: RmsNormParams<A>;
}

export interface LlavaParams<A = NdArray> {
  readonly visionTower: VisionParams<A>;
  readonly multiModalProjector: { readonly linear1: LinearParams<A>; readonly linear2: LinearParams<A> };
  readonly languageModel: DecoderParams<A>;
  /** [V, D]; absent when tied to the token embeddings. */
  readonly lmHead?: { readonly weight: A };
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

/** Shape and start of every parameter, in the order of Hugging Face's modules. */
export function llavaSpecs(config: LlavaConfig, init: LlavaInit = {}): LlavaParams<ParamSpec> {
  const { visionConfig: vision, textConfig: text } = config;
  const std = text.initializerRange;
  const features = visionFeatureLayers(config).length * vision.hiddenSize;
  const bias = config.multimodalProjectorBias;
  const specs = {
    visionTower: visionSpecs(config, init.visionPositionStd ?? vision.initializerRange),
    multiModalProjector: {
      linear1: linearSpec(features, text.hiddenSize, { std, bias }),
      linear2: linearSpec(text.hiddenSize, text.hiddenSize, { std, bias }),
    },
    languageModel: {
      embedTokens: { weight: normal([text.vocabSize, text.hiddenSize], std) },
      layers: Array.from({ length: text.numHiddenLayers }, () => decoderLayerSpecs(text)),
      norm: rmsNormSpec(text.hiddenSize),
    },
  };
  const head = { weight: normal([text.vocabSize, text.hiddenSize], std) };
  return text.tieWordEmbeddings ? specs : { ...specs, lmHead: head };
}

function visionSpecs(config: LlavaConfig, positionStd: number): VisionParams<ParamSpec> {
  const { visionConfig: vision } = config;
  const { hiddenSize: D, numChannels: C, patchSize: P, initializerRange: std } = vision;
  const { rows, columns } = patchGrid(config);
  return {
    embeddings: {
      classEmbedding: normal([D], D ** -0.5),
      patchEmbedding: { weight: normal([D, C, P, P], std) },
      positionEmbedding: { weight: normal([1 + rows * columns, D], positionStd) },
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

function decoderLayerSpecs({
  hiddenSize: D,
  intermediateSize: F,
  ...text
}: TextConfig): DecoderLayerParams<ParamSpec> {
  const std = text.initializerRange;
  const attention = { std, bias: text.attentionBias };
  const mlp = { std, bias: text.mlpBias };
  const queries = text.numAttentionHeads * text.headDim;
  const keys = text.numKeyValueHeads * text.headDim;
  return {
    inputLayernorm: rmsNormSpec(D),
    selfAttn: {
      qProj: linearSpec(D, queries, attention),
      kProj: linearSpec(D, keys, attention),
      vProj: linearSpec(D, keys, attention),
      oProj: linearSpec(queries, D, attention),
    },
    postAttentionLayernorm: rmsNormSpec(D),
    mlp: {
      gateProj: linearSpec(D, F, mlp),
      upProj: linearSpec(D, F, mlp),
      downProj: linearSpec(F, D, mlp),
    },
  };
}

/**
 * Random starting values, by default as Hugging Face draws them in distribution; the same seed gives the same
 * values.
 */
export function initParams(
  config: LlavaConfig,
  seed: number | string,
  init: LlavaInit = {},
): LlavaParams<HostArray> {
  const start = init.scheme === "fan-in" ? fanInSpec : (_: LlavaConfig, spec: ParamSpec) => spec;
  const positionStd = init.visionPositionStd ?? config.visionConfig.initializerRange;
  const draw = (spec: ParamSpec, path: string) => {
    if (init.visionPositions === "waves" && path.endsWith("positionEmbedding.weight"))
      return gridWaves(patchGrid(config), spec.shape[1], positionStd, seed);
    return initParam(start(config, spec, path), seed, path);
  };
  return mapParams(llavaSpecs(config, init), isParamSpec, draw);
}

/** {@link mapTree} for parameters. */
export function mapParams<A, B>(
  params: LlavaParams<A>,
  isTreeLeaf: (x: unknown) => x is A,
  f: (leaf: A, path: string) => B,
): LlavaParams<B> {
  return mapTree(params as never, isTreeLeaf, f) as unknown as LlavaParams<B>;
}

/** Number of trainable numbers, in all and by part. */
export function countParams(config: LlavaConfig): {
  vision: number;
  projector: number;
  decoder: number;
  total: number;
} {
  const counts = { vision: 0, projector: 0, decoder: 0, total: 0 };
  mapParams(llavaSpecs(config), isParamSpec, (spec, path) => {
    const part = path.startsWith("vision") ? "vision" : path.startsWith("multi") ? "projector" : "decoder";
    counts[part] += sizeOf(spec.shape);
    counts.total += sizeOf(spec.shape);
  });
  return counts;
}
