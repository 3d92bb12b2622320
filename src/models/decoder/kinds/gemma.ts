/** Gemma (arXiv 2403.08295) and Gemma 2 (arXiv 2408.00118). */
import { z } from "zod";
import { activationNames } from "../../../nn/activation.ts";
import { positions, size } from "../../contract/config-fields.ts";
import type { AttentionRecipe } from "../attention.ts";
import {
  type AnyText,
  type Completed,
  common,
  llamaRecipe,
  sizes,
  type TextKind,
  tokenIds,
  uniformDecoder,
} from "./kind.ts";

/** What both Gemmas have. */
const both = {
  ...common,
  headDim: size.nullish().default(256),
  rmsNormEps: z.number().positive().default(1e-6),
  attentionBias: z.boolean().default(false),
  tieWordEmbeddings: z.boolean().default(true),
  bosTokenId: tokenIds.default(2),
  eosTokenId: tokenIds.default(1),
  padTokenId: tokenIds.default(0),
};
const activation = z.enum(activationNames).default("gelu_pytorch_tanh");

export const gemmaSchema = z.object({
  modelType: z.literal("gemma"),
  ...both,
  ...sizes(256000, 3072, 24576, 28, 8192),
  numAttentionHeads: size.default(16),
  numKeyValueHeads: size.nullish().default(16),
  // `gelu` in the oldest files means its approximation; Gemma 2's means what it says.
  hiddenAct: activation.transform((name) => (name === "gelu" ? "gelu_pytorch_tanh" : name)),
});

export const gemma: TextKind<Completed<z.output<typeof gemmaSchema>>> = {
  defaultTheta: 10000,
  decoder: (text) => ({ ...uniformDecoder(text, gemmaRecipe(text)), embeddingScale: embeddingScale(text) }),
};

export const gemma2Schema = z
  .object({
    modelType: z.literal("gemma2"),
    ...both,
    ...sizes(256000, 2304, 9216, 26, 8192),
    numAttentionHeads: size.default(8),
    numKeyValueHeads: size.nullish().default(4),
    // The field's name here; `hidden_act` of some files says nothing.
    hiddenActivation: activation,
    queryPreAttnScalar: size.default(256),
    slidingWindow: positions.nullish().default(4096),
    layerTypes: z
      .array(z.enum(["sliding_attention", "full_attention"]))
      .max(1000)
      .nullish(),
    finalLogitSoftcapping: z.number().positive().nullish().default(30),
    attnLogitSoftcapping: z.number().positive().nullish().default(50),
  })
  .transform(({ hiddenActivation, ...rest }) => ({ ...rest, hiddenAct: hiddenActivation }));

export const gemma2: TextKind<Completed<z.output<typeof gemma2Schema>>> = {
  defaultTheta: 10000,
  decoder(text) {
    const { attnLogitSoftcapping, finalLogitSoftcapping } = text;
    const scores = {
      scale: text.queryPreAttnScalar ** -0.5,
      ...(attnLogitSoftcapping && { softcap: attnLogitSoftcapping }),
    };
    return {
      ...uniformDecoder(text, { ...gemmaRecipe(text), branchNorms: true, scores }),
      embeddingScale: embeddingScale(text),
      ...(finalLogitSoftcapping && { logitSoftcap: finalLogitSoftcapping }),
      // Every other layer has it: no more of a row than it can be seen then.
      slidingWindow: text.slidingWindow ?? null,
    };
  },
  fields({ hiddenAct, rope, ...rest }) {
    return { ...rest, hiddenActivation: hiddenAct, ropeParameters: rope };
  },
};

function gemmaRecipe(text: AnyText & { readonly attentionBias: boolean }): AttentionRecipe {
  const { attentionBias } = text;
  const norm = { epsilon: text.rmsNormEps, addOne: true };
  return { ...llamaRecipe(text), qkvBias: attentionBias, outputBias: attentionBias, norm };
}

/** sqrt(D) in float32, as transformers multiplies. */
const embeddingScale = ({ hiddenSize }: AnyText) => Math.fround(hiddenSize ** 0.5);
