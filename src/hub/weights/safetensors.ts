/**
 * The safetensors format (github.com/huggingface/safetensors): eight bytes of header length, a JSON header,
 * then the raw little-endian tensors without holes. Reading is lazy: opening parses and checks the header,
 * values come from the file when asked for.
 *
 *     openSafetensors(file)              -> Checkpoint of one file, by its path or in a source
 *     checkpoint.tensors                 -> Map name -> {dtype, shape, file, byteOffset, byteLength}
 *     checkpoint.read(name)              -> HostArray (F16, BF16 widened to float32; I64, I16, I8, U16, U8 to
 *                                           int32; BOOL to bool)
 *     writeSafetensors(path, tensors)    -> writes, whole or not at all (safetensors-write.ts)
 *
 * Everything wrong with a file is a UserError that names file, tensor, what was expected and what was found.
 */
import { fileOf } from "#source";
import { UserError } from "../../common/errors.ts";
import { mustBeShallow } from "../../common/json.ts";
import { isLfsPointer, lfsPointer } from "../../common/lfs.ts";
import { type HostArray, sizeOf } from "../../engine/host.ts";
import type { SourceFile } from "../source/given.ts";
import type { ByteRange } from "../source.ts";
import { decodeValues, isStoredDType, type StoredDType, storedWidth } from "./values.ts";

export type { StoredDType } from "./values.ts";

/** Where one tensor's values lie. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
  /** The file that holds it, as messages call it: its path, where the source has paths. */
  readonly file: string;
  /** Of its first byte, from the start of the file. */
  readonly byteOffset: number;
  readonly byteLength: number;
  /** Where the file's bytes are not the values as they are: the values in order, a few megabytes at a time, new ones each time. */
  readonly values?: () => AsyncIterable<Float32Array>;
}

export interface Checkpoint {
  /** The file or folder it was opened from: for messages. */
  readonly path: string;
  /** In the order of their names. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Whether its files lie on this machine, where programs can map them by their paths. */
  readonly hasPaths: boolean;
  /** Values of one tensor, read from the file now. Throws a UserError for an unknown name. */
  read(name: string): Promise<HostArray>;
  /** Bytes as they are stored, from a tensor on: all of it, or another part. Throws a UserError where the file ends before. */
  bytes(entry: TensorEntry, part?: ByteRange): Promise<Uint8Array<ArrayBuffer>>;
}

/** Opens one `.safetensors` file and checks its header against its length. */
export async function openSafetensors(given: string | SourceFile): Promise<Checkpoint> {
  const file = typeof given === "string" ? fileOf(given) : given;
  const place = file.source.place(file.path);
  const { header, dataStart, size } = await readHeader(file, place);
  const { __metadata__: metadata = {}, ...rest } = header;
  const entries = Object.entries(rest).map(([name, info]) => parseEntry(place, name, info, dataStart));
  checkLayout(place, entries, dataStart, size);
  return checkpointOf(place, entries, parseMetadata(place, metadata), [file]);
}

/** A checkpoint over tensors of one or several files, in the order of their names. */
export function checkpointOf(
  path: string,
  entries: readonly TensorEntry[],
  metadata: Readonly<Record<string, string>>,
  files: readonly SourceFile[],
): Checkpoint {
  const sorted = [...entries].sort((a, b) => (a.name < b.name ? -1 : 1));
  const tensors = new Map(sorted.map((entry) => [entry.name, entry]));
  const byPlace = new Map(files.map((file) => [file.source.place(file.path), file]));
  const bytes = (entry: TensorEntry, part: ByteRange = { offset: 0, length: entry.byteLength }) =>
    bytesOf(byPlace.get(entry.file) as SourceFile, entry, part);
  return {
    path,
    tensors,
    metadata,
    hasPaths: files.every(({ source }) => source.path !== undefined),
    bytes,
    async read(name) {
      const entry = tensors.get(name);
      if (entry === undefined) throw damage(path, `tensor ${name}: expected in the file, found none`);
      const what = `${entry.file}: tensor ${entry.name}`;
      return decodeValues(what, entry.dtype, entry.shape, await bytes(entry));
    },
  };
}

async function bytesOf({ source, path }: SourceFile, entry: TensorEntry, { offset, length }: ByteRange) {
  const bytes = await source.bytes(path, { offset: entry.byteOffset + offset, length });
  if (bytes === undefined) throw damage(entry.file, "expected a file, found: no such file");
  if (bytes.length === length) return bytes;
  throw damage(entry.file, `tensor ${entry.name}: expected ${entry.byteLength} bytes, found the file's end`);
}

