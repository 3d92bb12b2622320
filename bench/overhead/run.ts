/**
 * What LLL and KLAL add to a training step of 1,000 tokens, 576 of them an image, in Fovea and with
 * transformers: `node bench/overhead/run.ts [--layers N] [--width N] [--vocabulary N] [--rounds N] [--steps
 * N] [--threads N] [--peers fovea,transformers]`. The decoder's layers are trained (AdamW), the rest is
 * frozen. Candidates are processes of their own and take turns, so that a busy machine slows all of them;
 * processor time counts, and with one thread no waiting is in it. FOVEA_PYTHON names a Python that has torch
 * and transformers. Linux only.
 */
import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median } from "../median.ts";

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
    layers: { type: "string", default: "8" },
    width: { type: "string", default: "512" },
    vocabulary: { type: "string", default: "32000" },
    rounds: { type: "string", default: "3" },
    steps: { type: "string", default: "2" },
    threads: { type: "string", default: "1" },
    peers: { type: "string", default: "fovea,transformers" },
    losses: { type: "string", default: "ntp ntp,klal ntp,lll ntp,lll,klal" },
  },
});

const [layers, width, vocabulary] = [values.layers, values.width, values.vocabulary].map(Number);
const text = { vocabulary, side: 24, text: 423, answers: 16, concepts: 4 };
const size = { layers, width, heads: width / 64, ...text, visionWidth: 64, visionLayers: 1 };

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const commands: Readonly<Record<string, readonly string[]>> = {
  fovea: [process.execPath, "--expose-gc", here("fovea.ts")],
  transformers: [process.env.FOVEA_PYTHON ?? "python3", here("peer.py")],
};

function measure(peer: string, losses: string): Report {
  const [program, ...args] = commands[peer];
  const given = [...args, losses, JSON.stringify(size), values.steps, values.threads];
  const stdio: ["ignore", "pipe", "ignore"] = ["ignore", "pipe", "ignore"];
  const output = execFileSync(program, given, { encoding: "utf8", stdio });
  return JSON.parse(output.trim().split("\n").at(-1) as string) as Report;
}

const peers = values.peers.split(",");
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
console.log(
  `${layers} layers of width ${width}, vocabulary ${vocabulary}; ${cpus()[0].model}, ${values.threads} thread(s)\n`,
);
console.log("| | losses | processor s | over NTP | s | over NTP | peak MB | over NTP |");
console.log("| --- | --- | --- | --- | --- | --- | --- | --- |");
for (const { peer, losses, time, cpu, peak } of rows) {
  const alone = rows.find((row) => row.peer === peer) as (typeof rows)[number];
  const seconds = [cpu, time].map((ms) => (ms / 1e3).toFixed(2));
  const cells = [seconds[0], more(cpu, alone.cpu), seconds[1], more(time, alone.time)];
  const name = losses.toUpperCase().replaceAll(",", " + ");
  console.log(`| ${[peer, name, ...cells, (peak / 1e6).toFixed(0), more(peak, alone.peak)].join(" | ")} |`);
}
