/**
 * Runs cases of one reader in a process of its own, which `watch.ts` starts and watches:
 *
 *     node scripts/fuzz/child.ts READER SEED FOLDER NUMBER...
 *
 * sends a {@link Message} when it is ready and after each case. It may hang, grow or die: that is what is looked for.
 */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { type Case, makeCase, writeCase } from "./case.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import type { Reader } from "./reader.ts";
import { findReader } from "./registry.ts";
import { openSandbox, type Sandbox } from "./sandbox.ts";

export interface Report extends Outcome {
  readonly number: number;
  readonly milliseconds: number;
  /** What was done to the files. */
  readonly what: string;
}

/** What a process says: that its seeds are sound or not, then each case. */
export type Message = { readonly ready: true } | { readonly broken: string } | Report;

const loose: unknown[] = [];
process.on("uncaughtException", (error) => loose.push(error));
process.on("unhandledRejection", (error) => loose.push(error));

const [name, seed, folder, ...numbers] = process.argv.slice(2);
const reader: Reader = findReader(name);
const sandbox = openSandbox(folder);
process.env.HF_HOME = join(folder, "cache", "hf");
process.env.FOVEA_CACHE = join(folder, "cache", "fovea");
keepHome();
const seeds = await reader.seeds();
const broken = await brokenSeed();
await say(broken === undefined ? { ready: true } : { broken });
if (broken === undefined)
  for (const number of numbers.map(Number)) await report(number, makeCase(name, seeds, Number(seed), number));
process.exit();

/** Resolves when it is said: nothing is lost where the process ends next. */
function say(message: Message): Promise<void> {
  return new Promise((resolve) => (process.send ? process.send(message, () => resolve()) : resolve()));
}

/** Addresses in damaged files are not asked: only servers of this process are. */
function keepHome(): void {
  const asked = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    if (new URL(url).hostname !== "127.0.0.1") throw new TypeError("fetch failed");
    return asked(input, init);
  };
}

/** What is damaged must be sound before: else nothing is tested. */
async function brokenSeed(): Promise<string | undefined> {
  for (const [i, { files }] of seeds.entries()) {
    const { kind, text } = await run({ entries: files, what: "" }, true);
    const names = Object.keys(files).join(", ");
    if (kind !== "read") return `fuzz: seed ${i} of ${name} (${names}) must be read, got: ${text}`;
  }
  return undefined;
}

async function report(number: number, made: Case): Promise<void> {
  const started = performance.now();
  const outcome = await run(made);
  const milliseconds = performance.now() - started;
  await say({ number, ...outcome, milliseconds, what: made.what });
}

async function run(made: Case, isSeed = false): Promise<Outcome> {
  const [place, out] = [join(folder, "case"), join(folder, "out")];
  for (const path of [place, out]) rmSync(path, { recursive: true, force: true });
  mkdirSync(place);
  mkdirSync(out);
  writeCase(made, place, sandbox.outside);
  const handles = openHandles();
  const outcome = await read(place, out);
  await turn();
  if (loose.length > 0)
    return outcomeOf(new Error(`came loose: ${loose.splice(0).map(textOf).join("; ")}`), reader);
  return (isSeed ? undefined : await left(handles)) ?? trespass(sandbox) ?? outcome;
}

const textOf = (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error));

async function read(place: string, out: string): Promise<Outcome> {
  try {
    await reader.read({ folder: place, out });
    return { kind: "read", text: "" };
  } catch (error) {
    return outcomeOf(error, reader);
  }
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
    if (openHandles() <= before) return undefined;
    await sleep(10);
  }
  return { kind: "fault", text: `leaves ${openHandles() - before} files open` };
}

function trespass({ readOutside, written }: Sandbox): Outcome | undefined {
  const [read, wrote] = [readOutside(), written()];
  if (read.length > 0) return { kind: "fault", text: `reads outside its folder: ${read.join(", ")}` };
  if (wrote.length > 0) return { kind: "fault", text: `writes outside its folder: ${wrote.join(", ")}` };
  return undefined;
}
