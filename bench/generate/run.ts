/**
 * Greedy answers about a picture against transformers, in one run: `node bench/generate/run.ts [--forms
 * memory,mapped,int8,int4] [--peers float32,bfloat16] [--rounds N] [--answers N] [--tokens N] [--rows N] [--threads N]
 * [--json]`. The model has SmolLM2-135M's shape and random weights in bfloat16 (model.ts). Each candidate is a process of its
 * own and they take turns. Tokens a second are those after the first; FOVEA_PYTHON names a Python that has transformers.
 */
import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median } from "../median.ts";
import { benchModel, imageTokens, promptTokens } from "./model.ts";

/** What a child process prints. */
interface ChildReport {
  /** Milliseconds of answers of one token, and of whole ones. */
  readonly first: readonly number[];
  readonly whole: readonly number[];
  /** Milliseconds of the very first answer, what is compiled for it among them. */
  readonly firstAnswer: number;
  readonly peakBytes: number;
  /** The first answer of the first prompt. */
  readonly tokens: readonly number[];
}

interface Row {
  readonly name: string;
  readonly tokensPerSecond: number;
  readonly firstTokenMs: number;
  readonly firstAnswerMs: number;
  readonly peakMegabytes: number;
  readonly tokens: readonly number[];
}

const { values } = parseArgs({
  options: {
    forms: { type: "string", default: "memory,mapped,int8,int4" },
    peers: { type: "string", default: "float32,bfloat16" },
    rounds: { type: "string", default: "3" },
    answers: { type: "string", default: "3" },
    tokens: { type: "string", default: "64" },
    rows: { type: "string", default: "1" },
    threads: { type: "string", default: String(cpus().length) },
    json: { type: "boolean", default: false },
  },
});

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const listed = (names: string) => names.split(",").filter((name) => name !== "");

function runChild(name: string, folder: string): ChildReport {
  const { tokens, answers, rows, threads } = values;
  const sizes = [tokens, answers, rows, threads];
  const [program, args] = listed(values.peers).includes(name)
    ? [
        process.env.FOVEA_PYTHON ?? "python3",
        [here("peer.py"), folder, name, `${imageTokens}`, `${promptTokens}`, ...sizes],
      ]
    : [process.execPath, [here("fovea.ts"), name, ...sizes]];
  const output = execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  return JSON.parse(output.trim().split("\n").at(-1) as string) as ChildReport;
}

function summary(name: string, reports: readonly ChildReport[]): Row {
  const [first, whole] = [
    reports.flatMap((report) => report.first),
    reports.flatMap((report) => report.whole),
  ];
  const perToken = (median(whole) - median(first)) / (Number(values.tokens) - 1);
  return {
    name,
    tokensPerSecond: (1e3 * Number(values.rows)) / perToken,
    firstTokenMs: median(first),
    firstAnswerMs: median(reports.map((report) => report.firstAnswer)),
    peakMegabytes: median(reports.map((report) => report.peakBytes)) / 1e6,
    tokens: reports[0].tokens,
  };
}

function print(rows: readonly Row[], peers: readonly Row[]): void {
  const line = (cells: readonly (string | number)[]) =>
    console.log(cells.map((c) => (typeof c === "number" ? c.toFixed(1) : c).padStart(16)).join(""));
  line([
    "",
    "tokens/s",
    "first token ms",
    "first answer ms",
    "peak MB",
    ...peers.map(({ name }) => `/ ${name}`),
  ]);
  for (const r of rows) {
    const ratios = peers.map((peer) => `${(r.tokensPerSecond / peer.tokensPerSecond).toFixed(2)}x`);
    line([r.name, r.tokensPerSecond, r.firstTokenMs, r.firstAnswerMs, r.peakMegabytes, ...ratios]);
  }
}

/** A row of the JSON: who generated, from which form of weights. */
function told({ tokens: _, name, ...row }: Row) {
  return { who: listed(values.peers).includes(name) ? "transformers" : "fovea", form: name, ...row };
}

const { folder, parameters } = await benchModel();
const [forms, peers] = [listed(values.forms), listed(values.peers)];
const names = [...forms, ...peers];
const reports = new Map<string, ChildReport[]>(names.map((name) => [name, []]));
for (let round = 0; round < Number(values.rounds); round++)
  for (const name of names) reports.get(name)?.push(runChild(name, folder));
const rows = names.map((name) => summary(name, reports.get(name) as ChildReport[]));
const machine = { processor: cpus()[0].model, threads: Number(values.threads), node: process.version };
if (values.json) {
  console.log(JSON.stringify({ parameters, machine, rows: rows.map(told) }));
} else {
  console.log(
    `${parameters} parameters, ${machine.processor}, ${machine.threads} threads, Node ${machine.node}\n`,
  );
  print(
    rows,
    rows.filter(({ name }) => peers.includes(name)),
  );
}
