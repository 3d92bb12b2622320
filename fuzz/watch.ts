/** Starts processes that run cases, and ends one that takes too long or too much. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Message, Report } from "./child.ts";

/** Of one case. */
export interface Limits {
  /** Of a processor; ten times as long where it only waits. */
  readonly seconds: number;
  /** By which the process may grow. */
  readonly megabytes: number;
}

export interface Watch {
  /** Module that exports `readers`; default the toolkit's own. */
  readonly registry?: string;
  readonly reader: string;
  readonly seed: number;
  readonly numbers: readonly number[];
  readonly limits: Limits;
  /** Called after each case. */
  readonly onReport: (report: Report) => void;
}

const child = fileURLToPath(new URL("./child.ts", import.meta.url));
const ownReaders = new URL("./registry.ts", import.meta.url).href;

/** How often a process is looked at, milliseconds. */
const GLANCE = 50;

/** Cases of one process: what a reader leaves behind in one does not add up for ever. */
const ONE_PROCESS = 2000;

/** Runs the cases in order, in a new process after each that had to be ended. Throws where a reader's seeds are not sound. */
export async function watchCases(watch: Watch): Promise<void> {
  for (let rest = watch.numbers; rest.length > 0; ) {
    const folder = await mkdtemp(join(tmpdir(), "fovea-fuzz-"));
    try {
      const numbers = rest.slice(0, ONE_PROCESS);
      const { done, fault } = await watchOne(folder, { ...watch, numbers });
      if (fault !== undefined)
        watch.onReport({ number: rest[done], kind: "fault", text: fault, milliseconds: 0, what: "" });
      rest = rest.slice(fault === undefined ? done : done + 1);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

interface Watched {
  /** Cases that were reported. */
  readonly done: number;
  /** What the case after them did to the process; undefined where all went well. */
  readonly fault: string | undefined;
}

async function watchOne(folder: string, watch: Watch): Promise<Watched> {
  const { registry = ownReaders, reader, seed, numbers, limits, onReport } = watch;
  const words = [registry, reader, String(seed), folder, ...numbers.map(String)];
  const execArgv = ["--max-old-space-size=3000", "--no-warnings"];
  const started = fork(child, words, { execArgv, stdio: ["ignore", "ignore", "pipe", "ipc"] });
  let [done, said, broken] = [0, "", undefined as string | undefined];
  let before: Use | undefined;
  started.stderr?.on("data", (text) => {
    said = (said + text).slice(-2000);
  });
  started.on("message", (message: Message) => {
    if ("broken" in message) broken = message.broken;
    if ("number" in message) done++;
    before = useOf(started);
    if ("number" in message) onReport(message);
  });
  let ended: string | undefined;
  const timer = setInterval(() => {
    ended ??= before && excess(before, useOf(started), limits);
    if (ended !== undefined) started.kill("SIGKILL");
  }, GLANCE);
  const [[code, signal]] = await Promise.all([once(started, "exit"), once(started, "disconnect")]);
  clearInterval(timer);
  if (broken !== undefined || before === undefined) throw new Error(broken ?? `fuzz ${reader}: ${said}`);
  const died = done < numbers.length ? `the process ends with ${signal ?? code}\n${said}` : undefined;
  return { done, fault: done < numbers.length ? (ended ?? died) : undefined };
}

interface Use {
  readonly at: number;
  /** Seconds of a processor. */
  readonly seconds: number;
  readonly megabytes: number;
}

function excess(before: Use, now: Use, limits: Limits): string | undefined {
  const waited = (now.at - before.at) / 1000;
  if (now.seconds - before.seconds > limits.seconds)
    return `hangs: more than ${limits.seconds} s of a processor`;
  if (waited > 10 * limits.seconds) return `hangs: waits for more than ${10 * limits.seconds} s`;
  return now.megabytes - before.megabytes > limits.megabytes
    ? `takes more than ${limits.megabytes} MB`
    : undefined;
}

/** As Linux says it; elsewhere nothing is known but the time. */
function useOf({ pid }: ChildProcess): Use {
  const at = Date.now();
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
    const [user, system, pages] = [fields[11], fields[12], fields[21]].map(Number);
    return { at, seconds: (user + system) / 100, megabytes: (pages * 4096) / 1e6 };
  } catch {
    return { at, seconds: 0, megabytes: 0 };
  }
}
