/** What both child processes of the overhead benchmark do: training steps under a clock. */

import type { HostArray } from "../../src/engine/host.ts";
import type { Batch } from "../../src/losses/batch.ts";
import { decayed } from "../../src/train/groups.ts";
import { stepScalars } from "../../src/train/optimiser.ts";
import { openStepper, type StepperOptions, zeroMoments } from "../../src/train/stepper.ts";
import type { Named } from "../../src/train/trees.ts";
import { resident, restartPeak } from "../resident.ts";

type Given = Pick<StepperOptions, "frozen" | "threads" | "recompute"> & {
  readonly objective: unknown;
  readonly trained: Named<HostArray>;
  readonly batch: Batch;
  readonly losses: readonly string[];
};

/** A warming step and `steps` with AdamW; prints one line of JSON. */
export async function reportSteps({ objective, trained, batch, losses, ...given }: Given, steps: number) {
  const decaying = decayed(trained);
  const adamw = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.01 };
  const weights = Object.fromEntries(losses.map((name) => [name, 1]));
  const stepper = await openStepper(
    {
      ...given,
      objective: objective as never,
      options: { ...adamw, clipNorm: 1, decays: (name) => decaying.has(name) },
      state: { params: trained, moments: zeroMoments(trained) },
      example: batch,
      weights,
      partNames: losses,
    },
    1,
  );
  const times: number[] = [];
  const cpu: number[] = [];
  const values: number[] = [];
  for (let t = 0; t <= steps; t++) {
    if (t === 1) restartPeak();
    const start = performance.now();
    const before = process.cpuUsage();
    const report = await stepper.step([batch], stepScalars(1e-4, t, adamw), weights);
    times.push(performance.now() - start);
    const { user, system } = process.cpuUsage(before);
    cpu.push((user + system) / 1e3);
    values.push(report.loss);
  }
  console.log(JSON.stringify({ times, cpu, losses: values, peak: resident().peak }));
  await stepper.dispose();
}
