/**
 * Gemma 3 without its processor (pan and scan, marks around images), as a family of one's own: what its architecture takes. A
 * SigLIP tower whose patches are pooled, layers of local and of global attention by turns with a rotary table each, tokens of one image
 * that see each other (Gemma 3 Technical Report, arXiv 2503.19786).
 */
import { z } from "zod";
import { type NdArray, np } from "../../../src/engine/array.ts";
import { parseFields, snakeKeys, withModelType } from "../../../src/hub/fields.ts";
import { layers, positions, size, tokenId } from "../../../src/models/contract/config-fields.ts";
import type { VlmParams } from "../../../src/models/contract/parts.ts";
import { inPart, type PartSpec } from "../../../src/models/contract/roles.ts";
import { attentionLayer } from "../../../src/models/decoder/attention.ts";
import { decoderNorm, normSpec } from "../../../src/models/decoder/branches.ts";
import type { DecoderConfig } from "../../../src/models/decoder/config.ts";
import { completeRope, ropeSchema, rotaryOf } from "../../../src/models/decoder/rope.ts";
import { defineFamily } from "../../../src/models/define.ts";
import { perRow, pixelsOf } from "../../../src/models/inputs/layout.ts";
import { openSquareReader } from "../../../src/models/inputs/square-reader.ts";
import { currentTensorName, moduleName, tensorName } from "../../../src/models/llava/names.ts";
import { siglipSchema } from "../../../src/models/towers/config.ts";
import {
  type SiglipParams,
  siglipNorm,
  siglipSide,
  siglipSpecs,
  siglipTower,
} from "../../../src/models/towers/siglip.ts";
import { normal } from "../../../src/nn/init.ts";
import type { RmsNormParams } from "../../../src/nn/norm.ts";

const layerTypes = ["sliding_attention", "full_attention"] as const;

const schema = z.object({
  modelType: z.literal("gemma3"),
  visionConfig: withModelType("siglip_vision_model", siglipSchema),
  textConfig: z.object({
    modelType: z.literal("gemma3_text"),
    vocabSize: size,
    hiddenSize: size,
    intermediateSize: size,
    numHiddenLayers: layers,
    numAttentionHeads: size,
    numKeyValueHeads: size,
    headDim: size.default(256),
    maxPositionEmbeddings: positions,
    rmsNormEps: z.number().positive().default(1e-6),
    initializerRange: z.number().nonnegative().default(0.02),
    queryPreAttnScalar: size.default(256),
    slidingWindow: positions.default(4096),
    layerTypes: z.array(z.enum(layerTypes)).min(1).max(1000),
    ropeParameters: z.object({ slidingAttention: ropeSchema, fullAttention: ropeSchema }),
    bosTokenId: tokenId.default(2),
    eosTokenId: tokenId.default(1),
    padTokenId: tokenId.default(0),
  }),
  mmTokensPerImage: size.default(256),
  imageTokenIndex: tokenId.default(262144),
});

export type Gemma3Config = z.output<typeof schema>;

function decoder({ textConfig: text }: Gemma3Config): DecoderConfig {
  const { headDim, maxPositionEmbeddings, ropeParameters: ropes } = text;
  const table = (ropeParameters: typeof ropes.fullAttention, theta: number) =>
    rotaryOf(completeRope({ ropeParameters, maxPositionEmbeddings, headDim }, theta, "config.json"), headDim);
  const norm = { epsilon: text.rmsNormEps, addOne: true };
  const alike = {
    ...text,
    hiddenAct: "gelu_pytorch_tanh",
    mlpBias: false,
    norm,
    branchNorms: true,
    qkvBias: false,
    outputBias: false,
    queryKeyNorm: true,
    scores: { scale: text.queryPreAttnScalar ** -0.5 },
  } as const;
  const kinds = {
    sliding_attention: attentionLayer({ ...alike, rotary: "local", window: text.slidingWindow }),
    full_attention: attentionLayer({ ...alike, rotary: "global", window: null }),
  };
  return {
    vocabSize: text.vocabSize,
    hiddenSize: text.hiddenSize,
    maxPositionEmbeddings,
    rotary: { local: table(ropes.slidingAttention, 10_000), global: table(ropes.fullAttention, 1_000_000) },
    layers: text.layerTypes.map((type) => kinds[type]),
    norm,
    embeddingScale: Math.fround(text.hiddenSize ** 0.5),
    slidingWindow: null,
    tieWordEmbeddings: true,
    initializerRange: text.initializerRange,
    bosTokenId: text.bosTokenId,
    eosTokenIds: [text.eosTokenId],
    padTokenId: text.padTokenId,
  };
}

