import type { FolderFiles } from "../../hub/folder.ts";
import type { FamilyParts } from "../contract/parts.ts";
import type { DecoderConfig } from "../decoder/config.ts";
import { decoderOf } from "../decoder/text-config.ts";
import { defineFamily } from "../define.ts";
import type { ImageReader } from "../inputs/images.ts";
import { openSquareReader } from "../inputs/square-reader.ts";
import {
  imageTokenCount,
  type LlavaConfig,
  llavaConfigToJson,
  parseLlavaConfig,
  patchGrid,
} from "./config.ts";
import { currentTensorName, moduleName, tensorName } from "./names.ts";
import { drawParam, type LlavaInit, type LlavaParams, visionSideSpecs } from "./params.ts";
import { encodeImages } from "./vision.ts";

/** What LLaVA has of its own; a family that differs from it in a few parts takes the others from here. */
export const llavaParts: FamilyParts<LlavaConfig, LlavaParams, LlavaInit> = {
  modelType: "llava",
  parseConfig: parseLlavaConfig,
  configToJson: llavaConfigToJson,
  decoder: ({ textConfig }) => withoutCap(decoderOf(textConfig)),
  imageTokenId: (config) => config.imageTokenId,
  imageSize: ({ visionConfig }) => visionConfig.imageSize,
  visionSpecs: visionSideSpecs,
  draw: drawParam,
  tensorName,
  moduleName,
  currentTensorName,
  encodeImages,
  openReader,
};

/** Python's LLaVA does not cap the logits of a Gemma 2 that it holds. */
function withoutCap({ logitSoftcap: _, ...decoder }: DecoderConfig): DecoderConfig {
  return decoder;
}

/** LLaVA as the rest of Fovea sees it. */
export const llava = defineFamily(llavaParts);

/** Images of the one size that the tower takes. */
function openReader(config: LlavaConfig, files: FolderFiles, _: unknown, path: string): ImageReader {
  const { rows, columns } = patchGrid(config);
  const { patchSize, imageSize } = config.visionConfig;
  const { imageTokenId } = config;
  const extraTokens = imageTokenCount(config) - rows * columns;
  return openSquareReader({ imageSize, patchSize, imageTokenId, extraTokens, usual: "Llava" }, files, path);
}
