/** A model family of a user's own: what a LLaVA is, under a `model_type` that no registry knows. */

import type { FamilyParts } from "../../../src/models/contract/parts.ts";
import { decoderOf } from "../../../src/models/decoder/text-config.ts";
import { defineFamily } from "../../../src/models/define.ts";
import { openSquareReader } from "../../../src/models/inputs/square-reader.ts";
import { type LlavaConfig, llavaConfigToJson, parseLlavaConfig } from "../../../src/models/llava/config.ts";
import { currentTensorName, moduleName, tensorName } from "../../../src/models/llava/names.ts";
import { type LlavaParams, visionSideSpecs } from "../../../src/models/llava/params.ts";
import { encodeImages } from "../../../src/models/llava/vision.ts";

export const parts: FamilyParts<LlavaConfig, LlavaParams> = {
  modelType: "own_vlm",
  parseConfig: (json, source) => parseLlavaConfig({ ...(json as object), model_type: "llava" }, source),
  configToJson: (config) => ({ ...llavaConfigToJson(config), model_type: "own_vlm" }),
  decoder: ({ textConfig }) => decoderOf(textConfig),
  imageTokenId: ({ imageTokenId }) => imageTokenId,
  imageSize: ({ visionConfig }) => visionConfig.imageSize,
  visionSpecs: visionSideSpecs,
  tensorName,
  moduleName,
  currentTensorName,
  encodeImages,
  openReader: ({ visionConfig: { imageSize, patchSize }, imageTokenId }, files, _, path) =>
    openSquareReader({ imageSize, patchSize, imageTokenId, extraTokens: 0, usual: "Siglip" }, files, path),
};

export const family = defineFamily(parts);
