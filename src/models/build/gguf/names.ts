/** Names of a language model's tensors: llama.cpp's in GGUF files, and those of `transformers`. */

/** Outside of layers. */
const outer: Readonly<Record<string, string>> = {
  "token_embd.weight": "model.embed_tokens.weight",
  "output_norm.weight": "model.norm.weight",
  "output.weight": "lm_head.weight",
};

/** In a layer, without `.weight` or `.bias`. */
const inner: Readonly<Record<string, string>> = {
  attn_norm: "input_layernorm",
  attn_q: "self_attn.q_proj",
  attn_k: "self_attn.k_proj",
  attn_v: "self_attn.v_proj",
  attn_output: "self_attn.o_proj",
  attn_q_norm: "self_attn.q_norm",
  attn_k_norm: "self_attn.k_norm",
  ffn_norm: "post_attention_layernorm",
  ffn_gate: "mlp.gate_proj",
  ffn_up: "mlp.up_proj",
  ffn_down: "mlp.down_proj",
};

/** The name in `transformers`; one that is not known stays as it is, and fits no model. */
export function publishedName(stored: string): string {
  if (Object.hasOwn(outer, stored)) return outer[stored];
  const [, layer, part = "", kind] = /^blk\.(\d{1,4})\.(\w+)\.(weight|bias)$/.exec(stored) ?? [];
  return Object.hasOwn(inner, part) ? `model.layers.${layer}.${inner[part]}.${kind}` : stored;
}

/** Tensors of constants, which follow from the config: factors of the rotary embedding's frequencies. */
export const ropeFactors = "rope_freqs.weight";
