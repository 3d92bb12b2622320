import { z } from "zod";
import { mustBe, UserError } from "../../common/errors.ts";
import { parseFields, snakeKeys, withModelType } from "../../hub/fields.ts";
import { activationNames } from "../../nn/activation.ts";
import { tokenId } from "../contract/config-fields.ts";
import { completeText, type TextConfig, textFields, textSchema } from "../decoder/text-config.ts";
import { clipSchema, siglipSchema } from "../towers/config.ts";

/** A missing `model_type` means CLIP, as in the oldest files. */
const visionSchema = withModelType(
  "clip_vision_model",
  z.discriminatedUnion("modelType", [clipSchema, siglipSchema]),
);

/** Tokens of a tower before its first patch. */
export const classTokens: { readonly [T in VisionConfig["modelType"]]: 0 | 1 } = {
  clip_vision_model: 1,
  siglip_vision_model: 0,
};

const llavaSchema = z.object({
  modelType: z.literal("llava"),
  visionConfig: visionSchema,
  textConfig: textSchema,
  imageTokenIndex: tokenId.optional(),
  imageTokenId: tokenId.optional(),
  projectorHiddenAct: z.enum(activationNames).default("gelu"),
  multimodalProjectorBias: z.boolean().default(true),
  visionFeatureLayer: z.union([z.int(), z.array(z.int()).min(1).max(1000)]).default(-2),
  visionFeatureSelectStrategy: z.enum(["default", "full"]).default("default"),
  tieWordEmbeddings: z.boolean().default(false),
});

export type VisionConfig = z.output<typeof visionSchema>;
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
  const parsed = parseFields(llavaSchema, json, source);
  const { imageTokenIndex, imageTokenId, tieWordEmbeddings, textConfig, ...rest } = parsed;
  const config: LlavaConfig = {
    ...rest,
    textConfig: completeText(
      { ...textConfig, tieWordEmbeddings: textConfig.tieWordEmbeddings || tieWordEmbeddings },
      source,
    ),
    imageTokenId: imageTokenId ?? imageTokenIndex ?? 32000,
  };
  checkSizes(config, source);
  return config;
}

function checkSizes({ visionConfig: vision, ...config }: LlavaConfig, source: string): void {
  const { patchSize, imageSize, numAttentionHeads: heads, hiddenSize } = vision;
  if (patchSize > imageSize)
    throw mustBe(source, "vision_config.patch_size", `at most image_size (${imageSize})`, patchSize);
  if (hiddenSize % heads !== 0)
    throw mustBe(
      source,
      "vision_config.num_attention_heads",
      `a divisor of hidden_size (${hiddenSize})`,
      heads,
    );
  if (config.visionFeatureSelectStrategy === "default" && classTokens[vision.modelType] === 0)
    throw mustBe(source, "vision_feature_select_strategy", "full for a tower without class token", "default");
  const last = vision.numHiddenLayers;
  for (const layer of [config.visionFeatureLayer].flat()) {
    if (layer > last || layer < -last - 1)
      throw new UserError(
        `${source}: vision_feature_layer must be between ${-last - 1} and ${last}, got ${layer}`,
      );
  }
}

/** Writes the `config.json` as transformers does. */
export function llavaConfigToJson(config: LlavaConfig): Record<string, unknown> {
  const { textConfig, visionConfig, imageTokenId, ...rest } = config;
  return {
    architectures: ["LlavaForConditionalGeneration"],
    dtype: "float32",
    ...(snakeKeys(rest) as object),
    image_seq_length: imageTokenCount(config),
    image_token_index: imageTokenId,
    text_config: snakeKeys(textFields(textConfig)),
    tie_word_embeddings: textConfig.tieWordEmbeddings,
    vision_config: snakeKeys(visionConfig),
  };
}

/** Rows and columns of the patch grid; pixels beyond the last whole patch are not seen. */
export function patchGrid({ visionConfig }: LlavaConfig): { rows: number; columns: number } {
  const side = Math.floor(visionConfig.imageSize / visionConfig.patchSize);
  return { rows: side, columns: side };
}

/** N, image tokens of one image in the decoder; with strategy `full` a class token comes first. */
export function imageTokenCount(config: LlavaConfig): number {
  const { rows, columns } = patchGrid(config);
  const kept = config.visionFeatureSelectStrategy === "full" ? classTokens[config.visionConfig.modelType] : 0;
  return rows * columns + kept;
}

/** Indices into the tower's hidden states, counted from 0. */
export function visionFeatureLayers({ visionConfig, visionFeatureLayer }: LlavaConfig): number[] {
  const states = visionConfig.numHiddenLayers + 1;
  return [visionFeatureLayer].flat().map((layer) => (layer < 0 ? states + layer : layer));
}
