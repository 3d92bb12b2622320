/**
 * `fovea/train`: whole runs from a config, and what one step is made of.
 *
 * @module
 */

// Configs: presets, files, and checked objects.
export {
  checkConfig,
  defineConfig,
  loadConfig,
  presetNames,
  type TrainConfig,
  type TrainConfigInput,
} from "./config/config.ts";
// What a run writes.
export type { RunResult } from "./report/card.ts";
export { type MetricsLine, readMetrics } from "./report/metrics.ts";
// A whole run: checkpoints, metrics, curves, the final model.
export { type ProgressView, silentView } from "./run/progress.ts";
export { type TrainOptions, train } from "./run/run.ts";
// The step: AdamW, learning rate, forward and backward pass.
export { type AdamWOptions, adamw, clipByGlobalNorm } from "./step/optimiser.ts";
export { learningRateAt, type Schedule, scheduleOf } from "./step/schedule.ts";
// Training step by step, on examples in memory.
export type { TrainerLoss, TrainerOptions } from "./trainer/options.ts";
export {
  openTrainer,
  type SaveTrainerOptions,
  type Trainer,
  type TrainerReport,
} from "./trainer/trainer.ts";
