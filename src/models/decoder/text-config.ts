/**
 * `text_config` of a Hugging Face VLM: a Llama, Mistral, Qwen2, Qwen3 or Gemma decoder. Names and defaults are those of
 * transformers, in camelCase; older spellings (`rope_theta` with `rope_scaling`) are read as well.
 *
 *     textSchema                     zod schema of the field
 *     completeText(parsed)           -> TextConfig, derived sizes filled in
 *     decoderOf(text)                -> DecoderConfig, what the shared decoder needs
 *     textToJson(text)               -> the field as transformers writes it
 */
import { z } from "zod";
import { UserError } from "../../common/errors.ts";
import { withModelType } from "../../hub/fields.ts";
import { activationNames } from "../../nn/activation.ts";
import { layers, positions, size } from "../contract/config-fields.ts";
import type { DecoderConfig } from "./config.ts";
import { completeRope, type Rope, ropeSchema, rotaryOf } from "./rope.ts";

const oneId = z.int().max(2 ** 31 - 1);
const tokenIds = z.union([oneId, z.array(oneId).max(1000)]).nullish();

/** Nothing in it is as good as nothing. */
const ropeField = z.preprocess((value) => (isEmpty(value) ? null : value), ropeSchema.nullish());
const isEmpty = (value: unknown) =>
  typeof value === "object" && value !== null && Object.keys(value).length === 0;

const common = {
  vocabSize: size,
  hiddenSize: size,
  intermediateSize: size,
  numHiddenLayers: layers,
  numAttentionHeads: size,
  numKeyValueHeads: size.nullish(),
  headDim: size.nullish(),
  hiddenAct: z.enum(activationNames).default("silu"),
  maxPositionEmbeddings: positions,
  rmsNormEps: z.number().positive().default(1e-6),
  ropeTheta: z.number().positive().nullish(),
  ropeParameters: ropeField,
  ropeScaling: ropeField,
  originalMaxPositionEmbeddings: positions.nullish(),
  initializerRange: z.number().nonnegative().default(0.02),
  tieWordEmbeddings: z.boolean().default(false),
  bosTokenId: tokenIds,
  eosTokenId: tokenIds,
  padTokenId: tokenIds,
};

/** Sizes of a kind's smallest published default: what a file leaves out. */
function sizes(vocabSize: number, hidden: number, intermediate: number, depth: number, longest: number) {
  return {
    vocabSize: size.default(vocabSize),
    hiddenSize: size.default(hidden),
    intermediateSize: size.default(intermediate),
    numHiddenLayers: layers.default(depth),
    numAttentionHeads: size.default(32),
    maxPositionEmbeddings: positions.default(longest),
  };
}

const llama = z.object({
  modelType: z.literal("llama"),
  ...common,
  ...sizes(32000, 4096, 11008, 32, 2048),
  attentionBias: z.boolean().default(false),
  mlpBias: z.boolean().default(false),
});

const mistral = z.object({
  modelType: z.literal("mistral"),
  ...common,
  ...sizes(32000, 4096, 14336, 32, 131072),
  numKeyValueHeads: size.nullish().default(8),
  slidingWindow: positions.nullish().default(4096),
});

const windowed = {
  useSlidingWindow: z.boolean().default(false),
  slidingWindow: positions.nullish().default(4096),
};

const qwen2 = z.object({
  modelType: z.enum(["qwen2", "qwen2_5_vl_text"]),
  ...common,
  ...sizes(151936, 4096, 22016, 32, 32768),
  numKeyValueHeads: size.nullish().default(32),
  ...windowed,
});

const qwen3 = z.object({
  modelType: z.enum(["qwen3", "qwen3_vl_text"]),
  ...common,
  ...sizes(151936, 4096, 22016, 32, 32768),
  numKeyValueHeads: size.nullish().default(32),
  headDim: size.nullish().default(128),
  attentionBias: z.boolean().default(false),
  ...windowed,
});

/** What both Gemmas have. */
const gemmaCommon = {
  ...common,
  headDim: size.nullish().default(256),
  rmsNormEps: z.number().positive().default(1e-6),
  attentionBias: z.boolean().default(false),
  tieWordEmbeddings: z.boolean().default(true),
  bosTokenId: tokenIds.default(2),
  eosTokenId: tokenIds.default(1),
  padTokenId: tokenIds.default(0),
};
const gemmaActivation = z.enum(activationNames).default("gelu_pytorch_tanh");

const gemma = z.object({
  modelType: z.literal("gemma"),
  ...gemmaCommon,
  ...sizes(256000, 3072, 24576, 28, 8192),
  numAttentionHeads: size.default(16),
  numKeyValueHeads: size.nullish().default(16),
  // `gelu` in the oldest files means its approximation; Gemma 2's means what it says.
  hiddenAct: gemmaActivation.transform((name) => (name === "gelu" ? "gelu_pytorch_tanh" : name)),
});

