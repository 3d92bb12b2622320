/** Programs by a key: compiled when first asked for, released when too many others were used since. */
import { BoundedCache } from "../common/bounded-cache.ts";
import type { CompiledProgram } from "./compile.ts";

/** Programs kept where nothing else is said: their weights are mapped from files, the rest is some megabytes each. */
export const PROGRAMS_KEPT = 8;

/** Hand a program out by `use` only: it is released when its last use has ended and others took its place. */
export type ProgramPool<Out> = BoundedCache<string, CompiledProgram<Out>>;

/** `limit`: programs kept, those used last. */
export function programPool<Out>(limit: number): ProgramPool<Out> {
  return new BoundedCache({ name: "programs", limit, onDrop: (program) => program.dispose() });
}
