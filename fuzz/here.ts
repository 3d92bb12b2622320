/**
 * node fuzz/here.ts SEED CASES
 *
 * A few cases of every reader in this process, which nothing watches: for a test. Prints a line for each fault and ends
 * with 1 where there is any.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCase } from "./case.ts";
import { readers } from "./registry.ts";
import { brokenSeed, caseRunner } from "./run.ts";

const [seed, cases] = process.argv.slice(2).map(Number);
const folder = await mkdtemp(join(tmpdir(), "fovea-fuzz-"));
let count = 0;
try {
  for (const [name, reader] of Object.entries(readers)) {
    const run = caseRunner(reader, folder);
    const broken = await brokenSeed(reader, run);
    if (broken !== undefined) fault(`${name}: ${broken}`);
    const seeds = await reader.seeds();
    for (let number = 0; number < cases * Math.min(1, reader.share ?? 1); number++) {
      const made = makeCase(name, seeds, seed, number);
      const { kind, text } = await run(made);
      if (kind === "fault") fault(`${name}, case ${number}, ${made.what}: ${text}`);
      count++;
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
console.log(`${count} cases of ${Object.keys(readers).length} readers`);
process.exit();

function fault(line: string): void {
  process.exitCode = 1;
  console.log(line);
}
