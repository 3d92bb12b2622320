/** The cases that run on WebGPU in Node, in parts that take a minute of a software adapter at most. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { float32 } from "../../src/engine/host.ts";
import { arraysHeld } from "../../src/engine/runtime/node-arrays.ts";
import { attentions, type Case, fewBits, layers, primitives } from "../engine/cases.ts";
import { engineOf } from "../engine/compared.ts";
import { drawn, gradients, values } from "../engine/random-programs.ts";
import { train } from "../engine/training.ts";
import { adapterOutcomes, families, familyOutcomes } from "./families.ts";
import { kernelOutcomes } from "./kernels.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import { storedOutcomes } from "./stored.ts";

/** Software needs a few milliseconds for each program's shaders: fewer programs than on the processor. */
const suites: Readonly<Record<string, () => readonly Case[]>> = {
  primitives: () => [...primitives, ...attentions, ...layers, ...fewBits],
  "random programs": () => drawn({ ...values, numRuns: 120 }),
  "gradients of random programs": () => drawn({ ...gradients, numRuns: 80 }),
};

async function outcomesOf(cases: readonly Case[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const one of cases)
    outcomes.push(
      await outcomeOf(one.name, Math.max(one.tolerance ?? 0, 1e-4), (device) => engineOf(one, { device })),
    );
  return outcomes;
}

/** Two hundred steps whose state stays on the device, in as many arrays at the end as after the first. */
async function training(): Promise<Outcome[]> {
  const counts = { first: 0, last: 0 };
  const steps = 200;
  const outcome = await outcomeOf("losses of training", 2e-4, async (device) => {
    const { losses, onDevice } = await train(steps, { device }, (step) => {
      if (step === 0) counts.first = arraysHeld();
      counts.last = arraysHeld();
    });
    const stayed = device === "webgpu" ? Number(onDevice) : 1;
    return [float32([20], losses.slice(0, 20)), float32([1], [stayed])];
  });
  return [
    outcome,
    { name: "arrays on the device grow by", tolerance: 0, error: counts.last - counts.first },
    { name: "arrays on the device at the end", tolerance: 0, error: arraysHeld() },
  ];
}

async function inThreads(): Promise<Outcome[]> {
  const losses = async (device: string) => {
    const worker = new Worker(new URL("./thread.ts", import.meta.url), { workerData: device });
    const [said] = await once(worker, "message");
    await once(worker, "exit");
    return [float32([said.length], said)];
  };
  return [
    await outcomeOf("the first thread", 1e-4, losses),
    await outcomeOf("another after its end", 1e-4, losses),
  ];
}

export const parts: Readonly<Record<string, () => Promise<readonly Outcome[]>>> = {
  ...Object.fromEntries(Object.entries(suites).map(([name, cases]) => [name, () => outcomesOf(cases())])),
  training,
  "training in threads": inThreads,
  "weights in files": storedOutcomes,
  "what is listed as wrong or missing": kernelOutcomes,
  ...Object.fromEntries(Object.keys(families).map((name) => [name, () => familyOutcomes(name)])),
  "adapters of llava": () => adapterOutcomes("llava/siglip-qwen2"),
};
