/** Folders that a visitor gives to the page: by the File System Access API, a file input, or dropped. */
import { UserError } from "../../../common/errors.ts";

export interface PickedFile {
  /** From the folder. */
  readonly path: string;
  file(): Promise<File>;
}

export interface PickedFolder {
  readonly name: string;
  /** By path. */
  readonly files: ReadonlyMap<string, PickedFile>;
  /** Puts a new file beside the others, or downloads it where the browser may not. */
  write(name: string, text: string): Promise<void>;
  /** Whether `write` puts it into the folder itself. */
  readonly isWritable: boolean;
}

/** Files of a folder; more are a sign that the wrong one was opened. */
const MOST_FILES = 300_000;

/** TypeScript's library lacks it: not every browser has it. */
type DirectoryPicker = (options: { mode: "read" | "readwrite" }) => Promise<FileSystemDirectoryHandle>;

/** Asks for a folder that may be written into; undefined where this browser has no such thing. */
export function directoryPicker(): DirectoryPicker | undefined {
  const picker = (globalThis as { showDirectoryPicker?: DirectoryPicker }).showDirectoryPicker;
  return picker?.bind(globalThis);
}

export async function folderOfHandle(directory: FileSystemDirectoryHandle): Promise<PickedFolder> {
  const files = new Map<string, PickedFile>();
  await walk(directory, "", files);
  return {
    name: directory.name,
    files,
    isWritable: true,
    async write(name, text) {
      const handle = await directory.getFileHandle(name, { create: true });
      // What is written appears when it is closed, whole.
      const stream = await handle.createWritable();
      await stream.write(text);
      await stream.close();
      files.set(name, { path: name, file: () => handle.getFile() });
    },
  };
}

function mustHaveRoom(name: string, { size }: ReadonlyMap<string, PickedFile>): void {
  if (size > MOST_FILES) throw new UserError(`${name}: holds more than ${MOST_FILES} files`);
}

async function walk(
  directory: FileSystemDirectoryHandle,
  prefix: string,
  files: Map<string, PickedFile>,
): Promise<void> {
  for await (const entry of directory.values()) {
    mustHaveRoom(directory.name, files);
    if (entry.name.startsWith(".")) continue;
    const path = `${prefix}${entry.name}`;
    if (entry.kind === "directory") await walk(entry, `${path}/`, files);
    else files.set(path, { path, file: () => entry.getFile() });
  }
}

/** Files of an `<input type="file">`, of a whole folder or single ones. */
export function folderOfFiles(list: Iterable<File>): PickedFolder {
  const all = [...list];
  const [first] = all;
  if (first === undefined) throw new UserError("the folder that was opened is empty");
  const root = first.webkitRelativePath.split("/")[0];
  const pathOf = (file: File) =>
    file.webkitRelativePath === "" ? file.name : file.webkitRelativePath.slice(root.length + 1);
  const files = new Map(
    all.map((file): [string, PickedFile] => [pathOf(file), { path: pathOf(file), file: async () => file }]),
  );
  return downloading(root === "" ? `${all.length} files` : root, files);
}

/** What was dropped on the page: a folder, or files. */
export async function folderOfDrop(items: DataTransferItemList): Promise<PickedFolder> {
  // Entries must be asked for before anything is waited for.
  const entries = [...items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const [first] = entries;
  if (first === undefined) throw new UserError("what was dropped holds no files");
  const files = new Map<string, PickedFile>();
  const isFolder = entries.length === 1 && first.isDirectory;
  for (const entry of entries) await walkEntry(entry, isFolder ? "" : entry.name, files);
  return downloading(first.name, files);
}

async function walkEntry(
  entry: FileSystemEntry,
  path: string,
  files: Map<string, PickedFile>,
): Promise<void> {
  mustHaveRoom(entry.name, files);
  if (entry.name.startsWith(".")) return;
  if (entry.isFile) {
    const file = () =>
      new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    files.set(path, { path, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const next = () => new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
  for (let some = await next(); some.length > 0; some = await next())
    for (const one of some) await walkEntry(one, path === "" ? one.name : `${path}/${one.name}`, files);
}

function downloading(name: string, files: ReadonlyMap<string, PickedFile>): PickedFolder {
  return { name, files, isWritable: false, write: async (file, text) => download(file, text) };
}

/** Gives a text to the visitor as a file. */
export function download(name: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/jsonl" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
