/**
 * `text_config` of a Hugging Face VLM that may hold any language model: a Llama, Mistral, Qwen2, Qwen3 or Gemma decoder, each
 * a kind in `kinds/`. Older spellings (`rope_theta` with `rope_scaling`) are read as well.
 *
 *     textSchema                     zod schema of the field
 *     completeText(parsed)           -> TextConfig, derived sizes filled in
 *     decoderOf(text)                -> DecoderConfig, what the shared decoder needs
 *     textFields(text)               -> the field as transformers writes it, in camelCase
 */
import { z } from "zod";
import { UserError } from "../../common/errors.ts";
import { withModelType } from "../../hub/fields.ts";
import type { DecoderConfig } from "./config.ts";
import { gemma, gemma2, gemma2Schema, gemmaSchema } from "./kinds/gemma.ts";
import type { Completed, TextKind } from "./kinds/kind.ts";
import { llama, llamaSchema, mistral, mistralSchema } from "./kinds/llama.ts";
import { qwen2, qwen2Schema, qwen3, qwen3Schema, qwen3VlText, qwen25VlText } from "./kinds/qwen.ts";
import { completeRope } from "./rope.ts";

const schemas = z.discriminatedUnion("modelType", [
  llamaSchema,
  mistralSchema,
  qwen2Schema,
  qwen3Schema,
  gemmaSchema,
  gemma2Schema,
]);

/** A missing `model_type` means Llama, as in the oldest LLaVA files. */
export const textSchema = withModelType("llama", schemas);

type Parsed = z.output<typeof schemas>;

/** A decoder's config with every default filled in. */
export type TextConfig = Completed<Parsed>;
type TextType = TextConfig["modelType"];

/** By `model_type`; a new kind is a file and a line here and above. */
const kinds: Readonly<Record<TextType, TextKind<TextConfig>>> = {
  llama,
  mistral,
  qwen2,
  qwen2_5_vl_text: qwen25VlText,
  qwen3,
  qwen3_vl_text: qwen3VlText,
  gemma,
  gemma2,
};

/** Kinds of language models that stand alone. */
export const standaloneTypes = Object.entries(kinds).flatMap(([type, { alone }]) =>
  alone === undefined ? [type] : [],
);

/** The `model_type` of the language model without a VLM around it. */
export function standaloneType({ modelType }: TextConfig): string {
  return kinds[modelType].alone ?? modelType;
}

/** Fills in what follows from other fields; throws a UserError for sizes that do not fit each other. */
export function completeText(text: Parsed, source: string): TextConfig {
  const { numKeyValueHeads, ropeTheta, ropeParameters, ropeScaling, originalMaxPositionEmbeddings, ...rest } =
    text;
  const headDim = text.headDim ?? text.hiddenSize / text.numAttentionHeads;
  const complete = {
    ...rest,
    numKeyValueHeads: numKeyValueHeads ?? text.numAttentionHeads,
    headDim,
    rope: completeRope({ ...text, headDim }, kinds[text.modelType].defaultTheta, source),
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
  return kinds[text.modelType].decoder(text);
}

/** Fields in camelCase, for a writer that spells them as Python does. */
export function textFields(text: TextConfig): Record<string, unknown> {
  const kind = kinds[text.modelType];
  if (kind.fields !== undefined) return kind.fields(text);
  const { rope, ...rest } = text;
  return { ...rest, ropeParameters: rope };
}
