/** The schema of a training config, with every default. */
import { z } from "zod";
import { deviceNames, precisions } from "../../common/devices.ts";
import { splits } from "../../data/assets/split.ts";
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
  from: z
    .string()
    .nullable()
    .default(null)
    .describe(
      "A Hugging Face folder to start from instead of fresh parameters; the sizes below are then its own.",
    ),
  families: z
    .array(z.string().min(1))
    .optional()
    .describe(
      "Modules that export a `family` of the user's own (`defineFamily`), relative to the config file.",
    ),
  preprocessor: z
    .record(z.string(), z.unknown())
    .prefault({})
    .describe(
      "Fields of its `preprocessor_config.json` to change, in Python's spelling; the trained folder has them, so that Python sees what was trained: `{ max_pixels: 401408 }` of Qwen's, `{ size: { longest_edge: 768 } }` of Idefics3 and SmolVLM.",
    ),
  images: z
    .strictObject({
      minPixels: count.optional().describe("Pixels of the resized picture at least (Qwen's)."),
      maxPixels: count.optional().describe("Pixels of the resized picture at most (Qwen's)."),
      longestEdge: count.optional().describe("Pixels of the longer side (Idefics3, SmolVLM)."),
      tiles: count
        .optional()
        .describe("Tiles along the longer side; 1: the whole picture alone (Idefics3, SmolVLM)."),
    })
    .prefault({})
    .describe(
      "The size of its pictures, as its processor can be told; the trained folder says so in Python's fields. Qwen's: `minPixels`, `maxPixels` of the resized picture. Idefics3 and SmolVLM: `longestEdge` in pixels, or `tiles` along it.",
    ),
  vision: z
    .strictObject({
      imageSize: count.default(64).describe("Pixels on a side of a picture."),
      patchSize: count.default(8).describe("Pixels on a side of a patch: one image token each."),
      width: count.default(128).describe("Features of a patch."),
      layers: count.default(3).describe("Transformer layers."),
      heads: count.default(4).describe("Attention heads of a layer: a divisor of width."),
      mlpRatio: positive.default(4).describe("Width of the feed-forward layers as a multiple of width."),
      positionDeviation: positive
        .default(0.5)
        .describe("Standard deviation of the position embeddings at the start."),
      positions: z
        .enum(["waves", "random"])
        .default("waves")
        .describe(
          "`waves`: sines and cosines of row and column, neighbours begin alike; `random`: each its own.",
        ),
    })
    .prefault({})
    .describe("The vision tower of a new model."),
  init: z
    .enum(["fan-in", "hugging-face"])
    .default("fan-in")
    .describe("Starting values: the scale that suits a small model, or Hugging Face's."),
  projector: z
    .strictObject({ activation: z.enum(["gelu"]).default("gelu").describe("Between its two layers.") })
    .prefault({})
    .describe("The projector of a new model: two linear layers."),
  decoder: z
    .strictObject({
      width: count.default(128).describe("Features of a token."),
      layers: count.default(4).describe("Transformer layers."),
      heads: count.default(4).describe("Query heads of a layer."),
      keyValueHeads: count
        .default(4)
        .describe("Heads of keys and values, shared by groups of query heads: a divisor of heads."),
      mlpRatio: positive.default(4).describe("Width of the feed-forward layers as a multiple of width."),
      ropeTheta: positive.default(10000).describe("Base of the rotary position embedding."),
      normEpsilon: positive.default(1e-5).describe("Added to the mean square in the norms."),
      tieEmbeddings: z.boolean().default(true).describe("Whether the head is the table of token embeddings."),
    })
    .prefault({})
    .describe("The decoder of a new model."),
});

/** Pictures that a run is watched by: `probes.jsonl` shows what the model makes of them as it learns. */
const probesSchema = z.strictObject({
  pictures: z
    .union([
      z.literal("held-out"),
      z
        .array(
          z.strictObject({
            picture: z.string().min(1).describe("A picture's file."),
            concept: z.string().min(1).optional().describe("The word whose lens map is kept."),
            question: z.string().min(1).optional().describe("The question whose answer's attention is kept."),
          }),
        )
        .min(1)
        .max(16),
    ])
    .default("held-out")
    .describe("The first held-out examples of the data, or pictures with a word and a question each."),
  count: z.int().min(1).max(16).default(4).describe("How many held-out examples."),
  every: z
    .int()
    .min(0)
    .optional()
    .describe(
      "Steps between their maps; default: evalEvery; 0: only before the first step and after the last.",
    ),
});

