/** Parameters before they have values: shapes, starts, and trees of them. */
import { random } from "../common/random.ts";
import { float32, type HostArray, type Tree } from "../engine/host.ts";

/**
 * What a parameter does: a linear map's matrix, a table of learnt vectors (words, positions, a class token), a norm's scale
 * or shift, what is added to a map's result, or the kernel of a convolution.
 */
export type Role = "linear" | "table" | "norm" | "bias" | "kernel";

/**
 * Where in its layer a linear map stands, where rules depend on it: it makes attention's queries or keys, or ends a residual
 * branch.
 */
export type Place = "query" | "key" | "branch-end";

/** A parameter before it has values: its shape, what it does and how it starts. */
export interface ParamSpec {
  readonly dtype: "float32";
  readonly shape: readonly number[];
  readonly role: Role;
  readonly place?: Place;
  readonly init:
    | { readonly kind: "normal"; readonly std: number }
    | { readonly kind: "constant"; readonly value: number };
}

export function normal(role: Role, shape: readonly number[], std: number): ParamSpec {
  return { dtype: "float32", shape, role, init: { kind: "normal", std } };
}

export function constant(role: Role, shape: readonly number[], value: number): ParamSpec {
  return { dtype: "float32", shape, role, init: { kind: "constant", value } };
}

/** The same parameter with another spread at the start. */
export function withSpread<Spec extends ParamSpec>(spec: Spec, std: number): Spec {
  return { ...spec, init: { kind: "normal", std } };
}

export function isParamSpec(x: unknown): x is ParamSpec {
  return typeof x === "object" && x !== null && "init" in x && "shape" in x;
}

/** Values for one parameter. Its random stream depends on seed and path only, not on the other parameters. */
export function initParam(spec: ParamSpec, seed: number | string, path: string): HostArray<"float32"> {
  const values = float32(spec.shape);
  if (spec.init.kind === "constant") {
    values.data.fill(spec.init.value);
    return values;
  }
  const { std } = spec.init;
  const source = random(seed, path);
  for (let i = 0; i < values.data.length; i++) values.data[i] = std * source.normal();
  return values;
}

/** Maps every leaf of a tree of records and lists, with its path (`decoder.layers.0.norm.weight`); keeps key order. */
export function mapTree<A, B>(
  tree: unknown,
  isTreeLeaf: (x: unknown) => x is A,
  f: (leaf: A, path: string) => B,
  path = "",
): Tree<B> {
  if (isTreeLeaf(tree)) return f(tree, path);
  const child = (key: string | number, subtree: unknown): Tree<B> =>
    mapTree(subtree, isTreeLeaf, f, path === "" ? `${key}` : `${path}.${key}`);
  if (Array.isArray(tree)) return tree.map((subtree, i) => child(i, subtree));
  return Object.fromEntries(
    Object.entries(tree as object).map(([key, subtree]) => [key, child(key, subtree)]),
  );
}
