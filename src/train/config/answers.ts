/** Whether what a config trains can be asked questions. */
import type { TrainConfig } from "./config.ts";

/**
 * Whether the model of a run can be asked: one that starts from random values and is nowhere trained on answers, by
 * contrast alone say, answers nothing. Losses of a user's own are taken to teach answers: nobody knows better here.
 */
export function canAnswer({
  model,
  losses,
  stages,
}: Pick<TrainConfig, "model" | "losses" | "stages">): boolean {
  const isTaught = losses.ntp.weight > 0 || stages.some(({ weights }) => (weights.ntp ?? 0) > 0);
  return model.from !== null || isTaught || losses.custom.length > 0;
}
