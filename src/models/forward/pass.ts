/** A forward pass of any family: pixels and token ids to every activation; what nobody reads is not compiled. */
import { type NdArray, np, take } from "../../engine/array.ts";
import { attentionRows, type MaskedBlock, pickQueries, rowsOfMask } from "../../nn/attention.ts";
import { type KnockOutArrays, knockOutMask } from "../../nn/knock-out.ts";
import { linear } from "../../nn/linear.ts";
import { softCapped } from "../../nn/softcap.ts";
import { MASKED } from "../../nn/softmax.ts";
import { type MaskOptions, queryBlocks, visibilityMask } from "../../nn/visibility.ts";
import type { Head, LastRows } from "../contract/family.ts";
import type { FamilyParts, VisionPass, VlmParams } from "../contract/parts.ts";
import { decoderNorm } from "../decoder/branches.ts";
import type { DecoderConfig } from "../decoder/config.ts";
import { type LayerAttention, type LayerResult, type RowsResult, windowsOf } from "../decoder/layer.ts";
import { type ByLayer, type DecoderContext, decoderRows, type SomeRows } from "../decoder/layers.ts";
import { rotaryByName } from "../decoder/rotary.ts";
import type { ImageLayout, ModelInputs } from "../inputs/inputs.ts";
import {
  addToImages,
  imageColumns,
  imageSpans,
  imageTokenCount,
  joinImages,
  noImages,
} from "../inputs/layout.ts";
import { someRows } from "./last-rows.ts";

/** A family's parts with one config. */
export interface Architecture<Params extends VlmParams = VlmParams, Config = unknown> {
  readonly parts: Pick<FamilyParts<Config, Params>, "encodeImages" | "tensorName" | "visibility">;
  readonly config: Config;
  readonly decoder: DecoderConfig;
}

/** Everything that one pass computes. */
export interface Activations {
  /** Absent for rows without images. */
  readonly vision?: VisionPass;
  /** [B, S, D] decoder input */
  readonly embedded: NdArray;
  readonly layers: readonly RowsResult[];
  /** [B, 1, 1, 1, N]: 0, or {@link MASKED} where a row leaves the room for image tokens empty. */
  readonly imageMask?: NdArray;
  /** Texts [B, T], each read alone -> [B, T, D], the last layer's states. */
  readonly readAlone: (ids: NdArray) => NdArray;
}

/** What a pass does beside what every pass does. */
export interface PassOptions {
  /** Also the vision layers that the image tokens do not need. */
  readonly wholeTower?: boolean;
  readonly knockOut?: KnockOutArrays;
  readonly patternOffsets?: readonly NdArray[];
  /** Where the last hidden state is read; absent: everywhere. */
  readonly lastRows?: LastRows;
}

/** The pass over whole rows. */
export function activations<P extends VlmParams, C>(
  architecture: Architecture<P, C>,
  params: P,
  inputs: ModelInputs,
  layout: ImageLayout,
  { wholeTower = false, knockOut, patternOffsets, lastRows }: PassOptions = {},
): Activations {
  const { parts, config, decoder } = architecture;
  const { embedTokens, layers } = params.languageModel;
  const { pixelValues, inputIds } = inputs;
  const hasImages = pixelValues !== undefined && imageTokenCount(layout) > 0;
  const images = { pixelValues: pixelValues as NdArray, arrays: inputs.imageInputs ?? {}, layout };
  const vision = hasImages ? parts.encodeImages(config, params, images, wholeTower) : undefined;
  const embed = (ids: NdArray) => embedText(decoder, embedTokens.weight, ids);
  const embedded =
    vision === undefined ? embed(inputIds) : joinImages(embed, inputIds, vision.features, layout);
  const shared = contextOf(architecture, inputs, layout, vision?.deepFeatures);
  const image = imageRow(layout, inputIds.shape[1]);
  const offsets = patternOffsets && attendingOnly(decoder, patternOffsets);
  const last = lastRows && lastOf(architecture, inputs, layout, lastRows);
  const context = { ...shared, ...knockedOut(decoder, knockOut, { image, whole: true }), offsets, last };
  return {
    ...(vision && { vision, imageMask: imageMask(inputs.segmentIds, layout) }),
    embedded,
    layers: decoderRows(decoder.layers, layers, embedded, context),
    readAlone: (ids) => readAlone(architecture, params, ids),
  };
}

/** Texts [B, T] through the decoder as if nothing stood before them: [B, T, D]. */
function readAlone<P extends VlmParams, C>(
  architecture: Architecture<P, C>,
  { languageModel }: P,
  ids: NdArray,
): NdArray {
  const { decoder } = architecture;
  const [B, T] = ids.shape;
  const positionIds = np.broadcastTo(np.arange(T), [B, T]);
  const segmentIds = np.add(np.multiply(positionIds, 0), 1); // As a question's: causal in every family.
  const embedded = embedText(decoder, languageModel.embedTokens.weight, ids);
  const context = contextOf(architecture, { inputIds: ids, positionIds, segmentIds }, noImages, undefined);
  return lastHidden({
    embedded,
    layers: decoderRows(decoder.layers, languageModel.layers, embedded, context),
  });
}

function lastOf<P extends VlmParams, C>(
  { parts }: Architecture<P, C>,
  { segmentIds }: ModelInputs,
  layout: ImageLayout,
  lastRows: LastRows,
): SomeRows | undefined {
  const blocks = imageSpans(layout);
  return someRows(lastRows, segmentIds, layout, (window) => ({
    visibility: parts.visibility,
    window,
    blocks,
  }));
}

