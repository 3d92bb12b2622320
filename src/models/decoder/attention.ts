/** The kind of layer that attends to tokens: Llama's (Touvron et al., arXiv 2302.13971) and its relatives'. */
import { type NdArray, np, slice } from "../../engine/array.ts";
import { attendCache, type PartedColumns } from "../../nn/attend-cache.ts";
import { type Attended, attend, attendBlocks, type Heads, type ScoreRule } from "../../nn/attention.ts";
import type { ParamSpec } from "../../nn/init.ts";
import { type LinearParams, linear, linearSpec } from "../../nn/linear.ts";
import type { RmsNormParams } from "../../nn/norm.ts";
import { type RotaryTables, rotate } from "../../nn/rotary.ts";
import { type BranchRecipe, branchSpecs, decoderNorm, normSpec, withBranches } from "./branches.ts";
import type {
  LayerCache,
  LayerContext,
  LayerKind,
  LayerParams,
  LayerResult,
  RowPart,
  RowsContext,
} from "./layer.ts";

/** What one kind of attention layer is: its sizes, its biases and norms, where its rotary table is, how far it sees. */
export interface AttentionRecipe extends BranchRecipe {
  readonly numAttentionHeads: number;
  readonly numKeyValueHeads: number;
  /** K */
  readonly headDim: number;
  /** Biases of the q, k and v projections, and of the output projection. */
  readonly qkvBias: boolean;
  readonly outputBias: boolean;
  /** Whether each head's query and key are normed before the rotary embedding (Qwen3). */
  readonly queryKeyNorm: boolean;
  readonly scores: ScoreRule;
  /** The name of its rotary table in the decoder's config. */
  readonly rotary: string;
  /** Tokens so far back or further are not seen; null: all are. */
  readonly window: number | null;
}

/** The names are those of Hugging Face's tensors in camelCase. */
export interface AttentionLayerParams<A = NdArray> extends LayerParams<A> {
  readonly selfAttn: {
    readonly qProj: LinearParams<A>;
    readonly kProj: LinearParams<A>;
    readonly vProj: LinearParams<A>;
    readonly oProj: LinearParams<A>;
    /** [K]; with `queryKeyNorm` only. */
    readonly qNorm?: RmsNormParams<A>;
    readonly kNorm?: RmsNormParams<A>;
  };
}

/** A kind of layer that attends by this recipe. */
export function attentionLayer(recipe: AttentionRecipe): LayerKind {
  const { numAttentionHeads: heads, window } = recipe;
  const column = { form: "columns", shape: [recipe.numKeyValueHeads, recipe.headDim] } as const;
  return {
    attention: { heads, window },
    cache: { key: column, value: column },
    specs: () => attentionSpecs(recipe),
    rows(params: AttentionLayerParams, x, context) {
      const own = headsOf(recipe, params, x, context.rotary(recipe.rotary));
      return { ...attended(recipe, params, x, context, own), cache: () => columnsOf(own) };
    },
    someRows(params: AttentionLayerParams, x, context, parts) {
      const own = headsOf(recipe, params, x, context.rotary(recipe.rotary));
      const { hidden, mixed } = attendedParts(recipe, x, own, parts);
      const mask = wholeMask(context, own.query, window);
      const { pattern } = attend(own, mask, recipe.scores);
      const result = finished(recipe, params, hidden, own, { pattern, mixed, mask });
      return { ...result, cache: () => columnsOf(own) };
    },
    step(params: AttentionLayerParams, x, context, { key, value }) {
      const own = headsOf(recipe, params, x, context.rotary(recipe.rotary));
      const mask = wholeMask(context, own.query, window);
      const [keys, values] = [key as PartedColumns, value as PartedColumns];
      const { pattern, mixed } = attendCache(own, keys, values, mask, recipe.scores);
      return { ...finished(recipe, params, x, own, { pattern, mixed, mask }), cache: columnsOf(own) };
    },
  };
}

function attentionSpecs(recipe: AttentionRecipe): AttentionLayerParams<ParamSpec> {
  const { hiddenSize: D, headDim: K, norm, initializerRange: std } = recipe;
  const qkv = { std, bias: recipe.qkvBias };
  const queries = recipe.numAttentionHeads * K;
  const keys = recipe.numKeyValueHeads * K;
  return branchSpecs(recipe, {
    selfAttn: {
      qProj: linearSpec(D, queries, { ...qkv, place: "query" }),
      kProj: linearSpec(D, keys, { ...qkv, place: "key" }),
      vProj: linearSpec(D, keys, qkv),
      oProj: linearSpec(queries, D, { std, bias: recipe.outputBias, place: "branch-end" }),
      ...(recipe.queryKeyNorm && { qNorm: normSpec(norm, K), kNorm: normSpec(norm, K) }),
    },
  });
}

