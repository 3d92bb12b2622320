/** A family's parameters: their specs, their values at the start, and trees of them by the names of tensors. */
import { type HostArray, isLeaf } from "../../engine/host.ts";
import { initParam, mapTree } from "../../nn/init.ts";
import type { BoundFamily } from "../contract/family.ts";
import type { OfLeaves, VlmParams } from "../contract/parts.ts";
import { isPartSpec, type PartSpec } from "../contract/roles.ts";
import type { DecoderConfig } from "../decoder/config.ts";
import { decoderSpecs } from "../decoder/params.ts";
import type { ConfiguredParts } from "./configured.ts";

/** Paths of the head and of the token embeddings. */
export const headPath = "lmHead.weight";
export const tablePath = "languageModel.embedTokens.weight";

type ParamMethods<C, P extends VlmParams, I extends object> = Pick<
  BoundFamily<P, C, I>,
  "specs" | "namedSpecs" | "initParams" | "toNamed" | "fromNamed"
>;

export function paramsOf<C, P extends VlmParams, I extends object>({
  parts,
  config,
  decoder,
}: ConfiguredParts<C, P, I>): ParamMethods<C, P, I> {
  const { tensorName } = parts;
  const own: object = parts.visionSpecs(config);
  const specs = { ...own, ...decoderSpecs(decoder) };
  const start = (spec: PartSpec, path: string, seed: number | string, init: I | undefined) =>
    parts.draw === undefined ? initParam(spec, seed, path) : parts.draw(config, spec, path, seed, init);
  return {
    specs: specs as OfLeaves<P, PartSpec>,
    namedSpecs: named({ ...specs, ...headSpec(decoder) }, isPartSpec, tensorName),
    initParams: (seed, init) =>
      mapSpecs(specs, (spec, path) => start(spec, path, seed, init)) as OfLeaves<P, HostArray>,
    toNamed: <A>(params: OfLeaves<P, A>) => named(params, isLeaf as (x: unknown) => x is A, tensorName),
    fromNamed: <A>(leaves: Readonly<Record<string, A>>) =>
      treeOf(specs, leaves, tensorName) as OfLeaves<P, A>,
  };
}

/** The head's, tied or not. */
function headSpec(decoder: DecoderConfig) {
  const { lmHead } = decoderSpecs({ ...decoder, tieWordEmbeddings: false });
  return { lmHead };
}

/** Maps the leaves of a tree of specs, with their paths. */
function mapSpecs<B>(specs: object, f: (spec: PartSpec, path: string) => B): object {
  return mapTree(specs, isPartSpec, f) as object;
}

/** The leaves of a tree by the names of their tensors. */
function named<A>(
  tree: unknown,
  isTreeLeaf: (x: unknown) => x is A,
  nameOf: (path: string) => string,
): Record<string, A> {
  const leaves: Record<string, A> = {};
  mapTree(tree, isTreeLeaf, (leaf, path) => {
    leaves[nameOf(path)] = leaf;
  });
  return leaves;
}

/** The tree of leaves by the names of their tensors; with a head of its own where they have one. */
function treeOf<A>(
  specs: object,
  leaves: Readonly<Record<string, A>>,
  nameOf: (path: string) => string,
): object {
  const tree = mapSpecs(specs, (_, path): A => {
    const name = nameOf(path);
    if (leaves[name] === undefined) throw new TypeError(`parameters: no ${name}`);
    return leaves[name];
  });
  const head = leaves[nameOf(headPath)];
  return { ...tree, ...(head !== undefined && { lmHead: { weight: head } }) };
}
