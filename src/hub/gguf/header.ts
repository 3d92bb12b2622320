/**
 * What a GGUF file says before its tensors' bytes: fields, and where each tensor lies. A pure function over the first
 * bytes of a file; nothing is made room for before its bytes are there.
 *
 *     parseHeader(bytes, {place, size})   -> GgufHeader; throws EndOfBytes where it needs more of the file
 */
import type { UserError } from "../../common/errors.ts";
import { damage } from "../weights/safetensors.ts";
import { blockShapes, type FieldType, fieldTypes, type GgufType, isGgufType, typeName } from "./format.ts";

/** A field's value. Whole numbers of 64 bits beyond what a number holds exactly are refused. */
export type GgufValue = number | boolean | string | readonly string[] | ArrayLike<number>;

/** A tensor, and where its bytes lie. */
export interface GgufTensor {
  readonly name: string;
  readonly type: GgufType;
  /** Slowest axis first, as everywhere but in the file. */
  readonly shape: readonly number[];
  /** Of its first byte, from the start of the file. */
  readonly byteOffset: number;
  readonly byteLength: number;
}

export interface GgufHeader {
  readonly version: number;
  readonly fields: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

/** The bytes end before the header does. */
export class EndOfBytes extends Error {}

export interface HeaderOptions {
  /** How messages call the file. */
  readonly place: string;
  /** Of the whole file, in bytes. */
  readonly size: number;
}

/** The four bytes that a file begins with: GGUF. */
export const magic = 0x46554747;
/** Four times the longest header known. */
export const longestHeader = 100_000_000;
/** Of a list: ten times the largest vocabulary known. */
const mostItems = 4_000_000;
const bytesOfSmallest = { field: 13, tensor: 24 };
const mostDimensions = 4;
/** Characters of a field's or tensor's name, which stands in messages: llama.cpp's own tensors have at most 64. */
const longestName = 1024;

/** Throws a UserError for what is not a GGUF file of version 2 or 3, or does not fit into its length. */
export function parseHeader(bytes: Uint8Array, { place, size }: HeaderOptions): GgufHeader {
  const cursor = cursorOf(bytes, place);
  if (cursor.uint32() !== magic) throw damage(place, "expected a GGUF file, found another beginning");
  const version = checkedVersion(cursor.uint32(), place);
  const counts = { tensors: cursor.whole("number of tensors"), fields: cursor.whole("number of fields") };
  const least = counts.tensors * bytesOfSmallest.tensor + counts.fields * bytesOfSmallest.field;
  const most = Math.min(size, longestHeader);
  if (least > most) {
    const found = `${counts.fields} fields and ${counts.tensors} tensors`;
    throw damage(place, `expected fields and tensors of at most ${most} bytes, found ${found}`);
  }
  const fields = new Map<string, GgufValue>();
  for (let i = 0; i < counts.fields; i++) {
    const name = cursor.name(`field ${i}`);
    if (fields.has(name)) throw damage(place, `field ${name}: expected once, found twice`);
    fields.set(name, readField(cursor, name, place));
  }
  const entries: GgufTensor[] = [];
  for (let i = 0; i < counts.tensors; i++) entries.push(readTensor(cursor, i, place));
  const start = aligned(cursor.at(), alignmentOf(fields, place));
  return { version, fields, tensors: placed(entries, start, { place, size }) };
}

function checkedVersion(version: number, place: string): number {
  if (version === 2 || version === 3) return version;
  const found = (version & 0xffff) === 0 ? "a file of big-endian numbers" : `version ${version}`;
  throw damage(place, `expected a GGUF file of version 2 or 3, found ${found}`);
}

type Cursor = ReturnType<typeof cursorOf>;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads one number or text after another. */
function cursorOf(bytes: Uint8Array, place: string) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const take = (length: number): number => {
    if (length > bytes.length - at) throw new EndOfBytes();
    at += length;
    return at - length;
  };
  const exact = (value: bigint, what: string): number => {
    const number = Number(value);
    if (Number.isSafeInteger(number)) return number;
    throw damage(place, `${what}: expected at most ${Number.MAX_SAFE_INTEGER}, found ${value}`);
  };
  const whole = (what: string) => exact(view.getBigUint64(take(8), true), what);
  const text = (what: string): string => {
    const length = whole(`${what}: length`);
    const from = take(length);
    try {
      return utf8.decode(bytes.subarray(from, from + length));
    } catch {
      throw damage(place, `${what}: expected a text in UTF-8, found other bytes`);
    }
  };
  const name = (what: string): string => {
    const name = text(what);
    if (name.length <= longestName && !/\p{Cc}/u.test(name)) return name;
    const found = JSON.stringify(name.slice(0, 100));
    throw damage(
      place,
      `${what}: expected a name of up to ${longestName} characters in one line, found ${found}`,
    );
  };
  const readers: Record<Exclude<FieldType, "array">, (what: string) => number | boolean | string> = {
    uint8: () => view.getUint8(take(1)),
    int8: () => view.getInt8(take(1)),
    uint16: () => view.getUint16(take(2), true),
    int16: () => view.getInt16(take(2), true),
    uint32: () => view.getUint32(take(4), true),
    int32: () => view.getInt32(take(4), true),
    float32: () => view.getFloat32(take(4), true),
    bool: () => view.getUint8(take(1)) !== 0,
    string: text,
    uint64: whole,
    int64: (what) => exact(view.getBigInt64(take(8), true), what),
    float64: () => view.getFloat64(take(8), true),
  };
  return { at: () => at, uint32: () => view.getUint32(take(4), true), whole, name, readers };
}

