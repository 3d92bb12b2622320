import { type NdArray, np, slice, take } from "../../engine/array.ts";
import { attentionRows, mergeHeads, oneHotPositions, pickQueries, rowsOfMask } from "../../nn/attention.ts";
import { inverseFrequencies, rotaryTables } from "../../nn/rotary.ts";
import type { ImageColumns, ModelInputs } from "../inputs.ts";
import type { LlavaConfig } from "./config.ts";
import { decoderLayers, type Past } from "./decoder.ts";
import { activations, decoderContext, lastHidden, unembed } from "./forward.ts";
import type { LlavaParams } from "./params.ts";

/** What a pass of generation gives: B rows, C new columns, H heads, N image tokens. */
export interface Prediction<A = NdArray> {
  /** [B, V] after each row's last token */
  readonly logits: A;
  /** New keys and values of each layer, [B, C, H, K]. */
  readonly layers: readonly { readonly key: A; readonly value: A }[];
  /** [B, H, 1, N] a layer: attention of the last token over the image; empty unless asked for. */
  readonly imageAttention: readonly A[];
}

/** The pass over whole prompts, with each row's last position [B, 1]. */
export function makePrefill(config: LlavaConfig, layout: ImageColumns, imageAttention: boolean) {
  return (params: LlavaParams, inputs: ModelInputs, lastPositions: NdArray): Prediction => {
    const pass =
      layout.imageTokens === 0
        ? textPass(config, params, inputs)
        : activations(config, params, inputs, layout);
    const oneHot = oneHotPositions(lastPositions, inputs.inputIds.shape[1]);
    const mask = rowsOfMask(oneHot, pass.context.mask);
    const patterns = pass.layers.map(({ query, key }) =>
      attentionRows(pickQueries(oneHot, query), key, mask),
    );
    const last = np.einsum("brs,bsd->brd", oneHot, lastHidden(pass));
    return {
      logits: firstOf(unembed(config, params, last)),
      layers: pass.layers.map(({ key, value }) => ({ key, value })),
      imageAttention: imageAttention ? patterns.map((pattern) => imageColumns(pattern, layout)) : [],
    };
  };
}

/** The decoder alone, for prompts without an image. */
function textPass(config: LlavaConfig, { languageModel }: LlavaParams, inputs: ModelInputs) {
  const embedded = take(languageModel.embedTokens.weight, inputs.inputIds);
  const context = decoderContext(config, inputs);
  return {
    embedded,
    context,
    layers: decoderLayers(config.textConfig, languageModel.layers, embedded, context),
  };
}

/** The pass over one new token a row, after a cache of C columns whose mask is [B, C]. */
export function makeStep(config: LlavaConfig, layout: ImageColumns, imageAttention: boolean) {
  const { textConfig } = config;
  const frequencies = inverseFrequencies(textConfig.headDim, textConfig.ropeTheta);
  return (
    params: LlavaParams,
    { inputIds, positionIds }: Pick<ModelInputs, "inputIds" | "positionIds">,
    cache: { readonly mask: NdArray; readonly layers: readonly Past[] },
  ): Prediction => {
    const [B, C] = cache.mask.shape;
    const { embedTokens, layers } = params.languageModel;
    const mask = np.reshape(
      np.pad(cache.mask, [
        [0, 0],
        [0, 1],
      ]),
      [B, 1, 1, 1, C + 1],
    );
    const context = { rotary: rotaryTables(positionIds, frequencies), mask };
    const embedded = take(embedTokens.weight, inputIds);
    const results = decoderLayers(textConfig, layers, embedded, context, cache.layers);
    return {
      logits: firstOf(unembed(config, params, results[results.length - 1].hidden)),
      layers: results.map(({ key, value }) => ({ key, value })),
      imageAttention: imageAttention
        ? results.map(({ pattern }) => imageColumns(mergeHeads(pattern), layout))
        : [],
    };
  };
}

/** [B, 1, V] -> [B, V] */
const firstOf = (x: NdArray) => np.reshape(x, [x.shape[0], x.shape[2]]);

const imageColumns = (pattern: NdArray, { imageStart, imageTokens }: ImageColumns) =>
  slice(pattern, 3, imageStart, imageStart + imageTokens);
