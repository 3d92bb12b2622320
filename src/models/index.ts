/**
 * `fovea/models`: the model families, what a family of one's own is made of, adapters, and new models from two halves.
 *
 * @module
 */

// Where a model's files come from: a folder, a server, File and Blob, memory.

export { filesSource, type GivenFile } from "../hub/source/files.ts";
export { folderSource } from "../hub/source/folder.ts";
export type { GivenSource } from "../hub/source/given.ts";
export { type HttpOptions, httpSource } from "../hub/source/http.ts";
export { type MemoryFiles, memorySource } from "../hub/source/memory.ts";
export {
  type ByteRange,
  type JsonObject,
  type Source,
  type Store,
  sourceOver,
  subfolder,
} from "../hub/source.ts";

// The families that there are.

export { families, familyOf, type ModelType } from "./registry.ts";

// A family of one's own: its contract, and LLaVA's parts for one that differs in a few.

export type {
  BoundFamily,
  DefinedFamily,
  FamilyFacts,
  ForwardOptions,
  ForwardResult,
  Head,
  LastRows,
  Model,
  ModelFacts,
  ModelFamily,
  SaveOptions,
  Unembedding,
} from "./contract/family.ts";
export type { Generation, Generator, GeneratorOptions, PromptRow } from "./contract/generation.ts";
export type { FamilyParts, VisionInputs, VisionPass, VlmParams } from "./contract/parts.ts";
export { inPart, type Part, type PartSpec, parts } from "./contract/roles.ts";
export type { TapName, Taps } from "./contract/taps.ts";
export { customFamilies } from "./custom.ts";
export { defineFamily } from "./define.ts";
export type { LlavaConfig } from "./llava/config.ts";
export { llavaParts } from "./llava/family.ts";
export type { LlavaParams } from "./llava/params.ts";

// A decoder of one's own: a kind for each of its layers, and who sees whom.

export { linear, linearSpec } from "../nn/linear.ts";
export { type Visibility, visibilityMask } from "../nn/visibility.ts";
export { type AttentionRecipe, attentionLayer } from "./decoder/attention.ts";
export { type BranchRecipe, branchSpecs, decoderNorm, withBranches } from "./decoder/branches.ts";
export type { DecoderConfig, RotaryConfig } from "./decoder/config.ts";
export type {
  LayerContext,
  LayerKind,
  LayerParams,
  RowsContext,
  RowsResult,
  StepResult,
} from "./decoder/layer.ts";

// Pictures and texts as a model's inputs.

export type { ImageReader, MeasuredImage, ProcessedImage } from "./inputs/images.ts";
export type { ImageLayout, ModelInputs, RowLayout } from "./inputs/inputs.ts";
export { openSquareReader, type SquareImages } from "./inputs/square-reader.ts";

// Adapters: PEFT folders, and complete models made of them.

export { adapted, loadAdapter } from "./adapter/adapter.ts";
export { type MergeOptions, mergeAdapter } from "./adapter/merge.ts";

// A new VLM from a vision tower and a language model.

export { type BuildOptions, planLlava, type WriteOptions, writeLlava } from "./build/build.ts";
