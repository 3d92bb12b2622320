import { type LlavaConfig, parseLlavaConfig } from "./config.ts";

/** Sizes of a small LLaVA; what is left out has the default in brackets. */
export interface TinyLlava {
  readonly vocabSize: number;
  readonly imageTokenId: number;
  readonly bosTokenId?: number;
  readonly eosTokenId?: number;
  readonly padTokenId?: number;
  readonly vision?: {
    /** Pixels on a side [64]. */
    readonly imageSize?: number;
    /** Pixels on a side [8]. */
    readonly patchSize?: number;
    /** [128] */
    readonly width?: number;
    /** [3] */
    readonly layers?: number;
    /** [4] */
    readonly heads?: number;
    /** Width of the feed-forward layer over the width [4]. */
    readonly mlpRatio?: number;
  };
  readonly decoder?: {
    /** [128] */
    readonly width?: number;
    /** [4] */
    readonly layers?: number;
    /** [4] */
    readonly heads?: number;
    /** [heads] */
    readonly keyValueHeads?: number;
    /** [4] */
    readonly mlpRatio?: number;
    /** [10,000] */
    readonly ropeTheta?: number;
    /** [1e-5] */
    readonly normEpsilon?: number;
    /** [true] */
    readonly tieEmbeddings?: boolean;
    /** [1,024] */
    readonly maxPositions?: number;
  };
}

/**
 * A LLaVA of any size in the house proportions: features from the tower's last layer, class token dropped.
 */
export function tinyLlava({ vision = {}, decoder = {}, ...tokens }: TinyLlava): LlavaConfig {
  const { imageSize = 64, patchSize = 8, width = 128, layers = 3, heads = 4, mlpRatio = 4 } = vision;
  const visionConfig = {
    imageSize,
    patchSize,
    hiddenSize: width,
    projectionDim: width,
    intermediateSize: Math.round(width * mlpRatio),
    numHiddenLayers: layers,
    numAttentionHeads: heads,
  };
  const { imageTokenId, ...textTokens } = tokens;
  const textConfig = { ...textTokens, ...tinyText(decoder) };
  return parseLlavaConfig(
    { modelType: "llava", visionConfig, textConfig, imageTokenId, visionFeatureLayer: -1 },
    "tinyLlava",
  );
}

function tinyText(decoder: NonNullable<TinyLlava["decoder"]>): Record<string, unknown> {
  const { width = 128, layers = 4, heads = 4, mlpRatio = 4 } = decoder;
  return {
    hiddenSize: width,
    intermediateSize: Math.round(width * mlpRatio),
    numHiddenLayers: layers,
    numAttentionHeads: heads,
    numKeyValueHeads: decoder.keyValueHeads ?? heads,
    ropeTheta: decoder.ropeTheta ?? 10000,
    rmsNormEps: decoder.normEpsilon ?? 1e-5,
    tieWordEmbeddings: decoder.tieEmbeddings ?? true,
    maxPositionEmbeddings: decoder.maxPositions ?? 1024,
  };
}
