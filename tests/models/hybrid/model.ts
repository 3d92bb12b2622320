/** A random model of the family with everything that a folder has, and how rows of it run. */
import { compile } from "../../../src/engine/compile.ts";
import { float32, type HostArray } from "../../../src/engine/host.ts";
import { filesByName } from "../../../src/hub/folder.ts";
import { defaultChatTemplate } from "../../../src/hub/text/chat.ts";
import { openTokenizer } from "../../../src/hub/text/tokenizer.ts";
import { wordTokenizer } from "../../../src/hub/text/word-tokenizer.ts";
import type { ImageLayout, ModelInputs } from "../../../src/models/inputs/inputs.ts";
import { imageProcessor, processorJson } from "../../../src/models/inputs/square-settings.ts";
import { parseHybridConfig } from "./config.ts";
import { family, type HybridParams } from "./family.ts";

const words = wordTokenizer([
  "what is it ? where is the red ball at which cat frog apple banana",
  "a1 a2 a3 a4 b1 b2 b3 b4 c1 c2 c3 c4 d1 d2 d3 d4",
]);
const tokenizer = openTokenizer(words);

export const configJson = (layerTypes = ["near", "linear", "far", "linear", "whole"]) => ({
  model_type: "hybrid_vlm",
  vision_config: {
    hidden_size: 16,
    intermediate_size: 32,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    image_size: 32,
    patch_size: 8,
  },
  text_config: {
    vocab_size: tokenizer.vocabSize,
    hidden_size: 16,
    intermediate_size: 24,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 8,
    layer_types: layerTypes,
    near_window: 4,
    far_window: 9,
    near_theta: 100,
    far_theta: 10000,
    far_factor: 8,
    max_position_embeddings: 128,
    rms_norm_eps: 1e-6,
    initializer_range: 0.3,
  },
  image_token_id: tokenizer.special.image,
  eos_token_id: tokenizer.special.eos,
});

export const config = parseHybridConfig(configJson());
export const hybrid = family.bind(config);

/** Random, norms and biases too, so that nothing is left out unseen. */
export function randomParams(seed = 1) {
  const params = hybrid.initParams(seed);
  const named = Object.entries(hybrid.toNamed(params)).map(([name, array]) => {
    if (array.shape.length > 1) return [name, array] as const;
    const values = Array.from({ length: array.data.length }, (_, i) => 0.3 * Math.sin(7 * i + name.length));
    return [name, float32(array.shape, values)] as const;
  });
  return hybrid.fromNamed(Object.fromEntries(named));
}

/** Writes the folder that a model of the family is opened from. */
export async function writeModel(folder: string, params = randomParams()): Promise<void> {
  const files = filesByName({
    tokenizer: words.tokenizer,
    tokenizerConfig: words.tokenizerConfig,
    chatTemplate: defaultChatTemplate,
    preprocessor: processorJson(imageProcessor(32)),
  });
  await hybrid.save(folder, params, { files });
}

/** Logits and taps of rows. */
export interface Forward {
  readonly logits: HostArray;
  readonly taps: {
    readonly imageFeatures: HostArray;
    readonly hiddenStates: readonly HostArray[];
    readonly attentions: readonly HostArray[];
  };
}

export async function runForward(
  params: ReturnType<typeof randomParams>,
  inputs: ModelInputs<HostArray>,
  layout: ImageLayout,
): Promise<Forward> {
  const taps = ["imageFeatures", "hiddenStates", "attentions"] as const;
  const fn = (tree: HybridParams, rows: ModelInputs) => hybrid.forward(tree, rows, { layout, taps });
  const program = await compile<Forward>(fn, [params, inputs]);
  const result = await program.run(params, inputs);
  await program.dispose();
  return result;
}
