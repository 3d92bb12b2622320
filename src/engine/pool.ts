/** Programs by a key: compiled when first asked for, released when too many others were used since. */
import { runtime } from "#runtime";
import { BoundedCache } from "../common/bounded-cache.ts";
import type { CompiledProgram } from "./compile.ts";

/** Programs kept where nothing else is said: their weights are mapped from files, the rest is some megabytes each. */
export const PROGRAMS_KEPT = 8;

/** Bytes of the programs kept where nothing else is said: a quarter of the memory that there is. */
export const POOL_BYTES = Math.floor(runtime.memory / 4);

/** Hand a program out by `use` only: it is released when its last use has ended and others took its place. */
export type ProgramPool<Out> = BoundedCache<string, CompiledProgram<Out>>;

/**
 * `limit`: programs kept, those used last; of large ones fewer, as many as fit into `maxBytes`, by default a quarter of the
 * memory that there is: weights in 4 or 8 bits are packed anew by every program.
 */
export function programPool<Out>(limit: number, maxBytes: number = POOL_BYTES): ProgramPool<Out> {
  return new BoundedCache({
    name: "programs",
    limit,
    maxBytes,
    size: ({ bytes }) => bytes,
    least: 2, // An answer takes two in turn, for the prompt and for each new token.
    onDrop: (program) => program.dispose(),
  });
}
