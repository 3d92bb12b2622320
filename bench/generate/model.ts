/** What the benchmark of generation generates from: a LLaVA of SmolLM2-135M's shape behind a small tower, random weights. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Config, type RandomCheckpoint, smolLm2Decoder, writtenAs } from "../checkpoint.ts";

/** Image tokens of a prompt, and all of them. */
export const imageTokens = 49;
export const promptTokens = 128;

const imageToken = 49190;

const config: Config = {
  architectures: ["LlavaForConditionalGeneration"],
  model_type: "llava",
  image_token_index: imageToken,
  image_seq_length: imageTokens,
  projector_hidden_act: "gelu",
  tie_word_embeddings: true,
  torch_dtype: "bfloat16",
  vision_feature_layer: -2,
  vision_feature_select_strategy: "default",
  text_config: { ...smolLm2Decoder, rope_theta: 100000, vocab_size: 49280 },
  vision_config: {
    model_type: "clip_vision_model",
    hidden_size: 192,
    image_size: 112,
    intermediate_size: 768,
    num_attention_heads: 3,
    num_hidden_layers: 4,
    patch_size: 16,
    projection_dim: 192,
    vocab_size: 1000,
  },
};

/** In FOVEA_BENCH, by default in a folder for temporary files. */
export function benchModel(): Promise<RandomCheckpoint> {
  const parent = process.env.FOVEA_BENCH ?? join(tmpdir(), "fovea-bench");
  return writtenAs(join(parent, "llava-135m"), config);
}

/** Prompt `n`: a token, the image's, then text that depends on `n`. bench/generate/peer.py makes the same. */
export function promptIds(n: number): number[] {
  const text = promptTokens - imageTokens - 1;
  const own = Array.from({ length: text }, (_, i) => 3 + ((i * 7919 + n * 104729) % 40000));
  return [1, ...Array<number>(imageTokens).fill(imageToken), ...own];
}
