/**
 * node fuzz/attack/kill.ts --of train|train-again|eval|make|merge|pull [--with SIGNAL] [--kills N] [--seed S] [--out FOLDER]
 *
 * Runs a command over and over and kills it (SIGKILL, or another signal) at moments that the seed draws. After every
 * kill: nothing that was finished is lost or damaged; after another signal than SIGKILL the exit code is that of the
 * signal and nothing half written is left. When a run comes to its end: it says so by code 0, its result is byte for byte that of a
 * run that nobody killed, and nothing half written is left. Ends with 1 where anything did not hold.
 */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Random, random as source } from "../../src/common/random.ts";
import { exitCodes } from "../../src/common/signals.ts";
import { openSubject, type Subject, subjectNames } from "./subjects.ts";

const { values } = parseArgs({
  options: {
    of: { type: "string", default: "train" },
    with: { type: "string", default: "SIGKILL" },
    kills: { type: "string", default: "20" },
    seed: { type: "string", default: "0" },
    out: { type: "string" },
  },
});

const deadly = values.with as NodeJS.Signals;
const codes: Readonly<Record<string, number>> = exitCodes;

/** A process that handles the signal ends with it; one that does not, or cannot, is said to have been ended by it. */
const ownCode = codes[deadly];

const program = resolve(import.meta.dirname, "../../src/cli/main.ts");

interface Ended {
  readonly killed: boolean;
  readonly code: number | null;
  readonly said: string;
  readonly milliseconds: number;
}

/** When a command is killed: so many milliseconds after its start, or after it began the so-manieth file or folder. */
type Moment = { readonly after: number; readonly begun?: number; readonly place: string };

function run(args: readonly string[], environment: NodeJS.ProcessEnv, moment?: Moment): Promise<Ended> {
  const begin = performance.now();
  const child = spawn(process.execPath, ["--max-old-space-size=2048", program, ...args], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (text) => {
    said = (said + text).slice(-4000);
  });
  const kill = () => child.kill(deadly);
  const stopped = new AbortController();
  if (moment?.begun === undefined) {
    const timer = moment && setTimeout(kill, moment.after);
    stopped.signal.addEventListener("abort", () => clearTimeout(timer));
  } else void killAtWrite(moment.place, moment.begun, moment.after, stopped.signal, kill);
  return new Promise((done) =>
    child.once("close", (code, signal) => {
      stopped.abort();
      done({
        killed: signal === deadly || code === ownCode,
        code,
        said,
        milliseconds: performance.now() - begin,
      });
    }),
  );
}

/** Looks for temporary names without a pause. */
async function killAtWrite(
  place: string,
  begun: number,
  after: number,
  stopped: AbortSignal,
  kill: () => void,
): Promise<void> {
  const before = new Set(await unfinished(place));
  const seen = new Set<string>();
  while (!stopped.aborted) {
    for (const name of await unfinished(place)) if (!before.has(name)) seen.add(name);
    if (seen.size >= begun) return void setTimeout(kill, after);
    await new Promise((done) => setTimeout(done, 1));
  }
}

async function unfinished(place: string): Promise<string[]> {
  const folders = [place, join(place, "checkpoints")];
  const names = await Promise.all(folders.map((folder) => readdir(folder).catch((): string[] => [])));
  return names.flat().filter((name) => /^\..*\.(tmp|old)$/.test(name));
}

/** Files and folders that no finished run leaves, with their paths from `folder`. */
async function leftovers(folder: string): Promise<string[]> {
  const all = await readdir(folder, { recursive: true });
  return all.filter((path) => /(^|\/)(\.[^/]*\.(tmp|old)|lock|[^/]*\.(incomplete|part))$/.test(path));
}

interface Count {
  kills: number;
  ended: number;
  readonly broken: string[];
  /** Places where a kill left something half written, which a later run has to remove. */
  left: number;
}

/** Half of them any time, half of them while something is written. */
function momentOf(random: Random, longest: number, writes: number, place: string): Moment {
  if (random.uniform() < 0.5) return { after: longest * random.uniform(), place };
  return { after: 40 * random.uniform() ** 2, begun: 1 + random.integer(writes), place };
}

async function attack(subject: Subject, out: string, kills: number, seed: number): Promise<Count> {
  const random = source("attack", subject.name, seed);
  const count: Count = { kills: 0, ended: 0, broken: [], left: 0 };
  const began = await subject.reference((args) => mustEnd(args, subject.environment));
  let longest = began.milliseconds;
  for (let round = 0; count.kills < kills; round++) {
    const place = join(out, `round-${round}`);
    await subject.begin?.(place);
    for (;;) {
      const moment = momentOf(random, longest, subject.writes, place);
      const last = count.kills >= kills;
      const ended = await run(subject.command(place), subject.environment, last ? undefined : moment);
      const say = (what: string) => {
        count.broken.push(`round ${round}, kill ${count.kills}: ${what}`);
        console.log(`BROKEN ${count.broken.at(-1)}`);
      };
      if (ended.killed) {
        count.kills++;
        const damage = await subject.damage(place);
        if (damage !== undefined) say(`${damage} after a kill at ${JSON.stringify(moment)}`);
        const left = await leftovers(place).catch((): string[] => []);
        if (left.length > 0) count.left++;
        const mayStay = deadly === "SIGKILL" || left.every((path) => path.endsWith(".incomplete"));
        if (!mayStay) say(`left after ${deadly}: ${left.join(", ")}`);
        continue;
      }
      count.ended++;
      longest = Math.max(longest * 0.9, Math.min(ended.milliseconds, longest * 1.5));
      if (ended.code !== 0) say(`ended with ${ended.code}: ${ended.said}`);
      const result = await subject.result(place).catch((error: Error) => error.message);
      if (result !== began.result) say(`the result is another: ${result}`);
      const left = await leftovers(place);
      if (left.length > 0) say(`left: ${left.join(", ")}`);
      break;
    }
    await rm(place, { recursive: true, force: true });
    console.log(`${subject.name}: ${count.kills} kills, ${count.ended} ends, ${count.broken.length} broken`);
  }
  return count;
}

async function mustEnd(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const { code, said, milliseconds } = await run(args, environment);
  if (code !== 0) throw new Error(`fovea ${args.join(" ")}: ended with ${code}\n${said}`);
  return milliseconds;
}

if (!subjectNames.includes(values.of)) throw new Error(`--of must be one of ${subjectNames.join(", ")}`);
const out = resolve(values.out ?? (await mkdtemp(join(tmpdir(), "fovea-kill-"))));
const subject = await openSubject(values.of, out, (args, environment = {}) => mustEnd(args, environment));
const { kills, ended, left, broken } = await attack(subject, out, Number(values.kills), Number(values.seed));
await subject.close?.();
console.log(
  `${subject.name}, ${deadly}, seed ${values.seed}: ${kills} kills, ${left} of them left something half written, ${ended} runs to ` +
    `the end, ${broken.length} broken`,
);
process.exitCode = broken.length === 0 ? 0 : 1;
