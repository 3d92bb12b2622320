/**
 * Opens what `fovea build` takes a half from: the folder of a model of any family that Fovea opens (an adapter counts as its
 * base with its changes), that of a plain tower or language model, or the GGUF file of a language model.
 */
import { join } from "node:path";
import { UserError } from "../../common/errors.ts";
import { isGguf } from "../../hub/gguf/open.ts";
import { openCheckpoint } from "../../hub/weights/checkpoint.ts";
import { type AdapterLayer, loadAdapter, modelParts, readModelFiles } from "../adapter/adapter.ts";
import { knownFamily } from "../registry.ts";
import { openGgufHalf } from "./gguf/half.ts";
import type { OpenHalf } from "./half.ts";

/** Throws a UserError that names the folder and what is missing. */
export async function openHalf(folder: string): Promise<OpenHalf> {
  if (isGguf(folder)) return openGgufHalf(folder);
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