function readField(cursor: Cursor, name: string, place: string): GgufValue {
  const what = `field ${name}`;
  const type = fieldType(cursor.uint32(), what, place);
  if (type !== "array") return cursor.readers[type](what);
  const itemType = fieldType(cursor.uint32(), what, place);
  if (itemType === "array") throw damage(place, `${what}: expected a list of values, found a list of lists`);
  const read = cursor.readers[itemType];
  const count = cursor.whole(`${what}: length`);
  if (count > mostItems) throw damage(place, `${what}: expected at most ${mostItems} items, found ${count}`);
  // Item after item: each takes bytes of the file, so that a length alone makes no room.
  const items: (number | boolean | string)[] = [];
  for (let i = 0; i < count; i++) items.push(read(what));
  return itemType === "string" ? (items as string[]) : (items.map(Number) as number[]);
}

function fieldType(number: number, what: string, place: string): FieldType {
  const type = fieldTypes[number];
  if (type !== undefined) return type;
  throw damage(place, `${what}: expected one of ${fieldTypes.length} types, found number ${number}`);
}

const defaultAlignment = 32;

function alignmentOf(fields: ReadonlyMap<string, GgufValue>, place: string): number {
  const alignment = fields.get("general.alignment") ?? defaultAlignment;
  if (typeof alignment === "number" && alignment >= 8 && alignment <= 2 ** 20 && alignment % 8 === 0)
    return alignment;
  const found = typeof alignment === "number" ? alignment : "no number";
  throw damage(place, `field general.alignment: expected a multiple of 8 up to ${2 ** 20}, found ${found}`);
}

const aligned = (at: number, alignment: number) => Math.ceil(at / alignment) * alignment;

/** A tensor whose offset counts from where the tensors begin. */
function readTensor(cursor: Cursor, index: number, place: string): GgufTensor {
  const name = cursor.name(`tensor ${index}`);
  const what = `tensor ${name}`;
  const dimensions = cursor.uint32();
  if (dimensions < 1 || dimensions > mostDimensions)
    throw damage(place, `${what}: expected 1 to ${mostDimensions} axes, found ${dimensions}`);
  const fastestFirst = Array.from({ length: dimensions }, () => cursor.whole(`${what}: size`));
  const type = typeName(cursor.uint32());
  const byteOffset = cursor.whole(`${what}: offset`);
  if (!isGgufType(type))
    throw damage(place, `${what}: expected one of ${Object.keys(blockShapes).join(", ")}, found ${type}`);
  const byteLength = bytesOf(type, fastestFirst, (rule, found) =>
    damage(place, `${what}: expected ${rule}, found ${found}`),
  );
  return { name, type, shape: fastestFirst.toReversed(), byteOffset, byteLength };
}

function bytesOf(
  type: GgufType,
  [row, ...others]: readonly number[],
  wrong: (rule: string, found: unknown) => UserError,
): number {
  const { elements, bytes } = blockShapes[type];
  if (row % elements !== 0) throw wrong(`rows of a multiple of ${elements} numbers for ${type}`, row);
  const count = others.reduce((product, size) => product * size, row);
  if (count < 1 || !Number.isSafeInteger(count * bytes)) throw wrong("sizes from 1 on", [row, ...others]);
  return (count / elements) * bytes;
}

/** Offsets from the start of the file; tensors must lie in it, none in another. */
function placed(
  entries: readonly GgufTensor[],
  start: number,
  { place, size }: HeaderOptions,
): Map<string, GgufTensor> {
  const inOrder = entries
    .map((entry) => ({ ...entry, byteOffset: start + entry.byteOffset }))
    .sort((a, b) => a.byteOffset - b.byteOffset);
  let end = start;
  for (const { name, byteOffset, byteLength } of inOrder) {
    if (byteOffset < end)
      throw damage(place, `tensor ${name}: expected to begin at byte ${end} or behind, found ${byteOffset}`);
    end = byteOffset + byteLength;
    if (end > size)
      throw damage(
        place,
        `tensor ${name}: expected to end within ${size} bytes, found ${end}; is it cut off?`,
      );
  }
  const tensors = new Map(inOrder.map((entry) => [entry.name, entry]));
  if (tensors.size === inOrder.length) return tensors;
  const twice = inOrder.find((entry) => tensors.get(entry.name) !== entry)?.name;
  throw damage(place, `tensor ${twice}: expected once, found twice`);
}
