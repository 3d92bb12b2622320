import { type NdArray, np } from "../../engine/array.ts";
import { activate } from "../../nn/activation.ts";
import { attend, type Heads, type ScoreRule } from "../../nn/attention.ts";
import { linear } from "../../nn/linear.ts";
import { type RmsNormParams, rmsNorm } from "../../nn/norm.ts";
import { type RotaryTables, rotate } from "../../nn/rotary.ts";
import type { DecoderConfig } from "./config.ts";
import type { DecoderLayerParams } from "./params.ts";

/** One decoder layer's result. What nobody reads costs nothing in a compiled program. */
export interface DecoderLayerActivations extends Heads {
  /** [B, S, D] after the layer */
  readonly hidden: NdArray;
  /** [B, H, G, S, T] */
  readonly pattern: NdArray;
}

/** What all layers of one pass share. */
export interface DecoderContext {
  readonly rotary: RotaryTables;
  /** Additive, broadcasts to [B, 1, 1, S, T]. */
  readonly mask: NdArray;
  /** Keys and values of earlier positions, for each layer. */
  readonly pasts?: readonly Past[];
  /** Changes the hidden states [B, S, D] between layers; `layer` counts from 0. */
  readonly after?: (hidden: NdArray, layer: number) => NdArray;
}

/** Keys and values of earlier positions, [B, M, H, K] each. */
export interface Past {
  readonly key: NdArray;
  readonly value: NdArray;
}

/** Llama's layers (Touvron et al., arXiv 2302.13971) over hidden states [B, S, D]. */
export function decoderLayers(
  config: DecoderConfig,
  layers: readonly DecoderLayerParams[],
  embedded: NdArray,
  context: DecoderContext,
): DecoderLayerActivations[] {
  const results: DecoderLayerActivations[] = [];
  let hidden = embedded;
  for (const [i, layer] of layers.entries()) {
    const result = decoderLayer(config, layer, hidden, context, context.pasts?.[i]);
    hidden = context.after === undefined ? result.hidden : context.after(result.hidden, i);
    results.push({ ...result, hidden });
  }
  return results;
}

function decoderLayer(
  config: DecoderConfig,
  params: DecoderLayerParams,
  x: NdArray,
  { rotary, mask }: DecoderContext,
  past?: Past,
): DecoderLayerActivations {
  const heads = decoderHeads(config, params, decoderNorm(config, params.inputLayernorm, x), rotary);
  const { pattern, mixed } = attend(past === undefined ? heads : after(past, heads), mask, scoreRule(config));
  const attended = linear(params.selfAttn.oProj, mixed);
  return { ...heads, hidden: withBranches(config, params, x, attended), pattern };
}

/** x plus what attention gave, plus what the MLP makes of that: [B, S, D]. */
function withBranches(
  config: DecoderConfig,
  params: DecoderLayerParams,
  x: NdArray,
  attended: NdArray,
): NdArray {
  const { postAttentionLayernorm, preFeedforwardLayernorm, postFeedforwardLayernorm, mlp } = params;
  if (preFeedforwardLayernorm === undefined || postFeedforwardLayernorm === undefined) {
    const middle = np.add(x, attended);
    return np.add(middle, gatedMlp(config, mlp, decoderNorm(config, postAttentionLayernorm, middle)));
  }
  const middle = np.add(x, decoderNorm(config, postAttentionLayernorm, attended));
  const changed = gatedMlp(config, mlp, decoderNorm(config, preFeedforwardLayernorm, middle));
  return np.add(middle, decoderNorm(config, postFeedforwardLayernorm, changed));
}

/** The decoder's own kind of norm. */
export function decoderNorm(
  { rmsNormEps, normsAddOne = false }: Pick<DecoderConfig, "rmsNormEps" | "normsAddOne">,
  { weight }: RmsNormParams,
  x: NdArray,
): NdArray {
  return rmsNorm({ weight: normsAddOne ? np.add(weight, 1) : weight }, x, rmsNormEps);
}

/** How this decoder's queries and keys become scores. */
export function scoreRule({ attentionScale, attentionSoftcap }: DecoderConfig): ScoreRule {
  return {
    ...(attentionScale !== undefined && { scale: attentionScale }),
    ...(attentionSoftcap !== undefined && { softcap: attentionSoftcap }),
  };
}

function decoderHeads(
  config: DecoderConfig,
  { selfAttn }: DecoderLayerParams,
  x: NdArray,
  rotary: RotaryTables,
): Heads {
  const [B, S] = x.shape;
  const { numAttentionHeads: A, numKeyValueHeads: H, headDim: K } = config;
  const normed = (heads: NdArray, norm: typeof selfAttn.qNorm) =>
    norm === undefined ? heads : decoderNorm(config, norm, heads);
  const queries = normed(np.reshape(linear(selfAttn.qProj, x), [B, S, A, K]), selfAttn.qNorm);
  const keys = normed(np.reshape(linear(selfAttn.kProj, x), [B, S, H, K]), selfAttn.kNorm);
  return {
    query: np.reshape(rotate(queries, rotary), [B, S, H, A / H, K]),
    key: rotate(keys, rotary),
    value: np.reshape(linear(selfAttn.vProj, x), [B, S, H, K]),
  };
}

const after = (past: Past, heads: Heads): Heads => ({
  query: heads.query,
  key: np.concatenate([past.key, heads.key], 1),
  value: np.concatenate([past.value, heads.value], 1),
});

function gatedMlp(config: DecoderConfig, mlp: DecoderLayerParams["mlp"], x: NdArray): NdArray {
  const gate = activate(config.hiddenAct, linear(mlp.gateProj, x));
  return linear(mlp.downProj, np.multiply(gate, linear(mlp.upProj, x)));
}
