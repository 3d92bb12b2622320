/**
 * What it takes to compile a training step with all three losses, by depth, the first time and again from what the first
 * left on the disk: `node bench/compile/run.ts [--layers 4,8,15,30,60] [--rounds N] [--recompute] [--json]`. The gradients of
 * a LLaVA with SmolLM2-135M's decoder (width 576, 9 heads over 3, MLP 1,536, 49,152 words), from shapes alone, one
 * thread; each compilation is a process of its own. Milliseconds, medians; `all` counts from the start of the process.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { CompileTimes } from "../../src/engine/compile.ts";
import { median } from "../median.ts";

const { values } = parseArgs({
  options: {
    layers: { type: "string", default: "4,8,15,30,60" },
    rounds: { type: "string", default: "3" },
    recompute: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});

type Report = CompileTimes & { readonly all: number };

function child(layers: number, cacheFolder: string): Report {
  const script = fileURLToPath(new URL("step.ts", import.meta.url));
  const args = [script, `${layers}`, `${values.recompute}`, cacheFolder];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })) as Report;
}

/** First starts, each with an empty folder, and second ones. */
function measure(layers: number) {
  const rounds = Array.from({ length: Number(values.rounds) }, () => {
    const folder = mkdtempSync(join(tmpdir(), "fovea-compile-"));
    try {
      return [child(layers, folder), child(layers, folder)] as const;
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
  return [0, 1].map((start) => {
    const reports = rounds.map((round) => round[start]);
    const usual = (key: "trace" | "lower" | "session" | "all") => median(reports.map((one) => one[key]));
    const [{ wasKept, equations, nodes }] = reports;
    const times = {
      trace: usual("trace"),
      lower: usual("lower"),
      session: usual("session"),
      all: usual("all"),
    };
    return { layers, start: start + 1, wasKept, equations, nodes, ...times };
  });
}

const rows = values.layers.split(",").flatMap((layers) => measure(Number(layers)));
const machine = { processor: cpus()[0].model, node: process.version };
if (values.json) console.log(JSON.stringify({ machine, recompute: values.recompute, rows }));
else {
  console.log(`${machine.processor}, Node ${machine.node}${values.recompute ? ", recomputing" : ""}\n`);
  console.log("| layers | start | equations | nodes | trace ms | lower ms | session ms | all ms |");
  console.log("| --- | --- | --- | --- | --- | --- | --- | --- |");
  for (const { layers, start, equations, nodes, trace, lower, session, all } of rows) {
    const times = [trace, lower, session, all].map((ms) => ms.toFixed(0));
    const which = start === 1 ? "first" : "second";
    console.log(`| ${[layers, which, equations, nodes, ...times].join(" | ")} |`);
  }
}
