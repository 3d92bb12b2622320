/**
 * The lens of a SmolVLM-256M-shaped random checkpoint against transformers and PyTorch, in one run:
 * `node bench/lens/run.ts [--tiles 1,17] [--modes forward,logit,probability] [--rounds N] [--repeats N] [--threads N]
 * [--forms mapped,int8] [--generate memory,int8] [--peers fovea,python] [--json]`. Times are medians; the share is that of the products
 * that are needed, each timed alone at the model's own shapes through the same runtime. Each candidate is a process of its own and they take turns, so that a busy machine slows all of them.
 * FOVEA_PYTHON names a Python that has torch and transformers; the checkpoint is made in FOVEA_BENCH (default: a
 * folder for temporary files) at the first run.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median } from "../median.ts";
import type { Job, Report } from "./job.ts";
import { gigaflopsOf, productsOf } from "./products.ts";

const { values } = parseArgs({
  options: {
    tiles: { type: "string", default: "1,17" },
    rounds: { type: "string", default: "1" },
    repeats: { type: "string", default: "1" },
    threads: { type: "string", default: String(cpus().length) },
    forms: { type: "string", default: "mapped" },
    modes: { type: "string", default: "forward,logit,probability" },
    "new-tokens": { type: "string", default: "16" },
    generate: { type: "string", default: "memory,int8,int4" },
    peers: { type: "string", default: "fovea,python" },
    json: { type: "boolean", default: false },
  },
});

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const python = process.env.FOVEA_PYTHON ?? "python3";
const list = (text: string) => text.split(",").filter((part) => part !== "");

function checkpoint(): string {
  const folder = join(process.env.FOVEA_BENCH ?? join(tmpdir(), "fovea-bench"), "smolvlm-256m");
  if (existsSync(join(folder, "model.safetensors"))) return folder;
  mkdirSync(folder, { recursive: true });
  execFileSync(python, [here("checkpoint.py"), folder], { stdio: ["ignore", "inherit", "inherit"] });
  return folder;
}

const base = {
  folder: checkpoint(),
  threads: Number(values.threads),
  repeats: Number(values.repeats),
  newTokens: Number(values["new-tokens"]),
  concepts: [300, 4000, 49000],
  imageTokenId: 49190,
  side: 512,
};

interface Candidate {
  readonly who: "fovea" | "python";
  readonly mode: Job["mode"];
  readonly form: string;
  readonly tiles: number;
}

function runChild({ who, ...rest }: Candidate & Pick<Job, "limitOf">): Report {
  const job = JSON.stringify({ ...base, ...rest } satisfies Job);
  const [program, script] = who === "fovea" ? [process.execPath, "fovea.ts"] : [python, "peer.py"];
  const stdio: ["ignore", "pipe", "inherit"] = ["ignore", "pipe", "inherit"];
  const output = execFileSync(program, [here(script), job], { encoding: "utf8", stdio });
  return JSON.parse(output.trim().split("\n").at(-1) as string) as Report;
}

const modes = list(values.modes) as Job["mode"][];
const tileCounts = list(values.tiles).map(Number);
const everyone: Candidate[] = [
  ...tileCounts.flatMap((tiles) =>
    modes.flatMap((mode): Candidate[] => [
      ...list(values.forms).map((form) => ({ who: "fovea" as const, mode, form, tiles })),
      { who: "python", mode, form: "float32", tiles },
    ]),
  ),
  ...list(values.generate).map((form): Candidate => ({ who: "fovea", mode: "generate", form, tiles: 1 })),
  ...(values.generate === ""
    ? []
    : [{ who: "python", mode: "generate", form: "float32", tiles: 1 } as Candidate]),
];
const candidates = everyone.filter(({ who }) => list(values.peers).includes(who));

const reports = new Map<Candidate, Report[]>(candidates.map((candidate) => [candidate, []]));
/** By tiles and mode: the products alone. */
const limits = new Map<string, Report[]>();
const limitKey = ({ tiles, mode }: Candidate) => `${tiles} ${mode}`;
for (let round = 0; round < Number(values.rounds); round++) {
  for (const candidate of candidates) {
    if (candidate.who === "fovea" && candidate.mode !== "generate") {
      const { mode: limitOf, tiles } = candidate;
      const timed = runChild({ who: "fovea", mode: "limit", limitOf, form: "memory", tiles });
      limits.set(limitKey(candidate), [...(limits.get(limitKey(candidate)) ?? []), timed]);
    }
    reports.get(candidate)?.push(runChild(candidate));
  }
}

