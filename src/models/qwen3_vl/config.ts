import { z } from "zod";
import { UserError } from "../../common/errors.ts";
import { parseFields, snakeKeys } from "../../hub/fields.ts";
import { activationNames } from "../../nn/activation.ts";
import { layerIndices, layers, pixels, size, tokenId } from "../contract/config-fields.ts";
import { completeText, type TextConfig, textFields, textSchema } from "../decoder/text-config.ts";

/** `Qwen3VLVisionConfig`; names and defaults are Hugging Face's, in camelCase. */
const visionSchema = z.object({
  modelType: z.enum(["qwen3_vl_vision", "qwen3_vl"]).default("qwen3_vl_vision"),
  depth: layers.default(27),
  hiddenSize: size.default(1152),
  hiddenAct: z.enum(activationNames).default("gelu_pytorch_tanh"),
  intermediateSize: size.default(4304),
  numHeads: size.default(16),
  inChannels: size.default(3),
  patchSize: pixels.default(16),
  spatialMergeSize: size.default(2),
  temporalPatchSize: size.default(2),
  outHiddenSize: size.default(3584),
  numPositionEmbeddings: size.default(2304),
  deepstackVisualIndexes: layerIndices.default([8, 16, 24]),
  initializerRange: z.number().nonnegative().default(0.02),
  ropeParameters: z
    .object({
      ropeType: z.literal("axial").default("axial"),
      ropeTheta: z.number().positive().default(10000),
    })
    .nullish(),
});

const textDefaults = { modelType: "qwen3_vl_text", maxPositionEmbeddings: 128000 };

const schema = z.object({
  modelType: z.literal("qwen3_vl"),
  visionConfig: visionSchema.prefault({}),
  textConfig: z.preprocess(
    (value) => (value === undefined || isRecord(value) ? { ...textDefaults, ...value } : value),
    textSchema,
  ),
  imageTokenId: tokenId.default(151655),
  videoTokenId: tokenId.default(151656),
  visionStartTokenId: tokenId.default(151652),
  visionEndTokenId: tokenId.default(151653),
  tieWordEmbeddings: z.boolean().optional(),
});

function isRecord(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export type VisionConfig = Omit<z.output<typeof visionSchema>, "modelType" | "ropeParameters"> & {
  readonly ropeTheta: number;
};

/** A dense Qwen3-VL's architecture, from Hugging Face's `config.json`. */
export interface Qwen3VlConfig {
  readonly modelType: "qwen3_vl";
  readonly visionConfig: VisionConfig;
  readonly textConfig: TextConfig;
  readonly imageTokenId: number;
  readonly videoTokenId: number;
  readonly visionStartTokenId: number;
  readonly visionEndTokenId: number;
}

/** Reads a parsed `config.json`; throws a {@link UserError} that names every wrong field. */
export function parseQwen3VlConfig(json: unknown, source = "config.json"): Qwen3VlConfig {
  const { tieWordEmbeddings, visionConfig, textConfig, ...rest } = parseFields(schema, json, source);
  if (textConfig.modelType !== "qwen3_vl_text")
    throw new UserError(
      `${source}: text_config.model_type must be qwen3_vl_text, got ${textConfig.modelType}`,
    );
  const { modelType: _, ropeParameters, ...vision } = visionConfig;
  const tied = { ...textConfig, tieWordEmbeddings: tieWordEmbeddings ?? textConfig.tieWordEmbeddings };
  const config = {
    ...rest,
    visionConfig: { ...vision, ropeTheta: ropeParameters?.ropeTheta ?? 10000 },
    textConfig: withSections(completeText(tied, source)),
  };
  checkSizes(config, source);
  return config;
}

/** Qwen3-VL's axes always take turns, whatever `mrope_interleaved` says. */
function withSections(text: TextConfig): TextConfig {
  return { ...text, rope: { mropeSection: [24, 20, 20], ...text.rope, mropeInterleaved: true } };
}

function checkSizes({ visionConfig: vision, textConfig: text }: Qwen3VlConfig, source: string): void {
  const mustFit = (field: string, rule: string, fits: boolean, got: unknown) => {
    if (!fits) throw new UserError(`${source}: vision_config.${field} must ${rule}, got ${got}`);
  };
  const { hiddenSize, numHeads, depth, numPositionEmbeddings, outHiddenSize } = vision;
  const evenQuarters = (hiddenSize / numHeads) % 4 === 0;
  mustFit("num_heads", `divide hidden_size (${hiddenSize}) into multiples of 4`, evenQuarters, numHeads);
  const square = positionSide(vision) ** 2 === numPositionEmbeddings;
  mustFit("num_position_embeddings", "be a square number", square, numPositionEmbeddings);
  const sameWidth = outHiddenSize === text.hiddenSize;
  mustFit("out_hidden_size", `be text_config.hidden_size (${text.hiddenSize})`, sameWidth, outHiddenSize);
  const beyond = vision.deepstackVisualIndexes.filter((layer) => layer >= depth);
  mustFit("deepstack_visual_indexes", `be less than depth (${depth})`, beyond.length === 0, beyond);
}

/** Rows and columns of the grid of learned positions. */
export function positionSide({ numPositionEmbeddings }: VisionConfig): number {
  return Math.floor(Math.sqrt(numPositionEmbeddings));
}

/** Writes the `config.json` as transformers does. */
export function qwen3VlConfigToJson(config: Qwen3VlConfig): Record<string, unknown> {
  const { textConfig, visionConfig, ...rest } = config;
  const { ropeTheta, ...vision } = visionConfig;
  const { tieWordEmbeddings, useSlidingWindow: _, slidingWindow: __, ...text } = textFields(textConfig);
  return {
    architectures: ["Qwen3VLForConditionalGeneration"],
    dtype: "float32",
    ...snakeKeys(rest),
    text_config: snakeKeys(text),
    tie_word_embeddings: tieWordEmbeddings,
    vision_config: {
      model_type: "qwen3_vl_vision",
      ...snakeKeys({ ...vision, ropeParameters: { ropeType: "axial", ropeTheta } }),
    },
  };
}