/** The layer's result where its own queries look at its own keys and values. */
function attended(
  recipe: AttentionRecipe,
  params: AttentionLayerParams,
  x: NdArray,
  context: RowsContext,
  own: Heads,
): LayerResult {
  const mask = wholeMask(context, own.query, recipe.window);
  return finished(recipe, params, x, own, { ...attendedRows(recipe, context, own, mask), mask });
}

/** In blocks of queries, but where this layer has a mask of its own or its pattern is changed. */
function attendedRows(
  { window, scores }: AttentionRecipe,
  { blocks, knockedOut, patternOffset }: RowsContext,
  own: Heads,
  mask: NdArray,
): Attended {
  const isPlain = knockedOut === undefined && patternOffset === undefined;
  if (isPlain && blocks !== undefined) return attendBlocks(own, blocks(window), scores);
  return attend(own, mask, scores, patternOffset && byGroup(patternOffset, own.query));
}

/** Of some positions what enters the layer [B, R, D], and what their queries mix of all values. */
function attendedParts(
  { window, scores }: AttentionRecipe,
  x: NdArray,
  own: Heads,
  parts: readonly RowPart[],
) {
  const seen = (all: NdArray, keys: number) => (keys === all.shape[1] ? all : slice(all, 1, 0, keys));
  const mixed = parts.map((part) => {
    const [key, value] = [seen(own.key, part.keys), seen(own.value, part.keys)];
    return attend({ query: part.pick(own.query), key, value }, part.mask(window), scores).mixed;
  });
  const hidden = parts.map(({ pick }) => pick(x));
  return { hidden: np.concatenate(hidden, 1), mixed: np.concatenate(mixed, 1) };
}

function finished(
  recipe: AttentionRecipe,
  params: AttentionLayerParams,
  x: NdArray,
  own: Heads,
  { pattern, mixed, mask }: Attended & { readonly mask: NdArray },
): LayerResult {
  const { window, scores } = recipe;
  const hidden = withBranches(recipe, params, x, linear(params.selfAttn.oProj, mixed));
  return { hidden, attention: { ...own, pattern, mask, window, scores } };
}

/** The mask that layers share, and what is knocked out of this one: broadcasts to [B, H, G, S, T]. */
function wholeMask({ mask, knockedOut }: LayerContext, query: NdArray, window: number | null): NdArray {
  return knockedOut === undefined ? mask(window) : np.add(mask(window), byGroup(knockedOut, query));
}

/** [B, H G, S, T] -> [B, H, G, S, T] */
function byGroup(x: NdArray, query: NdArray): NdArray {
  const [B, S, H, G] = query.shape;
  return np.reshape(x, [B, H, G, S, x.shape[3]]);
}

function headsOf(
  recipe: AttentionRecipe,
  { inputLayernorm, selfAttn }: AttentionLayerParams,
  hidden: NdArray,
  rotary: RotaryTables,
): Heads {
  const { numAttentionHeads: A, numKeyValueHeads: H, headDim: K, norm } = recipe;
  const [B, S] = hidden.shape;
  const x = decoderNorm(norm, inputLayernorm, hidden);
  const normed = (heads: NdArray, own: RmsNormParams | undefined) =>
    own === undefined ? heads : decoderNorm(norm, own, heads);
  const queries = normed(np.reshape(linear(selfAttn.qProj, x), [B, S, A, K]), selfAttn.qNorm);
  const keys = normed(np.reshape(linear(selfAttn.kProj, x), [B, S, H, K]), selfAttn.kNorm);
  return {
    query: np.reshape(rotate(queries, rotary), [B, S, H, A / H, K]),
    key: rotate(keys, rotary),
    value: np.reshape(linear(selfAttn.vProj, x), [B, S, H, K]),
  };
}

/** By head, as a step's products read them: [B, H, S, K]. */
function columnsOf({ key, value }: Heads): LayerCache {
  return { key: np.transpose(key, [0, 2, 1, 3]), value: np.transpose(value, [0, 2, 1, 3]) };
}
