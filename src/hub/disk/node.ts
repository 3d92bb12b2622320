/** `#disk` on a machine: folders are written, weights lie in files by their paths, and bases of adapters in a cache. */
import { open, readFile, stat } from "node:fs/promises";
import { isAbsolute, join, relative, resolve } from "node:path";
import { UserError } from "../../common/errors.ts";
import { mustBeWritable } from "../../common/files.ts";
import { readAt } from "../../common/inside.ts";
import { portablePath } from "../../common/portable-path.ts";
import type { FileRange } from "../../engine/host.ts";
import { modelFolder, modelRefOf } from "../net/cache.ts";
import { folderSource } from "../source/folder.ts";
import type { Source } from "../source.ts";
import { baseBeside } from "../weights/base.ts";
import { baseOf, writeAdapterFolder } from "../weights/peft-folder.ts";
import { quantisedTensors } from "../weights/quantised-file.ts";
import { filesBesideWeights } from "../weights/rewrite.ts";
import { writeModel } from "../write-folder.ts";
import type { AdapterBase, AdapterFolder, Disk, ModelFolder } from "./disk.ts";

export const disk: Disk = {
  bytesOf,
  stampOf,
  quantisedTensors,
  writeModel,
  writeAdapter,
  mustBeWritable,
  filesBeside,
  hubModel: modelRefOf,
  baseOf: adapterBase,
};

async function bytesOf({ path, offset, length }: FileRange): Promise<Uint8Array<ArrayBuffer>> {
  const file = await open(path);
  try {
    const bytes = await readAt(file, offset, length);
    if (bytes.length === length) return bytes;
    throw new UserError(`${path}: expected ${length} bytes at ${offset}, found its end`);
  } finally {
    await file.close();
  }
}

async function stampOf(path: string): Promise<string | undefined> {
  const facts = await stat(path).catch(() => undefined);
  return facts && `${facts.dev} ${facts.ino} ${facts.size} ${facts.mtimeMs} ${facts.ctimeMs}`;
}

/** Of an adapter's folder: by its path, or from the cache of Hugging Face. */
async function adapterBase(adapter: Source): Promise<AdapterBase> {
  if (adapter.path === undefined) return baseBeside(adapter);
  const named = await baseOf(adapter.place());
  return { named, source: folderSource(await modelFolder(named)) };
}

async function filesBeside(folder: string): Promise<ModelFolder["files"]> {
  const names = (await filesBesideWeights(folder)).filter(
    (name) => !/^config\.json$|\.index\.json$/.test(name),
  );
  const read = names.map(async (name) => [name, await readFile(join(folder, name))] as const);
  return Object.fromEntries(await Promise.all(read));
}

function writeAdapter(folder: string, { config, from, tensors, files }: AdapterFolder): Promise<void> {
  const named = { ...config, base: config.base ?? folderBase(from, folder) };
  return writeAdapterFolder(folder, named, tensors, files);
}

/**
 * A base's folder as adapter_config.json names it, without a place of this machine: as the command did, from where
 * Python's `peft` then finds it too; an absolute path from the working folder if it lies below, or else from the
 * adapter's folder.
 */
function folderBase(from: string, adapter: string): string {
  if (!isAbsolute(from)) return from;
  const path = portablePath(from);
  return resolve(path) === resolve(from) ? path : relative(adapter, from);
}
