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
  const programs = new Map<string, Promise<CompiledProgram<Out>>>();
  const make = (args: readonly unknown[]) =>
    compile<Out>(fn, [...frozen, ...args], { ...rest, frozen: [...frozen.keys()] });
  return {
    get size() {
      return programs.size;
    },
    async run(...args) {
      const key = signature(args);
      const program = programs.get(key) ?? make(args);
      programs.delete(key);
      programs.set(key, program); // The last in the map's order is the most recently used.
      program.catch(() => programs.delete(key));
      const result = await (await program).run(...args);
      await dropOldest(programs, limit);
      return result;
    },
    async dispose() {
      await Promise.all([...programs.values()].map(async (program) => (await program).dispose()));
      programs.clear();
    },
  };
}

function signature(args: readonly unknown[]): string {
  const leaves = args.flatMap((tree, i) =>
    leavesWithPaths<ArraySpec>(tree as Tree<HostArray>, isLeaf, `${i}`),
  );
  return leaves.map(([path, { dtype, shape }]) => `${path}:${dtype}[${shape}]`).join(" ");
}

async function dropOldest<Out>(
  programs: Map<string, Promise<CompiledProgram<Out>>>,
  limit: number,
): Promise<void> {
  for (const [key, program] of programs) {
    if (programs.size <= limit) return;
    programs.delete(key);
    await (await program).dispose();
  }
}
