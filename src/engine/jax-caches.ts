/**
 * jax-js keeps something for every shape that ever came, in maps that its modules do not show: how an einsum expression
 * is parsed, the order of its products, and the kernels that compute constants. All of it is made again in a moment, so a
 * map that has grown is emptied.
 *
 * What else it would keep is not used here: functions that it compiles by shape (`jit`; `np.tanh` in array.ts is its
 * formula without), and their derivatives.
 */
import * as jax from "@jax-js/jax";

/** Entries of a map, each about a kilobyte; a program looks up some dozens. */
export const JAX_LIMIT = 2000;

type Lookups = Map<unknown, unknown>;
let maps: readonly Lookups[] | undefined;

/** Call it when no trace is under way and the wasm device is the default. */
export function trimJaxCaches(): void {
  maps ??= lookedUpIn(computeALittle);
  for (const map of maps) if (map.size > JAX_LIMIT) map.clear();
}

/** The maps' sizes; for tests. */
export function jaxCacheSizes(): number[] {
  return (maps ?? []).map(({ size }) => size);
}

/** Parses, plans and runs: each looks into its map. */
function computeALittle(): void {
  const row = jax.numpy.array([1, 2]);
  const product = jax.numpy.einsum("a,a->", row.ref, row);
  product.dataSync();
}

/** Maps in which a key of JSON is looked up meanwhile, as jax-js's `runWithCache` does. */
function lookedUpIn(action: () => void): Lookups[] {
  const found = new Set<Lookups>();
  const { has } = Map.prototype;
  Map.prototype.has = function (this: Lookups, key: unknown) {
    if (typeof key === "string" && /^["[]/.test(key)) found.add(this);
    return has.call(this, key);
  };
  try {
    action();
  } finally {
    Map.prototype.has = has;
  }
  return [...found];
}
