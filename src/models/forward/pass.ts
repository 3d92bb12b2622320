/** A forward pass of any family: pixels and token ids to every activation; what nobody reads is not compiled. */
import { type NdArray, np, take } from "../../engine/array.ts";
import type { ScoreRule } from "../../nn/attention.ts";
import { linear } from "../../nn/linear.ts";
import { softCapped } from "../../nn/softcap.ts";
import { MASKED } from "../../nn/softmax.ts";
import { visibilityMask } from "../../nn/visibility.ts";
import type { Head } from "../contract/family.ts";
import type { FamilyParts, VisionPass, VlmParams } from "../contract/parts.ts";
import type { DecoderConfig } from "../decoder/config.ts";
import {
  type DecoderContext,
  type DecoderLayerActivations,
  decoderLayers,
  decoderNorm,
  scoreRule,
} from "../decoder/layers.ts";
import { decoderRotary } from "../decoder/rotary.ts";
import type { ImageLayout, ModelInputs } from "../inputs/inputs.ts";
import { addToImages, imageColumns, imageSpans, imageTokenCount, joinImages } from "../inputs/layout.ts";

/** A family's parts with one config. */
export interface Architecture<Params extends VlmParams = VlmParams, Config = unknown> {
  readonly parts: Pick<
    FamilyParts<Config, Params>,
    | "encodeImages"
    | "tensorName"
    | "rotaryPositions"
    | "imageTokenId"
    | "visibility"
    | "pixels"
    | "imageInputs"
  >;
  readonly config: Config;
  readonly decoder: DecoderConfig;
}

/** Everything that one pass computes. */
export interface Activations {
  /** Absent for rows without images. */
  readonly vision?: VisionPass;
  /** [B, S, D] decoder input */
  readonly embedded: NdArray;
  readonly layers: readonly DecoderLayerActivations[];
  readonly context: DecoderContext;
  readonly scores: ScoreRule;
  /** [B, 1, 1, 1, N]: 0, or {@link MASKED} where a row leaves the room for image tokens empty. */
  readonly imageMask?: NdArray;
}

/** The pass over whole rows. `wholeTower`: also the vision layers that the image tokens do not need. */
export function activations<P extends VlmParams, C>(
  architecture: Architecture<P, C>,
  params: P,
  inputs: ModelInputs,
  layout: ImageLayout,
  wholeTower = false,
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
  const context = contextOf(architecture, inputs, layout, vision?.deepFeatures);
  return {
    ...(vision && { vision, imageMask: imageMask(inputs.segmentIds, layout) }),
    embedded,
    context,
    scores: scoreRule(decoder),
    layers: decoderLayers(decoder, layers, embedded, context),
  };
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
  const { visibility } = architecture.parts;
  const mask = visibilityMask(segmentIds, { visibility, blocks: imageSpans(layout) });
  const shared = { rotary: decoderRotary(architecture.decoder.rotary, positionIds), mask };
  if (deep === undefined) return shared;
  return {
    ...shared,
    after: (hidden, layer) => (layer < deep.length ? addToImages(hidden, deep[layer], layout) : hidden),
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
    norm: (hidden) => decoderNorm(decoder, params.languageModel.norm, hidden),
    weight: (params.lmHead ?? params.languageModel.embedTokens).weight,
    ...(decoder.logitSoftcap !== undefined && { softcap: decoder.logitSoftcap }),
  };
}

/** [B, S, D] before the final norm */
export function lastHidden({ embedded, layers }: Pick<Activations, "embedded" | "layers">): NdArray {
  return layers.at(-1)?.hidden ?? embedded;
}
