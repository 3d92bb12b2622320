/** Programs that a study starts, each with a log. */
import { type ChildProcess, spawn } from "node:child_process";
import { open } from "node:fs/promises";

export interface Programs {
  /** Runs Node with these arguments to its end; what it says goes to the end of `log`. Throws where it fails. */
  run(name: string, args: readonly string[], log: string): Promise<void>;
  /** Tells all that run to stop; gives how many those are. */
  stop(signal?: NodeJS.Signals): number;
}

export function openPrograms(): Programs {
  const children = new Set<ChildProcess>();
  return {
    async run(name, args, log) {
      const file = await open(log, "a");
      try {
        const child = spawn("node", args, { stdio: ["ignore", file.fd, file.fd] });
        children.add(child);
        const code = await new Promise((resolve) => child.once("exit", resolve));
        children.delete(child);
        if (code !== 0) throw new Error(`${name}: exit ${code}, see ${log}`);
      } finally {
        await file.close();
      }
    },
    stop(signal) {
      for (const child of children) child.kill(signal);
      return children.size;
    },
  };
}
