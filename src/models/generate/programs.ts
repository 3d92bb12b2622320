import { type NdArray, np } from "../../engine/array.ts";
import { attentionRows, mergeHeads, oneHotPositions, pickQueries, rowsOfMask } from "../../nn/attention.ts";
import type { VlmParams } from "../contract/parts.ts";
import { decoderLayers, type Past } from "../decoder/layers.ts";
import { decoderRotary } from "../decoder/rotary.ts";
import { type Architecture, activations, embedText, lastHidden, unembed } from "../forward/pass.ts";
import type { ImageLayout, ModelInputs } from "../inputs/inputs.ts";
import { imageColumns } from "../inputs/layout.ts";

/** What a pass of generation gives: B rows, C new columns, H heads, N image tokens. */
export interface Prediction<A = NdArray> {
  /** [B, V] after each row's last token, or [B R, V] after each prompt's */
  readonly logits: A;
  /** New keys and values of each layer, [B, C, H, K]. */
  readonly layers: readonly { readonly key: A; readonly value: A }[];
  /** [B, H, R, N] a layer: attention of the last tokens over the image; empty unless asked for. */
  readonly imageAttention: readonly A[];
}

/** The pass over whole prompts, with the last position of each of a row's R prompts [B, R]: a prediction for B R. */
export function makePrefill<P extends VlmParams, C>(
  architecture: Architecture<P, C>,
  layout: ImageLayout,
  imageAttention: boolean,
) {
  return (params: P, inputs: ModelInputs, lastPositions: NdArray): Prediction => {
    const pass = activations(architecture, params, inputs, layout);
    const oneHot = oneHotPositions(lastPositions, inputs.inputIds.shape[1]);
    const mask = rowsOfMask(oneHot, pass.context.mask);
    const patterns = pass.layers.map(({ query, key }) =>
      attentionRows(pickQueries(oneHot, query), key, mask, pass.scores),
    );
    const last = np.einsum("brs,bsd->brd", oneHot, lastHidden(pass));
    return {
      logits: flatRows(unembed(architecture.decoder, params, last)),
      layers: pass.layers.map(({ key, value }) => ({ key, value })),
      imageAttention: imageAttention ? patterns.map((pattern) => imageColumns(pattern, 3, layout)) : [],
    };
  };
}

/** The pass over one new token a row, after a cache of C columns whose mask is [B, C]. */
export function makeStep<P extends VlmParams, C>(
  architecture: Architecture<P, C>,
  /** Where attention over the image is asked for. */
  layout: ImageLayout | undefined,
) {
  const { decoder } = architecture;
  return (
    params: P,
    { inputIds, positionIds }: Pick<ModelInputs, "inputIds" | "positionIds">,
    cache: { readonly mask: NdArray; readonly layers: readonly Past[] },
  ): Prediction => {
    const [B, C] = cache.mask.shape;
    const { embedTokens, layers } = params.languageModel;
    const mask = np.reshape(withColumn(cache.mask), [B, 1, 1, 1, C + 1]);
    const context = { rotary: decoderRotary(decoder.rotary, positionIds), mask, pasts: cache.layers };
    const embedded = embedText(decoder, embedTokens.weight, inputIds);
    const results = decoderLayers(decoder, layers, embedded, context);
    return {
      logits: flatRows(unembed(decoder, params, results[results.length - 1].hidden)),
      layers: results.map(({ key, value }) => ({ key, value })),
      imageAttention:
        layout === undefined
          ? []
          : results.map(({ pattern }) => imageColumns(mergeHeads(pattern), 3, layout)),
    };
  };
}

/** [B, C] -> [B, C + 1]: the new token sees itself. */
function withColumn(mask: NdArray): NdArray {
  return np.pad(mask, [
    [0, 0],
    [0, 1],
  ]);
}

/** [B, R, V] -> [B R, V] */
const flatRows = (x: NdArray) => np.reshape(x, [x.shape[0] * x.shape[1], x.shape[2]]);