export interface Gemma3Params<A = NdArray> extends VlmParams<A> {
  readonly visionTower: SiglipParams<A>;
  readonly multiModalProjector: {
    /** [Dv, D]: input before output, unlike linear layers. */
    readonly mmInputProjectionWeight: A;
    readonly mmSoftEmbNorm: RmsNormParams<A>;
  };
}

function visionSpecs({
  visionConfig,
  textConfig: { hiddenSize: D, initializerRange: std },
}: Gemma3Config): Omit<Gemma3Params<PartSpec>, keyof VlmParams> {
  const norm = { epsilon: visionConfig.layerNormEps, addOne: true };
  return {
    visionTower: inPart("vision", siglipSpecs(visionConfig)),
    multiModalProjector: inPart("projector", {
      mmInputProjectionWeight: normal("kernel", [visionConfig.hiddenSize, D], std),
      mmSoftEmbNorm: normSpec(norm, visionConfig.hiddenSize),
    }),
  };
}

/** Patches [I, P, Dv] of a square grid, the mean of each k x k of them: [I, N, Dv]. */
function pooled(x: NdArray, side: number, tokens: number): NdArray {
  const [I, , D] = x.shape;
  const k = side / tokens ** 0.5;
  const grid = np.reshape(x, [I, side / k, k, side / k, k, D]);
  return np.reshape(np.mean(np.mean(grid, 4), 2), [I, tokens, D]);
}

export const gemma3 = defineFamily<Gemma3Config, Gemma3Params>({
  modelType: "gemma3",
  parseConfig: (json, source = "config.json") => parseFields(schema, json, source),
  configToJson: (config) => ({ ...snakeKeys(config) }),
  decoder,
  imageTokenId: ({ imageTokenIndex }) => imageTokenIndex,
  imageSize: ({ visionConfig }) => visionConfig.imageSize,
  visionSpecs,
  tensorName,
  moduleName,
  currentTensorName,
  encodeImages({ visionConfig, mmTokensPerImage }, { visionTower, multiModalProjector }, images) {
    const { patchEmbeddings, hiddenStates } = siglipTower(visionConfig, visionTower, images.pixelValues);
    const last = siglipNorm(visionConfig, visionTower, hiddenStates[hiddenStates.length - 1]);
    const norm = { epsilon: visionConfig.layerNormEps, addOne: true };
    const tokens = pooled(last, siglipSide(visionConfig), mmTokensPerImage);
    const normed = decoderNorm(norm, multiModalProjector.mmSoftEmbNorm, tokens);
    const rows = (x: NdArray) => perRow(x, pixelsOf(images.layout));
    return {
      features: rows(np.matmul(normed, multiModalProjector.mmInputProjectionWeight)),
      patchEmbeddings: rows(patchEmbeddings),
      hiddenStates: hiddenStates.map(rows),
    };
  },
  visibility: "image-blocks",
  openReader: ({ visionConfig: { imageSize, patchSize }, imageTokenIndex: imageTokenId }, files, _, path) =>
    openSquareReader({ imageSize, patchSize, imageTokenId, extraTokens: 0, usual: "Siglip" }, files, path),
});
