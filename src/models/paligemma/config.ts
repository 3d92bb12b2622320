import { z } from "zod";
import { mustBe } from "../../common/errors.ts";
import { parseFields, snakeKeys, withModelType } from "../../hub/fields.ts";
import { size, tokenId } from "../contract/config-fields.ts";
import { completeText, type TextConfig, textFields, textSchema } from "../decoder/text-config.ts";
import { siglipSchema } from "../towers/config.ts";
import { siglipSide } from "../towers/siglip.ts";

const schema = z.object({
  visionConfig: withModelType("siglip_vision_model", siglipSchema),
  textConfig: withModelType("gemma", textSchema),
  imageTokenIndex: tokenId.optional(),
  imageTokenId: tokenId.optional(),
  projectionDim: size.optional(),
  tieWordEmbeddings: z.boolean().default(true),
});

/** The architecture of a PaliGemma or PaliGemma 2, from Hugging Face's `config.json`. */
export interface PaligemmaConfig {
  readonly visionConfig: z.output<typeof siglipSchema>;
  readonly textConfig: TextConfig;
  readonly imageTokenId: number;
}

/** Reads a parsed `config.json`; throws a UserError that names every wrong field. */
export function parsePaligemmaConfig(json: unknown, source = "config.json"): PaligemmaConfig {
  const { visionConfig, textConfig, ...rest } = parseFields(schema, json, source);
  const config: PaligemmaConfig = {
    visionConfig,
    // Tied or not as the whole model says, whatever its text part does.
    textConfig: completeText({ ...textConfig, tieWordEmbeddings: rest.tieWordEmbeddings }, source),
    imageTokenId: rest.imageTokenId ?? rest.imageTokenIndex ?? 256000,
  };
  const { hiddenSize } = config.textConfig;
  if (rest.projectionDim !== undefined && rest.projectionDim !== hiddenSize)
    throw mustBe(
      source,
      "projection_dim",
      `text_config.hidden_size (${hiddenSize}), which image tokens must have`,
      rest.projectionDim,
    );
  if (siglipSide(visionConfig) === 0)
    throw mustBe(
      source,
      "vision_config.patch_size",
      `at most image_size (${visionConfig.imageSize})`,
      visionConfig.patchSize,
    );
  return config;
}

/** Writes the `config.json` as transformers does. */
export function paligemmaConfigToJson({
  visionConfig,
  textConfig,
  imageTokenId,
}: PaligemmaConfig): Record<string, unknown> {
  const { hiddenSize, vocabSize, tieWordEmbeddings, bosTokenId, eosTokenId, padTokenId } = textConfig;
  return {
    architectures: ["PaliGemmaForConditionalGeneration"],
    model_type: "paligemma",
    dtype: "float32",
    image_token_index: imageTokenId,
    hidden_size: hiddenSize,
    projection_dim: hiddenSize,
    vocab_size: vocabSize,
    bos_token_id: bosTokenId,
    eos_token_id: eosTokenId,
    pad_token_id: padTokenId,
    tie_word_embeddings: tieWordEmbeddings,
    text_config: { ...(snakeKeys(textFields(textConfig)) as object), use_bidirectional_attention: true },
    vision_config: { ...(snakeKeys(visionConfig) as object), projection_dim: hiddenSize },
  };
}
