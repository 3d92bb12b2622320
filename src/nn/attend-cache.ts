/** Attention of new tokens over keys and values in two parts: those of rows that several of them share, and each one's own. */
import { type NdArray, np, slice } from "../engine/array.ts";
import type { Heads, ScoreRule } from "./attention.ts";
import { softmax } from "./softmax.ts";

/**
 * Keys or values by head, as products read them: B rows of P columns, each shared by R of the N = B R new tokens (those of row b
 * stand at b R and behind), and T columns of each new token's own.
 */
export interface PartedColumns<A = NdArray> {
  /** [B, H, P, K] */
  readonly shared: A;
  /** [N, H, T, K] */
  readonly own: A;
}

/**
 * One new token each, `heads` of [N, 1, ...], over the parts and over itself, with an additive mask that broadcasts to
 * [N, 1, 1, 1, P + T + 1] -> pattern [N, H, G, 1, P + T + 1] and mixed values [N, 1, H G K]. No part is copied.
 */
export function attendCache(
  { query, key, value }: Heads,
  keys: PartedColumns,
  values: PartedColumns,
  mask: NdArray,
  { scale = query.shape[4] ** -0.5, softcap }: ScoreRule = {},
): { pattern: NdArray; mixed: NdArray } {
  const [N, , H, G, K] = query.shape;
  const [B, , P] = keys.shared.shape;
  const T = keys.own.shape[2];
  const scaled = np.multiply(query, softcap === undefined ? scale : scale / softcap);
  const one = np.reshape(scaled, [N, H, G, K]);
  const shared = np.einsum("brhgk,bhpk->brhgp", np.reshape(scaled, [B, N / B, H, G, K]), keys.shared);
  const products = np.concatenate(
    [
      np.reshape(shared, [N, H, G, P]),
      np.einsum("nhgk,nhtk->nhgt", one, keys.own),
      np.sum(np.multiply(one, np.reshape(key, [N, H, 1, K])), -1, { keepdims: true }),
    ],
    3,
  );
  const capped = softcap === undefined ? products : np.multiply(np.tanh(products), softcap);
  const pattern = softmax(np.add(np.reshape(capped, [N, H, G, 1, P + T + 1]), mask));
  return { pattern, mixed: np.reshape(mix(pattern, value, values), [N, 1, H * G * K]) };
}

/** The values of all parts, weighed by the pattern: [N, H, G, K]. */
function mix(pattern: NdArray, value: NdArray, { shared, own }: PartedColumns): NdArray {
  const [N, H, G] = pattern.shape;
  const [B, , P, K] = shared.shape;
  const T = own.shape[2];
  const part = (start: number, length: number) =>
    np.reshape(slice(pattern, 4, start, start + length), [N, H, G, length]);
  const rows = np.reshape(part(0, P), [B, N / B, H, G, P]);
  const ofRows = np.reshape(np.einsum("brhgp,bhpk->brhgk", rows, shared), [N, H, G, K]);
  const ofOwn = np.einsum("nhgt,nhtk->nhgk", part(P, T), own);
  const itself = np.multiply(part(P + T, 1), np.reshape(value, [N, H, 1, K]));
  return np.add(np.add(ofRows, ofOwn), itself);
}
