/**
 * A kind of decoder layer: the contract between the shared decoder, which runs layers one after the other, and whatever a
 * layer is made of (attention, linear attention with a recurrent state). A decoder's config lists one kind for each layer.
 * B rows, S positions, D width, C columns of a cache, R prompts of a row, N prompts in all.
 */
import type { NdArray } from "../../engine/array.ts";
import type { PartedColumns } from "../../nn/attend-cache.ts";
import type { Heads, MaskedBlock, ScoreRule } from "../../nn/attention.ts";
import type { ParamSpec } from "../../nn/init.ts";
import type { RotaryTables } from "../../nn/rotary.ts";
import type { BranchParams } from "./branches.ts";

/** What every kind of layer has; what mixes tokens is a kind's own. The names are Hugging Face's in camelCase. */
export type LayerParams<A = NdArray> = BranchParams<A>;

/** What a pass gives generation to keep of one layer, by name: see `LayerKind.cache`. */
export type LayerCache<A = NdArray> = Readonly<Record<string, A>>;

/** What a step finds of it: columns in two parts, states as they are. */
export type KeptLayer<A = NdArray> = Readonly<Record<string, A | PartedColumns<A>>>;

/** `columns`: [B, H, C, K], one of shape [H, K] for each token. `state`: [B, ...shape], replaced with each token. */
export type CacheForm =
  | { readonly form: "columns"; readonly shape: readonly [number, number] }
  | { readonly form: "state"; readonly shape: readonly number[] };

/** What all layers of one pass share, each part made once. */
export interface LayerContext {
  /** Additive, broadcasts to [B, 1, 1, S, T]: who is seen through a window; null: none. */
  mask(window: number | null): NdArray;
  /** The table of this name in the decoder's config. */
  rotary(name: string): RotaryTables;
  /**
   * [B, H, S, T], additive, of this layer alone: what is knocked out of each query head (nn/knock-out.ts); absent: nothing. A
   * kind with an attention pattern adds it to its mask.
   */
  readonly knockedOut?: NdArray;
  /** [B, H, S, T], added to this layer's pattern: zeros, for gradients with respect to it; absent: none. */
  readonly patternOffset?: NdArray;
}

/** A pass over whole rows. */
export interface RowsContext extends LayerContext {
  /** [B, S]: see `ModelInputs.segmentIds`. */
  readonly segmentIds: NdArray;
  /** What `mask` says of queries in blocks, which leave out keys that none of a block sees; absent: there are none. */
  blocks?(window: number | null): readonly MaskedBlock[];
}

/** Some of the queries of a layer. */
export interface RowPart {
  /** Theirs of [B, S, ...]: [B, R, ...]. */
  pick(x: NdArray): NdArray;
  /** All that they may see lies among keys [0, keys). */
  readonly keys: number;
  /** As `LayerContext.mask`, of these queries and keys: broadcasts to [B, 1, 1, R, keys]. */
  mask(window: number | null): NdArray;
}

/** How one layer's attention came about. */
export interface LayerAttention extends Heads {
  /** [B, H, G, S, T] */
  readonly pattern: NdArray;
  readonly mask: NdArray;
  readonly window: number | null;
  readonly scores: ScoreRule;
}

/** What a layer makes of hidden states. What nobody reads costs nothing in a compiled program. */
export interface LayerResult {
  /** [B, S, D] after the layer */
  readonly hidden: NdArray;
  /** Absent for a kind without an attention pattern. */
  readonly attention?: LayerAttention;
}

/** Of a pass over whole rows. */
export interface RowsResult extends LayerResult {
  /** Columns of the rows' tokens [B, H, S, K], and states [B R, ...] after the R tokens of each row that `last` [B, R, S] marks with 1. */
  cache(last: NdArray): LayerCache;
}

/** Of a pass over one new token a prompt. */
export interface StepResult extends LayerResult {
  /** The new tokens' columns [N, H, 1, K], and the states after them [N, ...]. */
  readonly cache: LayerCache;
}

/** One kind of layer with its sizes, for any parameters of them. Layers may share one. Methods, so that kinds of different parameters fit one list. */
export interface LayerKind {
  /** Of its attention: query heads, and the window through which they see; absent for a kind without a pattern. */
  readonly attention?: { readonly heads: number; readonly window: number | null };
  /** What generation keeps. */
  readonly cache: Readonly<Record<string, CacheForm>>;
  /** Shape and start of its parameters, in the order of Hugging Face's modules. */
  specs(): LayerParams<ParamSpec>;
  /** Over hidden states [B, S, D] of packed rows: a token may depend on those alone that its segment lets it see. */
  rows(params: LayerParams, hidden: NdArray, context: RowsContext): RowsResult;
  /** As `rows`, but with the hidden states [B, R, D] of some positions alone, in the order of `parts`, and no pattern of the others. Absent: it computes all. */
  someRows?(
    params: LayerParams,
    hidden: NdArray,
    context: RowsContext,
    parts: readonly RowPart[],
  ): RowsResult;
  /** Over one new token of each prompt, [N, 1, D], after what `cache` holds. */
  step(params: LayerParams, hidden: NdArray, context: LayerContext, cache: KeptLayer): StepResult;
}

/** The windows of these layers, each once, in the order of the layers: a pass makes a mask for each. */
export function windowsOf(layers: readonly LayerKind[]): (number | null)[] {
  return [...new Set(layers.flatMap(({ attention }) => (attention === undefined ? [] : [attention.window])))];
}