export const trainSchema = z.strictObject({
  seed: z.int().min(0).default(0).describe("Of starting values, order and dropout."),
  steps: count.default(600).describe("Updates of the parameters."),
  batchSize: count.default(48).describe("Images in one micro-batch."),
  accumulate: count.default(1).describe("Micro-batches in one step; their gradients are averaged."),
  learningRate: positive.default(1e-3).describe("The peak, after warm-up and before the cosine."),
  warmupShare: share.default(0.05).describe("Share of the steps in which the rate rises to its peak."),
  warmupSteps: z.int().min(0).optional().describe("Their number, instead."),
  finalShare: share.default(0.05).describe("The cosine's floor as a share of learningRate."),
  weightDecay: nonNegative.default(0.05).describe("AdamW's, of matrices only."),
  beta1: share.default(0.9).describe("Of AdamW's running mean of the gradient."),
  beta2: share.default(0.98).describe("Of AdamW's running mean of its square."),
  epsilon: positive.default(1e-8).describe("AdamW's, added to the root of the second mean."),
  clipNorm: positive.default(1).describe("Largest global norm of the gradient."),
  freeze: z
    .array(z.enum(parts))
    .default([])
    .describe("Parts that keep their values: neither differentiated nor given moments."),
  device: z
    .enum(deviceNames)
    .default("cpu")
    .describe(
      "Where the steps are computed; `fovea devices` says which of them work here. A run may go on with another.",
    ),
  precision: z
    .enum(precisions)
    .default("fast")
    .describe(
      "How products are multiplied: as the device does it fastest with float32 operands, `float32` in no fewer bits, `float16` with halves for operands, where what is trained, its moments and the losses stay float32.",
    ),
  threads: count
    .default(2)
    .describe("Threads of ONNX Runtime; results are bit-identical only with the same number."),
  recompute: z
    .boolean()
    .default(false)
    .describe(
      "Whether the backward pass computes the layers' activations again instead of having them held: far less memory for deep models and long rows, at most a forward pass of time more, results equal to rounding.",
    ),
  prefetch: z
    .int()
    .min(0)
    .default(3)
    .describe("Batches prepared ahead by a worker thread; 0 prepares them on the main thread."),
  evalEvery: z.int().min(0).default(100).describe("Steps between measurements on held-out data; 0: never."),
  evalBatches: count.default(4).describe("Held-out batches that are measured."),
  probes: probesSchema
    .nullable()
    .default(null)
    .describe(
      "Pictures whose lens and attention maps the run keeps in `probes.jsonl` as it learns; null: none.",
    ),
  checkpointEvery: z.int().min(0).default(200).describe("Steps between checkpoints; 0: only at the end."),
  keepLast: count.default(2).describe("Checkpoints kept besides the best one."),
  logEvery: count.default(1).describe("Steps between lines of metrics.jsonl."),
});

/** Low-rank adapters on the model that `model.from` names, which itself stays as it is. */
export const loraSchema = z.strictObject({
  rank: count.default(16).describe("Rank of the adapters."),
  alpha: positive.default(32).describe("The change is scaled by alpha / rank."),
  dropout: z.number().min(0).lt(1).default(0).describe("Share of the adapters' inputs that a step drops."),
  targets: z
    .array(z.string().min(1))
    .min(1)
    .default(["all-linear"])
    .describe(
      "Linear layers by the end of their name (`q_proj`, `layers.3.mlp.up_proj`, `*` for any text), or `all-linear`.",
    ),
  parts: z
    .array(z.enum(["decoder", "projector", "vision"]))
    .min(1)
    .default(["decoder"])
    .describe("Where they are looked for."),
  weights: z
    .enum(["mapped", "int8", "int4"])
    .default("mapped")
    .describe(
      "How the model's own matrices are held: in the type that its file has, or rounded once to so many bits.",
    ),
  rankStabilised: z
    .boolean()
    .default(false)
    .describe("Scale alpha / sqrt(rank) instead, for high ranks (Kalajdzievski, arXiv 2312.03732)."),
});

