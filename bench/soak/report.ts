/**
 * Loaded before a command (`node --import`): at SIGUSR2 the process writes what it holds to the file that SOAK_REPORT
 * names. Worker threads load it too, and tell the main thread.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
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

/** Milliseconds for which a thread that computes is waited for; one that has ended never answers. */
const PATIENCE = 20_000;

const channel = new BroadcastChannel("soak");
(channel as BroadcastChannel & { unref(): void }).unref(); // Missing in the types of Node.
const path = process.env.SOAK_REPORT;

if (!isMainThread) beWorker();
else if (path !== undefined) beMain(path);

function beWorker(): void {
  channel.onmessage = ({ data }) => {
    if (data === "tell") channel.postMessage(own());
  };
  channel.postMessage(threadId);
}

function beMain(path: string): void {
  const others = new Map<number, ThreadHoldings | undefined>();
  channel.onmessage = ({ data }) => {
    if (typeof data === "number") others.set(data, undefined);
    else if (data !== "tell") others.set((data as ThreadHoldings).thread, data as ThreadHoldings);
  };
  process.on("SIGUSR2", () => void tell(path, others));
}

async function tell(path: string, others: Map<number, ThreadHoldings | undefined>): Promise<void> {
  const resident = 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
  for (const thread of others.keys()) others.set(thread, undefined);
  channel.postMessage("tell");
  const told = () => [...others.values()].filter((thread) => thread !== undefined);
  for (let waited = 0; told().length < others.size && waited < PATIENCE; waited += 10) await sleep(10);
  for (const [thread, holdings] of others) if (holdings === undefined) others.delete(thread);
  const holdings: Holdings = { resident, threads: [own(), ...told()] };
  writeFileSync(`${path}.part`, JSON.stringify(holdings));
  renameSync(`${path}.part`, path);
}

function own(): ThreadHoldings {
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return { thread: threadId, heap: heapUsed, external, caches: cacheFigures() };
}
