import { z } from "zod";
import { splits } from "../../data/assets/load.ts";
import { backgrounds } from "../../data/scenes/background.ts";
import { evidenceForms } from "../../data/tasks/task.ts";
import { allTaskNames } from "../../data/tasks/world.ts";
import { type BoxRule, boxRules } from "../../grounding/target.ts";
import { lossesSchema } from "../../losses/registry.ts";
import { parts } from "../../models/contract/roles.ts";

const count = z.int().positive();
const share = z.number().min(0).max(1);
const positive = z.number().positive();
const range = z
  .tuple([positive, positive])
  .refine(([least, most]) => least <= most, "least must not exceed most");
const nonNegative = z.number().min(0);

/** Sizes of a LLaVA. Widths of heads and feed-forward layers follow from these; they are never stored. */
export const modelSchema = z.strictObject({
  /** A Hugging Face folder to start from instead of fresh parameters; the sizes below are then its own. */
  from: z.string().nullable().default(null),
  /** Modules that export a `family` of the user's own (`defineFamily`), relative to the config file. */
  families: z.array(z.string().min(1)).optional(),
  /**
   * Fields of its `preprocessor_config.json` to change, in Python's spelling; the trained folder has them, so that Python
   * sees what was trained: `{ max_pixels: 401408 }` of Qwen's, `{ size: { longest_edge: 768 } }` of Idefics3 and SmolVLM.
   */
  preprocessor: z.record(z.string(), z.unknown()).prefault({}),
  /**
   * The size of its pictures, as its processor can be told; the trained folder says so in Python's fields. Qwen's:
   * `minPixels`, `maxPixels` of the resized picture. Idefics3 and SmolVLM: `longestEdge` in pixels, or `tiles` along it.
   */
  images: z
    .strictObject({
      minPixels: count.optional(),
      maxPixels: count.optional(),
      longestEdge: count.optional(),
      tiles: count.optional(),
    })
    .prefault({}),
  vision: z
    .strictObject({
      imageSize: count.default(64),
      patchSize: count.default(8),
      width: count.default(128),
      layers: count.default(3),
      heads: count.default(4),
      mlpRatio: positive.default(4),
      /** Standard deviation of the position embeddings at the start. */
      positionDeviation: positive.default(0.5),
      /** `waves`: sines and cosines of row and column, neighbours begin alike; `random`: each its own. */
      positions: z.enum(["waves", "random"]).default("waves"),
    })
    .prefault({}),
  /** Starting values: the scale that suits a small model, or Hugging Face's. */
  init: z.enum(["fan-in", "hugging-face"]).default("fan-in"),
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
  /** Share of the steps in which the rate rises to its peak. */
  warmupShare: share.default(0.05),
  /** Their number, instead. */
  warmupSteps: z.int().min(0).optional(),
  /** The cosine's floor as a share of learningRate. */
  finalShare: share.default(0.05),
  weightDecay: nonNegative.default(0.05),
  beta1: share.default(0.9),
  beta2: share.default(0.98),
  epsilon: positive.default(1e-8),
  /** Largest global norm of the gradient. */
  clipNorm: positive.default(1),
  /** Parts that keep their values: neither differentiated nor given moments. */
  freeze: z.array(z.enum(parts)).default([]),
  /** Threads of ONNX Runtime; results are bit-identical only with the same number. */
  threads: count.default(2),
  /**
   * Whether the backward pass computes the layers' activations again instead of having them held: far less
   * memory for deep models and long rows, at most a forward pass of time more, results equal to rounding.
   */
  recompute: z.boolean().default(false),
  /** Batches prepared ahead by a worker thread; 0 prepares them on the main thread. */
  prefetch: z.int().min(0).default(3),
  evalEvery: z.int().min(0).default(100),
  evalBatches: count.default(4),
  checkpointEvery: z.int().min(0).default(200),
  /** Checkpoints kept besides the best one. */
  keepLast: count.default(2),
  logEvery: count.default(1),
});

