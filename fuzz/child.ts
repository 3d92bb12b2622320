/**
 * Runs cases of one reader in a process of its own, which `watch.ts` starts and watches:
 *
 *     node fuzz/child.ts REGISTRY READER SEED FOLDER NUMBER...
 *
 * sends a {@link Message} when it is ready and after each case. It may hang, grow or die: that is what is looked for.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeCase } from "./case.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import type { Reader } from "./reader.ts";
import { brokenSeed, caseRunner } from "./run.ts";

export interface Report extends Outcome {
  readonly number: number;
  readonly milliseconds: number;
  /** What was done to the files. */
  readonly what: string;
}

/** What a process says: that its seeds are sound or not, then each case. */
export type Message = { readonly ready: true } | { readonly broken: string } | Report;

/** Threads and connections of the toolkit, which stay, and are few. */
const FEW = 12;

const loose: unknown[] = [];
process.on("uncaughtException", (error) => loose.push(error));
process.on("unhandledRejection", (error) => loose.push(error));
process.on("disconnect", () => process.exit());

const [registry, name, seed, folder, ...numbers] = process.argv.slice(2);
process.env.HF_HOME = join(folder, "cache", "hf");
process.env.FOVEA_CACHE = join(folder, "cache", "fovea");
stayHome();
const reader: Reader = (await import(registry)).readers[name];
const run = caseRunner(reader, folder);
await main().catch((error) => say({ broken: `${name}: ${textOf(error)}` }));
process.exit();

async function main(): Promise<void> {
  const broken = await brokenSeed(reader, run);
  if (broken !== undefined) return say({ broken: `${name}: ${broken}` });
  await say({ ready: true });
  for (const number of numbers.map(Number)) await report(number);
}

/** Resolves when it is said: nothing is lost where the process ends next. */
function say(message: Message): Promise<void> {
  return new Promise((resolve) => (process.send ? process.send(message, () => resolve()) : resolve()));
}

/** Addresses in damaged files are not asked: only servers of this process are. */
function stayHome(): void {
  const asked = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    if (new URL(url).hostname !== "127.0.0.1") throw new TypeError("fetch failed");
    return asked(input, init);
  };
}

async function report(number: number): Promise<void> {
  const made = makeCase(name, await reader.seeds(), Number(seed), number);
  const started = performance.now();
  const outcome = await judged(() => run(made));
  await say({ number, ...outcome, milliseconds: performance.now() - started, what: made.what });
}

/** With what shows in the process alone: errors that nobody waited for, files that stay open. */
async function judged(action: () => Promise<Outcome>): Promise<Outcome> {
  const handles = openHandles();
  const outcome = await action();
  if (loose.length === 0) return (await left(handles)) ?? outcome;
  return outcomeOf(new Error(`came loose: ${loose.splice(0).map(textOf).join("; ")}`), reader);
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function openHandles(): number {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return 0; // Not on this system.
  }
}

/** A fault where files stay open; a moment later they may be closed. */
async function left(before: number): Promise<Outcome | undefined> {
  for (let i = 0; i < 20; i++) {
    if (openHandles() <= before + FEW) return undefined;
    await sleep(10);
  }
  return { kind: "fault", text: `leaves ${openHandles() - before} files open` };
}
