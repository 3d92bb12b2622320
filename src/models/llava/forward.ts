import { type NdArray, np, slice, take } from "../../engine/array.ts";
import {
  attentionRows,
  logAttentionRows,
  mergeHeads,
  oneHotPositions,
  pickQueries,
  rowsOfMask,
  segmentMask,
} from "../../nn/attention.ts";
import { linear } from "../../nn/linear.ts";
import { rmsNorm } from "../../nn/norm.ts";
import { inverseFrequencies, rotaryTables } from "../../nn/rotary.ts";
import type { ForwardOptions, ForwardResult, Head } from "../family.ts";
import type { ImageColumns, ModelInputs } from "../inputs.ts";
import type { TapName, Taps } from "../taps.ts";
import { type LlavaConfig, visionFeatureLayers } from "./config.ts";
import { type DecoderContext, type DecoderLayerActivations, decoderLayers } from "./decoder.ts";
import type { LlavaParams } from "./params.ts";
import { projectImage, type VisionActivations, visionTower } from "./vision.ts";

/** Everything that one pass computes. */
export interface Activations {
  readonly vision: VisionActivations;
  readonly imageFeatures: NdArray;
  /** [B, S, D] decoder input */
  readonly embedded: NdArray;
  readonly layers: readonly DecoderLayerActivations[];
  readonly context: DecoderContext;
}

/**
 * LLaVA (Liu et al., arXiv 2304.08485; architecture of Hugging Face's `LlavaForConditionalGeneration`):
 * pixels and token ids to logits and the named activations asked for. The image tokens' ids are not looked
 * up: their columns, the same in every row, hold the projected image features.
 */
export function forward<T extends TapName = never>(
  config: LlavaConfig,
  params: LlavaParams,
  inputs: ModelInputs,
  options: ForwardOptions<T>,
): ForwardResult<T> {
  const wanted: readonly TapName[] = options.taps ?? [];
  const pass = activations(config, params, inputs, options.layout, wanted);
  const taps = Object.fromEntries(wanted.map((tap) => [tap, readTap[tap](pass, options)]));
  const result = { taps: taps as Pick<Taps, T> };
  if (options.logits === false) return result;
  return { ...result, logits: unembed(config, params, lastHidden(pass)) };
}

/** The model's own final norm and unembedding: hidden [..., D] -> logits [..., V]. */
export function unembed(config: LlavaConfig, params: LlavaParams, hidden: NdArray): NdArray {
  return linear({ weight: unembedding(params) }, finalNorm(config, params, hidden));
}

/** The norm before the head: [..., D] -> [..., D]. */
export function finalNorm({ textConfig }: LlavaConfig, params: LlavaParams, hidden: NdArray): NdArray {
  return rmsNorm(params.languageModel.norm, hidden, textConfig.rmsNormEps);
}

/** What turns any hidden state into logits, for a lens that wants a few columns only. */
export function head(config: LlavaConfig, params: LlavaParams): Head {
  return { norm: (hidden) => finalNorm(config, params, hidden), weight: unembedding(params) };
}

/** W_U [V, D]: the head, or the token embeddings where the two are tied. */
export function unembedding(params: LlavaParams): NdArray {
  return (params.lmHead ?? params.languageModel.embedTokens).weight;
}

/** The pass over whole rows; `wanted` taps say how far the vision tower has to go. */
export function activations(
  config: LlavaConfig,
  params: LlavaParams,
  inputs: ModelInputs,
  layout: ImageColumns,
  wanted: readonly TapName[] = [],
): Activations {
  const depth = wanted.includes("visionHiddenStates")
    ? config.visionConfig.numHiddenLayers
    : Math.max(...visionFeatureLayers(config));
  const vision = visionTower(config.visionConfig, params.visionTower, inputs.pixelValues, depth);
  const imageFeatures = projectImage(config, params.multiModalProjector, vision.hiddenStates);
  const embedded = joinImage(params.languageModel.embedTokens.weight, inputs.inputIds, imageFeatures, layout);
  const context = decoderContext(config, inputs);
  const layers = decoderLayers(config.textConfig, params.languageModel.layers, embedded, context);
  return { vision, imageFeatures, embedded, layers, context };
}

/** Rotary tables and mask of a pass over whole rows. */
export function decoderContext(
  { textConfig }: LlavaConfig,
  { positionIds, segmentIds }: Pick<ModelInputs, "positionIds" | "segmentIds">,
): DecoderContext {
  const frequencies = inverseFrequencies(textConfig.headDim, textConfig.ropeTheta);
  return { rotary: rotaryTables(positionIds, frequencies), mask: segmentMask(segmentIds) };
}

/** Text embeddings with the image features in their columns: [B, S, D]. Only the text's ids are looked up. */
function joinImage(table: NdArray, inputIds: NdArray, features: NdArray, layout: ImageColumns): NdArray {
  const { imageStart, imageTokens } = layout;
  const S = inputIds.shape[1];
  const ids = joined([columns(inputIds, 0, imageStart), columns(inputIds, imageStart + imageTokens, S)]);
  if (ids === undefined) return features;
  const text = take(table, ids);
  const rest = columns(text, imageStart, S - imageTokens);
  return joined([columns(text, 0, imageStart), features, rest]) ?? features;
}

/** Columns [start, stop) of [B, S, ...]; undefined when there are none. */
function columns(x: NdArray, start: number, stop: number): NdArray | undefined {
  return start < stop ? slice(x, 1, start, stop) : undefined;
}

function joined(parts: readonly (NdArray | undefined)[]): NdArray | undefined {
  const present = parts.filter((part) => part !== undefined);
  return present.length > 1 ? np.concatenate(present, 1) : present[0];
}

/** [B, S, D] before the final norm */
export function lastHidden({ embedded, layers }: Pick<Activations, "embedded" | "layers">): NdArray {
  return layers.at(-1)?.hidden ?? embedded;
}

/** How each tap is read off; a tap without a line here is a type error. */
const readTap: { readonly [T in TapName]: (pass: Activations, options: ForwardOptions) => Taps[T] } = {
  patchEmbeddings: ({ vision }) => vision.patchEmbeddings,
  visionHiddenStates: ({ vision }) => vision.hiddenStates,
  imageFeatures: ({ imageFeatures }) => imageFeatures,
  hiddenStates: ({ embedded, layers }) => [embedded, ...layers.map(({ hidden }) => hidden)],
  attentions: ({ layers }) => layers.map(({ pattern }) => mergeHeads(pattern)),
  attentionRows({ layers, context }, options) {
    const oneHot = queryOneHot(layers, options);
    const mask = rowsOfMask(oneHot, context.mask);
    return layers.map(({ query, key }) => attentionRows(pickQueries(oneHot, query), key, mask));
  },
  imageLogAttentionRows({ layers }, options) {
    const { imageStart, imageTokens } = options.layout;
    const oneHot = queryOneHot(layers, options);
    return layers.map(({ query, key }) =>
      logAttentionRows(pickQueries(oneHot, query), slice(key, 1, imageStart, imageStart + imageTokens)),
    );
  },
};

function queryOneHot(
  layers: readonly DecoderLayerActivations[],
  { queryPositions }: ForwardOptions,
): NdArray {
  if (queryPositions === undefined)
    throw new TypeError("forward: these taps need options.queryPositions [B, R]");
  return oneHotPositions(queryPositions, layers[0].query.shape[1]);
}
