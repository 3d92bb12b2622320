import type { NdArray } from "../../engine/array.ts";
import type { VlmParams } from "../contract/parts.ts";
import { decoderOf } from "../decoder/text-config.ts";
import { defineFamily } from "../define.ts";
import { qwenPixels } from "../qwen/patches.ts";
import { multimodalPositions } from "../qwen/positions.ts";
import { openQwenReader } from "../qwen/reader.ts";
import { limitPixels } from "../qwen/size-limit.ts";
import { parseQwen3VlConfig, positionSide, type Qwen3VlConfig, qwen3VlConfigToJson } from "./config.ts";
import { type VisionParams, visionArrays, visionSpecs, visionTower } from "./vision.ts";

export interface Qwen3VlParams<A = NdArray> extends VlmParams<A> {
  readonly visual: VisionParams<A>;
}

/** Qwen3-VL, dense (`Qwen3VLForConditionalGeneration`), for images. */
export const qwen3Vl = defineFamily<Qwen3VlConfig, Qwen3VlParams>({
  modelType: "qwen3_vl",
  parseConfig: parseQwen3VlConfig,
  configToJson: qwen3VlConfigToJson,
  decoder: ({ textConfig }) => decoderOf(textConfig),
  imageTokenId: ({ imageTokenId }) => imageTokenId,
  imageSize: ({ visionConfig }) => positionSide(visionConfig) * visionConfig.patchSize,
  visionSpecs: ({ visionConfig }) => ({ visual: visionSpecs(visionConfig) }),
  tensorName,
  currentTensorName: (stored) => (stored.endsWith(".inv_freq") ? null : stored),
  pixels: ({ visionConfig }) => qwenPixels(visionConfig.spatialMergeSize),
  imageInputs: ({ visionConfig }, rows, layout) => ({ ...visionArrays(visionConfig, rows, layout) }),
  encodeImages: ({ visionConfig }, { visual }, images) => visionTower(visionConfig, visual, images),
  rotaryPositions: ({ visionConfig }, positionIds, rows) =>
    multimodalPositions(positionIds, rows, visionConfig.spatialMergeSize),
  limitSize: limitPixels,
  openReader: ({ visionConfig, imageTokenId }, files, _, path) =>
    openQwenReader({ ...visionConfig, imageTokenId }, files, path),
});

/** `visual.blocks.0.attn.qkv.weight` -> `model.visual.blocks.0.attn.qkv.weight`; the head has no prefix. */
function tensorName(path: string): string {
  const snake = path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return snake.startsWith("lm_head.") ? snake : `model.${snake}`;
}
