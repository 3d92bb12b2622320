/** Process of the step benchmark: Fovea's training step, as a run makes it. Steps when a line asks for some. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { FileArray, HostArray } from "../../src/engine/host.ts";
import { readWeight } from "../../src/hub/weights/weights.ts";
import { chosenLosses } from "../../src/losses/total.ts";
import { decays } from "../../src/models/contract/roles.ts";
import { noImages } from "../../src/models/inputs/layout.ts";
import { llava } from "../../src/models/llava/family.ts";
import { makeObjective } from "../../src/train/step/objective.ts";
import { openStepper, type Stepper, zeroMoments } from "../../src/train/step/stepper.ts";
import { type Named, split } from "../../src/train/step/trees.ts";
import { benchBatch, benchLayout } from "../llava.ts";
import { resident, restartPeak } from "../resident.ts";
import type { StepAnswer, StepJob, StepReady } from "./job.ts";

const job = JSON.parse(process.argv[2]) as StepJob;
const { folder, size, losses, threads, device = "cpu", optimiser, recompute = false } = job;

/** Every loss on all layers; the attention of the positions that predict the answer. */
const chosen = chosenLosses({
  ntp: { weight: 1 },
  ...(losses.includes("lll") && { lll: { weight: 1, layers: "all" } }),
  ...(losses.includes("klal") && { klal: { weight: 1, layers: "all", query: "predicting" } }),
} as never);

async function open(): Promise<Stepper> {
  const family = llava.read(JSON.parse(readFileSync(join(folder, "config.json"), "utf8")));
  const all = family.toNamed<HostArray | FileArray>((await family.open(folder, "mapped")) as never);
  const [frozen, opened] = split(all, (name) => size.frozen && family.namedSpecs[name].part === "embeddings");
  const trained: Record<string, HostArray> = {};
  for (const [name, array] of Object.entries(opened)) trained[name] = await readWeight(array);
  const objective = makeObjective(family, benchLayout(size), chosen);
  return openStepper(
    {
      objective: () => objective as never,
      options: { ...optimiser, decays: (name) => decays(family.namedSpecs[name]) },
      state: { params: trained, moments: zeroMoments(trained) },
      frozen,
      losses,
      machine: { threads, device },
      recompute,
    },
    1,
  );
}

const stepper = await open();
const made = { batch: benchBatch(size, size.rows), layout: noImages }; // One layout, which the objective knows.
const weights: Named<number> = Object.fromEntries(losses.map((name) => [name, 1]));
let t = 0;

async function step() {
  const [start, before] = [performance.now(), process.cpuUsage()];
  const report = await stepper.step([made], { step: t++, learningRate: optimiser.learningRate }, weights);
  const { user, system } = process.cpuUsage(before);
  return { ...report, ms: performance.now() - start, cpu: (user + system) / 1e3 };
}

const say = (line: StepReady | StepAnswer) => console.log(JSON.stringify(line));

const { loss, gradientNorm } = await step();
const startMs = process.uptime() * 1e3;
const { peak: startPeak } = resident();
restartPeak();
say({ loss, gradientNorm, startMs });
for await (const line of createInterface({ input: process.stdin })) {
  const { steps } = JSON.parse(line) as { steps: number };
  const done = [];
  for (let i = 0; i < steps; i++) done.push(await step());
  const { peak } = resident();
  say({
    times: done.map(({ ms }) => ms),
    cpu: done.map(({ cpu }) => cpu),
    peakBytes: Math.max(startPeak, peak),
    stepPeakBytes: peak,
    loss: done[done.length - 1].loss,
  });
}
