/** Which part of a model a parameter belongs to: what is frozen, adapted and counted together. */
import { isParamSpec, mapTree, type ParamSpec } from "../../nn/init.ts";

/** Parts of a model that can be frozen. `embeddings`: the token embeddings and the head. */
export const parts = ["projector", "vision", "embeddings", "decoder"] as const;
/** A part of a model, which training can freeze. */
export type Part = (typeof parts)[number];

/** A parameter's spec with its place in the model. */
export interface PartSpec extends ParamSpec {
  readonly part: Part;
}

/** Whether it is a leaf of a tree of specs that have their part. */
export function isPartSpec(x: unknown): x is PartSpec {
  return isParamSpec(x) && "part" in x;
}

/** A tree of specs whose leaves have their part. */
export type InPart<Tree> = Tree extends ParamSpec
  ? PartSpec
  : Tree extends object
    ? { readonly [K in keyof Tree]: InPart<Tree[K]> }
    : Tree;

/** The same tree of specs, all of them in one part. */
export function inPart<Tree extends object>(part: Part, specs: Tree): InPart<Tree> {
  return mapTree(specs, isParamSpec, (spec): PartSpec => ({ ...spec, part })) as InPart<Tree>;
}

/** Whether weight decay applies: to linear maps and kernels, not to norms, biases and tables of embeddings. */
export function decays({ role }: ParamSpec): boolean {
  return role === "linear" || role === "kernel";
}

/** Whether it is a matrix that can be rounded to few bits and have an adapter: any linear map but the head. */
export function isAdaptable({ role, part }: PartSpec): boolean {
  return role === "linear" && part !== "embeddings";
}
