/** Child process of the overhead benchmark: training steps of adapters on a LLaVA of a published shape. */
import type { ConstantArray } from "../../src/engine/host.ts";
import { openAdapters } from "../../src/train/lora.ts";
import { makeObjective } from "../../src/train/objective.ts";
import { loraSchema } from "../../src/train/schema.ts";
import type { Named } from "../../src/train/trees.ts";
import { randomCheckpoint } from "../checkpoint.ts";
import { type BenchRow, benchBatch, benchLayout, benchLosses } from "../llava.ts";
import { reportSteps } from "./steps.ts";

export interface AdapterJob {
  readonly model: string;
  readonly layers?: number;
  readonly losses: readonly string[];
  readonly weights: string;
  readonly steps: number;
  readonly threads: number;
  readonly row: BenchRow;
}

const { model, layers, losses, weights, steps, threads, row } = JSON.parse(process.argv[2]) as AdapterJob;
const { folder, family, config } = await randomCheckpoint(model, layers);
const lora = loraSchema.parse({ weights });
const chosen = benchLosses(losses);
const { start, attach } = await openAdapters(
  { from: folder, lora, train: { seed: 0 } as never },
  family,
  config,
  chosen,
  {},
);
const layout = benchLayout(row);
const objective = makeObjective(family, config, layout, chosen, (named) =>
  attach(family.fromNamed(config, named), named, undefined),
);
const { params } = await family.open(folder, lora.weights);
const frozen = family.toNamed(params as never) as Named<ConstantArray>;
const batch = benchBatch(row);
await reportSteps({ objective, trained: start, frozen, batch, losses, threads, recompute: true }, steps);
