/** `#disk` on a machine: folders are written, weights lie in files by their paths, and bases of adapters in a cache. */
import { open } from "node:fs/promises";
import { UserError } from "../../common/errors.ts";
import { readAt } from "../../common/inside.ts";
import type { FileRange } from "../../engine/host.ts";
import { modelFolder } from "../net/cache.ts";
import { folderSource } from "../source/folder.ts";
import type { Source } from "../source.ts";
import { baseBeside } from "../weights/base.ts";
import { baseOf } from "../weights/peft-folder.ts";
import { quantisedTensors } from "../weights/quantised-file.ts";
import { writeModel } from "../write-folder.ts";
import type { AdapterBase, Disk } from "./disk.ts";

export const disk: Disk = { bytesOf, quantisedTensors, writeModel, baseOf: adapterBase };

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

/** Of an adapter's folder: by its path, or from the cache of Hugging Face. */
async function adapterBase(adapter: Source): Promise<AdapterBase> {
  if (adapter.path === undefined) return baseBeside(adapter);
  const named = await baseOf(adapter.place());
  return { named, source: folderSource(await modelFolder(named)) };
}
