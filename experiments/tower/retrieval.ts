/** Retrieval by cosine: for each row of one list, the place of its partner among all of the other. */

export interface Recall {
  /** Share whose partner has the largest cosine of all, and one of the five largest. */
  readonly at1: number;
  readonly at5: number;
  /** The same by chance: 1/n and 5/n. */
  readonly chance1: number;
  readonly chance5: number;
}

/** `from[i]` belongs to `to[i]`; vectors of length 1. A tie counts against the partner. */
export function recall(from: readonly Float32Array[], to: readonly Float32Array[]): Recall {
  const ranks = from.map((vector, i) => rankOf(vector, to, i));
  const share = (most: number) => ranks.filter((rank) => rank < most).length / from.length;
  return { at1: share(1), at5: share(5), chance1: 1 / to.length, chance5: Math.min(1, 5 / to.length) };
}

function rankOf(vector: Float32Array, others: readonly Float32Array[], partner: number): number {
  const own = cosine(vector, others[partner]);
  return others.filter((other, i) => i !== partner && cosine(vector, other) >= own).length;
}

function cosine(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let d = 0; d < a.length; d++) sum += a[d] * b[d];
  return sum;
}
