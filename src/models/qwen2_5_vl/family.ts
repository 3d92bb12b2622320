import type { NdArray } from "../../engine/array.ts";
import type { FamilyParts, VlmParams } from "../contract/parts.ts";
import { decoderOf } from "../decoder/text-config.ts";
import { defineFamily } from "../define.ts";
import { qwenPixels } from "../qwen/patches.ts";
import { multimodalPositions } from "../qwen/positions.ts";
import { openQwenReader } from "../qwen/reader.ts";
import { limitPixels } from "../qwen/size-limit.ts";
import { parseQwen25VlConfig, type Qwen25VlConfig, qwen25VlConfigToJson } from "./config.ts";
import { encodeImages, type VisionParams, visionArrays, visionSpecs } from "./vision.ts";

export interface Qwen25VlParams<A = NdArray> extends VlmParams<A> {
  readonly visual: VisionParams<A>;
}

/** Patches on a side of an image of usual size: 16 x 16 image tokens. */
const usualPatches = 32;

const parts: FamilyParts<Qwen25VlConfig, Qwen25VlParams> = {
  modelType: "qwen2_5_vl",
  parseConfig: parseQwen25VlConfig,
  configToJson: qwen25VlConfigToJson,
  decoder: ({ textConfig }) => decoderOf(textConfig),
  imageTokenId: ({ imageTokenId }) => imageTokenId,
  imageSize: ({ visionConfig }) => usualPatches * visionConfig.patchSize,
  visionSpecs: ({ visionConfig }) => ({ visual: visionSpecs(visionConfig) }),
  tensorName,
  moduleName,
  currentTensorName,
  pixels: ({ visionConfig }) => qwenPixels(visionConfig.spatialMergeSize),
  imageInputs: ({ visionConfig }, rows, layout) => ({ ...visionArrays(visionConfig, rows, layout) }),
  encodeImages: ({ visionConfig }, { visual }, images) => encodeImages(visionConfig, visual, images),
  rotaryPositions: ({ visionConfig }, positionIds, rows) =>
    multimodalPositions(positionIds, rows, visionConfig.spatialMergeSize),
  limitSize: limitPixels,
  openReader: ({ visionConfig, imageTokenId }, files, _, path) =>
    openQwenReader({ ...visionConfig, imageTokenId }, files, path),
};

/** Qwen2.5-VL as the rest of Fovea sees it. */
export const qwen25Vl = defineFamily(parts);

/**
 * The name that transformers writes for a parameter's path, which is also the hub's:
 * `languageModel.layers.0.mlp.upProj.weight` -> `model.layers.0.mlp.up_proj.weight`.
 */
export function tensorName(path: string): string {
  return path
    .replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    .replace(/^language_model\./, "model.");
}

/** `languageModel.layers.0` -> `model.language_model.layers.0`; the head has no prefix. */
function moduleName(path: string): string {
  const snake = path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return snake.startsWith("lm_head.") ? snake : `model.${snake}`;
}

/** The name of today for a name in a file: some of 2025 have the modules' names, `model.language_model.*`. */
export function currentTensorName(stored: string): string | null {
  if (/\.inv_freq$/.test(stored)) return null;
  return stored
    .replace(/^model\.visual\./, "visual.")
    .replace(/^model\.language_model\./, "model.")
    .replace(/^language_model\.model\./, "model.")
    .replace(/^language_model\.lm_head\./, "lm_head.");
}
