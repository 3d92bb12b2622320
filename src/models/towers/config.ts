/**
 * `vision_config` of towers that several families have: CLIP's and SigLIP's. Names and defaults are Hugging Face's,
 * in camelCase.
 */
import { z } from "zod";
import { activationNames } from "../../nn/activation.ts";
import { layers, pixels, size } from "../contract/config-fields.ts";

const common = {
  hiddenSize: size.default(768),
  intermediateSize: size.default(3072),
  numHiddenLayers: layers.default(12),
  numAttentionHeads: size.default(12),
  numChannels: size.default(3),
  imageSize: pixels.default(224),
};

/** Fields of `SiglipVisionConfig` and of what is named otherwise but is the same. */
export const siglipFields = {
  ...common,
  patchSize: pixels.default(16),
  hiddenAct: z.enum(activationNames).default("gelu_pytorch_tanh"),
  layerNormEps: z.number().positive().default(1e-6),
};

/** `CLIPVisionConfig` */
export const clipSchema = z.object({
  modelType: z.literal("clip_vision_model"),
  ...common,
  projectionDim: size.default(512),
  patchSize: pixels.default(32),
  hiddenAct: z.enum(activationNames).default("quick_gelu"),
  layerNormEps: z.number().positive().default(1e-5),
  initializerRange: z.number().nonnegative().default(0.02),
});

/** `SiglipVisionConfig` */
export const siglipSchema = z.object({
  modelType: z.literal("siglip_vision_model"),
  ...siglipFields,
  // Decoders look at hidden states: a pooling head in the file is neither used nor kept.
  visionUseHead: z
    .boolean()
    .default(false)
    .transform(() => false),
});
