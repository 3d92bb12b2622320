/**
 * `fovea`: what most programs need. The rest is in the sub-paths: `fovea/engine`, `fovea/losses`, `fovea/lens`,
 * `fovea/lens/paint`, `fovea/lens/sheets`, `fovea/models`, `fovea/data`, `fovea/train`, `fovea/eval`; `fovea/web` runs in
 * a page.
 *
 *     const model = await openVlm("checkpoints/full");
 *     const picture = await readImage("scene.png");
 *     await writePng("cat.png", paintOver(picture, await conceptMap(model, picture, "cat")));
 *
 *     const trainer = await openTrainer({ model, losses: [nextToken, myLoss], learningRate: 1e-4 });
 *     for (const examples of batches) await trainer.step(examples);
 *
 * @module
 */

// An open model, where it runs, and what it says of a picture.

export type { Machine } from "./engine/runtime/runtime.ts";
export { type AskOptions, ask, type Reply } from "./vlm/ask.ts";
export { type OpenOptions, openVlm, type Vlm } from "./vlm/open.ts";

// Pictures: 8-bit RGB, [Y, X, 3].

export type { ImageGeometry, RgbImage } from "./common/image.ts";
export { decodeImage, encodePng, readImage, writePng } from "./hub/image/image-file.ts";

// What image tokens say and where answers look: one map, all maps, masks.

export { type AttentionResult, attentionMaps } from "./lens/attention.ts";
export { conceptMask } from "./lens/cut.ts";
export { type LensOptions, type LensResult, lensMaps } from "./lens/logit-lens.ts";
export {
  type AttentionMap,
  attentionMap,
  type ConceptMap,
  conceptMap,
  paintOver,
  type TokenMap,
} from "./lens/token-map.ts";

// Examples, in memory and on disk; regions are in pixels of the picture.

export type { Concept, Example, ExampleRef, Question } from "./data/example.ts";
export type { ExampleInput } from "./data/example-input.ts";
export { readExampleRefs } from "./data/imagefolder/read.ts";
export { writeImageFolder } from "./data/imagefolder/write.ts";
export type { Region } from "./grounding/region.ts";
export { encodeMask } from "./grounding/rle.ts";

// Losses, and one's own.

export { klAttention } from "./losses/kl-attention.ts";
export { logitLens } from "./losses/logit-lens.ts";
export { defineLoss, type Loss } from "./losses/loss.ts";
export { nextToken } from "./losses/next-token.ts";
export { type WeightedLoss, weigh } from "./losses/total.ts";

// Training: step by step on examples in memory, or a whole run from a config.

export { defineConfig, loadConfig, type TrainConfig } from "./train/config/config.ts";
export { type TrainOptions, train } from "./train/run/run.ts";
export type { TrainerOptions } from "./train/trainer/options.ts";
export { openTrainer, type Trainer, type TrainerReport } from "./train/trainer/trainer.ts";

// Evaluation.

export { type EvaluateOptions, type Evaluation, evaluate } from "./eval/evaluate.ts";

// Model families, and one's own.

export type { ModelFamily } from "./models/contract/family.ts";
export { defineFamily } from "./models/define.ts";
export { families } from "./models/registry.ts";

// Array functions as programs.

export { compile } from "./engine/compile.ts";

// Mistakes of a caller: one line that says what is wrong.

export { UserError } from "./common/errors.ts";
