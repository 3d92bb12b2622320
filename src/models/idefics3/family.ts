import type { FamilyParts } from "../contract/parts.ts";
import { defineFamily } from "../define.ts";
import {
  type Idefics3Config,
  type Idefics3Type,
  idefics3ConfigToJson,
  idefics3Decoder,
  parseIdefics3Config,
} from "./config.ts";
import { openIdefics3Reader } from "./reader.ts";
import { limitTiles } from "./size-limit.ts";
import { encodeImages, type Idefics3Params, picturesOf, visionSpecs } from "./vision.ts";

export const idefics3 = defineFamily(partsOf("idefics3"));
/** The same architecture under the name of SmolVLM2's files. */
export const smolvlm = defineFamily(partsOf("smolvlm"));

function partsOf(modelType: Idefics3Type): FamilyParts<Idefics3Config, Idefics3Params> {
  return {
    modelType,
    parseConfig: (json, source) => parseIdefics3Config(modelType, json, source),
    configToJson: idefics3ConfigToJson,
    decoder: idefics3Decoder,
    imageTokenId: ({ imageTokenId }) => imageTokenId,
    imageSize: ({ visionConfig }) => visionConfig.imageSize,
    visionSpecs,
    tensorName,
    currentTensorName,
    pixels: () => ({ of: picturesOf }),
    encodeImages,
    limitSize: limitTiles,
    openReader: openIdefics3Reader,
  };
}

/** `languageModel.layers.0.mlp.upProj.weight` -> `model.text_model.layers.0.mlp.up_proj.weight`. */
function tensorName(path: string): string {
  const snake = path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  if (snake.startsWith("lm_head.")) return snake;
  return `model.${snake.replace(/^language_model\./, "text_model.")}`;
}

/** Files have had these names from the first; those of the model without its head lack `model.`. */
function currentTensorName(stored: string): string | null {
  if (/\.(position_ids|inv_freq)$/.test(stored)) return null;
  return stored.replace(/^(vision_model|connector|text_model)\./, "model.$1.");
}
