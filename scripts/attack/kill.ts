/**
 * node scripts/attack/kill.ts --of train|train-again|eval|make|merge|pull [--kills N] [--seed S] [--out FOLDER]
 *
 * Runs a command over and over and kills it (SIGKILL) at moments that the seed draws. After every kill: nothing that was
 * finished is lost or damaged. When a run comes to its end: it says so by code 0, its result is byte for byte that of a
 * run that nobody killed, and nothing half written is left. Ends with 1 where anything did not hold.
 */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { random as source } from "../../src/common/random.ts";
import { openSubject, type Subject, subjectNames } from "./subjects.ts";

const { values } = parseArgs({
  options: {
    of: { type: "string", default: "train" },
    kills: { type: "string", default: "20" },
    seed: { type: "string", default: "0" },
    out: { type: "string" },
  },
});

const program = resolve(import.meta.dirname, "../../src/cli/main.ts");

interface Ended {
  readonly killed: boolean;
  readonly code: number | null;
  readonly said: string;
  readonly milliseconds: number;
}

/** Runs a command; after so many milliseconds it is killed. */
function run(args: readonly string[], environment: NodeJS.ProcessEnv, after?: number): Promise<Ended> {
  const begin = performance.now();
  const child = spawn(process.execPath, ["--max-old-space-size=2048", program, ...args], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (text) => {
    said = (said + text).slice(-4000);
  });
  const timer = after === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), after);
  return new Promise((done) =>
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      done({ killed: signal === "SIGKILL", code, said, milliseconds: performance.now() - begin });
    }),
  );
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

async function attack(subject: Subject, out: string, kills: number, seed: number): Promise<Count> {
  const random = source("attack", subject.name, seed);
  const count: Count = { kills: 0, ended: 0, broken: [], left: 0 };
  const began = await subject.reference((args) => mustEnd(args, subject.environment));
  let longest = began.milliseconds;
  for (let round = 0; count.kills < kills; round++) {
    const place = join(out, `round-${round}`);
    await subject.begin?.(place);
    for (;;) {
      const after = count.kills < kills ? longest * random.uniform() : undefined;
      const ended = await run(subject.command(place), subject.environment, after);
      const say = (what: string) => {
        count.broken.push(`round ${round}, kill ${count.kills}: ${what}`);
        console.log(`BROKEN ${count.broken.at(-1)}`);
      };
      if (ended.killed) {
        count.kills++;
        const damage = await subject.damage(place);
        if (damage !== undefined) say(`${damage} after a kill at ${Math.round(after as number)} ms`);
        if ((await leftovers(place).catch(() => [])).length > 0) count.left++;
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
  `${subject.name}, seed ${values.seed}: ${kills} kills, ${left} of them left something half written, ${ended} runs to ` +
    `the end, ${broken.length} broken`,
);
process.exitCode = broken.length === 0 ? 0 : 1;
