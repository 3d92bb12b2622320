/** Child process of the overhead benchmark: training steps of adapters on a LLaVA of a published shape. */
import type { ConstantArray } from "../../src/engine/host.ts";
import { loraSchema } from "../../src/train/config/schema.ts";
import { openAdapters } from "../../src/train/step/lora.ts";
import { makeObjective } from "../../src/train/step/objective.ts";
import { randomCheckpoint } from "../checkpoint.ts";
import { type BenchRow, benchBatch, benchLayout, benchLosses } from "../llava.ts";
import { type Given, reportSteps } from "./steps.ts";

export interface AdapterJob {
  readonly model: string;
  readonly layers?: number;
  readonly weights: string;
  readonly row: BenchRow;
}

const [sets, given, steps, threads] = process.argv.slice(2);
const { model, layers, weights, row } = JSON.parse(given) as AdapterJob;
const { folder, family } = await randomCheckpoint(model, layers);
const lora = loraSchema.parse({ weights });
const params = await family.open(folder, lora.weights);
const frozen = family.toNamed<ConstantArray>(params);
const batch = benchBatch(row);

async function runOf(losses: readonly string[]): Promise<Given> {
  const chosen = benchLosses(losses);
  const from = { from: folder, lora, train: { seed: 0 } as never };
  const { start, attach } = await openAdapters(from, family, chosen, {});
  const objective = makeObjective(family, benchLayout(row), chosen, (named) =>
    attach(family.fromNamed(named), named, undefined),
  );
  return {
    objective,
    trained: start,
    frozen,
    batch,
    losses,
    machine: { threads: Number(threads) },
    recompute: true,
  };
}

const runs = await Promise.all(sets.split(" ").map((set) => runOf(set.split(","))));
await reportSteps(runs, Number(steps));
