import { join } from "node:path";
import { UserError } from "../../common/errors.ts";
import { filesByName, readFolderFiles } from "../../hub/folder.ts";
import { isAdapterFolder } from "../../hub/peft.ts";
import type { ModelFamily } from "../family.ts";
import { familyOf } from "../registry.ts";
import { loadAdapter, merged, modelParts } from "./adapter.ts";

export interface MergeOptions {
  /** Model folder to merge into; default: the one that the adapter names. */
  readonly base?: string;
  /** Element type of the weights on disk; default F32. */
  readonly dtype?: "F32" | "F16";
}

/**
 * Writes the folder of the model that an adapter and its base are together; undefined where `folder` has no
 * adapter. Throws a UserError where they do not fit, or `out` is filled.
 */
export async function mergeAdapter(
  folder: string,
  out: string,
  { base: given, dtype }: MergeOptions = {},
): Promise<{ readonly base: string; readonly layers: number } | undefined> {
  if (!(await isAdapterFolder(folder))) return undefined;
  const base = given ?? (await modelParts(folder)).base;
  const { config: json, ...files } = await readFolderFiles(base);
  if (json === undefined) throw new UserError(`${base}: expected a config.json, found none`);
  const family: ModelFamily = familyOf(json, join(base, "config.json"));
  const { config, params } = await family.load(base);
  const { layers } = await loadAdapter(folder, family, config);
  const named = merged(family.toNamed(params as never), layers);
  const model = { config, params: family.fromNamed(config as never, named) };
  await family.save(out, model as never, { files: filesByName(files), ...(dtype && { dtype }) });
  return { base, layers: layers.length };
}
