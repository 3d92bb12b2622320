/** The losses of a run, and their weights by stage. */
import { mustBe } from "../../common/errors.ts";
import type { LossesConfig } from "../../losses/registry.ts";
import { chosenLosses, type WeightedLoss } from "../../losses/total.ts";
import { stageAt } from "../batches/source.ts";
import type { TrainConfig } from "../config/config.ts";
import { customLosses } from "./custom-losses.ts";

/** The losses of a run, those of all stages together, and their weights by step. */
export interface RunLosses {
  readonly chosen: readonly WeightedLoss[];
  /** The weight of each loss at a step (from 0): its stage's, or else its own. */
  weightsAt(step: number): Record<string, number>;
}

/**
 * `folder`: where the modules of custom losses are looked for.
 * @throws UserError when a stage names a loss that the config does not
 */
export async function runLosses(config: TrainConfig, folder: string): Promise<RunLosses> {
  const named = chosenLosses(switchedOn(config));
  const chosen = [...named, ...(await customLosses(config.losses.custom, folder))];
  checkStages(config, chosen);
  const own = (name: string, weight: number) => (ownWeights(config)[name] ?? { weight }).weight;
  return {
    chosen,
    weightsAt(step) {
      const stage = config.stages[stageAt(config, step)]?.weights ?? {};
      return Object.fromEntries(chosen.map(({ name, weight }) => [name, stage[name] ?? own(name, weight)]));
    },
  };
}

function ownWeights({ losses: { custom: _, ...named } }: TrainConfig): Record<string, { weight: number }> {
  return Object.fromEntries(Object.entries(named).filter(([, loss]) => loss !== undefined));
}

/** A loss of weight 0 that some stage uses has to be in the program from the start. */
function switchedOn(config: TrainConfig): LossesConfig {
  const used = (name: string) => config.stages.some(({ weights }) => (weights[name] ?? 0) > 0);
  const entries = Object.entries(ownWeights(config)).map(([name, loss]) => {
    return [name, loss.weight === 0 && used(name) ? { ...loss, weight: 1 } : loss] as const;
  });
  return { ...config.losses, ...Object.fromEntries(entries) };
}

function checkStages({ stages, losses }: TrainConfig, chosen: readonly WeightedLoss[]): void {
  const known = new Set([...Object.keys(losses), ...chosen.map(({ name }) => name)]);
  known.delete("custom");
  for (const [i, { weights }] of stages.entries()) {
    const unknown = Object.keys(weights).find((name) => !known.has(name));
    if (unknown === undefined) continue;
    throw mustBe(
      "train",
      `stages.${i}.weights`,
      `of losses that the config names: ${[...known].join(", ")}`,
      unknown,
    );
  }
}