const usual = (all: readonly Report[], key: "times" | "cpu") => median(all.flatMap((one) => one[key]));
/** Seconds of the products alone, at the best that was seen; undefined where they were not timed. */
function limitOf(candidate: Candidate): number | undefined {
  const all = limits.get(limitKey(candidate));
  return all && Math.min(...all.flatMap(({ times }) => times)) / 1e3;
}

interface Row extends Candidate {
  readonly seconds: number;
  readonly processorSeconds: number;
  /** After the first run, and after all. */
  readonly firstPeakMegabytes: number;
  readonly peakMegabytes: number;
  /** Seconds of the needed products alone, at the model's own shapes, and their share of all seconds. */
  readonly limitSeconds?: number;
  readonly share?: number;
  /** Of the needed products, in all seconds. */
  readonly gigaflopPerSecond?: number;
  /** Largest relative difference of results from Python's. */
  readonly difference: number;
}

function rowOf(candidate: Candidate): Row {
  const all = reports.get(candidate) as Report[];
  const seconds = usual(all, "times") / 1e3;
  const least = limitOf(candidate);
  const same = (other: Candidate) =>
    other.who === "python" && other.mode === candidate.mode && other.tiles === candidate.tiles;
  const peer = candidates.find(same);
  const wanted = (peer && reports.get(peer)?.[0].values) ?? [];
  const differences = wanted.map((value, i) => Math.abs(all[0].values[i] - value) / Math.abs(value));
  return {
    ...candidate,
    seconds,
    processorSeconds: usual(all, "cpu") / 1e3,
    firstPeakMegabytes: Math.max(...all.map(({ firstPeakBytes = 0 }) => firstPeakBytes)) / 1e6,
    peakMegabytes: Math.max(...all.map(({ peakBytes }) => peakBytes)) / 1e6,
    ...(least !== undefined && {
      limitSeconds: least,
      share: least / seconds,
      gigaflopPerSecond: gigaflopsOf(productsOf(candidate)) / seconds,
    }),
    difference: Math.max(0, ...differences),
  };
}

const rows = candidates.map(rowOf);
const version = [...reports.values()].flat().find((one) => one.version !== undefined)?.version;
const rates = [...limits.values()].flat().map((one) => one.bestGigaflopPerSecond ?? 0);
const bestGigaflopPerSecond = Math.max(0, ...rates);
const machine = {
  processor: cpus()[0].model,
  threads: base.threads,
  node: process.version,
  version,
  bestGigaflopPerSecond,
};
if (values.json) console.log(JSON.stringify({ machine, rows }));
else print();

function print(): void {
  console.log(
    `${machine.processor}, ${machine.threads} threads, Node ${machine.node}, ${version ?? "no peer"}; ` +
      `fastest product: ${bestGigaflopPerSecond.toFixed(0)} GFLOP/s\n`,
  );
  console.log(
    "| tiles | what | who | weights | seconds | processor s | peak MB, one run | peak MB, all runs | GFLOP/s | products alone | differs by |",
  );
  console.log("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
  for (const row of rows.filter(({ mode }) => mode !== "generate")) {
    const numbers = [
      row.seconds.toFixed(2),
      row.processorSeconds.toFixed(1),
      row.firstPeakMegabytes.toFixed(0),
      row.peakMegabytes.toFixed(0),
      row.gigaflopPerSecond?.toFixed(0) ?? "",
      row.share === undefined ? "" : `${(100 * row.share).toFixed(0)} %`,
      row.who === "python" ? "" : row.difference.toExponential(0),
    ];
    console.log(`| ${[row.tiles, row.mode, row.who, row.form, ...numbers].join(" | ")} |`);
  }
  for (const row of rows.filter(({ mode }) => mode === "generate")) {
    const rate = (1 / row.seconds).toFixed(1);
    console.log(`${row.who} ${row.form}: ${rate} tokens/s, peak ${row.peakMegabytes.toFixed(0)} MB`);
  }
}
