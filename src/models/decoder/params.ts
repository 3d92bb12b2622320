import type { NdArray } from "../../engine/array.ts";
import { constant, normal, type ParamSpec } from "../../nn/init.ts";
import { type LinearParams, linearSpec } from "../../nn/linear.ts";
import { type RmsNormParams, rmsNormSpec } from "../../nn/norm.ts";
import { inPart, type PartSpec } from "../contract/roles.ts";
import type { DecoderConfig } from "./config.ts";

/** The names are those of Hugging Face's tensors in camelCase. */
export interface DecoderLayerParams<A = NdArray> {
  readonly inputLayernorm: RmsNormParams<A>;
  readonly selfAttn: {
    readonly qProj: LinearParams<A>;
    readonly kProj: LinearParams<A>;
    readonly vProj: LinearParams<A>;
    readonly oProj: LinearParams<A>;
    /** [K]; with `queryKeyNorm` only. */
    readonly qNorm?: RmsNormParams<A>;
    readonly kNorm?: RmsNormParams<A>;
  };
  /** Before the MLP; with `branchNorms` after attention. */
  readonly postAttentionLayernorm: RmsNormParams<A>;
  /** With `branchNorms` only: before and after the MLP. */
  readonly preFeedforwardLayernorm?: RmsNormParams<A>;
  readonly postFeedforwardLayernorm?: RmsNormParams<A>;
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

/** Shape and start of a decoder's parameters and of its head, in the order of Hugging Face's modules. */
export function decoderSpecs(config: DecoderConfig): {
  readonly languageModel: DecoderParams<PartSpec>;
  readonly lmHead?: { readonly weight: PartSpec };
} {
  const { vocabSize: V, hiddenSize: D, initializerRange: std } = config;
  const languageModel = {
    ...inPart("embeddings", { embedTokens: { weight: normal("table", [V, D], std) } }),
    ...inPart("decoder", {
      layers: Array.from({ length: config.numHiddenLayers }, () => layerSpecs(config)),
      norm: normSpec(config, D),
    }),
  };
  return config.tieWordEmbeddings
    ? { languageModel }
    : { languageModel, lmHead: inPart("embeddings", { weight: normal("linear", [V, D], std) }) };
}

function layerSpecs(config: DecoderConfig): DecoderLayerParams<ParamSpec> {
  const { hiddenSize: D, intermediateSize: F, headDim: K, initializerRange: std } = config;
  const qkv = { std, bias: config.qkvBias };
  const mlp = { std, bias: config.mlpBias };
  const queries = config.numAttentionHeads * K;
  const keys = config.numKeyValueHeads * K;
  return {
    inputLayernorm: normSpec(config, D),
    selfAttn: {
      qProj: linearSpec(D, queries, { ...qkv, place: "query" }),
      kProj: linearSpec(D, keys, { ...qkv, place: "key" }),
      vProj: linearSpec(D, keys, qkv),
      oProj: linearSpec(queries, D, { std, bias: config.outputBias, place: "branch-end" }),
      ...(config.queryKeyNorm && { qNorm: normSpec(config, K), kNorm: normSpec(config, K) }),
    },
    postAttentionLayernorm: normSpec(config, D),
    ...(config.branchNorms && {
      preFeedforwardLayernorm: normSpec(config, D),
      postFeedforwardLayernorm: normSpec(config, D),
    }),
    mlp: {
      gateProj: linearSpec(D, F, mlp),
      upProj: linearSpec(D, F, mlp),
      downProj: linearSpec(F, D, { ...mlp, place: "branch-end" }),
    },
  };
}

/** A norm that starts by leaving the scale as it is. */
function normSpec({ normsAddOne = false }: DecoderConfig, size: number): RmsNormParams<ParamSpec> {
  return normsAddOne ? { weight: constant("norm", [size], 0) } : rmsNormSpec(size);
}