const longestHeader = 100_000_000; // The limit of the reference implementation.
/** As many bytes tell a Git LFS pointer. */
const longestStart = 200;

async function readHeader({ source, path }: SourceFile, place: string) {
  const start = await source.bytes(path, { offset: 0, length: longestStart });
  const size = await source.size(path);
  if (start === undefined || size === undefined) throw damage(place, "expected a file, found: no such file");
  if (start.length < 8) throw damage(place, `expected at least 8 bytes, found ${size}`);
  if (isLfsPointer(start)) throw lfsPointer(place);
  const length = Number(new DataView(start.buffer).getBigUint64(0, true));
  if (length > longestHeader || length + 8 > size) {
    const most = Math.min(longestHeader, size - 8);
    throw damage(place, `header: expected at most ${most} bytes, found a length of ${length}`);
  }
  const bytes = await source.bytes(path, { offset: 8, length });
  if (bytes?.length !== length) throw damage(place, `header: expected ${length} bytes, found the file's end`);
  return { header: parseHeader(place, bytes), dataStart: 8 + length, size };
}

function parseHeader(path: string, bytes: Uint8Array): Record<string, unknown> {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    mustBeShallow(text, `${path}: header`);
    const header: unknown = JSON.parse(text);
    if (isRecord(header)) return header;
  } catch (error) {
    if (error instanceof UserError) throw error;
    // Else it is told by the one message below.
  }
  throw damage(path, "header: expected a JSON object, found something else");
}

function parseMetadata(path: string, metadata: unknown): Record<string, string> {
  if (isRecord(metadata) && Object.values(metadata).every((value) => typeof value === "string")) {
    return metadata as Record<string, string>;
  }
  throw damage(path, `header: expected __metadata__ to map texts to texts, found ${shown(metadata)}`);
}

function parseEntry(path: string, name: string, info: unknown, dataStart: number): TensorEntry {
  const { dtype, shape, data_offsets: offsets } = isRecord(info) ? info : {};
  const wrong = (expected: string, found: unknown) =>
    damage(path, `tensor ${name}: expected ${expected}, found ${shown(found)}`);
  if (!isStoredDType(dtype)) throw wrong("a known dtype", dtype);
  if (!isSizes(shape)) throw wrong("a shape of whole numbers", shape);
  if (!isSizes(offsets) || offsets.length !== 2) throw wrong("data_offsets of two whole numbers", offsets);
  const byteLength = sizeOf(shape) * storedWidth(dtype);
  if (offsets[1] - offsets[0] !== byteLength) {
    throw wrong(`${byteLength} bytes for ${dtype} ${showShape(shape)}`, offsets[1] - offsets[0]);
  }
  return { name, dtype, shape, file: path, byteOffset: dataStart + offsets[0], byteLength };
}

/** The tensors must fill the rest of the file, without holes and without overlaps. */
function checkLayout(path: string, entries: readonly TensorEntry[], dataStart: number, size: number): void {
  const inOrder = [...entries].sort((a, b) => a.byteOffset - b.byteOffset || a.byteLength - b.byteLength);
  let end = dataStart;
  for (const { name, byteOffset, byteLength } of inOrder) {
    if (byteOffset !== end) {
      const kind = byteOffset < end ? "an overlap" : "a hole";
      throw damage(path, `tensor ${name}: expected to start at byte ${end}, found ${byteOffset} (${kind})`);
    }
    end += byteLength;
    if (end > size) {
      throw damage(path, `tensor ${name}: expected to end at byte ${end}, found the file's end at ${size}`);
    }
  }
  if (end !== size) throw damage(path, `expected ${end} bytes, found ${size}`);
}

/** Throws a UserError that names a tensor with NaN or infinite values, and how many it has. */
export function mustBeFinite(path: string, tensor: string, { data }: HostArray): void {
  let wrong = 0;
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) wrong++;
  if (wrong > 0)
    throw damage(
      path,
      `tensor ${tensor}: expected finite numbers, found ${wrong} of ${data.length} NaN or infinite`,
    );
}

export function damage(path: string, message: string): UserError {
  return new UserError(`${path}: ${message}`);
}

/** A value in a message, shortened. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "none";
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

export function showShape(shape: readonly number[]): string {
  return shape.length > 10 ? `[${shape.length} sizes]` : `[${shape.join(", ")}]`;
}
