/** What both child processes of the overhead benchmark do: training steps under a clock. */
import type { HostArray } from "../../src/engine/host.ts";
import type { Batch } from "../../src/losses/batch.ts";
import { noImages } from "../../src/models/inputs/layout.ts";
import { openStepper, type StepperOptions, zeroMoments } from "../../src/train/step/stepper.ts";
import type { Named } from "../../src/train/step/trees.ts";
import { resident, restartPeak } from "../resident.ts";

/** A run with some of the losses. */
export type Given = Pick<StepperOptions, "frozen" | "machine" | "recompute"> & {
  readonly objective: unknown;
  readonly trained: Named<HostArray>;
  readonly batch: Batch;
  readonly losses: readonly string[];
};

/** What a child process prints of each run; the first step warms up. */
export interface Report {
  /** Milliseconds. */
  readonly times: number[];
  readonly cpu: number[];
  readonly losses: number[];
  /** Bytes, the most after the first step: of this run, where it is the only one. */
  peak: number;
}

const adamw = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.01 };

/** A warming step and `steps` with AdamW; the runs take turns, step by step. Prints a line of JSON. */
export async function reportSteps(runs: readonly Given[], steps: number): Promise<void> {
  const opened = await Promise.all(runs.map(openStep));
  const reports = runs.map((): Report => ({ times: [], cpu: [], losses: [], peak: 0 }));
  for (let t = 0; t <= steps; t++) {
    if (t === 1) restartPeak();
    for (const [i, step] of opened.entries()) {
      const start = performance.now();
      const before = process.cpuUsage();
      reports[i].losses.push(await step(t));
      reports[i].times.push(performance.now() - start);
      const { user, system } = process.cpuUsage(before);
      reports[i].cpu.push((user + system) / 1e3);
    }
  }
  for (const report of reports) report.peak = resident().peak;
  console.log(JSON.stringify(reports));
}

/** A step that returns the loss. */
export async function openStep({ objective, trained, batch, losses, ...given }: Given) {
  const weights = Object.fromEntries(losses.map((name) => [name, 1]));
  const options: StepperOptions = {
    ...given,
    losses,
    objective: () => objective as never,
    options: { ...adamw, clipNorm: 1, decays: (name) => trained[name].shape.length > 1 },
    state: { params: trained, moments: zeroMoments(trained) },
  };
  const stepper = await openStepper(options, 1);
  const made = { batch, layout: noImages }; // One layout, which the objective knows.
  return async (t: number) => (await stepper.step([made], { step: t, learningRate: 1e-4 }, weights)).loss;
}
