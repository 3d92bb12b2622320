/** A command under watch: what its process holds, asked for again and again. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Holdings } from "./report.ts";

export interface Watched {
  readonly process: ChildProcess;
  /** Notes what the process holds after `done` pieces of work; nothing where it has ended. */
  look(done: number): Promise<void>;
  /** Prints all that was noted and how the end compares with the state after `settled` pieces of work. */
  conclude(settled: number): void;
}

/** Megabytes. */
interface Look {
  readonly done: number;
  readonly resident: number;
  readonly heap: number;
  readonly external: number;
}

const main = new URL("../../src/cli/main.ts", import.meta.url).pathname;
const reporter = new URL("report.ts", import.meta.url).pathname;

/** Starts `fovea` with these arguments. */
export function watch(args: readonly string[]): Watched {
  const folder = mkdtempSync(join(tmpdir(), "fovea-soak-"));
  const path = join(folder, "holdings.json");
  // The limit that the commands which look would start themselves anew for; see src/common/allocator.ts.
  const given = ["lens", "attend", "segment"].includes(args[0]) ? { MALLOC_TOP_PAD_: "131072" } : {};
  const child = spawn(process.execPath, ["--expose-gc", "--import", reporter, main, ...args], {
    stdio: ["ignore", "pipe", args[0] === "serve-api" ? "ignore" : "inherit"], // A line for each request.
    env: { ...process.env, ...given, SOAK_REPORT: path },
  });
  child.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const looks: Look[] = [];
  let last: Holdings | undefined;
  return {
    process: child,
    async look(done) {
      const found = await ask(child, path);
      if (found === undefined) return;
      last = found;
      looks.push(lookOf(done, found));
      console.log(lineOf(looks.at(-1) as Look));
    },
    conclude(settled) {
      for (const { thread, caches } of last?.threads ?? [])
        for (const cache of caches) console.log(`thread ${thread}: ${JSON.stringify(cache)}`);
      for (const name of ["resident", "heap", "external"] as const)
        console.log(ratiosOf(looks, name, settled));
    },
  };
}

async function ask(child: ChildProcess, path: string): Promise<Holdings | undefined> {
  rmSync(path, { force: true });
  child.kill("SIGUSR2");
  for (;;) {
    await sleep(20);
    if (existsSync(path)) return JSON.parse(readFileSync(path, "utf8")) as Holdings;
    if (child.exitCode !== null || child.signalCode !== null) return undefined;
  }
}

function lookOf(done: number, { resident, threads }: Holdings): Look {
  const sum = (of: "heap" | "external") => threads.reduce((all, thread) => all + thread[of], 0) / 2 ** 20;
  return { done, resident: resident / 2 ** 20, heap: sum("heap"), external: sum("external") };
}

const lineOf = ({ done, resident, heap, external }: Look) =>
  `${done}: resident ${resident.toFixed(0)} MB, heap ${heap.toFixed(1)} MB, external ${external.toFixed(1)} MB`;

/** Of all that was seen from `settled` on, against the state there. */
function ratiosOf(looks: readonly Look[], name: "resident" | "heap" | "external", settled: number): string {
  const values = looks.filter(({ done }) => done >= settled).map((look) => look[name]);
  const [first] = values;
  const of = (value: number | undefined) => ((value ?? Number.NaN) / first).toFixed(3);
  return `${name}: at the end ${of(values.at(-1))} of that after ${settled}, at most ${of(Math.max(...values))}`;
}
