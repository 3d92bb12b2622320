/**
 * All benchmarks, each against its peers in one run: `npm run bench -- [--quick] [--only step,lens] [--fresh] [--eager]`.
 *
 * Each part writes `bench/results/<instruction set>/<part>.json` with machine, commit and command. A part that has a result
 * of the present code is left out, so that a run that was ended goes on where it stopped; `--fresh` measures again. `--quick`
 * measures two cells in two minutes and writes nothing, `--eager` leaves `torch.compile` out. Peers run where FOVEA_PYTHON names a Python that has torch and
 * transformers; without one they are said to be missing. Then `node bench/report.ts` makes the tables and plots. Linux.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { commitOf, nameMachine } from "./machine.ts";
import { type Part, partsOf } from "./parts.ts";
import { type PartResult, readResult, writeResult } from "./results.ts";
import { needsAnswer } from "./step/mkl.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    fresh: { type: "boolean", default: false },
    eager: { type: "boolean", default: false },
  },
});

const machine = nameMachine();
const commit = commitOf();
const python = hasTorch();
const missing = python ? [] : ["PyTorch and transformers (FOVEA_PYTHON)"];
const only = values.only.split(",").filter((name) => name !== "");
const chosen = partsOf({ python, mkl: python && needsAnswer(), compile: !values.eager }, values.quick).filter(
  ({ name }) => only.length === 0 || only.some((start) => name.startsWith(start)),
);

console.log(
  `${machine.processor}, ${machine.cores} cores (${machine.instructions}), Node ${machine.node}, commit ${commit}`,
);
for (const what of missing) console.log(`missing: ${what}`);
let failed = 0;
for (const part of chosen) {
  const known = readResult(machine.instructions, part.name);
  if (!values.fresh && !values.quick && known?.commit === commit)
    console.log(`${part.name}: measured at this commit`);
  else if (!(await measured(part))) failed++;
}
process.exitCode = failed === 0 ? 0 : 1;

/** Whether the part gave a result. */
async function measured(part: Part): Promise<boolean> {
  console.log(`${part.name}: ${part.title}`);
  const begin = performance.now();
  const script = fileURLToPath(new URL(part.script, import.meta.url));
  const stdio: ["ignore", "pipe", "inherit"] = ["ignore", "pipe", "inherit"];
  const timeout = 60e3 * part.minutes;
  const run = spawnSync(process.execPath, [script, ...part.args], { encoding: "utf8", stdio, timeout });
  const seconds = (performance.now() - begin) / 1e3;
  const last = run.stdout.trim().split("\n").at(-1) ?? "";
  if (run.status !== 0 || !last.startsWith("{")) {
    console.log(
      `  no result after ${seconds.toFixed(0)} s${run.signal === null ? "" : `, ended at ${part.minutes} minutes`}`,
    );
    return false;
  }
  const command = ["node", `bench/${part.script}`, ...part.args.map((arg) => (arg === "" ? '""' : arg))].join(
    " ",
  );
  const result: PartResult = {
    part: part.name,
    machine,
    commit,
    command,
    seconds,
    missing,
    result: JSON.parse(last),
  };
  if (values.quick) console.log(`  ${last}`);
  else await writeResult(result);
  console.log(`  ${seconds.toFixed(0)} s`);
  return true;
}

function hasTorch(): boolean {
  try {
    const python = process.env.FOVEA_PYTHON ?? "python3";
    execFileSync(python, ["-c", "import torch, transformers"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
