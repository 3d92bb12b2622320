import { z } from "zod";
import { parts } from "./groups.ts";

const count = z.int().positive();
const share = z.number().min(0).max(1);
const positive = z.number().positive();
const nonNegative = z.number().min(0);

/** Sizes of a LLaVA. Widths of heads and feed-forward layers follow from these; they are never stored. */
export const modelSchema = z.strictObject({
  /** A Hugging Face folder to start from instead of fresh parameters; the sizes below are then its own. */
  from: z.string().nullable().default(null),
  vision: z
    .strictObject({
      imageSize: count.default(64),
      patchSize: count.default(8),
      width: count.default(128),
      layers: count.default(3),
      heads: count.default(4),
      mlpRatio: positive.default(4),
      /** Standard deviation of the position embeddings at the start. */
      positionDeviation: positive.default(0.4),
    })
    .prefault({}),
  projector: z.strictObject({ activation: z.enum(["gelu"]).default("gelu") }).prefault({}),
  decoder: z
    .strictObject({
      width: count.default(128),
      layers: count.default(4),
      heads: count.default(4),
      keyValueHeads: count.default(4),
      mlpRatio: positive.default(4),
      ropeTheta: positive.default(10000),
      normEpsilon: positive.default(1e-5),
      tieEmbeddings: z.boolean().default(true),
    })
    .prefault({}),
});

export const trainSchema = z.strictObject({
  seed: z.int().min(0).default(0),
  steps: count.default(600),
  /** Images in one micro-batch. */
  batchSize: count.default(48),
  /** Micro-batches in one step; their gradients are averaged. */
  accumulate: count.default(1),
  learningRate: positive.default(1e-3),
  warmupSteps: z.int().min(0).default(50),
  /** The cosine's floor as a share of learningRate. */
  finalShare: share.default(0.05),
  weightDecay: nonNegative.default(0.05),
  beta1: share.default(0.9),
  beta2: share.default(0.98),
  epsilon: positive.default(1e-8),
  /** Largest global norm of the gradient. */
  clipNorm: positive.default(1),
  /** Parts that keep their values: neither differentiated nor given moments. */
  freeze: z.array(z.enum(Object.keys(parts) as [keyof typeof parts])).default([]),
  /** Threads of ONNX Runtime; results are bit-identical only with the same number. */
  threads: count.default(2),
  /** Batches prepared ahead by a worker thread; 0 prepares them on the main thread. */
  prefetch: z.int().min(0).default(3),
  evalEvery: z.int().min(0).default(100),
  evalBatches: count.default(4),
  checkpointEvery: z.int().min(0).default(200),
  /** Checkpoints kept besides the best one. */
  keepLast: count.default(2),
  logEvery: count.default(1),
});
