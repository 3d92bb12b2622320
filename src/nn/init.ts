import { random } from "../common/random.ts";
import { float32, type HostArray, type Tree } from "../engine/host.ts";

/** A parameter before it has values: its shape and how it starts. */
export interface ParamSpec {
  readonly dtype: "float32";
  readonly shape: readonly number[];
  readonly init:
    | { readonly kind: "normal"; readonly std: number }
    | { readonly kind: "constant"; readonly value: number };
}

export function normal(shape: readonly number[], std: number): ParamSpec {
  return { dtype: "float32", shape, init: { kind: "normal", std } };
}

export function constant(shape: readonly number[], value: number): ParamSpec {
  return { dtype: "float32", shape, init: { kind: "constant", value } };
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

/** Maps every leaf of a tree, with its path (`decoder.layers.0.norm.weight`); keeps key order. */
export function mapTree<A, B>(
  tree: Tree<A>,
  isTreeLeaf: (x: unknown) => x is A,
  f: (leaf: A, path: string) => B,
  path = "",
): Tree<B> {
  if (isTreeLeaf(tree)) return f(tree, path);
  const child = (key: string | number, subtree: Tree<A>): Tree<B> =>
    mapTree(subtree, isTreeLeaf, f, path === "" ? `${key}` : `${path}.${key}`);
  if (Array.isArray(tree)) return tree.map((subtree, i) => child(i, subtree));
  return Object.fromEntries(
    Object.entries(tree as object).map(([key, subtree]) => [key, child(key, subtree)]),
  );
}
