import { isLeaf } from "../../engine/host.ts";
import type { LoraParams } from "../../nn/linear.ts";

/** The parameter tree with adapters at the linear layers of these paths. */
export function withAdapters<Params extends object>(
  params: Params,
  adapters: ReadonlyMap<string, LoraParams<unknown>>,
): Params {
  const build = (node: unknown, path: string): unknown => {
    if (isLeaf(node) || typeof node !== "object" || node === null) return node;
    const inside = (key: string | number) => (path === "" ? `${key}` : `${path}.${key}`);
    if (Array.isArray(node)) return node.map((child, i) => build(child, inside(i)));
    const entries = Object.entries(node).map(([key, child]) => [key, build(child, inside(key))]);
    const lora = adapters.get(path);
    return { ...Object.fromEntries(entries), ...(lora && { lora }) };
  };
  return build(params, "") as Params;
}
