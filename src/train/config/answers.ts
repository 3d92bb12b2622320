import type { TrainConfig } from "./config.ts";

/**
 * Whether the model of a run can be asked: one that starts from random values and is nowhere trained on answers, by
 * contrast alone say, answers nothing.
 */
export function canAnswer({
  model,
  losses,
  stages,
}: Pick<TrainConfig, "model" | "losses" | "stages">): boolean {
  const isTaught = losses.ntp.weight > 0 || stages.some(({ weights }) => (weights.ntp ?? 0) > 0);
  return model.from !== null || isTaught;
}
