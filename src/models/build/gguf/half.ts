/** The language half of a new model from a GGUF file, as if it were read from the folder that the file was made of. */
import { basename } from "node:path";
import { checkpointOf } from "../../../hub/gguf/checkpoint.ts";
import { ggufFields } from "../../../hub/gguf/fields.ts";
import { openGguf } from "../../../hub/gguf/open.ts";
import { ggufTokenizer } from "../../../hub/gguf/tokenizer.ts";
import type { OpenHalf } from "../half.ts";
import { ggufConfig } from "./config.ts";
import { publishedName, ropeFactors } from "./names.ts";

/** Throws a UserError that names the file and what is wrong with it. */
export async function openGgufHalf(path: string): Promise<OpenHalf> {
  const gguf = await openGguf(path);
  const { config, headsOf } = await ggufConfig(gguf);
  const { tokenizer, tokenizerConfig } = ggufTokenizer(gguf);
  const fields = ggufFields(gguf);
  const chatTemplate = fields.text("tokenizer.chat_template");
  const { bos_token_id, eos_token_id, pad_token_id } = config;
  return {
    folder: path,
    files: {
      tokenizer,
      tokenizerConfig,
      ...(chatTemplate !== undefined && { chatTemplate }),
      generationConfig: { bos_token_id, eos_token_id, pad_token_id },
    },
    config,
    configPath: path,
    modelType: `${config.model_type}`,
    checkpoint: checkpointOf(gguf, { headsOf, leaves: [ropeFactors] }),
    changes: new Map(),
    publishedName,
    origin: { name: basename(path), license: fields.text("general.license") },
  };
}
