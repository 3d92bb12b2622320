import { z } from "zod";
import { UserError } from "../../common/errors.ts";
import { parseFields, snakeKeys } from "../../hub/fields.ts";
import { activationNames } from "../../nn/activation.ts";
import { layerIndices, layers, pixels, size, tokenId } from "../contract/config-fields.ts";
import { completeText, type TextConfig, textFields, textSchema } from "../decoder/text-config.ts";

/** Vision tower (`Qwen2_5_VLVisionConfig`); names and defaults are Hugging Face's, in camelCase. */
const visionSchema = z.object({
  depth: layers.default(32),
  hiddenSize: size.default(3584),
  hiddenAct: z.enum(activationNames).default("silu"),
  intermediateSize: size.default(3420),
  numHeads: size.default(16),
  inChannels: z.literal(3, { error: "must be 3" }).default(3),
  patchSize: pixels.default(14),
  spatialMergeSize: size.default(2),
  temporalPatchSize: size.default(2),
  tokensPerSecond: size.default(4),
  /** Pixels on a side of an attention window. */
  windowSize: size.default(112),
  outHiddenSize: size.default(3584),
  /** Layers in which every patch sees the whole image. */
  fullattBlockIndexes: layerIndices.default([7, 15, 23, 31]),
  initializerRange: z.number().nonnegative().default(0.02),
  ropeParameters: z
    .object({
      ropeTheta: z.number().positive().default(10000),
      ropeType: z.enum(["axial", "default"]).default("axial"),
    })
    .nullish(),
});

/** `Qwen2_5_VLTextConfig`, where it differs from Qwen2's own defaults. */
const textDefaults = {
  modelType: "qwen2_5_vl_text",
  vocabSize: 152064,
  hiddenSize: 8192,
  intermediateSize: 29568,
  numHiddenLayers: 80,
  numAttentionHeads: 64,
  numKeyValueHeads: 8,
  rmsNormEps: 1e-5,
  bosTokenId: 151643,
  eosTokenId: 151645,
};

/** Multimodal sections of a file that names none. */
const defaultSections = [16, 24, 24];

const qwenSchema = z.preprocess(
  nestText,
  z.object({
    modelType: z.literal("qwen2_5_vl"),
    visionConfig: visionSchema.prefault({}),
    textConfig: textSchema.refine(({ modelType }) => modelType === "qwen2_5_vl_text", {
      path: ["modelType"],
      error: 'must be "qwen2_5_vl_text"',
    }),
    maxWindowLayers: z.int().nonnegative().default(80),
    imageTokenId: tokenId.default(151655),
    videoTokenId: tokenId.default(151656),
    visionStartTokenId: tokenId.default(151652),
    visionEndTokenId: tokenId.default(151653),
    tieWordEmbeddings: z.boolean().default(false),
  }),
);

/** The hub's files have the decoder's fields beside the others, transformers 5 has them in `text_config`. */
function nestText(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const { textConfig, ...flat } = value as Record<string, unknown>;
  const { modelType: _, ...beside } = flat;
  const text = typeof textConfig === "object" && textConfig !== null ? textConfig : beside;
  const merged: Record<string, unknown> = { ...textDefaults, ...text };
  return { maxWindowLayers: merged.maxWindowLayers ?? undefined, ...flat, textConfig: merged };
}

type ParsedVision = z.output<typeof visionSchema>;
export type VisionConfig = Omit<ParsedVision, "ropeParameters"> & { readonly ropeTheta: number };

/** A Qwen2.5-VL's architecture, from Hugging Face's `config.json`. */
export interface Qwen25VlConfig {
  readonly modelType: "qwen2_5_vl";
  readonly visionConfig: VisionConfig;
  readonly textConfig: TextConfig;
  /** With `useSlidingWindow`: the first layers, which see all. */
  readonly maxWindowLayers: number;
  readonly imageTokenId: number;
  readonly videoTokenId: number;
  readonly visionStartTokenId: number;
  readonly visionEndTokenId: number;
}

/** Reads a parsed `config.json`; throws a {@link UserError} that names every wrong field. */
export function parseQwen25VlConfig(json: unknown, source = "config.json"): Qwen25VlConfig {
  const parsed = parseFields(qwenSchema, json, source);
  const { tieWordEmbeddings, textConfig, visionConfig, ...rest } = parsed;
  const { ropeParameters, ...vision } = visionConfig;
  const tied = { ...textConfig, tieWordEmbeddings: textConfig.tieWordEmbeddings || tieWordEmbeddings };
  const config: Qwen25VlConfig = {
    ...rest,
    visionConfig: { ...vision, ropeTheta: ropeParameters?.ropeTheta ?? 10000 },
    textConfig: withSections(completeText(tied, source), rest.maxWindowLayers),
  };
  checkSizes(config, source);
  return config;
}

/** The decoder with its multimodal sections, which here stand one after the other whatever `mrope_interleaved` says; a window that begins behind its last layer is none. */
function withSections(text: TextConfig, maxWindowLayers: number): TextConfig {
  const windowed =
    "useSlidingWindow" in text && text.useSlidingWindow && maxWindowLayers < text.numHiddenLayers;
  const { mropeInterleaved: _, mropeSection = defaultSections, ...rope } = text.rope;
  return { ...text, useSlidingWindow: windowed, rope: { ...rope, mropeSection } } as TextConfig;
}

function checkSizes({ visionConfig: vision, textConfig: text }: Qwen25VlConfig, source: string): void {
  const wrong = (field: string, rule: string, got: unknown) =>
    new UserError(`${source}: ${field} must ${rule}, got ${got}`);
  if (vision.hiddenSize % (4 * vision.numHeads) !== 0) {
    const rule = `be a multiple of 4 num_heads (${4 * vision.numHeads})`;
    throw wrong("vision_config.hidden_size", rule, vision.hiddenSize);
  }
  if (vision.windowSize < vision.patchSize * vision.spatialMergeSize) {
    const rule = `be at least patch_size spatial_merge_size (${vision.patchSize * vision.spatialMergeSize})`;
    throw wrong("vision_config.window_size", rule, vision.windowSize);
  }
  if (vision.outHiddenSize !== text.hiddenSize) {
    const rule = `equal text_config.hidden_size (${text.hiddenSize})`;
    throw wrong("vision_config.out_hidden_size", rule, vision.outHiddenSize);
  }
  const sections = text.rope.mropeSection?.reduce((sum, length) => sum + length, 0);
  if (sections !== text.headDim / 2) {
    const rule = `sum to half a head (${text.headDim / 2})`;
    throw wrong("text_config.rope_parameters.mrope_section", rule, sections);
  }
}

/** Writes the `config.json` as transformers does. */
export function qwen25VlConfigToJson(config: Qwen25VlConfig): Record<string, unknown> {
  const { textConfig, visionConfig, maxWindowLayers, ...rest } = config;
  const { ropeTheta, ...vision } = visionConfig;
  const ropeParameters = { ropeTheta, ropeType: "axial" };
  return {
    architectures: ["Qwen2_5_VLForConditionalGeneration"],
    dtype: "float32",
    ...snakeKeys(rest),
    text_config: snakeKeys({ ...textFields(textConfig), maxWindowLayers }),
    tie_word_embeddings: textConfig.tieWordEmbeddings,
    vision_config: snakeKeys({ modelType: "qwen2_5_vl_vision", ...vision, ropeParameters }),
  };
}
