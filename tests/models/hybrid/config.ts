import { z } from "zod";
import { parseFields, snakeKeys, withModelType } from "../../../src/hub/fields.ts";
import { positions, size, tokenId } from "../../../src/models/contract/config-fields.ts";
import { attentionLayer } from "../../../src/models/decoder/attention.ts";
import type { DecoderConfig } from "../../../src/models/decoder/config.ts";
import type { LayerKind } from "../../../src/models/decoder/layer.ts";
import { siglipSchema } from "../../../src/models/towers/config.ts";
import { inverseFrequencies } from "../../../src/nn/rotary.ts";
import { linearAttentionLayer } from "./linear-attention.ts";

/** `near` and `far` attend through a window, `whole` to all; `linear` keeps a state. */
const layerTypes = ["near", "far", "whole", "linear"] as const;
type LayerType = (typeof layerTypes)[number];

const schema = z.object({
  modelType: z.literal("hybrid_vlm"),
  visionConfig: withModelType("siglip_vision_model", siglipSchema),
  textConfig: z.object({
    vocabSize: size,
    hiddenSize: size,
    intermediateSize: size,
    numAttentionHeads: size,
    numKeyValueHeads: size,
    headDim: size,
    layerTypes: z.array(z.enum(layerTypes)).min(1).max(1000),
    nearWindow: positions,
    farWindow: positions,
    nearTheta: z.number().positive(),
    farTheta: z.number().positive(),
    farFactor: z.number().positive(),
    maxPositionEmbeddings: positions,
    rmsNormEps: z.number().positive(),
    initializerRange: z.number().nonnegative(),
  }),
  imageTokenId: tokenId,
  eosTokenId: tokenId,
});

export type HybridConfig = z.output<typeof schema>;

export function parseHybridConfig(json: unknown, source = "config.json"): HybridConfig {
  return parseFields(schema, json, source);
}

export function hybridConfigToJson(config: HybridConfig): Record<string, unknown> {
  return { ...snakeKeys(config) };
}

/** Every layer's recipe by its index; norms of Gemma's kind, as many of them as can be. */
export function hybridDecoder({ textConfig: text, eosTokenId }: HybridConfig): DecoderConfig {
  const norm = { epsilon: text.rmsNormEps, addOne: true };
  const branches = {
    ...text,
    hiddenAct: "gelu_pytorch_tanh",
    mlpBias: false,
    norm,
    branchNorms: true,
  } as const;
  const heads = {
    ...branches,
    qkvBias: false,
    outputBias: false,
    queryKeyNorm: true,
    scores: { softcap: 20 },
  };
  const kinds: Record<LayerType, LayerKind> = {
    near: attentionLayer({ ...heads, rotary: "near", window: text.nearWindow }),
    far: attentionLayer({ ...heads, rotary: "far", window: text.farWindow }),
    whole: attentionLayer({ ...heads, rotary: "far", window: null }),
    linear: linearAttentionLayer(branches),
  };
  return {
    vocabSize: text.vocabSize,
    hiddenSize: text.hiddenSize,
    maxPositionEmbeddings: text.maxPositionEmbeddings,
    rotary: {
      near: { frequencies: inverseFrequencies(text.headDim, text.nearTheta) },
      far: { frequencies: inverseFrequencies(text.headDim, text.farTheta).map((f) => f / text.farFactor) },
    },
    layers: text.layerTypes.map((type) => kinds[type]),
    norm,
    embeddingScale: 2,
    slidingWindow: null,
    tieWordEmbeddings: false,
    initializerRange: text.initializerRange,
    eosTokenIds: [eosTokenId],
  };
}