const sceneSchema = z.strictObject({
  objects: z.tuple([count, count]).optional().describe("Fewest and most objects in a scene."),
  scale: range.optional().describe("Range of an object's longer side, as a share of the image's side."),
  rotation: nonNegative.optional().describe("Largest rotation either way, in degrees."),
  flip: share.optional().describe("Chance of mirroring an object left to right."),
  brightness: share.optional().describe("Largest change of an object's brightness either way, as a share."),
  overlap: share
    .optional()
    .describe("How much of their extent two objects may share before the scene is redrawn: 0 none, 1 any."),
  minVisible: share.optional().describe("Least share of an object that must show."),
  grid: count
    .optional()
    .describe("The image is divided in grid x grid cells; objects' centres are spread evenly over them."),
  backgrounds: z
    .array(z.enum(Object.keys(backgrounds) as [keyof typeof backgrounds]))
    .optional()
    .describe("Kinds of background, chosen from at random."),
  hue: nonNegative.optional().describe("Largest turn of an object's hue either way, in degrees."),
  saturation: share.optional().describe("Largest change of an object's saturation either way, as a share."),
  contrast: share.optional().describe("Largest change of an object's contrast either way, as a share."),
  occluders: z
    .int()
    .min(0)
    .optional()
    .describe("Most shapes without a name in front of the objects; they hide parts of them."),
  blur: nonNegative.optional().describe("Largest deviation of a blur over the whole picture, in pixels."),
  noise: nonNegative
    .optional()
    .describe("Standard deviation of the noise added to every channel at the end, of 255."),
  plates: share.optional().describe("Chance that an object stands on a coloured disc."),
  repeats: share
    .optional()
    .describe("Chance that an object has the name of one before it; otherwise all names differ."),
});

const augmentSchema = z.strictObject({
  hue: nonNegative.max(180).optional().describe("Largest turn of the hue either way, in degrees."),
  saturation: share.optional().describe("Largest change of the saturation either way, as a share."),
  brightness: share.optional().describe("Largest change of the brightness either way, as a share."),
  contrast: share.optional().describe("Largest change of the contrast either way, as a share."),
  blur: nonNegative.max(64).optional().describe("Largest deviation of a blur, in pixels."),
  noise: nonNegative
    .optional()
    .describe("Standard deviation of noise on every channel, of 255; in scenes instead of the scene's own."),
  occluders: z
    .int()
    .min(0)
    .max(50)
    .optional()
    .describe("Most discs and bars in front, which hide parts; regions lose what is hidden."),
  scale: z
    .tuple([z.number().positive(), z.number().positive()])
    .refine(([least, most]) => least <= most, "two numbers, the smaller first")
    .optional()
    .describe("Range of a factor on the size: of each object of a scene, of the whole picture of a folder."),
  rotation: nonNegative.max(180).optional().describe("Largest turn either way, in degrees."),
  flip: share
    .optional()
    .describe("Chance of mirroring left to right; pictures whose texts name a side are left as they are."),
  backgrounds: z
    .array(z.enum(Object.keys(backgrounds) as [keyof typeof backgrounds]))
    .min(1)
    .optional()
    .describe("Kinds of background of scenes."),
});

const tasks = z.array(z.enum(allTaskNames as [string, ...string[]])).min(1);

/** Axes of drawn tasks, by task: `{ line-tracing: { lines: [2, 3] } }`. The tasks check them. */
const axes = z
  .record(z.string(), z.record(z.string(), z.unknown()))
  .prefault({})
  .describe("Axes of difficulty of drawn tasks, by task: `{ line-tracing: { lines: [2, 3] } }`.");

const questionSchema = z.strictObject({
  wordings: count.optional().describe("How many wordings of each question are used, the plainest first."),
  clearance: share
    .optional()
    .describe("Least distance of an object's centre from the border of its cell, as a share of the cell."),
  pointBins: count.optional().describe("Coordinates in answers are the middles of so many equal steps."),
  evidence: z
    .enum(evidenceForms)
    .optional()
    .describe(
      "How evidence is given: what shows of the object, the box around that, or the point in its middle.",
    ),
  referringAnswer: z
    .enum(["cell", "point", "box"])
    .optional()
    .describe("What a referring expression is answered with."),
});

