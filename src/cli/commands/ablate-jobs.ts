/** The shards of `fovea ablate --jobs N`: processes of their own, which stop when this one is told to. */
import { spawn } from "node:child_process";
import { UserError } from "../../common/errors.ts";
import { stopInOrder } from "../../common/signals.ts";

/** Runs every shard to its end. Throws a UserError where one failed; what the others finished stays. */
export async function runShards(rawArgs: readonly string[], count: number): Promise<void> {
  const stop = stopInOrder();
  const shards = Array.from({ length: count }, (_, i) =>
    runShard(shardArgs(rawArgs, i + 1, count), stop.signal),
  );
  const codes = await Promise.all(shards).finally(stop.release);
  const failed = codes.filter((code) => code !== 0);
  if (failed.length === 0) return;
  const what = stop.signal.aborted ? "stopped" : `${failed.length} of ${count} jobs failed`;
  throw new UserError(`ablate: ${what}; the same command goes on`, { code: stop.code ?? 1 });
}

/** The same command for one shard. */
export function shardArgs(rawArgs: readonly string[], index: number, count: number): string[] {
  const at = rawArgs.indexOf("--jobs");
  const rest = rawArgs.filter(
    (word, i) => !word.startsWith("--jobs=") && (at < 0 || (i !== at && i !== at + 1)) && word !== "--json",
  );
  return [...rest, "--shard", `${index}/${count}`];
}

/** Its exit code. What it prints is left away: the report is the parent's. */
function runShard(args: readonly string[], signal: AbortSignal): Promise<number> {
  const [program] = process.argv.slice(1);
  const child = spawn(process.execPath, [...process.execArgv, program, "ablate", ...args], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const end = () => void child.kill(signal.reason as NodeJS.Signals);
  signal.addEventListener("abort", end);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => {
      signal.removeEventListener("abort", end);
      resolve(code ?? 1);
    });
  });
}
