/**
 * Starts this process anew, in its own place, so that memory which is freed goes back to the system. By itself the
 * GNU C library keeps blocks of up to 32 MB that were freed, and runs of a model leave them in pieces: a third of
 * the peak (measured: `bench/lens`). Stating any of its limits, here one at its default, stops that. Costs the
 * start of Node, and a tenth of the speed of a model that speaks for long.
 */
export function giveMemoryBack(): void {
  startAnew("MALLOC_TOP_PAD_", "131072");
}

/**
 * Starts this process anew, in its own place, with two arenas for all threads. By itself the GNU C library has one for
 * almost each thread, and every one of them keeps the largest of what went through it: the level of a server goes on
 * rising for a thousand requests (measured: `bench/soak`).
 */
export function shareArenas(): void {
  startAnew("MALLOC_ARENA_MAX", "2");
}

/**
 * Starts this process anew, in its own place, with memory in large pages that it keeps. By itself the GNU C library gives a
 * freed array back to the system, which zeroes its pages when the next step asks for them, 4 kB at a time: a tenth of a
 * training step (measured: `bench/step`).
 */
export function keepMemory(): void {
  startAnew("GLIBC_TUNABLES", training.environment.GLIBC_TUNABLES, training.flags);
}

/** How a process that trains is started. */
export const training = {
  environment: {
    // Limits beyond all arrays, in bytes.
    GLIBC_TUNABLES: [
      "glibc.malloc.hugetlb=1",
      "glibc.malloc.trim_threshold=4000000000",
      "glibc.malloc.mmap_threshold=4000000000",
    ].join(":"),
  },
  /** Of Node: tracing a step leaves a nursery of 50 MB that is never given back; with this one it is 12 MB. */
  flags: ["--max-semi-space-size=4"],
} as const;

/** Does nothing where some setting of the allocator is stated already, and on other systems. */
function startAnew(setting: string, value: string, flags: readonly string[] = []): void {
  const { platform, env, execPath, execArgv, argv } = process;
  const stated = Object.keys(env).some((name) => name.startsWith("MALLOC_") || name === "GLIBC_TUNABLES");
  if (platform !== "linux" || stated || process.execve === undefined) return;
  const args = [execPath, ...flags, ...execArgv, ...argv.slice(1)];
  process.execve(execPath, args, { ...env, [setting]: value });
}