function imageMask(segmentIds: NdArray, layout: ImageLayout): NdArray {
  const [B] = segmentIds.shape;
  const segments = imageColumns(segmentIds, 1, layout);
  return np.reshape(np.where(np.less(segments, 0), MASKED, 0), [B, 1, 1, 1, segments.shape[1]]);
}

function contextOf<P extends VlmParams, C>(
  architecture: Architecture<P, C>,
  { positionIds, segmentIds }: ModelInputs,
  layout: ImageLayout,
  deep: readonly NdArray[] | undefined,
): DecoderContext {
  const { parts, decoder } = architecture;
  const { visibility } = parts;
  const blocks = imageSpans(layout);
  const options = windowsOf(decoder.layers).map((window) => ({ visibility, window, blocks }));
  const masks = options.map((one) => [one.window, visibilityMask(segmentIds, one)] as const);
  const masked = options.map((one) => [one.window, maskedBlocks(segmentIds, one)] as const);
  const rotary = rotaryByName(decoder.rotary, positionIds);
  const shared = { mask: byWindow(masks), blocks: byWindow(masked), rotary, segmentIds };
  if (deep === undefined) return shared;
  return {
    ...shared,
    after: (hidden, layer) => (layer < deep.length ? addToImages(hidden, deep[layer], layout) : hidden),
  };
}

/** The blocks of queries in which a layer attends, each with its mask. */
function maskedBlocks(segmentIds: NdArray, options: MaskOptions): MaskedBlock[] {
  const blocks = queryBlocks(segmentIds.shape[1], options);
  return blocks.map((block) => ({ ...block, mask: visibilityMask(segmentIds, options, block) }));
}

/** Arrays of the layers that have attention, by layer. */
function attendingOnly({ layers }: DecoderConfig, arrays: readonly NdArray[]): ByLayer {
  const attending = layers.flatMap(({ attention }, layer) => (attention === undefined ? [] : [layer]));
  return (layer) => arrays[attending.indexOf(layer)];
}

/** What is knocked out of each layer, as part of its context. `image` [T]: see {@link imageRow}. */
export function knockedOut(
  { layers }: DecoderConfig,
  arrays: KnockOutArrays | undefined,
  keys: { readonly image: readonly number[]; readonly whole: boolean },
): Pick<DecoderContext, "knockOut"> {
  if (arrays === undefined) return {};
  const attending = layers.flatMap(({ attention }, layer) => (attention === undefined ? [] : [layer]));
  const image = np.array([...keys.image]);
  return {
    knockOut(layer) {
      const heads = layers[layer].attention?.heads;
      if (heads === undefined) return undefined;
      return knockOutMask(arrays, { index: attending.indexOf(layer), heads, image, whole: keys.whole });
    },
  };
}

/** 1 for each of `length` columns that an image token stands in, else 0. */
export function imageRow(layout: ImageLayout, length: number): number[] {
  const row = new Array<number>(length).fill(0);
  for (const { start, length: tokens } of imageSpans(layout)) row.fill(1, start, start + tokens);
  return row;
}

/** What was made for the windows of all layers, a mask or several, by window. */
export function byWindow<T>(made: readonly (readonly [number | null, T])[]): (window: number | null) => T {
  const known = new Map(made);
  return (window) => {
    const mask = known.get(window);
    if (mask === undefined) throw new TypeError(`decoder: a layer asks for the mask of the window ${window}`);
    return mask;
  };
}

/** Of the layers that have attention, in order. */
export function attentionsOf(layers: readonly LayerResult[]): LayerAttention[] {
  return layers.flatMap(({ attention }) => attention ?? []);
}

/** The rows of each layer's pattern at some queries, one-hot [B, R, S]: [B, H, R, S] for each layer with attention. */
export function queryPatterns({ layers }: Pick<Activations, "layers">, oneHot: NdArray): NdArray[] {
  const attentions = attentionsOf(layers);
  const masks = attentions.map(({ mask }) => mask).map(maskRows(oneHot));
  return attentions.map(({ query, key, scores }, i) =>
    attentionRows(pickQueries(oneHot, query), key, masks[i], scores),
  );
}

/** {@link rowsOfMask}, once for each mask that layers share. */
export function maskRows(oneHot: NdArray): (mask: NdArray) => NdArray {
  const known = new Map<NdArray, NdArray>();
  return (mask) => {
    const rows = known.get(mask) ?? rowsOfMask(oneHot, mask);
    known.set(mask, rows);
    return rows;
  };
}

/** Ids [B, S] of text tokens -> [B, S, D], rows of the table [V, D]. */
export function embedText({ embeddingScale = 1 }: DecoderConfig, table: NdArray, ids: NdArray): NdArray {
  const rows = take(table, ids);
  return embeddingScale === 1 ? rows : np.multiply(rows, embeddingScale);
}

/** The model's own final norm and unembedding: hidden [..., D] -> logits [..., V]. */
export function unembed(decoder: DecoderConfig, params: VlmParams, hidden: NdArray): NdArray {
  const { norm, weight, softcap } = headOf(decoder, params);
  return softCapped(linear({ weight }, norm(hidden)), softcap);
}

/** What turns any hidden state into logits, for a lens that wants a few columns only. */
export function headOf(decoder: DecoderConfig, params: VlmParams): Head {
  return {
    norm: (hidden) => decoderNorm(decoder.norm, params.languageModel.norm, hidden),
    weight: (params.lmHead ?? params.languageModel.embedTokens).weight,
    ...(decoder.logitSoftcap !== undefined && { softcap: decoder.logitSoftcap }),
  };
}

/** [B, S, D] before the final norm */
export function lastHidden({ embedded, layers }: Pick<Activations, "embedded" | "layers">): NdArray {
  return layers.at(-1)?.hidden ?? embedded;
}
