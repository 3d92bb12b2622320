/** Llama (Touvron et al., arXiv 2302.13971) and Mistral (arXiv 2310.06825). */
import { z } from "zod";
import { positions, size } from "../../contract/config-fields.ts";
import { type Completed, common, llamaRecipe, sizes, type TextKind, uniformDecoder } from "./kind.ts";

export const llamaSchema = z.object({
  modelType: z.literal("llama"),
  ...common,
  ...sizes(32000, 4096, 11008, 32, 2048),
  attentionBias: z.boolean().default(false),
  mlpBias: z.boolean().default(false),
});

export const llama: TextKind<Completed<z.output<typeof llamaSchema>>> = {
  defaultTheta: 10000,
  decoder(text) {
    const { attentionBias, mlpBias } = text;
    const biases = { qkvBias: attentionBias, outputBias: attentionBias, mlpBias };
    return uniformDecoder(text, { ...llamaRecipe(text), ...biases });
  },
};

export const mistralSchema = z.object({
  modelType: z.literal("mistral"),
  ...common,
  ...sizes(32000, 4096, 14336, 32, 131072),
  numKeyValueHeads: size.nullish().default(8),
  slidingWindow: positions.nullish().default(4096),
});

export const mistral: TextKind<Completed<z.output<typeof mistralSchema>>> = {
  defaultTheta: 10000,
  decoder: (text) => ({
    ...uniformDecoder(text, llamaRecipe(text)),
    slidingWindow: text.slidingWindow ?? null,
  }),
};
