/**
 * What LLL and KLAL add to a training step of 1,000 tokens, 576 of them an image.
 *
 * `node bench/overhead/run.ts [--layers N] [--width N] [--vocabulary N] [--peers fovea,transformers]` trains the
 * decoder layers of a small LLaVA (AdamW; the rest is frozen) with Fovea and with transformers. FOVEA_PYTHON
 * names a Python that has torch and transformers.
 *
 * `node bench/overhead/run.ts --model llava-hf/llava-1.5-7b-hf [--layers N] [--weights mapped|int8|int4]` trains
 * adapters of rank 16 on all linear layers of the decoder, with recomputed activations, on a random checkpoint
 * of that shape, made at the first run (see bench/checkpoint.ts).
 *
 * Both take `[--losses "ntp ntp,lll"] [--rounds N] [--steps N] [--threads N]`. Candidates are processes of their
 * own and take turns, so that a busy machine slows all of them; processor time counts, and with one thread no
 * waiting is in it. Linux only.
 */
import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median } from "../median.ts";
import type { AdapterJob } from "./adapters.ts";

/** What a child process prints; the first step warms up. */
interface Report {
  /** Milliseconds. */
  readonly times: readonly number[];
  readonly cpu: readonly number[];
  /** Bytes, after the first step. */
  readonly peak: number;
}

const { values } = parseArgs({
  options: {
    model: { type: "string" },
    weights: { type: "string", default: "mapped" },
    layers: { type: "string" },
    width: { type: "string", default: "512" },
    vocabulary: { type: "string", default: "32000" },
    rounds: { type: "string", default: "3" },
    steps: { type: "string", default: "2" },
    threads: { type: "string", default: "1" },
    peers: { type: "string", default: "fovea,transformers" },
    losses: { type: "string", default: "ntp ntp,klal ntp,lll ntp,lll,klal" },
  },
});

const { model, weights } = values;
const [steps, threads] = [values.steps, values.threads].map(Number);
const row = { side: 24, text: 423, answers: 16, concepts: 4 };
const depth = values.layers === undefined ? undefined : Number(values.layers);

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const python = process.env.FOVEA_PYTHON ?? "python3";
const node = [process.execPath, "--expose-gc"];

function command(peer: string, losses: string): readonly string[] {
  if (model !== undefined) {
    const job = { model, layers: depth, losses: losses.split(","), weights, steps, threads };
    const ids = { vocabulary: 32001 }; // The image token of llava-1.5.
    return [
      ...node,
      here("adapters.ts"),
      JSON.stringify({ ...job, row: { ...row, ...ids } } satisfies AdapterJob),
    ];
  }
  const [width, vocabulary] = [values.width, values.vocabulary].map(Number);
  const decoder = { layers: depth ?? 8, width, heads: width / 64, vocabulary };
  const size = { ...row, ...decoder, visionWidth: 64, visionLayers: 1 };
  const program = peer === "fovea" ? [...node, here("fovea.ts")] : [python, here("peer.py")];
  return [...program, losses, JSON.stringify(size), values.steps, values.threads];
}

function measure(peer: string, losses: string): Report {
  const [program, ...args] = command(peer, losses);
  const stdio: ["ignore", "pipe", "ignore"] = ["ignore", "pipe", "ignore"];
  const output = execFileSync(program, args, { encoding: "utf8", stdio });
  return JSON.parse(output.trim().split("\n").at(-1) as string) as Report;
}

const peers = model === undefined ? values.peers.split(",") : ["fovea"];
const sets = values.losses.split(" ");
const candidates = peers.flatMap((peer) => sets.map((losses) => ({ peer, losses, reports: [] as Report[] })));
for (let round = 0; round < Number(values.rounds); round++)
  for (const { peer, losses, reports } of candidates) reports.push(measure(peer, losses));

const warm = (reports: readonly Report[], of: (report: Report) => readonly number[]) =>
  median(reports.flatMap((report) => of(report).slice(1)));
const rows = candidates.map(({ peer, losses, reports }) => ({
  peer,
  losses,
  time: warm(reports, ({ times }) => times),
  cpu: warm(reports, ({ cpu }) => cpu),
  peak: median(reports.map(({ peak }) => peak)),
}));

const more = (a: number, b: number) => `${a < b ? "" : "+"}${((a / b - 1) * 100).toFixed(1)} %`;
const what =
  model === undefined
    ? `${depth ?? 8} layers of width ${values.width}, vocabulary ${values.vocabulary}`
    : `${model}, ${depth === undefined ? "all" : depth} layers, adapters on ${weights} weights`;
console.log(`${what}; ${cpus()[0].model}, ${threads} thread(s)\n`);
console.log("| | losses | processor s | over NTP | s | over NTP | peak MB | over NTP |");
console.log("| --- | --- | --- | --- | --- | --- | --- | --- |");
for (const { peer, losses, time, cpu, peak } of rows) {
  const alone = rows.find((row) => row.peer === peer) as (typeof rows)[number];
  const seconds = [cpu, time].map((ms) => (ms / 1e3).toFixed(2));
  const cells = [seconds[0], more(cpu, alone.cpu), seconds[1], more(time, alone.time)];
  const name = losses.toUpperCase().replaceAll(",", " + ");
  console.log(`| ${[peer, name, ...cells, (peak / 1e6).toFixed(0), more(peak, alone.peak)].join(" | ")} |`);
}
