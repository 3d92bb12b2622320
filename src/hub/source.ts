/**
 * Where the files of a model come from: a folder, a server, files that a person gave to a page, memory. Families,
 * tokenizers, checkpoints and adapters read through a {@link Source}; what strangers wrote is checked here, once.
 *
 *     folderSource(path)        source/folder.ts    the only one with paths, by which weights are mapped into memory
 *     httpSource(address)       source/http.ts      a base address; parts of files by range requests
 *     filesSource(files)        source/files.ts     File and Blob: what a person drops or picks
 *     memorySource(files)       source/memory.ts    bytes, texts and JSON by their paths
 *     subfolder(source, path)                       a folder of any of these
 *     sourceOver(store)                             a source of another kind, from what it can do
 */
import { mustBe, UserError } from "../common/errors.ts";
import { refuseLfsPointer } from "../common/lfs.ts";
import { parseJson } from "./json.ts";

/** Bytes of a file; it may end before. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** An object of a JSON file as it stands. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * The files of one folder, read only. Paths have `/` between their parts and lead nowhere else: each method throws a
 * `UserError` for one that is absolute or goes up. A file that is not there is undefined; one that cannot be read is a
 * `UserError` of one line that names it.
 */
export interface Source {
  /** How people call it: a folder's last name. */
  readonly name: string;
  /** How messages call one of its files, or all of it: a path, an address. */
  place(path?: string): string;
  /** Paths of all its files, sorted; undefined where nobody can tell, as of a server. */
  list(): Promise<readonly string[] | undefined>;
  /** Length of a file in bytes. */
  size(path: string): Promise<number | undefined>;
  /**
   * A small file, UTF-8. Throws for a Git LFS pointer, and for one of more than `most` bytes; default: more than such a
   * file has reason to be.
   */
  text(path: string, most?: number): Promise<string | undefined>;
  /** Throws for anything but a JSON object, and for what is nested too deep. Numbers keep their spelling (json.ts). */
  json(path: string): Promise<JsonObject | undefined>;
  /**
   * A file of less than 2 GiB, or a part of any; fewer bytes of a part where the file ends before. They are the caller's, and
   * fill their memory.
   */
  bytes(path: string, range?: ByteRange): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Where a file lies on this machine. Absent: its files have no paths. */
  path?(path: string): string;
  /** Of a subfolder: the source that it is a folder of, and where in it. */
  readonly within?: { readonly source: Source; readonly folder: string };
}

/** What a kind of source can do, with paths that were checked. Missing files are undefined. */
export interface Store extends Pick<Source, "name" | "place" | "path" | "within"> {
  list?(): Promise<readonly string[] | undefined>;
  size(path: string): Promise<number | undefined>;
  /** Throws a `UserError` for a file of more than `most` bytes. */
  whole(path: string, most: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
  part(path: string, range: ByteRange): Promise<Uint8Array<ArrayBuffer> | undefined>;
}

/** Twice the largest published tokenizer.json. */
const mostTokenizer = 64 * 2 ** 20;
const mostOther = 16 * 2 ** 20;
const mostBytes = 2 ** 31 - 1;

/** The source of a store: paths, sizes and contents are checked here. */
export function sourceOver(store: Store): Source {
  const { name, within, path: pathOf } = store;
  const place = (path?: string) => store.place(path);
  const checked = (path: string) => checkPath(path, place());
  const whole = async (path: string, most: number) => {
    const bytes = await store.whole(checked(path), most);
    if (bytes !== undefined && bytes.length > most) throw tooLarge(place(path), most, bytes.length);
    return alone(bytes);
  };
  const part = async (path: string, range: ByteRange) =>
    alone((await store.part(checked(path), wholeNumbers(range)))?.subarray(0, range.length));
  const text = async (path: string, most = mostText(path)) => {
    const bytes = await whole(path, most);
    if (bytes === undefined) return undefined;
    refuseLfsPointer(place(path), bytes);
    return utf8.decode(bytes);
  };
  return {
    name,
    place,
    ...(within && { within }),
    list: async () => (await store.list?.())?.toSorted(),
    size: async (path) => store.size(checked(path)),
    text,
    async json(path) {
      const found = await text(path);
      return found === undefined ? undefined : jsonObject(found, place(path));
    },
    bytes: (path, range) => (range === undefined ? whole(path, mostBytes) : part(path, range)),
    ...(pathOf && { path: (path: string) => pathOf(checked(path)) }),
  };
}

/** In memory of their own: whoever decodes them may take that over. */
function alone(bytes: Uint8Array<ArrayBuffer> | undefined): Uint8Array<ArrayBuffer> | undefined {
  return bytes === undefined || bytes.length === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}

/** A byte order mark stays, as everywhere else: readers of JSON pass over it. */
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

function mostText(path: string): number {
  return /tokenizer\.json$|\.index\.json$/.test(path) ? mostTokenizer : mostOther;
}

/** The path, where it stays inside; throws a `UserError` that begins with `place` for any other. */
export function checkPath(path: string, place: string): string {
  const parts = path.split("/");
  if (parts.every((part) => part !== "" && part !== "." && part !== "..") && !/[\\\0]/.test(path))
    return path;
  throw mustBe(place, "path", "one that stays inside", path);
}

function wholeNumbers(range: ByteRange): ByteRange {
  if ([range.offset, range.length].every((n) => Number.isSafeInteger(n) && n >= 0)) return range;
  throw new TypeError(`bytes: a range must be whole numbers from 0 on, got ${JSON.stringify(range)}`);
}

function jsonObject(text: string, place: string): JsonObject {
  const found = jsonOrFault(text, place);
  if (typeof found === "object" && found !== null && !Array.isArray(found)) return found as JsonObject;
  throw new UserError(`${place}: expected a JSON object, found something else`);
}

function jsonOrFault(text: string, place: string): unknown {
  try {
    return parseJson(text, place);
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    const told = (cause as Error).message.replaceAll(/\s+/g, " ");
    throw new UserError(`${place}: expected a JSON object, found: ${told}`, { cause });
  }
}

/** The error of a file that has more bytes than it may. */
export function tooLarge(place: string, most: number, size: unknown): UserError {
  return mustBe(place, "size", `at most ${most} bytes`, size);
}

/** A folder of a source as a source of its own. Throws a `UserError` for a path that leads out. */
export function subfolder(source: Source, folder: string): Source {
  const root = checkPath(folder, source.place());
  const inside = (path: string) => `${root}/${path}`;
  const { path: pathOf } = source;
  return sourceOver({
    name: root.slice(root.lastIndexOf("/") + 1),
    place: (path) => source.place(path === undefined ? root : inside(path)),
    within: { source, folder: root },
    list: async () => {
      const all = await source.list();
      return all?.filter((path) => path.startsWith(inside(""))).map((path) => path.slice(root.length + 1));
    },
    size: (path) => source.size(inside(path)),
    whole: (path, most) => wholeOf(source, inside(path), most),
    part: (path, range) => source.bytes(inside(path), range),
    ...(pathOf && { path: (path) => pathOf(inside(path)) }),
  });
}

async function wholeOf(source: Source, path: string, most: number) {
  const size = await source.size(path);
  if (size !== undefined && size > most) throw tooLarge(source.place(path), most, size);
  return source.bytes(path);
}
