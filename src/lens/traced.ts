/**
 * Functions to be compiled. B images, S positions, N image tokens, R query positions, L layers, V
 * vocabulary.
 */
import { type NdArray, np, take } from "../engine/array.ts";
import { atPositions, conceptLogits } from "../losses/vocabulary.ts";
import type { Head } from "../models/contract/family.ts";
import type { VlmParams } from "../models/contract/parts.ts";
import type { ImageLayout, ModelInputs } from "../models/inputs/inputs.ts";
import { imageColumns } from "../models/inputs/layout.ts";
import type { KnockOutArrays } from "../nn/knock-out.ts";
import { softCapped } from "../nn/softcap.ts";
import type { Vlm } from "../vlm/open.ts";
import { logSumExpByBlocks, readVocabulary, type VocabularyReadings, type Wanted } from "./vocabulary.ts";

type Architecture = Pick<Vlm, "family">;

/** -> [B, R, V]: logits at the positions [B, R] only. */
export function logitsAt({ family }: Architecture, layout: ImageLayout) {
  return (params: VlmParams, inputs: ModelInputs, positions: NdArray): NdArray => {
    const options = { layout, taps: ["hiddenStates"], logits: false } as const;
    const { taps } = family.forward(params, inputs, options);
    const last = taps.hiddenStates.at(-1) as NdArray;
    return logitsOf(family.head(params), atPositions(last, positions));
  };
}

/** -> L + 1 arrays [B, N, D]: hidden states of the image tokens, decoder input first. */
export function imageStates({ family }: Architecture, layout: ImageLayout) {
  return (params: VlmParams, inputs: ModelInputs, knockOut?: KnockOutArrays): NdArray[] => {
    const options = { layout, taps: ["hiddenStates"], logits: false, knockOut } as const;
    const { taps } = family.forward(params, inputs, options);
    return taps.hiddenStates.map((hidden) => imageColumns(hidden, 1, layout));
  };
}

/** Hidden states [R, D] and tokens [K] -> what {@link readVocabulary} gives, with the final norm or without. */
export function readStates({ family }: Architecture, withNorm: boolean, wanted: Wanted) {
  return (params: VlmParams, hidden: NdArray, ids: NdArray): VocabularyReadings => {
    const head = family.head(params);
    return readVocabulary(withNorm ? head.norm(hidden) : hidden, head, ids, wanted);
  };
}

/** What {@link attentionOf} returns. */
export interface AttentionArrays<A = NdArray> {
  /** L arrays [B, H, R, N]: log of the attention over image tokens, renormalised to sum 1. */
  readonly logImage: readonly A[];
  /** L arrays [B, H, R]: share of the whole attention that lies on the image. */
  readonly share: readonly A[];
  /** L + 1 arrays [B, R, D]: hidden states of the positions, the decoder's input first; none unless asked for. */
  readonly states: readonly A[];
}

/** `withStates`: also the positions' own hidden states. */
export function attentionOf({ family }: Architecture, layout: ImageLayout, withStates = false) {
  return (
    params: VlmParams,
    inputs: ModelInputs,
    positions: NdArray,
    knockOut?: KnockOutArrays,
  ): AttentionArrays => {
    const { taps } = family.forward(params, inputs, {
      layout,
      taps: ["attentionRows", "imageLogAttentionRows", "hiddenStates"],
      logits: false,
      queryPositions: positions,
      knockOut,
    });
    const share = taps.attentionRows.map((rows) => np.sum(imageColumns(rows, 3, layout), -1));
    const states = withStates ? taps.hiddenStates.map((hidden) => atPositions(hidden, positions)) : [];
    return { logImage: taps.imageLogAttentionRows, share, states };
  };
}

/** What {@link glanceOf} returns. */
export interface GlanceArrays<A = NdArray> extends AttentionArrays<A> {
  /** L + 1 arrays [B, N, D]: hidden states of the image tokens, decoder input first. */
  readonly states: readonly A[];
  /** [B, R, V] at the queries. */
  readonly logits: A;
}

/** The image's hidden states, and at the queries the logits and the attention, in one pass. */
export function glanceOf({ family }: Architecture, layout: ImageLayout) {
  return (params: VlmParams, inputs: ModelInputs, positions: NdArray): GlanceArrays => {
    const { taps } = family.forward(params, inputs, {
      layout,
      taps: ["hiddenStates", "attentionRows", "imageLogAttentionRows"],
      logits: false,
      queryPositions: positions,
    });
    const last = taps.hiddenStates.at(-1) as NdArray;
    return {
      states: taps.hiddenStates.map((hidden) => imageColumns(hidden, 1, layout)),
      logits: logitsOf(family.head(params), atPositions(last, positions)),
      logImage: taps.imageLogAttentionRows,
      share: taps.attentionRows.map((rows) => np.sum(imageColumns(rows, 3, layout), -1)),
    };
  };
}

/**
 * Of the rows [A] of some states, L + 1 arrays [B, N, D], and their concepts [A, K, C] -> L + 1 arrays [A, K, C, N]:
 * log p(c | s) by the logit lens.
 */
export function conceptLens({ family }: Architecture) {
  return (params: VlmParams, states: readonly NdArray[], [rows, ids]: readonly NdArray[]): NdArray[] => {
    const head = family.head(params);
    return states.map((hidden) => conceptColumns(head, take(hidden, rows), ids));
  };
}

/** hidden [B, N, D], ids [B, K, C] -> log p [B, K, C, N]. */
function conceptColumns(head: Head, hidden: NdArray, ids: NdArray): NdArray {
  const x = head.norm(hidden);
  return np.subtract(conceptLogits(x, head, ids), np.expandDims(logSumExpByBlocks(x, head), [1, 2]));
}

function logitsOf(head: Head, hidden: NdArray): NdArray {
  return softCapped(np.matmul(head.norm(hidden), np.transpose(head.weight)), head.softcap);
}
