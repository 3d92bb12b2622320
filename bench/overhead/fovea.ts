/** Child process of the overhead benchmark: training steps of a small LLaVA's decoder layers. */
import { split } from "../../src/train/trees.ts";
import { type BenchSizes, benchTask } from "../llava.ts";
import { reportSteps } from "./steps.ts";

const [names, sizes, steps, threads] = process.argv.slice(2);
const losses = names.split(",");
const { objective, params, batch } = benchTask(JSON.parse(sizes) as BenchSizes, losses);
// What reads pixels and what reads and writes words stays as it is.
const [trained, frozen] = split(params, (name) => /language_model.*(layers|norm)/.test(name));
await reportSteps({ objective, trained, frozen, batch, losses, threads: Number(threads) }, Number(steps));
