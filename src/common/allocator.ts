/**
 * Starts this process anew, in its own place, so that memory which is freed goes back to the system. By itself the
 * GNU C library keeps blocks of up to 32 MB that were freed, and runs of a model leave them in pieces: a third of
 * the peak (measured: `bench/lens`). Stating any of its limits, here one at its default, stops that. Costs the
 * start of Node. Does nothing where a limit is stated already, and on other systems.
 */
export function giveMemoryBack(): void {
  const { platform, env, execPath, execArgv, argv } = process;
  const stated = Object.keys(env).some((name) => name.startsWith("MALLOC_"));
  if (platform !== "linux" || stated || process.execve === undefined) return;
  const args = [execPath, ...execArgv, ...argv.slice(1)];
  process.execve(execPath, args, { ...env, MALLOC_TOP_PAD_: "131072" });
}
