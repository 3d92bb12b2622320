/** `compile` for functions that meet a few different shapes. */
import type { CompileOptions } from "./compile.ts";
import { compile } from "./compile.ts";
import type { ArraySpec, HostArray, Tree } from "./host.ts";
import { isLeaf, leavesWithPaths, sizeOf } from "./host.ts";
import { POOL_BYTES, PROGRAMS_KEPT, programPool } from "./pool.ts";
import type { Machine } from "./runtime/runtime.ts";
import type { ArrayFunction } from "./trace.ts";

/** A function compiled once for each combination of shapes and types. */
export interface CachedProgram<Out> {
  /** Compiles on the first call with these shapes and types, then reuses the program. */
  run(...args: readonly unknown[]): Promise<Out>;
  /** Number of programs held. */
  readonly size: number;
  dispose(): Promise<void>;
}

/** How a function is compiled, and how many of its programs are kept. */
export interface CacheOptions extends Omit<CompileOptions, "frozen"> {
  /** Leading arguments that are the same in every call, compiled in as constants; `run` takes the others. */
  readonly frozen?: readonly unknown[];
  /** Programs kept, the most recently used ones; default `PROGRAMS_KEPT`. */
  readonly limit?: number;
  /** Bytes of the programs kept; default a quarter of the machine's memory. */
  readonly maxBytes?: number;
}

/**
 * A function that compiles itself for the shapes of its arguments: for generation and evaluation, where the length
 * of a text varies. `fn` takes the frozen arguments first, then those of `run`. An argument that has leaves in
 * files or in few bits is compiled in too, for as long as it is the same object.
 */
export function cached<Out = unknown>(fn: ArrayFunction, options: CacheOptions = {}): CachedProgram<Out> {
  const functions = cachedFunctions(options);
  return {
    get size() {
      return functions.size;
    },
    run: (...args) => functions.run<Out>("", fn, args),
    dispose: functions.dispose,
  };
}

/** Whether and from where weights are packed. */
export interface PackOptions extends Pick<CompileOptions, "packed"> {
  readonly inFiles?: readonly unknown[];
}

/** Several functions, each as {@link cached} keeps one; the limit counts the programs of all of them together. */
export interface CachedFunctions {
  /**
   * `kind` names what `fn` computes, with everything that it holds: the same kind is the same function. Weights in files are
   * `packed` where two such programs fit into the bytes that are kept; `inFiles`: the same arguments with weights in files,
   * taken there instead.
   */
  run<Out>(kind: string, fn: ArrayFunction, args: readonly unknown[], options?: PackOptions): Promise<Out>;
  /** Number of programs held. */
  readonly size: number;
  /** Where its programs run; default: as the runtime chooses. */
  readonly machine?: Machine;
  dispose(): Promise<void>;
}

/** Functions that are compiled when they are first called, kept together by their keys within one limit. */
export function cachedFunctions(options: CacheOptions = {}): CachedFunctions {
  const { frozen = [], limit = PROGRAMS_KEPT, maxBytes = POOL_BYTES, ...rest } = options;
  const pool = programPool<unknown>(limit, maxBytes);
  const fits = (args: readonly unknown[]) => widenedBytes(args) < maxBytes / 2;
  const make = (fn: ArrayFunction, args: readonly unknown[], packed: boolean) => {
    const fixed = args.flatMap((arg, i) => (isStored(arg) ? [frozen.length + i] : []));
    const settings = { ...rest, frozen: [...frozen.keys(), ...fixed], packed: packed && fits(args) };
    return compile<unknown>(fn, [...frozen, ...args], settings);
  };
  return {
    get size() {
      return pool.size;
    },
    ...(rest.machine && { machine: rest.machine }),
    run: <Out>(
      kind: string,
      fn: ArrayFunction,
      given: readonly unknown[],
      { packed = false, inFiles }: PackOptions = {},
    ) => {
      const args = packed && inFiles !== undefined && fits(inFiles) ? inFiles : given;
      return pool.use(
        `${kind} ${signature(args)}`,
        () => make(fn, args, packed),
        (program) => program.run(...args.filter((arg) => !isStored(arg))) as Promise<Out>,
      );
    },
    dispose: () => pool.clear(),
  };
}

/** Shapes and types of all leaves, and which object it is where leaves are not in memory. */
export function signature(args: readonly unknown[]): string {
  const names = args.map((tree, i) => {
    if (isStored(tree)) return `${i}:same as ${identity(tree as object)}`;
    return leavesOf(tree, `${i}`).map(([path, { dtype, shape }]) => `${path}:${dtype}[${shape}]`);
  });
  return names.flat().join(" ");
}

function leavesOf(tree: unknown, path = ""): [string, ArraySpec][] {
  return leavesWithPaths<ArraySpec>(tree as Tree<HostArray>, isLeaf, path);
}

const stored = new WeakMap<object, boolean>();

/** Whether some leaf of a tree has no values in memory; a tree is asked once. */
function isStored(tree: unknown): boolean {
  const found = stored.get(tree as object);
  if (found !== undefined) return found;
  const is = leavesOf(tree).some(([, leaf]) => "file" in leaf || "bits" in leaf);
  stored.set(tree as object, is);
  return is;
}

/** Of all matrices that lie in files, as float32. */
function widenedBytes(args: readonly unknown[]): number {
  const leaves = args.filter(isStored).flatMap((tree) => leavesOf(tree));
  return leaves.reduce((sum, [, leaf]) => sum + ("file" in leaf ? 4 * sizeOf(leaf.shape) : 0), 0);
}

const identities = new WeakMap<object, number>();
let nextIdentity = 0;

function identity(tree: object): number {
  const known = identities.get(tree) ?? nextIdentity++;
  identities.set(tree, known);
  return known;
}
