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
 * of a text varies. `fn` takes the frozen arguments first, then those of `run`.
 */
export function cached<Out = unknown>(fn: ArrayFunction, options: CacheOptions = {}): CachedProgram<Out> {
  const { frozen = [], limit = 8, ...rest } = options;
  const entries = new Map<string, Entry<Out>>();
  const make = (args: readonly unknown[]): Entry<Out> => ({
    program: compile<Out>(fn, [...frozen, ...args], { ...rest, frozen: [...frozen.keys()] }),
    running: 0,
  });
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
        return await (await entry.program).run(...args);
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
  const leaves = args.flatMap((tree, i) =>
    leavesWithPaths<ArraySpec>(tree as Tree<HostArray>, isLeaf, `${i}`),
  );
  return leaves.map(([path, { dtype, shape }]) => `${path}:${dtype}[${shape}]`).join(" ");
}

async function dropOldest<Out>(entries: Map<string, Entry<Out>>, limit: number): Promise<void> {
  for (const [key, { program, running }] of entries) {
    if (entries.size <= limit) return;
    if (running > 0) continue;
    entries.delete(key);
    await (await program).dispose();
  }
}
