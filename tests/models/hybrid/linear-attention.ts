/**
 * Gated linear attention, a kind of layer that only this family has: no pattern, a state S [K, K] a head that fades by a gate
 * a and learns what a token says, S ← a S + k vᵀ, and is read by its query, o = Sᵀ q / sqrt(K) (Katharopoulos et al., arXiv
 * 2006.16236; gates as in Yang et al., arXiv 2312.06635, one a head).
 */
import { astype, type NdArray, np } from "../../../src/engine/array.ts";
import {
  type BranchRecipe,
  branchSpecs,
  decoderNorm,
  withBranches,
} from "../../../src/models/decoder/branches.ts";
import type { LayerKind, LayerParams } from "../../../src/models/decoder/layer.ts";
import type { ParamSpec } from "../../../src/nn/init.ts";
import { type LinearParams, linear, linearSpec } from "../../../src/nn/linear.ts";
import { MASKED } from "../../../src/nn/softmax.ts";
import { visibilityMask } from "../../../src/nn/visibility.ts";

export interface LinearAttentionRecipe extends BranchRecipe {
  /** H */
  readonly numAttentionHeads: number;
  /** K */
  readonly headDim: number;
}

interface LinearAttentionParams<A = NdArray> extends LayerParams<A> {
  readonly linearAttn: {
    readonly qProj: LinearParams<A>;
    readonly kProj: LinearParams<A>;
    readonly vProj: LinearParams<A>;
    readonly gateProj: LinearParams<A>;
    readonly oProj: LinearParams<A>;
  };
}

/** Queries, keys, values [B, S, H, K], and log of the gates [B, S, H]. */
interface Gated {
  readonly query: NdArray;
  readonly key: NdArray;
  readonly value: NdArray;
  readonly logGate: NdArray;
}

export function linearAttentionLayer(recipe: LinearAttentionRecipe): LayerKind {
  const { numAttentionHeads: H, headDim: K } = recipe;
  return {
    cache: { state: { form: "state", shape: [H, K, K] } },
    specs: () => specsOf(recipe),
    rows(params: LinearAttentionParams, x, { segmentIds }) {
      const own = gatedOf(recipe, params, x);
      const fading = fadingOf(own.logGate, segmentIds);
      const scores = np.multiply(np.einsum("bshk,bthk->bsth", own.query, own.key), fading);
      const mixed = np.einsum("bsth,bthk->bshk", scores, own.value);
      return {
        hidden: finish(recipe, params, x, mixed),
        cache: (last) => ({ state: stateAt(own, fading, last) }),
      };
    },
    step(params: LinearAttentionParams, x, _, { state: before }) {
      const { query, key, value, logGate } = gatedOf(recipe, params, x);
      const [B] = x.shape;
      const faded = np.multiply(before as NdArray, np.reshape(np.exp(logGate), [B, H, 1, 1]));
      const state = np.add(faded, np.einsum("bshk,bshv->bhkv", key, value));
      const mixed = np.einsum("bshk,bhkv->bshv", query, state);
      return { hidden: finish(recipe, params, x, mixed), cache: { state } };
    },
  };
}

function specsOf(recipe: LinearAttentionRecipe): LinearAttentionParams<ParamSpec> {
  const { hiddenSize: D, numAttentionHeads: H, headDim: K, initializerRange: std } = recipe;
  const plain = { std, bias: false };
  return branchSpecs(recipe, {
    linearAttn: {
      qProj: linearSpec(D, H * K, plain),
      kProj: linearSpec(D, H * K, plain),
      vProj: linearSpec(D, H * K, plain),
      gateProj: linearSpec(D, H, { std, bias: true }),
      oProj: linearSpec(H * K, D, { std, bias: false, place: "branch-end" }),
    },
  });
}

function gatedOf(
  { numAttentionHeads: H, headDim: K, norm }: LinearAttentionRecipe,
  { inputLayernorm, linearAttn: p }: LinearAttentionParams,
  hidden: NdArray,
): Gated {
  const [B, S] = hidden.shape;
  const x = decoderNorm(norm, inputLayernorm, hidden);
  const heads = (params: LinearParams) => np.reshape(linear(params, x), [B, S, H, K]);
  // log of the logistic function
  const logGate = np.negative(np.log(np.add(1, np.exp(np.negative(linear(p.gateProj, x))))));
  return {
    query: np.multiply(heads(p.qProj), K ** -0.5),
    key: heads(p.kProj),
    value: heads(p.vProj),
    logGate,
  };
}

/**
 * [B, S, T, H]: what is left at query s of what key t said, the product of the gates of its own text between them; 0 where
 * the key is not before it in its own text.
 */
function fadingOf(logGate: NdArray, segmentIds: NdArray): NdArray {
  const [B, S] = segmentIds.shape;
  const before = np.equal(np.reshape(visibilityMask(segmentIds), [B, S, S]), 0);
  const sums = np.einsum("bst,bth->bsh", astype(before, "float32"), logGate);
  const between = np.subtract(np.expandDims(sums, 2), np.expandDims(sums, 1));
  return np.exp(np.where(np.expandDims(before, 3), between, MASKED));
}

/** The states after the tokens that `last` [B, R, S] marks: [B R, H, K, K]. */
function stateAt({ key, value }: Gated, fading: NdArray, last: NdArray): NdArray {
  const [B, R] = last.shape;
  const [, , H, K] = key.shape;
  const left = np.einsum("brs,bsth->brth", last, fading);
  const keys = np.multiply(np.expandDims(left, 4), np.expandDims(key, 1));
  return np.reshape(np.einsum("brthk,bthv->brhkv", keys, value), [B * R, H, K, K]);
}

function finish(
  recipe: LinearAttentionRecipe,
  params: LinearAttentionParams,
  x: NdArray,
  mixed: NdArray,
): NdArray {
  const [B, S, H, K] = mixed.shape;
  return withBranches(recipe, params, x, linear(params.linearAttn.oProj, np.reshape(mixed, [B, S, H * K])));
}
