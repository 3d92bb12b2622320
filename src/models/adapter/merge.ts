import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../common/errors.ts";
import { mustBeWritable } from "../../common/files.ts";
import { float32, type HostArray } from "../../engine/host.ts";
import { filesByName, readFolderFiles } from "../../hub/folder.ts";
import { isAdapterFolder } from "../../hub/weights/peft.ts";
import { rewriteModelFolder } from "../../hub/weights/rewrite.ts";
import { writeFiles } from "../../hub/write-folder.ts";
import type { ModelFamily } from "../contract/family.ts";
import { familyOf } from "../registry.ts";
import { type AdapterLayer, loadAdapter, modelParts, readModelFiles } from "./adapter.ts";

/** What an adapter is merged into, and how the result is written. */
export interface MergeOptions {
  /** Folder of the base; default the one that the adapter names. */
  readonly base?: string;
  /** Families of the caller's own. */
  readonly families?: readonly ModelFamily[];
  /** Writes further files into the folder before it appears. */
  readonly also?: (temporary: string) => Promise<void>;
  /** Bytes of the base's tensors that are written, and of all. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Writes the folder of the model that an adapter and its base are together, in the base's files, names and element
 * types; one tensor is in memory at a time. Undefined where `folder` has no adapter. Throws a UserError where they do
 * not fit, or `out` is filled.
 */
export async function mergeAdapter(
  folder: string,
  out: string,
  { base: given, families, also = async () => {}, onProgress }: MergeOptions = {},
): Promise<{ readonly base: string; readonly layers: number } | undefined> {
  if (!(await isAdapterFolder(folder))) return undefined;
  await mustBeWritable(out, { what: `merge: --out ${out}` }); // Said before a large model is read.
  const base = given ?? (await modelParts(folder)).base;
  const files = await readModelFiles({ base, adapter: folder });
  const { config: json } = files;
  if (json === undefined) throw new UserError(`${base}: expected a config.json, found none`);
  const path = join(base, "config.json");
  const family = familyOf(json, path, families).read(json, path);
  const { layers } = await loadAdapter(folder, family);
  const byTensor = new Map(layers.map((layer) => [layer.module.tensor, layer]));
  const change = (stored: string) => {
    const layer = byTensor.get(family.currentTensorName(stored) ?? "");
    return layer && ((weight: HostArray) => merged(weight, layer));
  };
  const own = await readFolderFiles(folder);
  const finish = async (temporary: string) => {
    if (Object.keys(own).length > 0)
      await writeFiles(temporary, filesByName({ ...files, config: undefined }));
    for (const name of carried) await copyFile(join(folder, name), join(temporary, name)).catch(() => {});
    await also(temporary);
  };
  await rewriteModelFolder(base, out, change, finish, onProgress);
  return { base, layers: layers.length };
}

/** What an adapter's folder says of its training, which stays true of the merged model. */
const carried = ["training.yaml", "held-out.json", "fovea.json"];

/** W + scale · b a: [O, I], summed in double precision. */
export function merged(weight: HostArray, { a, b, scale }: AdapterLayer): HostArray<"float32"> {
  const [O, I] = weight.shape;
  const [R] = a.shape;
  const result = float32([O, I]);
  const row = new Float64Array(I);
  for (let o = 0; o < O; o++) {
    row.set(weight.data.subarray(o * I, (o + 1) * I));
    for (let r = 0; r < R; r++) {
      const factor = scale * b.data[o * R + r];
      for (let i = 0; i < I; i++) row[i] += factor * a.data[r * I + i];
    }
    result.data.set(row, o * I);
  }
  return result;
}
