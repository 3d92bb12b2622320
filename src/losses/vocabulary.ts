import { indicator, type NdArray, np, slice, stopGradient, take } from "../engine/array.ts";
import { withGradientOf } from "../nn/gradient.ts";

/**
 * `log Σ_v exp(x · W_v)`: x [..., N, D], W [V, D] -> [..., N], in blocks of `rows` of the N.
 *
 * Its gradient in x is the expected row `Σ_v p_v W_v`, in W it is `p_v x`. The surrogate `x · (p W)` has
 * exactly these and costs one matrix product that the backward pass needs anyway, so that one [..., V] array
 * is kept (`exp`; none where W is not trained) and no other is ever made, forward or backward.
 */
export function logSumExpLogits(x: NdArray, weight: NdArray, rows = blockRows(x, weight)): NdArray {
  const axis = x.ndim - 2;
  const N = axis < 0 ? 1 : x.shape[axis];
  if (rows >= N) return logSumExpBlock(x, weight);
  const starts = Array.from({ length: Math.ceil(N / rows) }, (_, i) => i * rows);
  const blocks = starts.map((start) =>
    logSumExpBlock(slice(x, axis, start, Math.min(N, start + rows)), weight),
  );
  return np.concatenate(blocks, axis);
}

/** Logits made at a time: 24 MB, which an allocator hands out again without asking for fresh pages. */
const mostLogits = 6 * 2 ** 20;
/** Fewer rows than this make a matrix product slow. */
const fewestRows = 64;

/** Rows of equal blocks. */
function blockRows(x: NdArray, weight: NdArray): number {
  const N = x.shape.at(-2) ?? 1;
  const logits = (x.size / x.shape[x.ndim - 1] / N) * weight.shape[0];
  const blocks = Math.ceil(N / Math.max(fewestRows, Math.floor(mostLogits / logits)));
  return Math.ceil(N / blocks);
}

function logSumExpBlock(x: NdArray, weight: NdArray): NdArray {
  const logits = np.matmul(stopGradient(x), np.transpose(stopGradient(weight)));
  const largest = np.max(logits, -1, { keepdims: true });
  const exp = stopGradient(np.exp(np.subtract(logits, largest)));
  const sum = np.sum(exp, -1, { keepdims: true });
  const value = np.squeeze(np.add(np.log(sum), largest), -1);
  const expectedRow = np.divide(np.matmul(exp, weight), sum);
  return withGradientOf(value, np.sum(np.multiply(x, expectedRow), -1));
}

/** Rows of the unembedding at `ids` [...I] -> [...I, D]: a gather, so its gradient touches these rows only. */
export function unembeddingRows(weight: NdArray, ids: NdArray): NdArray {
  return take(weight, ids);
}

/**
 * `log p(id | x)` for x [B, M, D], one id each [B, M] -> [B, M]. The column's logit comes from the
 * unembedding's row, not from the logits: B·M·D products instead of a pass over B·M·V.
 */
export function logProbabilities(x: NdArray, weight: NdArray, ids: NdArray): NdArray {
  const chosen = np.sum(np.multiply(x, unembeddingRows(weight, ids)), -1);
  return np.subtract(chosen, logSumExpLogits(x, weight));
}

/** Hidden states [B, S, D] at `positions` [B, M] -> [B, M, D], by a one-hot product (cheap: M << S). */
export function atPositions(hidden: NdArray, positions: NdArray): NdArray {
  return np.einsum("bms,bsd->bmd", oneHot(positions, hidden.shape[1], hidden), hidden);
}

/** [...I] -> [...I, size] in the element type of `like`; an index outside 0..size-1 gives zeros. */
export function oneHot(index: NdArray, size: number, like: NdArray): NdArray {
  return indicator(np.equal(np.expandDims(index, -1), np.arange(size)), like);
}
