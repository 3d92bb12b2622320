import type { ModelFacts, ModelFamily } from "../family.ts";
import {
  imageTokenCount,
  type LlavaConfig,
  llavaConfigToJson,
  parseLlavaConfig,
  patchGrid,
} from "./config.ts";
import { loadLlava, saveLlava } from "./folder.ts";
import { forward, head } from "./forward.ts";
import { createGenerator } from "./generate.ts";
import { paramsFromNamed, paramsToNamed } from "./names.ts";
import { initParams, llavaSpecs } from "./params.ts";

/** LLaVA as the rest of Fovea sees it. */
export const llava = {
  modelType: "llava",
  parseConfig: parseLlavaConfig,
  configToJson: llavaConfigToJson,
  facts: llavaFacts,
  specs: llavaSpecs,
  initParams,
  toNamed: paramsToNamed,
  fromNamed: paramsFromNamed,
  forward,
  head,
  createGenerator,
  load: loadLlava,
  save: saveLlava,
} as const satisfies ModelFamily;

function llavaFacts(config: LlavaConfig): ModelFacts {
  const { textConfig: text, visionConfig: vision } = config;
  const grid = patchGrid(config);
  const imageTokens = imageTokenCount(config);
  return {
    modelType: "llava",
    vocabSize: text.vocabSize,
    layers: text.numHiddenLayers,
    heads: text.numAttentionHeads,
    width: text.hiddenSize,
    maxPositions: text.maxPositionEmbeddings,
    imageTokenId: config.imageTokenId,
    imageTokens,
    extraImageTokens: imageTokens - grid.rows * grid.columns,
    grid,
    imageSize: vision.imageSize,
    patchSize: vision.patchSize,
    eosTokenIds: [text.eosTokenId ?? []].flat(),
  };
}
