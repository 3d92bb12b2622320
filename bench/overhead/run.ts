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
 * Both take `[--losses "ntp ntp,lll"] [--rounds N] [--steps N] [--threads N] [--json]`; the first set of losses is what the
 * others are held against. For times all sets take turns in one process, step by step, so that a busy machine slows
 * all of them; processor time counts, and with one thread no waiting is in it. For memory each set has a process of
 * its own. Linux only.
 */
import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median } from "../median.ts";
import type { AdapterJob } from "./adapters.ts";
import type { Report } from "./steps.ts";

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
    json: { type: "boolean", default: false },
  },
});

const { model, weights } = values;
const [rounds, steps, threads] = [values.rounds, values.steps, values.threads].map(Number);
const row = { side: 24, text: 423, answers: 16, concepts: 4 };
const layers = values.layers === undefined ? undefined : Number(values.layers);

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const python = process.env.FOVEA_PYTHON ?? "python3";
const node = [process.execPath, "--expose-gc"];

/** A peer's program, and what it is given beside losses, steps and threads. */
function child(peer: string): { program: readonly string[]; given: object } {
  if (model !== undefined) {
    const vocabulary = 32001; // The last is the image token of llava-1.5.
    const job: AdapterJob = { model, layers, weights, row: { ...row, vocabulary } };
    return { program: [...node, here("adapters.ts")], given: job };
  }
  const [width, vocabulary] = [values.width, values.vocabulary].map(Number);
  const decoder = { layers: layers ?? 8, width, heads: width / 64, vocabulary };
  const size = { ...row, ...decoder, visionWidth: 64, visionLayers: 1 };
  return { program: peer === "fovea" ? [...node, here("fovea.ts")] : [python, here("peer.py")], given: size };
}

function measure(peer: string, sets: readonly string[], steps: number): Report[] {
  const { program, given } = child(peer);
  const [command, ...args] = [...program, sets.join(" "), JSON.stringify(given), `${steps}`, `${threads}`];
  const stdio: ["ignore", "pipe", "ignore"] = ["ignore", "pipe", "ignore"];
  const output = execFileSync(command, args, { encoding: "utf8", stdio });
  return JSON.parse(output.trim().split("\n").at(-1) as string) as Report[];
}

const peers = model === undefined ? values.peers.split(",") : ["fovea"];
const sets = values.losses.split(" ");
const timed = new Map(peers.map((peer) => [peer, [] as Report[][]]));
for (let round = 0; round < rounds; round++)
  for (const peer of peers) timed.get(peer)?.push(measure(peer, sets, steps));

/** The middle, over all steps but the first of each round, of what a set needs, and of its ratio to the first set. */
function middle(reports: readonly Report[][], i: number, of: "times" | "cpu") {
  const pairs = reports.flatMap((round) =>
    round[i][of].slice(1).map((own, t) => [own, own / round[0][of][t + 1]]),
  );
  return { value: median(pairs.map(([own]) => own)), ratio: median(pairs.map(([, ratio]) => ratio)) };
}

const rows = peers.flatMap((peer) => {
  const peaks = sets.map((set) => measure(peer, [set], 1)[0].peak);
  const reports = timed.get(peer) as Report[][];
  return sets.map((losses, i) => ({
    peer,
    losses,
    cpu: middle(reports, i, "cpu"),
    time: middle(reports, i, "times"),
    peak: { value: peaks[i], ratio: peaks[i] / peaks[0] },
  }));
});

const more = (ratio: number) => `${ratio < 1 ? "" : "+"}${((ratio - 1) * 100).toFixed(1)} %`;
const what =
  model === undefined
    ? `${layers ?? 8} layers of width ${values.width}, vocabulary ${values.vocabulary}`
    : `${model}, ${layers ?? "all"} layers, adapters on ${weights} weights`;
if (values.json) {
  const flat = rows.map(({ peer, losses, cpu, time, peak }) => ({
    who: peer,
    losses,
    processorSeconds: cpu.value / 1e3,
    processorOverNtp: cpu.ratio,
    seconds: time.value / 1e3,
    secondsOverNtp: time.ratio,
    peakMegabytes: peak.value / 1e6,
    peakOverNtp: peak.ratio,
  }));
  console.log(JSON.stringify({ what, threads, rows: flat }));
} else print();

function print(): void {
  console.log(`${what}; ${cpus()[0].model}, ${threads} thread(s), ${rounds} x ${steps} steps\n`);
  console.log("| | losses | processor s | over NTP | s | over NTP | peak MB | over NTP |");
  console.log("| --- | --- | --- | --- | --- | --- | --- | --- |");
  for (const { peer, losses, cpu, time, peak } of rows) {
    const cells = [cpu, time].flatMap(({ value, ratio }) => [(value / 1e3).toFixed(2), more(ratio)]);
    const name = losses.toUpperCase().replaceAll(",", " + ");
    console.log(`| ${[peer, name, ...cells, (peak.value / 1e6).toFixed(0), more(peak.ratio)].join(" | ")} |`);
  }
}
