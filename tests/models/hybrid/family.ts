/**
 * A family made up to show what a hybrid takes: a decoder with two kinds of layer, two windows and two rotary tables, and images
 * whose tokens see each other. Everything of it is in this folder; it is handed to who opens a model.
 */
import type { NdArray } from "../../../src/engine/array.ts";
import type { VlmParams } from "../../../src/models/contract/parts.ts";
import { inPart } from "../../../src/models/contract/roles.ts";
import { defineFamily } from "../../../src/models/define.ts";
import { perRow, pixelsOf } from "../../../src/models/inputs/layout.ts";
import { openSquareReader } from "../../../src/models/inputs/square-reader.ts";
import {
  type SiglipParams,
  siglipNorm,
  siglipSpecs,
  siglipTower,
} from "../../../src/models/towers/siglip.ts";
import { type LinearParams, linear, linearSpec } from "../../../src/nn/linear.ts";
import { type HybridConfig, hybridConfigToJson, hybridDecoder, parseHybridConfig } from "./config.ts";

export interface HybridParams<A = NdArray> extends VlmParams<A> {
  readonly visionTower: SiglipParams<A>;
  readonly projector: LinearParams<A>;
}

export const family = defineFamily<HybridConfig, HybridParams>({
  modelType: "hybrid_vlm",
  parseConfig: parseHybridConfig,
  configToJson: hybridConfigToJson,
  decoder: hybridDecoder,
  imageTokenId: ({ imageTokenId }) => imageTokenId,
  imageSize: ({ visionConfig }) => visionConfig.imageSize,
  visionSpecs: ({ visionConfig, textConfig: { hiddenSize, initializerRange: std } }) => ({
    visionTower: inPart("vision", siglipSpecs(visionConfig)),
    projector: inPart("projector", linearSpec(visionConfig.hiddenSize, hiddenSize, { std, bias: true })),
  }),
  tensorName: (path) => path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  currentTensorName: (stored) => stored,
  encodeImages({ visionConfig }, { visionTower, projector }, { pixelValues, layout }) {
    const { patchEmbeddings, hiddenStates } = siglipTower(visionConfig, visionTower, pixelValues);
    const last = siglipNorm(visionConfig, visionTower, hiddenStates[hiddenStates.length - 1]);
    const rows = (x: NdArray) => perRow(x, pixelsOf(layout));
    return {
      features: rows(linear(projector, last)),
      patchEmbeddings: rows(patchEmbeddings),
      hiddenStates: hiddenStates.map(rows),
    };
  },
  visibility: "image-blocks",
  openReader: ({ visionConfig: { imageSize, patchSize }, imageTokenId }, files, _, path) =>
    openSquareReader({ imageSize, patchSize, imageTokenId, extraTokens: 0, usual: "Siglip" }, files, path),
});
