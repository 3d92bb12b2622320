/** Child process of the recomputation benchmark: some gradients of a decoder, and one line of JSON. */
import type { NdArray } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import type { HostArray } from "../../src/engine/host.ts";
import type { Batch } from "../../src/losses/batch.ts";
import { differentiate } from "../../src/train/step/step.ts";
import type { Named } from "../../src/train/step/trees.ts";
import { split } from "../../src/train/step/trees.ts";
import { benchTask } from "../llava.ts";
import { resident, restartPeak } from "../resident.ts";

const [sizes, names, mode, steps, threads] = process.argv.slice(2);
const { objective, params, batch } = benchTask(JSON.parse(sizes), names.split(","));
const { trained: pattern } = JSON.parse(sizes) as { trained: string };
const [trained, frozen] = split(params, (name) => new RegExp(pattern).test(name));

type Arrays = Named<NdArray>;
const gradients = (given: Arrays, fixed: Arrays, rows: Batch<NdArray>) => {
  const { value, gradients } = differentiate(objective, given, fixed, rows, {});
  return [gradients, value];
};
const example = [trained, frozen, batch];
const program = await compile<[Named<HostArray>, { loss: HostArray }]>(gradients as never, example, {
  machine: { threads: Number(threads) },
  ...(mode === "on" && { recompute: ["1"] }),
});
const times: number[] = [];
let resting = 0;
let loss = 0;
for (let i = 0; i <= Number(steps); i++) {
  if (i === 1) resting = restartPeak();
  const start = process.cpuUsage();
  const [, value] = await program.run(trained, frozen, batch);
  const { user, system } = process.cpuUsage(start);
  times.push((user + system) / 1e3);
  loss = value.loss.data[0];
}
console.log(JSON.stringify({ times, loss, resting, peak: resident().peak, compile: program.times }));
