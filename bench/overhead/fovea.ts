/** Child process of the overhead benchmark: training steps of a small LLaVA's decoder layers. */
import { split } from "../../src/train/step/trees.ts";
import { type BenchSizes, benchTask } from "../llava.ts";
import { type Given, reportSteps } from "./steps.ts";

const [sets, sizes, steps, threads] = process.argv.slice(2);
const runs = sets.split(" ").map((set): Given => {
  const losses = set.split(",");
  const { objective, params, batch } = benchTask(JSON.parse(sizes) as BenchSizes, losses);
  // What reads pixels and what reads and writes words stays as it is.
  const [trained, frozen] = split(params, (name) => /language_model.*(layers|norm)/.test(name));
  return { objective, trained, frozen, batch, losses, machine: { threads: Number(threads) } };
});
await reportSteps(runs, Number(steps));
