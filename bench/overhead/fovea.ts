/** Child process of the overhead benchmark: training steps of Fovea, and one line of JSON. */
import { decayed } from "../../src/train/groups.ts";
import { stepScalars } from "../../src/train/optimiser.ts";
import { openStepper, zeroMoments } from "../../src/train/stepper.ts";
import { split } from "../../src/train/trees.ts";
import { type BenchSizes, benchTask } from "../llava.ts";
import { resident, restartPeak } from "../resident.ts";

const [losses, sizes, steps, threads] = process.argv.slice(2);
const names = losses.split(",");
const { objective, params, batch } = benchTask(JSON.parse(sizes) as BenchSizes, names);
// What reads pixels and what reads and writes words stays as it is.
const [trained, frozen] = split(params, (name) => /language_model.*(layers|norm)/.test(name));
const decaying = decayed(trained);
const adamw = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.01 };
const weights = Object.fromEntries(names.map((name) => [name, 1]));
const stepper = await openStepper(
  {
    objective: objective as never,
    options: { ...adamw, clipNorm: 1, decays: (name) => decaying.has(name) },
    state: { params: trained, moments: zeroMoments(trained) },
    frozen,
    example: batch,
    weights,
    partNames: names,
    threads: Number(threads),
  },
  1,
);
const times: number[] = [];
const cpu: number[] = [];
const values: number[] = [];
for (let t = 0; t <= Number(steps); t++) {
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
