/**
 * Knocking attention out: some positions no longer see some others, by head, and their scores are shared out anew among
 * what they still see (attention knockout: Geva et al., arXiv 2304.14767). B rows, S queries, T keys, A layers that have
 * attention, H query heads.
 */
import { astype, type NdArray, np, slice } from "../engine/array.ts";
import { MASKED } from "./softmax.ts";

/** Who no longer sees whom. Arrays of 0 and 1, inputs of a compiled program: other values are no other program. */
export interface KnockOutArrays<A = NdArray> {
  /** [B, S] 1: a position that sees less. */
  readonly queries: A;
  /** [B, T] 1: a position that those do not see, in no head. */
  readonly keys: A;
  /** [A, H] 1: a head in which those do not see any image token. */
  readonly heads: A;
}

/** What is to be known of one layer's attention to knock some of it out. */
export interface KnockedLayer {
  /** Its place among the layers that have attention, from 0, and its query heads. */
  readonly index: number;
  readonly heads: number;
  /** [T] 1 for image tokens. */
  readonly image: NdArray;
  /** Whether queries and keys are the same positions: each sees itself, whatever is knocked out. Else none is hidden from itself. */
  readonly whole: boolean;
}

/** Additive mask [B, H, S, T] of one layer: 0, or {@link MASKED} where a query does not see a key. */
export function knockOutMask({ queries, keys, heads }: KnockOutArrays, layer: KnockedLayer): NdArray {
  const [[B, S], [, T]] = [queries.shape, keys.shape];
  const H = layer.heads;
  const own = slice(slice(heads, 0, layer.index, layer.index + 1), 1, 0, H);
  const blind = np.multiply(np.reshape(own, [1, H, 1]), np.reshape(layer.image, [1, 1, T]));
  const hidden = np.maximum(np.reshape(keys, [B, 1, T]), blind);
  const pairs = np.multiply(np.reshape(queries, [B, 1, S, 1]), np.reshape(hidden, [B, H, 1, T]));
  const others = layer.whole ? np.multiply(pairs, notSelf(T)) : pairs;
  return np.multiply(others, MASKED);
}

/** [T, T]: 0 on the diagonal, else 1. */
function notSelf(size: number): NdArray {
  const position = np.arange(size);
  return astype(np.notEqual(np.expandDims(position, 0), np.expandDims(position, 1)), "float32");
}
