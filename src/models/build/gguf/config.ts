/** config.json of the language model in a GGUF file, from its fields and from which tensors it has. */
import { UserError } from "../../../common/errors.ts";
import { type GgufFields, ggufFields } from "../../../hub/gguf/fields.ts";
import type { GgufFile } from "../../../hub/gguf/open.ts";
import type { Json } from "../../../hub/text/tokenizer.ts";
import { ropeOf } from "./rope.ts";

/** What sets one architecture apart. */
interface Architecture {
  /** Whether llama.cpp weaves the halves of each head of queries and keys (hub/gguf/checkpoint.ts). */
  readonly isWoven: boolean;
  /** `model_type` and fields of its own. */
  fields(has: (tensor: string) => boolean, window: number | undefined): Json;
}

const windowed = (window: number | undefined): Json =>
  window === undefined ? {} : { use_sliding_window: true, sliding_window: window };

/** By `general.architecture`. */
const architectures: Readonly<Record<string, Architecture>> = {
  /** Llama, and Mistral, which differs by its window alone. */
  llama: {
    isWoven: true,
    fields: (has, window) => ({
      ...(window === undefined
        ? { model_type: "llama", architectures: ["LlamaForCausalLM"] }
        : { model_type: "mistral", architectures: ["MistralForCausalLM"], sliding_window: window }),
      ...(has("blk.0.attn_q.bias") && { attention_bias: true }),
      ...(has("blk.0.ffn_up.bias") && { mlp_bias: true }),
    }),
  },
  qwen2: {
    isWoven: false,
    fields: (_, window) => ({
      model_type: "qwen2",
      architectures: ["Qwen2ForCausalLM"],
      ...windowed(window),
    }),
  },
  qwen3: {
    isWoven: false,
    fields: (has, window) => ({
      model_type: "qwen3",
      architectures: ["Qwen3ForCausalLM"],
      attention_bias: has("blk.0.attn_q.bias"),
      ...windowed(window),
    }),
  },
};

export interface GgufConfig {
  readonly config: Json;
  /** Heads of a tensor whose rows are woven. */
  readonly headsOf: (tensor: string) => number | undefined;
}

/** Throws a UserError that names the field for what is missing, does not fit, or is not computed here. */
export async function ggufConfig(gguf: GgufFile): Promise<GgufConfig> {
  const fields = ggufFields(gguf);
  const name = fields.must(fields.text("general.architecture"), "general.architecture");
  if (!Object.hasOwn(architectures, name))
    throw fields.wrong("general.architecture", `one of ${Object.keys(architectures).join(", ")}`, name);
  const architecture = architectures[name];
  const key = (field: string) => `${name}.${field}`;
  refuseOthers(fields, key);
  const must = (field: string) => fields.must(fields.whole(key(field)), key(field));
  const [heads, hidden] = [must("attention.head_count"), must("embedding_length")];
  const keys = fields.whole(key("attention.head_count_kv")) ?? heads;
  const headDim = fields.whole(key("attention.key_length")) ?? hidden / heads;
  mustBeSame(fields, headDim, [key("attention.value_length"), key("rope.dimension_count")]);
  const epsilon = key("attention.layer_norm_rms_epsilon");
  const longest = must("context_length");
  const config = {
    ...architecture.fields(
      (tensor) => gguf.tensors.has(tensor),
      fields.whole(key("attention.sliding_window")),
    ),
    vocab_size: rowsOfWords(gguf),
    hidden_size: hidden,
    intermediate_size: must("feed_forward_length"),
    num_hidden_layers: must("block_count"),
    num_attention_heads: heads,
    num_key_value_heads: keys,
    head_dim: headDim,
    hidden_act: "silu",
    max_position_embeddings: longest,
    rms_norm_eps: shortest(fields.must(fields.number(epsilon), epsilon)),
    rope_parameters: await ropeOf(gguf, fields, key, { headDim, longest }),
    tie_word_embeddings: !gguf.tensors.has("output.weight"),
    ...tokenIds(fields),
  };
  const woven: Readonly<Record<string, number>> = { attn_q: heads, attn_k: keys };
  const headsOf = (tensor: string) =>
    architecture.isWoven
      ? woven[/^blk\.\d+\.(attn_[qk])\.(?:weight|bias)$/.exec(tensor)?.[1] ?? ""]
      : undefined;
  return { config, headsOf };
}

/** The decimal number that was rounded to float32: 1e-5 for 0.000009999999747378752. */
function shortest(value: number): number {
  const digits = [6, 7, 8, 9].find((count) => Math.fround(Number(value.toPrecision(count))) === value);
  return digits === undefined ? value : Number(value.toPrecision(digits));
}

function rowsOfWords({ tensors, place, fields }: GgufFile): number {
  const rows = tensors.get("token_embd.weight")?.shape[0];
  if (rows === undefined) throw new UserError(`${place}: expected a tensor token_embd.weight, found none`);
  const tokens = fields.get("tokenizer.ggml.tokens");
  const count = Array.isArray(tokens) ? tokens.length : 0;
  if (count <= rows) return rows;
  throw new UserError(
    `${place}: tensor token_embd.weight: expected a row for each of ${count} tokens, found ${rows}`,
  );
}

function mustBeSame(fields: GgufFields, headDim: number, names: readonly string[]): void {
  for (const name of names) {
    const value = fields.whole(name) ?? headDim;
    if (value !== headDim) throw fields.wrong(name, `${headDim}, a head's size`, value);
  }
}

/** Fields that change what a model computes, with the value that changes nothing. */
const refused: Readonly<Record<string, number | boolean>> = {
  expert_count: 0,
  use_parallel_residual: false,
  logit_scale: 1,
  residual_scale: 1,
  embedding_scale: 1,
  attn_logit_softcapping: 0,
  final_logit_softcapping: 0,
  pooling_type: 0,
  "attention.causal": true,
  "attention.scale": 0,
  "attention.clamp_kqv": 0,
  "attention.max_alibi_bias": 0,
  "attention.temperature_scale": 0,
};

function refuseOthers(fields: GgufFields, key: (field: string) => string): void {
  for (const [field, nothing] of Object.entries(refused)) {
    const name = key(field);
    if (!fields.has(name)) continue;
    const value = typeof nothing === "boolean" ? fields.flag(name) : fields.number(name);
    if (value !== nothing) throw fields.wrong(name, `${nothing}: Fovea computes no other`, value);
  }
}

function tokenIds(fields: GgufFields): Json {
  const id = (name: string) => fields.whole(`tokenizer.ggml.${name}_token_id`, 0);
  const ends = [...new Set([id("eos"), id("eot")].filter((one) => one !== undefined))];
  const ids = {
    bos_token_id: id("bos"),
    eos_token_id: ends.length > 1 ? ends : ends[0],
    pad_token_id: id("padding"),
  };
  return Object.fromEntries(Object.entries(ids).filter(([, value]) => value !== undefined));
}
