/** What a caller asks of a forward pass, logits and taps, read off its activations. */
import { mustBe } from "../../common/errors.ts";
import { type NdArray, np } from "../../engine/array.ts";
import { logAttentionRows, mergeHeads, oneHotPositions, pickQueries } from "../../nn/attention.ts";
import { MASKED } from "../../nn/softmax.ts";
import type { ForwardOptions, ForwardResult } from "../contract/family.ts";
import type { VisionPass, VlmParams } from "../contract/parts.ts";
import type { TapName, Taps } from "../contract/taps.ts";
import type { LayerAttention } from "../decoder/layer.ts";
import type { ModelInputs } from "../inputs/inputs.ts";
import { imageColumns } from "../inputs/layout.ts";
import {
  type Activations,
  type Architecture,
  activations,
  attentionsOf,
  lastHidden,
  maskRows,
  queryPatterns,
  unembed,
} from "./pass.ts";

/**
 * Pixels and token ids to logits and the named activations asked for. The image tokens' ids are not looked up:
 * their columns, the same in every row, hold the image features.
 */
export function forward<P extends VlmParams, C, T extends TapName = never>(
  architecture: Architecture<P, C>,
  params: P,
  inputs: ModelInputs,
  options: ForwardOptions<T>,
): ForwardResult<T> {
  const wanted: readonly TapName[] = options.taps ?? [];
  const wholeTower = wanted.includes("visionHiddenStates");
  const { layout, knockOut, patternOffsets } = options;
  const isPlain = options.logits === false && !wanted.includes("attentions") && !knockOut && !patternOffsets;
  const lastRows = isPlain ? options.lastRows : undefined;
  const asked = { wholeTower, knockOut, patternOffsets, lastRows };
  const pass = activations(architecture, params, inputs, layout, asked);
  const taps = Object.fromEntries(wanted.map((tap) => [tap, readTap[tap](pass, options)]));
  const result = { taps: taps as Pick<Taps, T> };
  if (options.logits === false) return result;
  return { ...result, logits: unembed(architecture.decoder, params, lastHidden(pass)) };
}

/** How each tap is read off; a tap without a line here is a type error. */
const readTap: { readonly [T in TapName]: (pass: Activations, options: ForwardOptions) => Taps[T] } = {
  patchEmbeddings: (pass) => visionOf(pass).patchEmbeddings,
  visionHiddenStates: (pass) => visionOf(pass).hiddenStates,
  imageFeatures: (pass) => visionOf(pass).features,
  deepFeatures: (pass) => visionOf(pass).deepFeatures ?? [],
  hiddenStates: ({ embedded, layers }) => [embedded, ...layers.map(({ hidden }) => hidden)],
  attentions: (pass) => someAttentions(pass).map(({ pattern }) => mergeHeads(pattern)),
  attentionRows: (pass, options) => queryPatterns(pass, queryOneHot(someAttentions(pass), options)),
  imageLogAttentionRows(pass, { layout, ...options }) {
    const layers = someAttentions(pass);
    const oneHot = queryOneHot(layers, options);
    const rows = maskRows(oneHot);
    return layers.map(({ query, key, mask, window, scores }) => {
      const seesAll = window === null && options.knockOut === undefined;
      const seen = seesAll ? pass.imageMask : imageColumns(rows(mask), 4, layout);
      const log = logAttentionRows(pickQueries(oneHot, query), imageColumns(key, 1, layout), seen, scores);
      return seesAll || seen === undefined ? log : np.where(isSeen(seen), log, MASKED);
    });
  },
  textStates: ({ readAlone }, options) => readAlone(textsOf(options)),
};

function textsOf({ textIds }: Pick<ForwardOptions, "textIds">): NdArray {
  if (textIds === undefined) throw new TypeError("forward: this tap needs options.textIds [B, T]");
  return textIds;
}

function visionOf({ vision }: Activations): VisionPass {
  if (vision === undefined) throw new TypeError("forward: these taps need an image");
  return vision;
}

/** An additive mask [B, 1, 1, R, N] as a condition [B, 1, R, N], one of each head as [B, H, R, N]. */
function isSeen(mask: NdArray): NdArray {
  return np.equal(mergeHeads(mask), 0);
}

/** A UserError where no layer has an attention pattern. */
function someAttentions({ layers }: Activations): LayerAttention[] {
  const attentions = attentionsOf(layers);
  if (attentions.length > 0) return attentions;
  throw mustBe("model", "attention", "in one layer at least, to be read or taught", "none");
}

function queryOneHot(
  layers: readonly LayerAttention[],
  { queryPositions }: Pick<ForwardOptions, "queryPositions">,
): NdArray {
  if (queryPositions === undefined)
    throw new TypeError("forward: these taps need options.queryPositions [B, R]");
  return oneHotPositions(queryPositions, layers[0].query.shape[1]);
}
