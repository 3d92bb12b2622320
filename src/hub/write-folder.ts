/** Model folders on their way to a disk: complete or not at all. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFolderWhole } from "../common/files.ts";
import type { HostArray } from "../engine/host.ts";
import type { ModelFolder } from "./disk/disk.ts";
import { type FolderFiles, filesByName } from "./folder.ts";
import { formatJson } from "./json.ts";
import { writeSafetensors } from "./weights/safetensors-write.ts";

export type WriteFolderOptions = Omit<ModelFolder, "files" | "tensors">;

/** Writes all files and `model.safetensors`. Throws a UserError for a filled folder, unless it may be replaced. */
export function writeModelFolder(
  folder: string,
  files: FolderFiles,
  tensors: ReadonlyMap<string, HostArray>,
  options: WriteFolderOptions = {},
): Promise<void> {
  return writeModel(folder, { files: filesByName(files), tensors, ...options });
}

export async function writeModel(
  folder: string,
  { files, tensors, dtype, replace, also }: ModelFolder,
): Promise<void> {
  const fill = async (temporary: string) => {
    await writeSafetensors(join(temporary, "model.safetensors"), tensors, { dtype });
    await writeFiles(temporary, files);
    await also?.(temporary);
  };
  await writeFolderWhole(folder, fill, { replace });
}

/** Writes files into a folder that is being filled; objects become JSON. */
export async function writeFiles(folder: string, files: ModelFolder["files"]): Promise<void> {
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), encoded(content));
}

function encoded(content: string | Uint8Array | object): string | Uint8Array {
  if (typeof content === "string" || content instanceof Uint8Array) return content;
  return formatJson(content);
}
