import { z } from "zod";
import { UserError } from "../../common/errors.ts";
import { float } from "../../hub/json.ts";
import { activationNames } from "../../nn/activation.ts";

const size = z.int().positive();
const tokenIds = z.union([z.int(), z.array(z.int())]).nullish();

/** CLIP vision tower (`CLIPVisionConfig`); names and defaults are Hugging Face's, in camelCase. */
const visionSchema = z.object({
  modelType: z.literal("clip_vision_model").default("clip_vision_model"),
  hiddenSize: size.default(768),
  intermediateSize: size.default(3072),
  projectionDim: size.default(512),
  numHiddenLayers: size.default(12),
  numAttentionHeads: size.default(12),
  numChannels: size.default(3),
  imageSize: size.default(224),
  patchSize: size.default(32),
  hiddenAct: z.enum(activationNames).default("quick_gelu"),
  layerNormEps: z.number().positive().default(1e-5),
  initializerRange: z.number().nonnegative().default(0.02),
});

const ropeSchema = z.object({
  ropeType: z.literal("default").default("default"),
  ropeTheta: z.number().positive().optional(),
});

/** Llama decoder (`LlamaConfig`). */
const textSchema = z.object({
  modelType: z.literal("llama").default("llama"),
  vocabSize: size.default(32000),
  hiddenSize: size.default(4096),
  intermediateSize: size.default(11008),
  numHiddenLayers: size.default(32),
  numAttentionHeads: size.default(32),
  numKeyValueHeads: size.nullish(),
  headDim: size.nullish(),
  hiddenAct: z.enum(activationNames).default("silu"),
  maxPositionEmbeddings: size.default(2048),
  rmsNormEps: z.number().positive().default(1e-6),
  ropeTheta: z.number().positive().nullish(),
  ropeParameters: ropeSchema.nullish(),
  ropeScaling: z.null({ error: "rope_scaling is not supported" }).optional(),
  attentionBias: z.boolean().default(false),
  mlpBias: z.boolean().default(false),
  initializerRange: z.number().nonnegative().default(0.02),
  tieWordEmbeddings: z.boolean().default(false),
  bosTokenId: tokenIds,
  eosTokenId: tokenIds,
  padTokenId: tokenIds,
});

const llavaSchema = z.object({
  modelType: z.literal("llava"),
  visionConfig: visionSchema,
  textConfig: textSchema,
  imageTokenIndex: z.int().nonnegative().optional(),
  imageTokenId: z.int().nonnegative().optional(),
  projectorHiddenAct: z.enum(activationNames).default("gelu"),
  multimodalProjectorBias: z.boolean().default(true),
  visionFeatureLayer: z.union([z.int(), z.array(z.int()).min(1)]).default(-2),
  visionFeatureSelectStrategy: z.enum(["default", "full"]).default("default"),
  tieWordEmbeddings: z.boolean().default(false),
});

export type VisionConfig = z.output<typeof visionSchema>;
type ParsedText = z.output<typeof textSchema>;
export type TextConfig = Omit<
  ParsedText,
  "numKeyValueHeads" | "headDim" | "ropeTheta" | "ropeParameters" | "ropeScaling"
> & { readonly numKeyValueHeads: number; readonly headDim: number; readonly ropeTheta: number };

/** A LLaVA's architecture, from Hugging Face's `config.json`; derived sizes are functions below. */
export interface LlavaConfig {
  readonly modelType: "llava";
  readonly visionConfig: VisionConfig;
  readonly textConfig: TextConfig;
  readonly imageTokenId: number;
  readonly projectorHiddenAct: (typeof activationNames)[number];
  readonly multimodalProjectorBias: boolean;
  /** Index into the tower's hidden states (0 = before its first layer; negative from the end), or several. */
  readonly visionFeatureLayer: number | readonly number[];
  /** `default` drops the class token, `full` keeps it as the first image token. */
  readonly visionFeatureSelectStrategy: "default" | "full";
}

/** Reads a parsed `config.json`; throws a {@link UserError} that names every wrong field. */
export function parseLlavaConfig(json: unknown, source = "config.json"): LlavaConfig {
  const result = llavaSchema.safeParse(camelKeys(json));
  if (!result.success) throw new UserError(`${source}: ${describe(result.error)}`);
  const { imageTokenIndex, imageTokenId, tieWordEmbeddings, textConfig, ...rest } = result.data;
  const config: LlavaConfig = {
    ...rest,
    textConfig: completeText({
      ...textConfig,
      tieWordEmbeddings: textConfig.tieWordEmbeddings || tieWordEmbeddings,
    }),
    imageTokenId: imageTokenId ?? imageTokenIndex ?? 32000,
  };
  checkSizes(config, source);
  return config;
}

