/**
 * `fovea/data`: examples, data sets on disk, their making and importing, and their way into batches.
 *
 * @module
 */

// An example: a picture, what is asked about it and what shows in it.

export {
  type AnswerType,
  type Concept,
  type Example,
  type ExampleRef,
  type Question,
  questionsApart,
  refOf,
} from "./example.ts";
export {
  type ConceptInput,
  completeExamples,
  type ExampleInput,
  type QuestionInput,
} from "./example-input.ts";

// Regions, in pixels of the picture; masks as run lengths; regions to target maps.

export type { BoxRegion, MaskRegion, PointsRegion, PolylineRegion, Region } from "../grounding/region.ts";
export { decodeMask, encodeMask } from "../grounding/rle.ts";
export { type TargetOptions, targetMap } from "../grounding/target.ts";
export { checkRegions, type RegionProblem } from "./regions.ts";

// Data sets on disk, as `datasets.load_dataset("imagefolder")` reads them.

export { type MadeData, type MakeOptions, makeData } from "./imagefolder/make.ts";
export {
  type FolderOptions,
  type ImageFolder,
  openImageFolder,
  type ReadOptions,
  readExampleRefs,
} from "./imagefolder/read.ts";
export { writeImageFolder } from "./imagefolder/write.ts";

// Published data sets.

export { type ImportOptions, importPublic } from "./public/import.ts";

// Tasks that draw their own pictures, of one's own too.

export { type Drawn, type DrawnTask, defineDrawnTask } from "./tasks/drawn.ts";
export { drawnTasks } from "./tasks/drawn-registry.ts";

// Examples to the arrays of a training step.

export {
  type Collated,
  type Collator,
  openCollator,
  planFor,
  planForAll,
  rowMeasure,
} from "./collate.ts";
export type { CollateTools } from "./encode.ts";
