/**
 * One training step against PyTorch, in one run: `node bench/step/bare/run.ts [--size full|small] [--rounds N]
 * [--steps N] [--threads N] [--peers eager,compile] [--json]`. Each candidate is a process of its own and they
 * take turns, so that a busy machine slows all of them. FOVEA_PYTHON names a Python that has PyTorch.
 */
import { execFileSync } from "node:child_process";
import { cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { CompileTimes } from "../../../src/engine/compile.ts";
import { median } from "../../median.ts";

/** What a child process prints. */
interface ChildReport {
  /** Milliseconds of each step. */
  readonly times: readonly number[];
  /** Processor milliseconds of each step, all threads together. */
  readonly cpu: readonly number[];
  readonly peakBytes: number;
  readonly compile?: CompileTimes;
  readonly version?: string;
}

interface Row {
  readonly name: string;
  readonly medianMs: number;
  readonly fastestMs: number;
  readonly cpuMs: number;
  readonly peakMegabytes: number;
  readonly compile?: CompileTimes;
  readonly version?: string;
}

const { values } = parseArgs({
  options: {
    size: { type: "string", default: "full" },
    rounds: { type: "string", default: "3" },
    steps: { type: "string", default: "8" },
    threads: { type: "string", default: String(cpus().length) },
    peers: { type: "string", default: "eager,compile" },
    json: { type: "boolean", default: false },
  },
});

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

function runChild(name: string): ChildReport {
  const common = [values.size, values.steps, values.threads];
  const [program, args] =
    name === "fovea"
      ? [process.execPath, [here("fovea.ts"), ...common]]
      : [process.env.FOVEA_PYTHON ?? "python3", [here("peer.py"), name, ...common]];
  const stdio: ["ignore", "pipe", "inherit"] = ["ignore", "pipe", "inherit"];
  const output = execFileSync(program, args, { encoding: "utf8", stdio });
  return JSON.parse(output.trim().split("\n").at(-1) as string) as ChildReport;
}

/** The first quarter of each round's steps warms up (compilation, caches, memory). */
function summary(name: string, reports: readonly ChildReport[]): Row {
  const warm = <T>(list: readonly T[]) => list.slice(Math.ceil(list.length / 4));
  const times = reports.flatMap((report) => warm(report.times));
  return {
    name,
    medianMs: median(times),
    fastestMs: Math.min(...times),
    cpuMs: median(reports.flatMap((report) => warm(report.cpu))),
    peakMegabytes: median(reports.map((report) => report.peakBytes)) / 1e6,
    compile: reports[0].compile,
    version: reports[0].version,
  };
}

function print(rows: readonly Row[]): void {
  const [fovea, ...peers] = rows;
  const line = (cells: readonly (string | number)[]) =>
    console.log(cells.map((c) => (typeof c === "number" ? c.toFixed(0) : c).padStart(14)).join(""));
  line(["", "median ms", "fastest ms", "processor ms", "peak MB"]);
  for (const r of rows) line([r.name, r.medianMs, r.fastestMs, r.cpuMs, r.peakMegabytes]);
  for (const peer of peers) {
    const ratio = (a: number, b: number) => `${(a / b).toFixed(2)}x`;
    line([
      `/ ${peer.name}`,
      ratio(fovea.medianMs, peer.medianMs),
      ratio(fovea.fastestMs, peer.fastestMs),
      ratio(fovea.cpuMs, peer.cpuMs),
      ratio(fovea.peakMegabytes, peer.peakMegabytes),
    ]);
  }
  const { trace, lower, session, equations, nodes } = fovea.compile as CompileTimes;
  const ms = (x: number) => `${x.toFixed(0)} ms`;
  console.log(
    `\ntrace ${ms(trace)}, lower ${ms(lower)}, session ${ms(session)}; ${equations} equations -> ${nodes} nodes`,
  );
}

const names = ["fovea", ...values.peers.split(",").filter((name) => name !== "")];
const reports = new Map<string, ChildReport[]>(names.map((name) => [name, []]));
for (let round = 0; round < Number(values.rounds); round++) {
  for (const name of names) reports.get(name)?.push(runChild(name));
}
const rows = names.map((name) => summary(name, reports.get(name) as ChildReport[]));
const machine = {
  processor: cpus()[0].model,
  cores: cpus().length,
  threads: Number(values.threads),
  memoryGigabytes: Math.round(totalmem() / 1e9),
  node: process.version,
};
if (values.json) {
  console.log(JSON.stringify({ size: values.size, machine, rows }));
} else {
  console.log(
    `${values.size} step on ${machine.processor}, ${machine.threads} threads, Node ${machine.node}\n`,
  );
  print(rows);
}
