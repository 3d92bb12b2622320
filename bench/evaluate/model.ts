/** A model of SmolLM2-135M's shape with a small tower and random weights. */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { smolLm2Decoder, writeRandomWeights } from "../checkpoint.ts";

const twin = fileURLToPath(new URL("../../checkpoints/full", import.meta.url));

/** Everything but config and weights: tokenizer, template, processor. */
const kept = [
  "chat_template.jinja",
  "fovea.json",
  "preprocessor_config.json",
  "processor_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
];

const vocabulary = 49_152;

const smolLm2 = {
  ...smolLm2Decoder,
  vocab_size: vocabulary,
  hidden_act: "silu",
  bos_token_id: 1,
  eos_token_id: 2,
  pad_token_id: 0,
  rope_parameters: { rope_theta: 100_000, rope_type: "default" },
};

/**
 * Makes the folder unless it is there. Of random weights no token is likelier than another to be the end: every third token
 * ends an answer, so that answers are short; or, with `endless`, one that is never said.
 */
export async function benchModel(folder: string, endless = false): Promise<void> {
  if (existsSync(join(folder, "config.json"))) return;
  mkdirSync(folder, { recursive: true });
  for (const name of kept) cpSync(join(twin, name), join(folder, name));
  const config = JSON.parse(readFileSync(join(twin, "config.json"), "utf8"));
  const ends = endless ? [2] : Array.from({ length: vocabulary / 3 }, (_, i) => 3 * i + 2);
  writeFileSync(
    join(folder, "generation_config.json"),
    JSON.stringify({ eos_token_id: ends, pad_token_id: 0 }),
  );
  const json = { ...config, dtype: "bfloat16", text_config: smolLm2 };
  await writeRandomWeights(folder, json, 0.05);
  writeFileSync(join(folder, "config.json"), JSON.stringify(json, null, 2));
}
