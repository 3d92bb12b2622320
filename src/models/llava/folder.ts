import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../common/errors.ts";
import { writeFolderWhole } from "../../common/files.ts";
import type { HostArray } from "../../engine/host.ts";
import { loadTensors, openCheckpoint } from "../../hub/checkpoint.ts";
import { formatJson } from "../../hub/json.ts";
import { writeSafetensors } from "../../hub/safetensors.ts";
import { type LlavaConfig, llavaConfigToJson, parseLlavaConfig } from "./config.ts";
import { currentTensorName, paramsFromNamed, paramsToNamed, tensorShapes } from "./names.ts";
import type { LlavaParams } from "./params.ts";

/** A LLaVA: its architecture and its values in host memory. */
export interface Llava {
  readonly config: LlavaConfig;
  readonly params: LlavaParams<HostArray>;
}

export interface SaveOptions {
  /** Element type of the weights on disk; default F32. */
  readonly dtype?: "F32" | "F16";
  /**
   * Further files of the folder by name: tokenizer.json, preprocessor_config.json, ... Objects become JSON.
   */
  readonly files?: Readonly<Record<string, string | Uint8Array | object>>;
  /** Whether an existing folder may be replaced. */
  readonly replace?: boolean;
}

/**
 * Reads config and weights of a Hugging Face folder of `model_type` llava, under the tensor names of today or
 * of older files. Throws a {@link UserError} that names what is missing, unexpected or misshapen.
 */
export async function loadLlava(folder: string): Promise<Llava> {
  const config = await loadLlavaConfig(folder);
  const tied = config.textConfig.tieWordEmbeddings;
  const aliases = (stored: string) => {
    const name = currentTensorName(stored);
    return tied && name === "language_model.lm_head.weight" ? null : name;
  };
  const tensors = await loadTensors(await openCheckpoint(folder), tensorShapes(config), { aliases });
  return { config, params: paramsFromNamed<HostArray>(config, Object.fromEntries(tensors)) };
}

export async function loadLlavaConfig(folder: string): Promise<LlavaConfig> {
  const path = join(folder, "config.json");
  return parseLlavaConfig(await readJson(path), path);
}

/** Writes a folder that Python `transformers` loads, whole or not at all. */
export async function saveLlava(
  folder: string,
  { config, params }: Llava,
  options: SaveOptions = {},
): Promise<void> {
  const { dtype = "F32", files = {}, replace = false } = options;
  const { bosTokenId, eosTokenId, padTokenId } = config.textConfig;
  const json = {
    ...llavaConfigToJson(config),
    dtype: dtype === "F16" ? "float16" : "float32",
  };
  const generation = { bos_token_id: bosTokenId, eos_token_id: eosTokenId, pad_token_id: padTokenId };
  const all = { "config.json": json, "generation_config.json": generation, ...files };
  await writeFolderWhole(
    folder,
    async (temporary) => {
      const tensors = new Map(Object.entries(paramsToNamed(params)));
      await writeSafetensors(join(temporary, "model.safetensors"), tensors, { dtype });
      for (const [name, content] of Object.entries(all)) {
        await writeFile(join(temporary, name), encode(content));
      }
    },
    { replace },
  );
}

function encode(content: string | Uint8Array | object): string | Uint8Array {
  if (typeof content === "string" || content instanceof Uint8Array) return content;
  return formatJson(content);
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw new UserError(`${path}: must be a readable JSON file, got ${(cause as Error).message}`, { cause });
  }
}
