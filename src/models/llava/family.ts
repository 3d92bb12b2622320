import { join } from "node:path";
import { mustBe } from "../../common/errors.ts";
import type { ImageGeometry, RgbImage } from "../../common/image.ts";
import { type FolderFiles, imageSettings } from "../../hub/folder.ts";
import { parseProcessor, processImage } from "../../hub/processor.ts";
import { decoderOf } from "../decoder/text-config.ts";
import { defineFamily } from "../define.ts";
import type { ImageReader } from "../images.ts";
import type { FamilyParts } from "../parts.ts";
import {
  imageTokenCount,
  type LlavaConfig,
  llavaConfigToJson,
  parseLlavaConfig,
  patchGrid,
} from "./config.ts";
import { drawParam, type LlavaInit, type LlavaParams, visionSideSpecs } from "./params.ts";
import { see } from "./vision.ts";

const parts: FamilyParts<LlavaConfig, LlavaParams, LlavaInit> = {
  modelType: "llava",
  parseConfig: parseLlavaConfig,
  configToJson: llavaConfigToJson,
  decoder: ({ textConfig }) => decoderOf(textConfig),
  imageTokenId: (config) => config.imageTokenId,
  imageSize: ({ visionConfig }) => visionConfig.imageSize,
  visionSpecs: visionSideSpecs,
  draw: drawParam,
  tensorName,
  moduleName,
  currentTensorName,
  see,
  openReader,
};

/** LLaVA as the rest of Fovea sees it. */
export const llava = defineFamily(parts);

/**
 * The name that transformers 5.18 writes for a parameter's path: `languageModel.layers.0.mlp.upProj.weight`
 * -> `language_model.model.layers.0.mlp.up_proj.weight`.
 */
export function tensorName(path: string): string {
  const snake = path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return snake
    .replace(/^multi_modal_projector\.linear/, "multi_modal_projector.linear_")
    .replace(/^language_model\./, "language_model.model.")
    .replace(/^lm_head\./, "language_model.lm_head.");
}

/** `language_model.model.layers.0` in a file is `model.language_model.layers.0` among the modules. */
function moduleName(path: string): string {
  return tensorName(path)
    .replace(/^language_model\.lm_head\./, "lm_head.")
    .replace(/^language_model\.model\./, "language_model.")
    .replace(/^(?!lm_head\.)/, "model.");
}

/**
 * The name of today for a name in a file: files on the hub have `vision_tower.vision_model.*`, some of 2025
 * `model.language_model.*` and `lm_head.*`. Null for what is known and not a parameter.
 */
export function currentTensorName(stored: string): string | null {
  if (/\.(position_ids|inv_freq)$|^(model\.)?vision_tower\.(vision_model\.)?head\./.test(stored)) return null;
  return stored
    .replace(/^model\./, "")
    .replace(/^vision_tower\.vision_model\./, "vision_tower.")
    .replace(/^language_model\.(?!model\.|lm_head\.)/, "language_model.model.")
    .replace(/^lm_head\./, "language_model.lm_head.");
}

/** Images of the one size that the tower takes. */
function openReader(config: LlavaConfig, files: FolderFiles, _: unknown, path: string): ImageReader {
  const file = join(path, "preprocessor_config.json");
  const processor = parseProcessor(imageSettings(files, path), file);
  const grid = patchGrid(config);
  const tokens = imageTokenCount(config);
  const ids = new Array<number>(tokens).fill(config.imageTokenId);
  const { patchSize, imageSize } = config.visionConfig;
  return {
    see(image: RgbImage) {
      const { pixelValues, geometry } = processImage(image, processor, patchSize);
      checkGrid(geometry, grid, imageSize, file);
      return {
        pixelValues: { ...pixelValues, shape: [1, ...pixelValues.shape] },
        shape: grid,
        ids,
        extraTokens: tokens - grid.rows * grid.columns,
        views: [geometry],
      };
    },
  };
}

function checkGrid(
  { grid, processed }: ImageGeometry,
  { rows, columns }: ImageGeometry["grid"],
  size: number,
  file: string,
): void {
  if (grid.rows === rows && grid.columns === columns) return;
  const rule = `for images of ${size} x ${size} pixels, as config.json says`;
  throw mustBe("model", file, rule, `${processed.width} x ${processed.height}`);
}
