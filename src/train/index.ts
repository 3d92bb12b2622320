/**
 * `fovea/train`: training step by step or in whole runs, and what one step is made of.
 *
 * @module
 */

// Step by step, on examples in memory.

export type { TrainerLoss, TrainerOptions } from "./trainer/options.ts";
export {
  openTrainer,
  type SaveTrainerOptions,
  type Trainer,
  type TrainerReport,
} from "./trainer/trainer.ts";

// A whole run: checkpoints, metrics, curves, the final model.

export type { RunResult } from "./report/card.ts";
export { type MetricsLine, readMetrics } from "./report/metrics.ts";
export { type ProgressView, silentView } from "./run/progress.ts";
export { type TrainOptions, train } from "./run/run.ts";

// Configs: presets, files, and checked objects.

export {
  checkConfig,
  defineConfig,
  loadConfig,
  presetNames,
  type TrainConfig,
  type TrainConfigInput,
} from "./config/config.ts";

// What a step is made of: AdamW, clipping, the learning rate.

export { type AdamWOptions, adamw, clipScale, type StepScalars, stepScalars } from "./step/optimiser.ts";
export { learningRateAt, type Schedule, scheduleOf } from "./step/schedule.ts";