const gemma2 = z
  .object({
    modelType: z.literal("gemma2"),
    ...gemmaCommon,
    ...sizes(256000, 2304, 9216, 26, 8192),
    numAttentionHeads: size.default(8),
    numKeyValueHeads: size.nullish().default(4),
    // The field's name here; `hidden_act` of some files says nothing.
    hiddenActivation: gemmaActivation,
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

const kinds = z.discriminatedUnion("modelType", [llama, mistral, qwen2, qwen3, gemma, gemma2]);

/** A missing `model_type` means Llama, as in the oldest LLaVA files. */
export const textSchema = withModelType("llama", kinds);

type Parsed = z.output<typeof kinds>;
type Derived =
  | "numKeyValueHeads"
  | "headDim"
  | "ropeTheta"
  | "ropeParameters"
  | "ropeScaling"
  | "originalMaxPositionEmbeddings";
type Completed<T> = T extends unknown
  ? Omit<T, Derived> & { readonly numKeyValueHeads: number; readonly headDim: number; readonly rope: Rope }
  : never;

/** A decoder's config with every default filled in. */
export type TextConfig = Completed<Parsed>;

const defaultTheta: Record<Parsed["modelType"], number> = {
  llama: 10000,
  mistral: 10000,
  qwen2: 10000,
  qwen2_5_vl_text: 1000000,
  qwen3: 10000,
  qwen3_vl_text: 500000,
  gemma: 10000,
  gemma2: 10000,
};

/** Fills in what follows from other fields; throws a UserError for sizes that do not fit each other. */
export function completeText(text: Parsed, source: string): TextConfig {
  const { numKeyValueHeads, ropeTheta, ropeParameters, ropeScaling, originalMaxPositionEmbeddings, ...rest } =
    text;
  const headDim = text.headDim ?? text.hiddenSize / text.numAttentionHeads;
  const complete = {
    ...rest,
    numKeyValueHeads: numKeyValueHeads ?? text.numAttentionHeads,
    headDim,
    rope: completeRope({ ...text, headDim }, defaultTheta[text.modelType], source),
  } as TextConfig;
  checkText(complete, source);
  return complete;
}

const widestHead = 2 ** 16;

function checkText(text: TextConfig, source: string): void {
  const { numAttentionHeads: heads, numKeyValueHeads: keys, headDim } = text;
  const wrong = (rule: string) => new UserError(`${source}: text_config.${rule}`);
  if (heads % keys !== 0)
    throw wrong(`num_key_value_heads must divide num_attention_heads (${heads}), got ${keys}`);
  if (headDim % 2 !== 0 || headDim > widestHead)
    throw wrong(`head_dim must be an even integer of at most ${widestHead}, got ${headDim}`);
}

/** What the shared decoder needs to know. */
export function decoderOf(text: TextConfig): DecoderConfig {
  const qwen2Like = text.modelType === "qwen2" || text.modelType === "qwen2_5_vl_text";
  const biased = "attentionBias" in text && text.attentionBias;
  return {
    vocabSize: text.vocabSize,
    hiddenSize: text.hiddenSize,
    intermediateSize: text.intermediateSize,
    numHiddenLayers: text.numHiddenLayers,
    numAttentionHeads: text.numAttentionHeads,
    numKeyValueHeads: text.numKeyValueHeads,
    headDim: text.headDim,
    hiddenAct: text.hiddenAct,
    rmsNormEps: text.rmsNormEps,
    maxPositionEmbeddings: text.maxPositionEmbeddings,
    rotary: rotaryOf(text.rope, text.headDim),
    qkvBias: qwen2Like || biased,
    outputBias: biased,
    mlpBias: "mlpBias" in text && text.mlpBias,
    queryKeyNorm: text.modelType === "qwen3" || text.modelType === "qwen3_vl_text",
    ...gemmaOf(text),
    slidingWindow: windowOf(text),
    tieWordEmbeddings: text.tieWordEmbeddings,
    initializerRange: text.initializerRange,
    bosTokenId: [text.bosTokenId ?? []].flat()[0],
    eosTokenIds: [text.eosTokenId ?? []].flat(),
    padTokenId: [text.padTokenId ?? []].flat()[0],
  };
}

/** What Gemma's decoders have beyond Llama's (arXiv 2403.08295, 2408.00118). */
function gemmaOf(text: TextConfig): Partial<DecoderConfig> {
  if (text.modelType !== "gemma" && text.modelType !== "gemma2") return {};
  const both = { normsAddOne: true, embeddingScale: Math.fround(text.hiddenSize ** 0.5) };
  if (text.modelType === "gemma") return both;
  const { attnLogitSoftcapping, finalLogitSoftcapping } = text;
  return {
    ...both,
    branchNorms: true,
    attentionScale: text.queryPreAttnScalar ** -0.5,
    ...(attnLogitSoftcapping && { attentionSoftcap: attnLogitSoftcapping }),
    ...(finalLogitSoftcapping && { logitSoftcap: finalLogitSoftcapping }),
  };
}

function windowOf(text: TextConfig): number | null {
  if (text.modelType === "mistral") return text.slidingWindow ?? null;
  // Every other layer has it: no more of a row than it can be seen then.
  if (text.modelType === "gemma2") return text.slidingWindow ?? null;
  return "useSlidingWindow" in text && text.useSlidingWindow ? (text.slidingWindow ?? null) : null;
}

/** Fields in camelCase, for a writer that spells them as Python does. */
export function textFields(text: TextConfig): Record<string, unknown> {
  const { rope, ...rest } = text;
  if (text.modelType !== "gemma2") return { ...rest, ropeParameters: rope };
  const { hiddenAct, ...own } = rest;
  return { ...own, hiddenActivation: hiddenAct, ropeParameters: rope };
}
