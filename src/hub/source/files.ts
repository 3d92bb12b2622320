/**
 * Files that a person drops on a page or picks there as a {@link Source}. Nothing is uploaded and nothing is read before
 * it is asked for.
 *
 *     filesSource(input.files)               of <input type="file" multiple>, or with webkitdirectory
 *     droppedSource(event.dataTransfer)      of a drop: files, or a folder with all that is in it
 */
import { mustBe, UserError } from "../../common/errors.ts";
import { joinPlace } from "../../common/place.ts";
import { type ByteRange, checkPath, type Source, type Store, sourceOver, tooLarge } from "../source.ts";

/** A file with its path in the folder, where it does not say that itself. */
export interface GivenFile {
  readonly path: string;
  readonly blob: Blob;
}

/** Far more than any model's folder has. */
const mostFiles = 10_000;

/**
 * Files by their relative paths or, where they have none, their names. Folders that all of them lie in are left out: what
 * a person gave is the innermost. Throws a `UserError` for two files of one path, and for none.
 */
export function filesSource(files: Iterable<File | GivenFile>, name?: string): Source {
  const given = Array.from(files, asGiven);
  if (given.length === 0) throw new UserError("dropped files: expected a model's files, found none");
  if (given.length > mostFiles) throw mustBe("dropped files", "number", `at most ${mostFiles}`, given.length);
  const root = commonFolder(given.map(({ path }) => path));
  const called = name ?? root.split("/").at(-2) ?? "dropped files";
  const blobs = new Map<string, Blob>();
  for (const { path, blob } of given) {
    const inside = checkPath(path.slice(root.length), called);
    if (blobs.has(inside)) throw new UserError(`${called}: ${inside} must be there once, got it twice`);
    blobs.set(inside, blob);
  }
  return sourceOver(blobStore(blobs, called));
}

/** A file with its path: what a picked folder says of its files is lost on the way to a worker. */
export function asGiven(file: File | GivenFile): GivenFile {
  if ("blob" in file) return file;
  return { path: file.webkitRelativePath || file.name, blob: file };
}

/** `a/b/` of `a/b/x` and `a/b/c/y`; nothing where a file lies in no folder. */
function commonFolder(paths: readonly string[]): string {
  const folders = paths.map((path) => path.split("/").slice(0, -1));
  const [first] = folders;
  const parted = first.findIndex((part, i) => folders.some((folder) => folder[i] !== part));
  const common = parted < 0 ? first : first.slice(0, parted);
  return common.map((part) => `${part}/`).join("");
}

/** A store of blobs by their paths. */
export function blobStore(blobs: ReadonlyMap<string, Blob>, name: string): Store {
  const place = (path?: string) => (path === undefined ? name : joinPlace(name, path));
  const read = (path: string, blob: Blob | undefined) => blob && contentOf(blob, place(path));
  return {
    name,
    place,
    list: async () => [...blobs.keys()],
    size: async (path) => blobs.get(path)?.size,
    async whole(path, most) {
      const blob = blobs.get(path);
      if (blob !== undefined && blob.size > most) throw tooLarge(place(path), most, blob.size);
      return read(path, blob);
    },
    part: async (path, { offset, length }: ByteRange) =>
      read(path, blobs.get(path)?.slice(offset, offset + length)),
  };
}

/** A file that was changed or removed since it was given cannot be read any more. */
async function contentOf(blob: Blob, place: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (cause) {
    const told = (cause as Error).message;
    throw new UserError(`${place} cannot be read: ${told}; it may have changed, give it again`, { cause });
  }
}

/** What is used of a drop: `DataTransfer` has it. */
export interface Dropped {
  readonly items: Iterable<DataTransferItem>;
}

/** Folders in one another. */
const deepest = 20;

/**
 * What a person dropped, folders with all that is in them. To be called while the event is handled: afterwards a browser
 * has forgotten what was dropped.
 */
export async function droppedSource(dropped: Dropped, name?: string): Promise<Source> {
  return filesSource(await droppedFiles(dropped), name);
}

/** The files of a drop, for {@link filesSource}; to be called as {@link droppedSource} is. */
export async function droppedFiles({ items }: Dropped): Promise<(File | GivenFile)[]> {
  const given = Array.from(items, (item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const files: (File | GivenFile)[] = [];
  for (const one of given) {
    if (one instanceof File) files.push(one);
    else if (one !== null) await collect(one, files, deepest);
  }
  return files;
}

/** Adds all files of an entry, by their paths from what was dropped on. */
async function collect(entry: FileSystemEntry, files: (File | GivenFile)[], levels: number): Promise<void> {
  if (levels < 0) throw mustBe("dropped files", "folders", `at most ${deepest} deep`, entry.fullPath);
  if (files.length > mostFiles) return; // filesSource says so.
  if (entry.isFile) {
    files.push({
      path: entry.fullPath.replace(/^\/+/, ""),
      blob: await fileOf(entry as FileSystemFileEntry),
    });
    return;
  }
  for (const inner of await entriesOf(entry as FileSystemDirectoryEntry))
    await collect(inner, files, levels - 1);
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => {
    entry.file(resolve, (cause) => {
      reject(new UserError(`${entry.fullPath} cannot be read: ${cause.message}`, { cause }));
    });
  });
}

/** A browser gives a hundred at a time. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, (cause) => {
        reject(new UserError(`${folder.fullPath} cannot be read: ${cause.message}`, { cause }));
      });
    });
    if (some.length === 0) return all;
    all.push(...some);
  }
}
