import { mapValues } from "../../common/map-values.ts";
import { leavesWithPaths, type Tree } from "../../engine/host.ts";

/** Leaves by their path, for example `language_model.layers.0.mlp.up_proj.weight`. */
export type Named<Leaf> = Readonly<Record<string, Leaf>>;

type IsLeaf<Leaf> = (x: unknown) => x is Leaf;

/** A nested tree as one flat record. */
export function toNamed<Leaf>(tree: Tree<Leaf>, isLeaf: IsLeaf<Leaf>): Record<string, Leaf> {
  return Object.fromEntries(leavesWithPaths(tree, isLeaf));
}

/** A flat record put back into the nesting of `shape`: the inverse of {@link toNamed}. */
export function fromNamed<Leaf, T>(shape: T, isLeaf: (x: unknown) => boolean, leaves: Named<Leaf>): T {
  const build = (node: unknown, path: string): unknown => {
    if (isLeaf(node)) return found(leaves, path);
    const inside = (key: string | number) => (path === "" ? `${key}` : `${path}.${key}`);
    if (Array.isArray(node)) return node.map((child, i) => build(child, inside(i)));
    return mapValues(node as Named<unknown>, (child, key) => build(child, inside(key)));
  };
  return build(shape, "") as T;
}

function found<Leaf>(leaves: Named<Leaf>, path: string): Leaf {
  const leaf = leaves[path];
  if (leaf === undefined) throw new Error(`tree: no leaf named ${path}`);
  return leaf;
}

/** Splits a record in two: those whose key passes, and the rest. */
export function split<A>(
  record: Named<A>,
  passes: (key: string) => boolean,
): [Record<string, A>, Record<string, A>] {
  const entries = Object.entries(record);
  return [
    Object.fromEntries(entries.filter(([key]) => passes(key))),
    Object.fromEntries(entries.filter(([key]) => !passes(key))),
  ];
}
