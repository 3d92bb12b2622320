/** Programs by a key: compiled when first asked for, released when too many others were used since. */
import type { CompiledProgram } from "./compile.ts";

/** Programs kept where nothing else is said: their weights are mapped from files, the rest is some megabytes each. */
export const PROGRAMS_KEPT = 8;

export interface ProgramPool<Out> {
  /** Hands the program of `key` to `use`; `make` compiles it where it is not held. It stays while it is used. */
  use<R>(
    key: string,
    make: () => Promise<CompiledProgram<Out>>,
    use: (program: CompiledProgram<Out>) => Promise<R>,
  ): Promise<R>;
  /** Number of programs held. */
  readonly size: number;
  dispose(): Promise<void>;
}

interface Entry<Out> {
  readonly program: Promise<CompiledProgram<Out>>;
  /** Uses that have not ended. */
  running: number;
}

/** `limit`: programs kept, those used last. */
export function programPool<Out>(limit: number): ProgramPool<Out> {
  const entries = new Map<string, Entry<Out>>();
  return {
    get size() {
      return entries.size;
    },
    async use(key, make, use) {
      const entry = entries.get(key) ?? { program: make(), running: 0 };
      entries.delete(key);
      entries.set(key, entry); // The last in the map's order is the most recently used.
      entry.program.catch(() => entries.get(key) === entry && entries.delete(key));
      entry.running++;
      try {
        return await use(await entry.program);
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

async function dropOldest<Out>(entries: Map<string, Entry<Out>>, limit: number): Promise<void> {
  for (const [key, { program, running }] of entries) {
    if (entries.size <= limit) return;
    if (running > 0) continue;
    entries.delete(key);
    await (await program).dispose();
  }
}
