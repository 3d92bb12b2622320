import type { ArraySpec } from "../../engine/host.ts";
import type { Named } from "./trees.ts";

/** Parts of a model that can be frozen, by the names of their tensors; the first match counts. */
export const parts = {
  projector: /(^|\.)(multi_modal_projector|connector|visual\.(deepstack_)?merger(_list)?)\./,
  vision: /(^|\.)(vision_(tower|model)|visual)\./,
  embeddings: /(^|\.)(embed_tokens|lm_head)\./,
  decoder: /(^|\.)(language_model|text_model)\.|^model\.(layers\.\d|norm\.)/,
} as const;

export type Part = keyof typeof parts;

/** The part that a tensor belongs to. */
export function partOf(name: string): Part {
  const entry = Object.entries(parts).find(([, pattern]) => pattern.test(name));
  if (entry === undefined) throw new Error(`parts: tensor ${name} belongs to no known part`);
  return entry[0] as Part;
}

/**
 * Names that weight decay applies to: matrices and kernels. Vectors (norms, biases, class embedding) and
 * tables of embeddings are left out; a patch embedding is a linear map and decays.
 */
export function decayed(leaves: Named<ArraySpec>): ReadonlySet<string> {
  const isTable = (name: string) => /embed/.test(name) && !/patch_embed/.test(name);
  const decays = ([name, { shape }]: [string, ArraySpec]) => shape.length > 1 && !isTable(name);
  return new Set(
    Object.entries(leaves)
      .filter(decays)
      .map(([name]) => name),
  );
}
