/**
 * Thrift's compact protocol, in which parquet keeps what it says of itself. Read with bounds: a file from a stranger is
 * looked through here before anything else believes it.
 */
export type Thrift = number | Uint8Array | Fields | readonly Thrift[];
/** By field number. */
export type Fields = ReadonlyMap<number, Thrift>;

const kind = {
  true: 1,
  false: 2,
  byte: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  struct: 12,
};

/** Structs in one another; parquet's own are five deep. */
const DEEPEST = 32;

/** Values in one struct: a footer of 10,000 row groups of 20 columns has five million. */
const MOST_VALUES = 8_000_000;

interface Reader {
  readonly bytes: Uint8Array;
  at: number;
  left: number;
}

/** The struct that begins at `from`, and where it ends. Throws a `RangeError` for what is none. */
export function readStruct(
  bytes: Uint8Array,
  from: number,
): { readonly fields: Fields; readonly end: number } {
  const reader: Reader = { bytes, at: from, left: MOST_VALUES };
  const fields = struct(reader, 0);
  return { fields, end: reader.at };
}

function struct(reader: Reader, depth: number): Fields {
  if (depth > DEEPEST) throw new RangeError(`structs deeper than ${DEEPEST}`);
  const fields = new Map<number, Thrift>();
  for (let id = 0; ; ) {
    const head = byte(reader);
    if (head === 0) return fields;
    id = head >> 4 === 0 ? zigzag(reader, 3) : id + (head >> 4);
    fields.set(id, value(reader, head & 15, depth));
  }
}

function value(reader: Reader, type: number, depth: number): Thrift {
  if (--reader.left < 0) throw new RangeError(`more than ${MOST_VALUES} values`);
  if (type === kind.true || type === kind.false) return type === kind.true ? 1 : 0;
  if (type === kind.byte) return byte(reader);
  if (type === kind.i16 || type === kind.i32) return zigzag(reader, 5);
  if (type === kind.i64) return zigzag(reader, 10);
  if (type === kind.double) return skip(reader, 8)[0];
  if (type === kind.binary) return skip(reader, varint(reader, 5));
  if (type === kind.list) return list(reader, depth);
  if (type === kind.struct) return struct(reader, depth + 1);
  throw new RangeError(`a value of the unknown type ${type}`);
}

function list(reader: Reader, depth: number): readonly Thrift[] {
  const head = byte(reader);
  const length = head >> 4 === 15 ? varint(reader, 5) : head >> 4;
  if (length > reader.bytes.length - reader.at) throw new RangeError("a list longer than what is there");
  const type = head & 15;
  const isFlag = type === kind.true || type === kind.false;
  return Array.from({ length }, () => value(reader, isFlag ? kind.byte : type, depth));
}

function byte(reader: Reader): number {
  return skip(reader, 1)[0];
}

function skip(reader: Reader, length: number): Uint8Array {
  const end = reader.at + length;
  if (end > reader.bytes.length) throw new RangeError("an end too early");
  const taken = reader.bytes.subarray(reader.at, end);
  reader.at = end;
  return taken;
}

/** An unsigned number of at most `most` groups of seven bits. */
export function varint(reader: { readonly bytes: Uint8Array; at: number }, most: number): number {
  let result = 0;
  for (let group = 0; group < most; group++) {
    const next = reader.bytes[reader.at++];
    if (next === undefined) throw new RangeError("an end too early");
    result += (next & 127) * 2 ** (7 * group);
    if (next < 128) return result;
  }
  throw new RangeError(`a number of more than ${most} bytes`);
}

function zigzag(reader: Reader, most: number): number {
  const folded = varint(reader, most);
  return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
}