function completeText(text: ParsedText): TextConfig {
  const { numKeyValueHeads, headDim, ropeTheta, ropeParameters, ropeScaling: _, ...rest } = text;
  return {
    ...rest,
    numKeyValueHeads: numKeyValueHeads ?? text.numAttentionHeads,
    headDim: headDim ?? text.hiddenSize / text.numAttentionHeads,
    ropeTheta: ropeParameters?.ropeTheta ?? ropeTheta ?? 10000,
  };
}

function checkSizes(
  { visionConfig: vision, textConfig: text, ...config }: LlavaConfig,
  source: string,
): void {
  const divides = (part: number, whole: number, partName: string, wholeName: string) => {
    if (!Number.isInteger(whole / part))
      throw new UserError(`${source}: ${partName} must divide ${wholeName} (${whole}), got ${part}`);
  };
  divides(vision.patchSize, vision.imageSize, "vision_config.patch_size", "image_size");
  divides(vision.numAttentionHeads, vision.hiddenSize, "vision_config.num_attention_heads", "hidden_size");
  divides(
    text.numKeyValueHeads,
    text.numAttentionHeads,
    "text_config.num_key_value_heads",
    "num_attention_heads",
  );
  if (text.headDim % 2 !== 0)
    throw new UserError(`${source}: text_config.head_dim must be an even integer, got ${text.headDim}`);
  const last = vision.numHiddenLayers;
  for (const layer of [config.visionFeatureLayer].flat()) {
    if (layer > last || layer < -last - 1)
      throw new UserError(
        `${source}: vision_feature_layer must be between ${-last - 1} and ${last}, got ${layer}`,
      );
  }
}

const describe = (error: z.ZodError) =>
  error.issues.map(({ path, message }) => `${path.map(String).map(snake).join(".")}: ${message}`).join("; ");

/** Writes the `config.json` of transformers 5.18. */
export function llavaConfigToJson(config: LlavaConfig): Record<string, unknown> {
  const { textConfig, visionConfig, imageTokenId, ...rest } = config;
  const { ropeTheta, ...text } = textConfig;
  return {
    architectures: ["LlavaForConditionalGeneration"],
    dtype: "float32",
    ...(snakeKeys(rest) as object),
    image_seq_length: imageTokenCount(config),
    image_token_index: imageTokenId,
    text_config: {
      ...(snakeKeys(text) as object),
      rope_parameters: { rope_theta: float(ropeTheta), rope_type: "default" },
    },
    tie_word_embeddings: text.tieWordEmbeddings,
    vision_config: snakeKeys(visionConfig),
  };
}

/** Rows and columns of the patch grid. */
export function patchGrid({ visionConfig }: LlavaConfig): { rows: number; columns: number } {
  const side = visionConfig.imageSize / visionConfig.patchSize;
  return { rows: side, columns: side };
}

/** N, image tokens of one image in the decoder; with strategy `full` the class token comes first. */
export function imageTokenCount(config: LlavaConfig): number {
  const { rows, columns } = patchGrid(config);
  return rows * columns + (config.visionFeatureSelectStrategy === "full" ? 1 : 0);
}

/** Indices into the tower's hidden states, counted from 0. */
export function visionFeatureLayers({ visionConfig, visionFeatureLayer }: LlavaConfig): number[] {
  const states = visionConfig.numHiddenLayers + 1;
  return [visionFeatureLayer].flat().map((layer) => (layer < 0 ? states + layer : layer));
}

const camel = (key: string) => key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
const snake = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const camelKeys = (value: unknown) => renameKeys(value, camel);
const snakeKeys = (value: unknown) => withFloats(renameKeys(value, snake) as Fields);

type Fields = Readonly<Record<string, unknown>>;

/** Fields that Python must read as floats, also where their value is whole. */
const floatFields = ["layer_norm_eps", "rms_norm_eps", "initializer_range"];

function withFloats(fields: Fields): Fields {
  const spelt = floatFields.flatMap((name) =>
    typeof fields[name] === "number" ? [[name, float(fields[name])] as const] : [],
  );
  return { ...fields, ...Object.fromEntries(spelt) };
}

function renameKeys(value: unknown, rename: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renameKeys(item, rename));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [rename(key), renameKeys(item, rename)]),
  );
}
