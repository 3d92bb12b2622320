/** A folder on this machine as a {@link Source}: what the command line, training and the server read. */
import { type FileHandle, readdir, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { bytesIfThere, isMissing, openRegular, readAt } from "../../common/inside.ts";
import { modelName } from "../net/cache.ts";
import { type ByteRange, type Source, sourceOver } from "../source.ts";

/** A folder by its path, which need not be there: each of its files is missing then. Its files may be links. */
export function folderSource(folder: string): Source {
  const place = (path?: string) => (path === undefined ? folder : join(folder, path));
  return sourceOver({
    name: modelName(folder),
    place,
    list: () => filesIn(folder),
    size: (path) => sizeOf(place(path)),
    whole: (path, most) => bytesIfThere(place(path), most, "a readable file"),
    part: (path, range) => partOf(place(path), range),
    path: place,
  });
}

/** Its files, by `/` between parts, and those of its folders; what is linked counts as what it leads to. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const files = entries.filter((entry) => !entry.isDirectory());
  return files.map(({ parentPath, name }) => relative(folder, join(parentPath, name)).split(sep).join("/"));
}

/** Undefined for what cannot be looked at; throws for what is no regular file. */
async function sizeOf(path: string): Promise<number | undefined> {
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  if (!isThere) return undefined;
  const file = await openRegular(path);
  try {
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}

async function partOf(path: string, { offset, length }: ByteRange) {
  const file = await openIfThere(path);
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    return await readAt(file, offset, Math.max(0, Math.min(length, size - offset)));
  } finally {
    await file.close();
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await openRegular(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
