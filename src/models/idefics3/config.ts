import { z } from "zod";
import { mustBe } from "../../common/errors.ts";
import { parseFields, snakeKeys } from "../../hub/fields.ts";
import { pixels, size, tokenId } from "../contract/config-fields.ts";
import type { DecoderConfig } from "../decoder/config.ts";
import { completeText, decoderOf, type TextConfig, textFields, textSchema } from "../decoder/text-config.ts";
import { siglipFields } from "../towers/config.ts";
import { siglipSide } from "../towers/siglip.ts";

/** The two names of one architecture: SmolVLM's first files say idefics3, SmolVLM2's say smolvlm. */
export const modelTypes = ["idefics3", "smolvlm"] as const;
export type Idefics3Type = (typeof modelTypes)[number];

/** SigLIP tower (`Idefics3VisionConfig`); names and defaults are Hugging Face's, in camelCase. */
const visionSchema = z.object({
  ...siglipFields,
  hiddenSize: size.default(1152),
  numAttentionHeads: size.default(16),
  patchSize: pixels.default(32),
  initializerRange: z.number().nonnegative().default(0.02),
});

const schema = z.object({
  visionConfig: visionSchema.nullish(),
  textConfig: textSchema.nullish(),
  scaleFactor: size.default(2),
  imageTokenId: tokenId.default(128257),
  // Written as `_pad_token_id` since transformers 5.24, without its underscore before; nothing reads it.
  PadTokenId: tokenId.nullish(),
  padTokenId: tokenId.nullish().default(128002),
  tieWordEmbeddings: z.boolean().default(false),
});

export type VisionConfig = z.output<typeof visionSchema>;

/** The architecture of an Idefics3 or SmolVLM, from Hugging Face's `config.json`. */
export interface Idefics3Config {
  readonly modelType: Idefics3Type;
  readonly visionConfig: VisionConfig;
  readonly textConfig: TextConfig;
  /** Patches on a side of one image token. */
  readonly scaleFactor: number;
  readonly imageTokenId: number;
  readonly padTokenId: number | null;
}

/** Reads a parsed `config.json`; throws a UserError that names every wrong field. */
export function parseIdefics3Config(
  modelType: Idefics3Type,
  json: unknown,
  source = "config.json",
): Idefics3Config {
  const { tieWordEmbeddings, PadTokenId, padTokenId, ...parsed } = parseFields(schema, json, source);
  const text = parsed.textConfig ?? textSchema.parse({ rmsNormEps: 1e-5 });
  const config: Idefics3Config = {
    modelType,
    visionConfig: parsed.visionConfig ?? visionSchema.parse({}),
    // The embeddings are tied or not as the whole model says, whatever its text part does.
    textConfig: completeText({ ...text, tieWordEmbeddings }, source),
    scaleFactor: parsed.scaleFactor,
    imageTokenId: parsed.imageTokenId,
    padTokenId: (PadTokenId === undefined ? padTokenId : PadTokenId) ?? null,
  };
  checkSizes(config, source);
  return config;
}

function checkSizes({ visionConfig: vision }: Idefics3Config, source: string): void {
  const { hiddenSize, numAttentionHeads: heads } = vision;
  if (hiddenSize % heads !== 0)
    throw mustBe(
      source,
      "vision_config.num_attention_heads",
      `a divisor of hidden_size (${hiddenSize})`,
      heads,
    );
  if (siglipSide(vision) === 0)
    throw mustBe(
      source,
      "vision_config.patch_size",
      `at most image_size (${vision.imageSize})`,
      vision.patchSize,
    );
}

export function idefics3Decoder({ textConfig }: Idefics3Config): DecoderConfig {
  return decoderOf(textConfig);
}

/** Image tokens on a side of a tile of `pixels` x `pixels`. */
export function tokensOnSide({ visionConfig, scaleFactor }: Idefics3Config, pixels: number): number {
  return Math.floor(pixels / visionConfig.patchSize) / scaleFactor;
}

const architectures: Record<Idefics3Type, string> = {
  idefics3: "Idefics3ForConditionalGeneration",
  smolvlm: "SmolVLMForConditionalGeneration",
};

/** Writes the `config.json` as transformers does. */
export function idefics3ConfigToJson(config: Idefics3Config): Record<string, unknown> {
  const { modelType, visionConfig, textConfig, scaleFactor, imageTokenId, padTokenId } = config;
  return {
    architectures: [architectures[modelType]],
    dtype: "float32",
    image_token_id: imageTokenId,
    model_type: modelType,
    _pad_token_id: padTokenId,
    scale_factor: scaleFactor,
    text_config: snakeKeys(textFields(textConfig)),
    tie_word_embeddings: textConfig.tieWordEmbeddings,
    vision_config: { ...snakeKeys(visionConfig), model_type: `${modelType}_vision` },
  };
}
