/**
 * npm run fuzz -- [--reader NAME] [--seed S] [--count N] [--part K/N] [--jobs J] [--case N] [--out FOLDER]
 *
 * Reads damaged files with every reader of the toolkit. A case must be read or refused in one line; anything else is a
 * fault: it is kept in the folder `--out`, and the command ends with 1.
 */
import { parseArgs } from "node:util";
import { mustBe, UserError } from "../src/common/errors.ts";
import { keepFault } from "./keep.ts";
import { findReader, readers } from "./registry.ts";
import { emptyTally, note, type Tally, tableOf } from "./tally.ts";
import { watchCases } from "./watch.ts";

const { values } = parseArgs({
  options: {
    reader: { type: "string", multiple: true },
    seed: { type: "string", default: "0" },
    count: { type: "string", default: "1000" },
    part: { type: "string", default: "1/1" },
    jobs: { type: "string", default: "2" },
    case: { type: "string" },
    seconds: { type: "string", default: "5" },
    megabytes: { type: "string", default: "2000" },
    out: { type: "string", default: "out/fuzz" },
  },
});

try {
  await main();
} catch (error) {
  console.error(error instanceof UserError ? `fuzz: ${error.message}` : error);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const names = values.reader ?? Object.keys(readers);
  for (const name of names) findReader(name);
  const tallies = new Map(names.map((name) => [name, emptyTally()]));
  const waiting = [...casesOf(names)];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      await runReader(next[0], next[1], tallies.get(next[0]) as Tally);
  };
  await Promise.all(Array.from({ length: whole("jobs", 1) }, work));
  console.log(tableOf(tallies));
  if ([...tallies.values()].some(({ faults }) => faults.size > 0)) process.exitCode = 1;
}

async function runReader(reader: string, numbers: readonly number[], tally: Tally): Promise<void> {
  const seed = whole("seed", 0);
  const limits = { seconds: whole("seconds", 1), megabytes: whole("megabytes", 1) };
  const kept: Promise<void>[] = [];
  await watchCases({
    reader,
    seed,
    numbers,
    limits,
    onReport(report) {
      const isNew = note(tally, report);
      if (values.case !== undefined)
        console.log(`${reader} ${report.number}: ${report.what}\n${report.kind} ${report.text}`);
      if (isNew) kept.push(keepFault(values.out, { reader, seed, ...report }, findReader(reader)));
    },
  });
  await Promise.all(kept);
  console.log(
    `${reader}: ${numbers.length} cases, ${tally.read} read, ${tally.refused} refused, ${tally.faulty} faults`,
  );
}

/** The numbers of each reader's cases, heavy ones first: the last to end is a short one. */
function casesOf(names: readonly string[]): readonly (readonly [string, readonly number[]])[] {
  if (values.case !== undefined) return names.map((name) => [name, [whole("case", 0)]]);
  const [part, parts] = partOf(values.part);
  const shares = names.map((name) => findReader(name).share ?? 1);
  const all = shares.reduce((sum, share) => sum + share, 0);
  return names.map((name, i) => {
    const count = Math.max(1, Math.round((whole("count", 1) * shares[i]) / all));
    return [name, Array.from({ length: count }, (_, n) => n).filter((n) => n % parts === part - 1)];
  });
}

function partOf(text: string): [part: number, parts: number] {
  const [, part, parts] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number);
  if (part >= 1 && part <= parts) return [part, parts];
  throw mustBe("fuzz", "--part", "K/N with K from 1 to N", text);
}

function whole(name: "seed" | "count" | "jobs" | "case" | "seconds" | "megabytes", least: number): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw mustBe("fuzz", `--${name}`, `a whole number from ${least} on`, values[name]);
}
