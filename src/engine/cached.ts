/** `compile` for functions that meet a few different shapes. */
import type { CompiledProgram, CompileOptions } from "./compile.ts";
import { compile } from "./compile.ts";
import type { ArraySpec, HostArray, Tree } from "./host.ts";
import { isLeaf, leavesWithPaths } from "./host.ts";
import type { ArrayFunction } from "./trace.ts";

export interface CachedProgram<Out> {
  /** Compiles on the first call with these shapes and types, then reuses the program. */
  run(...args: readonly unknown[]): Promise<Out>;
  /** Number of programs held. */
  readonly size: number;
  dispose(): Promise<void>;
}

export interface CacheOptions extends Omit<CompileOptions, "frozen"> {
  /** Leading arguments that are the same in every call, compiled in as constants; `run` takes the others. */
  readonly frozen?: readonly unknown[];
  /** Programs kept, the most recently used ones; default 8. */
  readonly limit?: number;
}

/**
 * A function that compiles itself for the shapes of its arguments: for generation and evaluation, where the length
 * of a text varies. `fn` takes the frozen arguments first, then those of `run`. An argument that has leaves in
 * files or in few bits is compiled in too, for as long as it is the same object.
 */
export function cached<Out = unknown>(fn: ArrayFunction, options: CacheOptions = {}): CachedProgram<Out> {
  const { frozen = [], limit = 8, ...rest } = options;
  const entries = new Map<string, Entry<Out>>();
  const make = (args: readonly unknown[]): Entry<Out> => {
    const fixed = args.flatMap((arg, i) => (isStored(arg) ? [frozen.length + i] : []));
    const settings = { ...rest, frozen: [...frozen.keys(), ...fixed] };
    return { program: compile<Out>(fn, [...frozen, ...args], settings), running: 0 };
  };
  return {
    get size() {
      return entries.size;
    },
    async run(...args) {
      const key = signature(args);
      const entry = entries.get(key) ?? make(args);
      entries.delete(key);
      entries.set(key, entry); // The last in the map's order is the most recently used.
      entry.program.catch(() => entries.get(key) === entry && entries.delete(key));
      entry.running++;
      try {
        return await (await entry.program).run(...args.filter((arg) => !isStored(arg)));
      } finally {
        entry.running--;
        await dropOldest(entries, limit);
      }
    },
    async dispose() {
      const all = [...entries.values()];
      entries.clear();
      await Promise.all(all.map(async ({ program }) => (await program).dispose()));
    },
  };
}

interface Entry<Out> {
  readonly program: Promise<CompiledProgram<Out>>;
  /** Runs that have not ended: a program in use is not dropped. */
  running: number;
}

function signature(args: readonly unknown[]): string {
  const parts = args.map((tree, i) => {
    if (isStored(tree)) return `${i}:same as ${identity(tree as object)}`;
    return leavesOf(tree, `${i}`).map(([path, { dtype, shape }]) => `${path}:${dtype}[${shape}]`);
  });
  return parts.flat().join(" ");
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

const identities = new WeakMap<object, number>();
let nextIdentity = 0;

function identity(tree: object): number {
  const known = identities.get(tree) ?? nextIdentity++;
  identities.set(tree, known);
  return known;
}

async function dropOldest<Out>(entries: Map<string, Entry<Out>>, limit: number): Promise<void> {
  for (const [key, { program, running }] of entries) {
    if (entries.size <= limit) return;
    if (running > 0) continue;
    entries.delete(key);
    await (await program).dispose();
  }
}