/** Low-rank adapters on the model that `model.from` names, which itself stays as it is. */
export const loraSchema = z.strictObject({
  rank: count.default(16),
  /** The change is scaled by alpha / rank. */
  alpha: positive.default(32),
  /** Share of the adapters' inputs that a step drops. */
  dropout: z.number().min(0).lt(1).default(0),
  /** Linear layers by the end of their name (`q_proj`, `layers.3.mlp.up_proj`, `*` for any text), or `all-linear`. */
  targets: z.array(z.string().min(1)).min(1).default(["all-linear"]),
  /** Where they are looked for. */
  parts: z
    .array(z.enum(["decoder", "projector", "vision"]))
    .min(1)
    .default(["decoder"]),
  /** How the model's own matrices are held: in the type that its file has, or rounded once to so many bits. */
  weights: z.enum(["mapped", "int8", "int4"]).default("mapped"),
  /** Scale alpha / sqrt(rank) instead, for high ranks (Kalajdzievski, arXiv 2312.03732). */
  rankStabilised: z.boolean().default(false),
});

/** How scenes are composed; what is left out has the composer's default. */
const sceneSchema = z.strictObject({
  objects: z.tuple([count, count]).optional(),
  scale: range.optional(),
  rotation: nonNegative.optional(),
  flip: share.optional(),
  brightness: share.optional(),
  overlap: share.optional(),
  minVisible: share.optional(),
  grid: count.optional(),
  backgrounds: z.array(z.enum(Object.keys(backgrounds) as [keyof typeof backgrounds])).optional(),
  noise: nonNegative.optional(),
  plates: share.optional(),
  repeats: share.optional(),
});

const tasks = z.array(z.enum(allTaskNames as [string, ...string[]])).min(1);

/** Axes of drawn tasks, by task: `{ line-tracing: { lines: [2, 3] } }`. The tasks check them. */
const axes = z.record(z.string(), z.record(z.string(), z.unknown())).prefault({});

/** How questions about scenes are asked and answered; what is left out has the tasks' default. */
const questionSchema = z.strictObject({
  wordings: count.optional(),
  clearance: share.optional(),
  pointBins: count.optional(),
  evidence: z.enum(evidenceForms).optional(),
  referringAnswer: z.enum(["cell", "point", "box"]).optional(),
});

/** How regions become the target maps of the KL attention loss; what is left out has that loss's default. */
const targetSchema = z.strictObject({
  pointSigma: nonNegative.optional(),
  box: z.enum(Object.keys(boxRules) as [BoxRule, ...BoxRule[]]).optional(),
  boxSigma: nonNegative.optional(),
});

export const dataSchema = z.strictObject({
  /** An image folder on disk (`fovea data make`, or one's own) instead of scenes composed on the fly. */
  folder: z.string().nullable().default(null),
  /** Held-out image folder; left out, a twentieth of `folder`, of a small one up to a fifth. */
  evalFolder: z.string().nullable().default(null),
  /** Cut-outs: `fluent-3d`, `fluent-flat`, `noto` or folders of transparent pictures. */
  cutouts: z.array(z.string()).min(1).default(["fluent-3d"]),
  /** A folder of photos; painted backgrounds without it. */
  backgroundFolder: z.string().nullable().default(null),
  /** How many concepts. */
  names: count.nullable().default(64),
  /** Seed of the stream of scenes; separate from the model's, so that seeds of both can be compared. */
  seed: z.int().min(0).default(1),
  split: z.enum(splits).default("train"),
  tasks: tasks.default(["naming", "grid-patch", "presence"]),
  /** Tasks that are not trained, but whose words the model is to know, so that it can be trained on them later. */
  vocabulary: z.array(z.enum(allTaskNames as [string, ...string[]])).default([]),
  questionsPerImage: count.default(8),
  absentConcepts: z.int().min(0).default(4),
  scene: sceneSchema.prefault({}),
  axes,
  questions: questionSchema.prefault({}),
  targets: targetSchema.prefault({}),
});

/** The first steps of a run, with settings of their own; after all stages the config's own hold. */
const stageSchema = z.strictObject({
  steps: count,
  scene: sceneSchema.prefault({}),
  axes,
  tasks: tasks.optional(),
  /** Weights of losses, by name. */
  weights: z.record(z.string(), nonNegative).prefault({}),
});

export const configSchema = z.strictObject({
  model: modelSchema.prefault({}),
  data: dataSchema.prefault({}),
  losses: lossesSchema,
  train: trainSchema.prefault({}),
  lora: loraSchema.optional(),
  stages: z.array(stageSchema).default([]),
});
