/** PEFT folders on a disk: where an adapter's base is, and writing. The rest is read from any source (peft.ts). */
import { access, writeFile } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { writeFolderWhole } from "../../common/files.ts";
import type { HostArray } from "../../engine/host.ts";
import { formatJson } from "../json.ts";
import type { Json } from "../text/tokenizer.ts";
import { type AdapterConfig, configName, namedBase, tensorsName } from "./peft.ts";
import { writeSafetensors } from "./safetensors-write.ts";

/**
 * Where a folder's adapter finds its base: a folder, or OWNER/NAME[@REVISION]. A relative path counts from the adapter's
 * folder or one that holds it (a project may move as a whole), then from the working folder.
 */
export async function baseOf(folder: string): Promise<string> {
  const { base, revision } = await namedBase(folder);
  for (const place of isAbsolute(base) ? [] : ancestors(folder)) {
    const found = resolve(place, base);
    if (await isThere(join(found, "config.json"))) return found;
  }
  return revision === null || isAbsolute(base) ? base : `${base}@${revision}`;
}

/** A folder and all that hold it, the nearest first. */
function ancestors(folder: string): string[] {
  const own = resolve(folder);
  const above = dirname(own);
  return above === own ? [own] : [own, ...ancestors(above)];
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Writes what Python's `PeftModel.from_pretrained` reads, and `more` JSON files by name. An existing folder is replaced. */
export async function writeAdapterFolder(
  folder: string,
  config: AdapterConfig,
  tensors: ReadonlyMap<string, HostArray>,
  more: Readonly<Record<string, Json>> = {},
): Promise<void> {
  await writeFolderWhole(
    folder,
    async (temporary) => {
      await writeSafetensors(join(temporary, tensorsName), tensors);
      const files = { [configName]: configJson(config), ...more };
      for (const [name, json] of Object.entries(files))
        await writeFile(join(temporary, name), formatJson(json));
    },
    { replace: true },
  );
}

function configJson(config: AdapterConfig): Json {
  return {
    alpha_pattern: config.alphaPattern ?? {},
    base_model_name_or_path: config.base,
    bias: "none",
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: config.alpha,
    lora_dropout: config.dropout,
    modules_to_save: null,
    peft_type: "LORA",
    r: config.rank,
    rank_pattern: {},
    revision: config.revision,
    target_modules: config.targets,
    task_type: null,
    use_dora: false,
    use_rslora: config.rankStabilised,
  };
}
