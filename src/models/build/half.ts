/**
 * A folder from which `fovea build` takes a half: a model of any family that Fovea opens (an adapter counts as its base
 * with its changes), or what a caller knows of plain towers and language models.
 */
import { join } from "node:path";
import { UserError } from "../../common/errors.ts";
import { snakeKeys } from "../../hub/fields.ts";
import type { FolderFiles } from "../../hub/folder.ts";
import { formatJson, parseJson } from "../../hub/json.ts";
import type { Json } from "../../hub/text/tokenizer.ts";
import { openCheckpoint } from "../../hub/weights/checkpoint.ts";
import type { Checkpoint } from "../../hub/weights/safetensors.ts";
import { type AdapterLayer, loadAdapter, modelParts, readModelFiles } from "../adapter/adapter.ts";
import type { BoundFamily } from "../contract/family.ts";
import { knownFamily } from "../registry.ts";

export interface OpenHalf {
  /** As the user gave it. */
  readonly folder: string;
  readonly files: FolderFiles;
  readonly config: Json;
  /** The path of config.json, for messages. */
  readonly configPath: string;
  readonly modelType: string;
  /** Where it is a VLM that Fovea opens. */
  readonly family?: BoundFamily;
  readonly checkpoint: Checkpoint;
  /** Low-rank changes by the family's tensor name. */
  readonly changes: ReadonlyMap<string, AdapterLayer>;
}

/** Throws a UserError that names the folder and what is missing. */
export async function openHalf(folder: string): Promise<OpenHalf> {
  const parts = await modelParts(folder);
  const files = await readModelFiles(parts);
  const configPath = join(parts.base, "config.json");
  const { config } = files;
  if (config === undefined) throw new UserError(`${parts.base}: expected a file config.json, found none`);
  const modelType = `${config.model_type}`;
  const family = knownFamily(config)?.read(config, configPath);
  const changes = new Map<string, AdapterLayer>();
  if (parts.adapter !== undefined) {
    if (family === undefined)
      throw new UserError(`${folder}: is an adapter of a ${modelType}; merge it first`);
    const adapter = await loadAdapter(parts.adapter, family);
    for (const layer of adapter.layers) changes.set(layer.module.tensor, layer);
  }
  return {
    folder,
    files,
    config,
    configPath,
    modelType,
    ...(family && { family }),
    checkpoint: await openCheckpoint(parts.base),
    changes,
  };
}

/** Fields in camelCase as they would stand in a file, read again. */
export function jsonOf(fields: object): Json {
  return parseJson(formatJson(snakeKeys(fields))) as Json;
}