const targetSchema = z.strictObject({
  pointSigma: nonNegative.optional().describe("Standard deviation of a point's Gaussian, in patches."),
  box: z
    .enum(Object.keys(boxRules) as [BoxRule, ...BoxRule[]])
    .optional()
    .describe(
      "How a box becomes a map: its smoothed coverage, a Gaussian as wide as it, or the line along its middle.",
    ),
  boxSigma: nonNegative
    .optional()
    .describe("Standard deviation of the smoothing of a box's coverage, in patches; 0 leaves it as it is."),
});

export const dataSchema = z.strictObject({
  folder: z
    .string()
    .nullable()
    .default(null)
    .describe(
      "An image folder on disk (`fovea data make`, or one's own) instead of scenes composed on the fly.",
    ),
  evalFolder: z
    .string()
    .nullable()
    .default(null)
    .describe("Held-out image folder; left out, a twentieth of `folder`, of a small one up to a fifth."),
  cutouts: z
    .array(z.string())
    .min(1)
    .default(["fluent-3d"])
    .describe(
      "Cut-outs: drawings (`fluent-3d`, `fluent-flat`, `noto`, `twemoji`, `openmoji`, `emojione`, `fxemoji`, `streamline-emojis`, and with " +
        "`-more` their further drawings), stamps (`tuxpaint-photos`, `tuxpaint-drawings`) or folders of transparent pictures.",
    ),
  heldOutPictures: z
    .boolean()
    .default(true)
    .describe(
      "Whether some of a name's pictures are kept from training (a tenth each for `validation` and `test`, at least one); where false, all are trained on, " +
        "and held-out scenes show them too: evaluate on another source.",
    ),
  backgroundFolder: z
    .string()
    .nullable()
    .default(null)
    .describe("A folder of photos; painted backgrounds without it."),
  names: count.nullable().default(64).describe("How many concepts."),
  seed: z
    .int()
    .min(0)
    .default(1)
    .describe(
      "Seed of the stream of scenes; separate from the model's, so that seeds of both can be compared.",
    ),
  split: z
    .enum(splits)
    .default("train")
    .describe("Which pictures of each name: no picture is in two splits, unless a name has one alone."),
  tasks: tasks.default(["naming", "grid-patch", "presence"]).describe("What is asked about a scene."),
  vocabulary: z
    .array(z.enum(allTaskNames as [string, ...string[]]))
    .default([])
    .describe(
      "Tasks that are not trained, but whose words the model is to know, so that it can be trained on them later.",
    ),
  questionsPerImage: count.default(8).describe("Questions about one image, packed behind it."),
  absentConcepts: z
    .int()
    .min(0)
    .default(4)
    .describe("Concepts of an image that it does not show, for the logit lens loss."),
  scene: sceneSchema
    .prefault({})
    .describe("How scenes are composed; what is left out has the composer's default."),
  augment: augmentSchema
    .prefault({})
    .describe(
      "Random changes of what is trained on, never of what is evaluated: of each object of a scene, of each picture of a " +
        "folder (docs/training.md).",
    ),
  axes,
  questions: questionSchema
    .prefault({})
    .describe("How questions about scenes are asked and answered; what is left out has the tasks' default."),
  targets: targetSchema
    .prefault({})
    .describe(
      "How regions become the target maps of the KL attention loss; what is left out has that loss's default.",
    ),
});

/** The first steps of a run, with settings of their own; after all stages the config's own hold. */
const stageSchema = z.strictObject({
  steps: count.describe("How many; the next stage follows."),
  scene: sceneSchema.prefault({}).describe("How scenes are composed, on top of data.scene."),
  axes,
  tasks: tasks.optional().describe("What is asked about a scene, instead of data.tasks."),
  weights: z.record(z.string(), nonNegative).prefault({}).describe("Weights of losses, by name."),
});

export const configSchema = z.strictObject({
  model: modelSchema
    .prefault({})
    .describe("The model that is trained: a new LLaVA of these sizes, or one that exists."),
  data: dataSchema
    .prefault({})
    .describe("What it is trained on: scenes made on the way, or an image folder."),
  losses: lossesSchema.describe("The losses and their weights; one that is not named is not used."),
  train: trainSchema.prefault({}).describe("Steps, optimiser, and what is written on the way."),
  lora: loraSchema
    .optional()
    .describe("Low-rank adapters on the model that model.from names, which itself stays as it is."),
  stages: z
    .array(stageSchema)
    .default([])
    .describe(
      "The first steps of a run, with settings of their own; after all stages the config's own hold.",
    ),
});
