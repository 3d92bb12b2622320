/**
 * Loaded before a command (`node --import`): at SIGUSR2 the process writes what it holds to the file that SOAK_REPORT
 * names. Worker threads load it too, and tell the main thread.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { isMainThread, threadId } from "node:worker_threads";
import { type CacheFigures, cacheFigures } from "../../src/common/bounded-cache.ts";

/** What one thread holds, in bytes, after a collection. */
export interface ThreadHoldings {
  readonly thread: number;
  readonly heap: number;
  readonly external: number;
  readonly caches: readonly CacheFigures[];
}

export interface Holdings {
  /** Resident memory of the whole process in bytes, before the collection. */
  readonly resident: number;
  readonly threads: readonly ThreadHoldings[];
}

/** Milliseconds in which threads answer; one that computes answers late. */
const PATIENCE = 300;

const channel = new BroadcastChannel("soak");
(channel as BroadcastChannel & { unref(): void }).unref(); // Missing in the types of Node.
const path = process.env.SOAK_REPORT;

if (!isMainThread) {
  channel.onmessage = ({ data }) => {
    if (data === "tell") channel.postMessage(own());
  };
} else if (path !== undefined) {
  process.on("SIGUSR2", () => void tell(path));
}

async function tell(path: string): Promise<void> {
  const resident = 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
  const others: ThreadHoldings[] = [];
  channel.onmessage = ({ data }) => {
    if (data !== "tell") others.push(data as ThreadHoldings);
  };
  channel.postMessage("tell");
  await new Promise((resolve) => setTimeout(resolve, PATIENCE));
  const holdings: Holdings = { resident, threads: [own(), ...others] };
  writeFileSync(`${path}.part`, JSON.stringify(holdings));
  renameSync(`${path}.part`, path);
}

function own(): ThreadHoldings {
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return { thread: threadId, heap: heapUsed, external, caches: cacheFigures() };
}
