/** Log-probabilities of tokens from hidden states, without the logits of all positions in memory. */
import { indicator, type NdArray, np, slice, stopGradient, take } from "../engine/array.ts";
import type { Unembedding } from "../models/contract/family.ts";
import { withGradientOf } from "../nn/gradient.ts";
import { softCapped } from "../nn/softcap.ts";

/**
 * `log Σ_v exp(z_v)` with the logits z_v = x · W_v: x [..., N, D], W [V, D] -> [..., N], in blocks of `rows` of the N.
 *
 * Its gradient in x is the expected row `Σ_v p_v W_v`, in W it is `p_v x`. The surrogate `x · (p W)` has
 * exactly these and costs one matrix product that the backward pass needs anyway, so that one [..., V] array
 * is kept (`exp`; none where W is not trained) and no other is ever made, forward or backward. Capped logits
 * l_v = c tanh(z_v / c) have p_v times their slope 1 - (l_v / c)² in the place of p_v.
 */
export function logSumExpLogits(x: NdArray, head: Unembedding, rows = blockRows(x, head.weight)): NdArray {
  return inBlocks(x, rows, (block) => logSumExpBlock(block, head));
}

/** The most probable token after each hidden state, the first of several: x [..., N, D] -> [..., N] int32. No gradient. */
export function likeliestIds(x: NdArray, { weight }: Unembedding): NdArray {
  // The products are those of logSumExpLogits, which the engine computes once; a cap changes no order.
  return inBlocks(x, blockRows(x, weight), (block) => np.argmax(productsWith(block, weight), -1));
}

/** `f` [..., rows, D] -> [..., rows] over the rows of x [..., N, D], so many at a time. */
function inBlocks(x: NdArray, rows: number, f: (block: NdArray) => NdArray): NdArray {
  const axis = x.ndim - 2;
  const N = axis < 0 ? 1 : x.shape[axis];
  if (rows >= N) return f(x);
  const starts = Array.from({ length: Math.ceil(N / rows) }, (_, i) => i * rows);
  const blocks = starts.map((start) => f(slice(x, axis, start, Math.min(N, start + rows))));
  return np.concatenate(blocks, axis);
}

/** x · Wᵀ, [..., V], without gradient. */
function productsWith(x: NdArray, weight: NdArray): NdArray {
  return np.matmul(stopGradient(x), np.transpose(stopGradient(weight)));
}

/** Logits made at a time: 24 MB, which an allocator hands out again without asking for fresh pages. */
const maxLogits = 6 * 2 ** 20;
/** Fewer rows than this make a matrix product slow. */
const fewestRows = 64;

/** Rows of equal blocks. */
function blockRows(x: NdArray, weight: NdArray): number {
  const N = x.shape.at(-2) ?? 1;
  const logits = (x.size / x.shape[x.ndim - 1] / N) * weight.shape[0];
  const blocks = Math.ceil(N / Math.max(fewestRows, Math.floor(maxLogits / logits)));
  return Math.ceil(N / blocks);
}

function logSumExpBlock(x: NdArray, { weight, softcap }: Unembedding): NdArray {
  const logits = softCapped(productsWith(x, weight), softcap);
  const largest = np.max(logits, -1, { keepdims: true });
  const exp = stopGradient(np.exp(np.subtract(logits, largest)));
  const sum = np.sum(exp, -1, { keepdims: true });
  const value = np.squeeze(np.add(np.log(sum), largest), -1);
  const slopes = softcap === undefined ? exp : np.multiply(exp, cappedSlope(logits, softcap));
  const expectedRow = np.divide(np.matmul(slopes, weight), sum);
  return withGradientOf(value, np.sum(np.multiply(x, expectedRow), -1));
}

/** Of c tanh(z / c) in z, from its value. */
function cappedSlope(capped: NdArray, cap: number): NdArray {
  return np.subtract(1, np.square(np.divide(capped, cap)));
}

/** Rows of the unembedding at `ids` [...I] -> [...I, D]: a gather, so its gradient touches these rows only. */
export function unembeddingRows(weight: NdArray, ids: NdArray): NdArray {
  return take(weight, ids);
}

/**
 * `log p(id | x)` for x [B, M, D], one id each [B, M] -> [B, M]. The column's logit comes from the
 * unembedding's row, not from the logits: B·M·D products instead of a pass over B·M·V.
 */
export function logProbabilities(x: NdArray, head: Unembedding, ids: NdArray): NdArray {
  const chosen = np.sum(np.multiply(x, unembeddingRows(head.weight, ids)), -1);
  return np.subtract(softCapped(chosen, head.softcap), logSumExpLogits(x, head));
}

/** Logits of concepts' tokens, ids [B, K, C], at normed hidden states x [B, N, D] -> [B, K, C, N]. */
export function conceptLogits(x: NdArray, head: Unembedding, ids: NdArray): NdArray {
  const products = np.einsum("bkcd,bnd->bkcn", unembeddingRows(head.weight, ids), x);
  return softCapped(products, head.softcap);
}

/** Hidden states [B, S, D] at `positions` [B, M] -> [B, M, D], by a one-hot product (cheap: M << S). */
export function atPositions(hidden: NdArray, positions: NdArray): NdArray {
  return np.einsum("bms,bsd->bmd", oneHot(positions, hidden.shape[1], hidden), hidden);
}

/** [...I] -> [...I, size] in the element type of `like`; an index outside 0..size-1 gives zeros. */
export function oneHot(index: NdArray, size: number, like: NdArray): NdArray {
  return indicator(np.equal(np.expandDims(index, -1), np.arange(size)), like);
}
