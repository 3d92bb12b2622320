/**
 * `fovea/eval`: answers, lens and attention of a model against the truth, with intervals.
 *
 * @module
 */

// A model on examples: all that is measured, and every answer.

export { type EvaluateOptions, type Evaluation, evaluate } from "./evaluate.ts";
export type { AttentionOfQuery, Item } from "./item.ts";
export { difference, estimate, type Measurement } from "./measurement.ts";
export { type Summary, summarise, summaryLines } from "./summary.ts";

// One map against the truth.

export { massOnTarget } from "../grounding/coverage.ts";
export { entropy } from "../lens/findings.ts";

export {
  averagePrecision,
  bestIou,
  iouAtThreshold,
  klDivergence,
  pointingGame,
} from "./map-metrics.ts";

// Masks against the truth.

export { cumulativeIou, generalisedIou, maskOverlap } from "./segmentation.ts";

// Thresholds of the lens, learnt from data.

export { type Calibration, calibrate } from "./calibrate.ts";

// Intervals and tests.

export { holm, mcNemar } from "./significance.ts";
export {
  bootstrapMean,
  type Estimate,
  type Interval,
  pairedDifference,
  proportion,
  quantile,
  wilsonInterval,
} from "./statistics.ts";
