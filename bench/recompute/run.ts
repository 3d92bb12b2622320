/**
 * Memory and time of the gradients of deeper and deeper LLaVAs, with and without `recompute`: `node
 * bench/recompute/run.ts [--layers 4,8,16,32] [--width N] [--losses ntp] [--rounds N] [--steps N] [--threads
 * N]`. One row of 641 tokens, 576 of them an image; only the decoder's norms are trained, so that what grows
 * with depth beside the weights is activations. Each run is a process of its own, and the two ways take
 * turns. Linux only.
 */
import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median } from "../median.ts";

interface Report {
  /** Milliseconds of processor time; the first run warms up. */
  readonly times: readonly number[];
  readonly loss: number;
  /** Bytes resident between runs: weights, program, Node.js. */
  readonly resting: number;
  readonly peak: number;
}

const { values } = parseArgs({
  options: {
    layers: { type: "string", default: "4,8,16,32" },
    width: { type: "string", default: "512" },
    losses: { type: "string", default: "ntp" },
    rounds: { type: "string", default: "1" },
    steps: { type: "string", default: "2" },
    threads: { type: "string", default: "1" },
  },
});

const child = fileURLToPath(new URL("child.ts", import.meta.url));
// So that freed memory goes back to the system at once, and the peak is what is held.
const env = { ...process.env, MALLOC_MMAP_THRESHOLD_: "65536", MALLOC_TRIM_THRESHOLD_: "65536" };

function measure(layers: number, mode: string): Report {
  const width = Number(values.width);
  const text = { vocabulary: 512, text: 64, answers: 4, concepts: 2 };
  const vision = { side: 24, visionWidth: 64, visionLayers: 1 };
  const size = { layers, width, heads: width / 64, ...text, ...vision, trained: "language_model.*norm" };
  const args = [
    "--expose-gc",
    child,
    JSON.stringify(size),
    values.losses,
    mode,
    values.steps,
    values.threads,
  ];
  const stdio: ["ignore", "pipe", "inherit"] = ["ignore", "pipe", "inherit"];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8", stdio, env })) as Report;
}

function measureBoth(layers: number): [Report[], Report[]] {
  const made: [Report[], Report[]] = [[], []];
  for (let round = 0; round < Number(values.rounds); round++)
    ["off", "on"].forEach((mode, i) => {
      made[i].push(measure(layers, mode));
    });
  return made;
}

const megabytes = (reports: readonly Report[], bytes: (report: Report) => number) =>
  (median(reports.map(bytes)) / 1e6).toFixed(0);
const time = (reports: readonly Report[]) => median(reports.flatMap(({ times }) => times.slice(1)));

console.log(`width ${values.width}, ${values.losses}, ${cpus()[0].model}, ${values.threads} thread(s)\n`);
console.log(
  "| layers | activations, MB | with recompute | peak of the process, MB | with recompute | processor time |",
);
console.log("| --- | --- | --- | --- | --- | --- |");
for (const layers of values.layers.split(",").map(Number)) {
  const [plain, better] = measureBoth(layers);
  if (Math.abs(plain[0].loss - better[0].loss) > 1e-5) throw new Error("the two ways give other losses");
  const activations = [plain, better].map((list) => megabytes(list, ({ peak, resting }) => peak - resting));
  const peaks = [plain, better].map((list) => megabytes(list, ({ peak }) => peak));
  const cells = [layers, ...activations, ...peaks, `${(time(better) / time(plain)).toFixed(2)}x`];
  console.log(`| ${cells.join(" | ")} |`);
}
