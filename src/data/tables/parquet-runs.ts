/** Encodings of parquet's pages, followed without taking their values: each must end where its count says. */
import { varint } from "./thrift.ts";

/** More than writers pad a run of packed values with. */
const PADDING = 504;

export interface Runs {
  readonly width: number;
  /** How many values there should be. */
  readonly count: number;
  /** Counts the values that are this. */
  readonly wanted?: number;
}

/**
 * Runs of repeated and of packed values from `from` on; gives how many are `wanted`. Throws a `RangeError` for a run
 * longer than what is left: a few bytes may say a billion.
 */
export function followRuns(bytes: Uint8Array, from: number, { width, count, wanted }: Runs): number {
  if (width > 32) throw new RangeError(`values of ${width} bits`);
  const reader = { bytes, at: from };
  let [seen, found] = [0, 0];
  while (seen < count) {
    const head = varint(reader, 5);
    const isPacked = head % 2 === 1;
    const length = Math.floor(head / 2) * (isPacked ? 8 : 1);
    if (length > count - seen + (isPacked ? PADDING : 0)) throw new RangeError("a run longer than its page");
    const taken = Math.min(length, count - seen);
    if (isPacked) found += packed(bytes, reader.at, width, taken, wanted);
    else if (wanted !== undefined && number(bytes, reader.at, width) === wanted) found += taken;
    // The decoder takes a byte of packed values that have no bits.
    reader.at += isPacked ? Math.max(1, (length / 8) * width) : (width + 7) >> 3;
    seen += length;
  }
  return found;
}

function packed(bytes: Uint8Array, from: number, width: number, count: number, wanted?: number): number {
  let found = 0;
  if (wanted === undefined) return found;
  for (let i = 0; i < count; i++) {
    let value = 0;
    for (let bit = 0; bit < width; bit++) {
      const at = i * width + bit;
      value |= (((bytes[from + (at >> 3)] ?? 0) >> (at & 7)) & 1) << bit;
    }
    if (value === wanted) found++;
  }
  return found;
}

function number(bytes: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let i = 0; i < (width + 7) >> 3; i++) value |= (bytes[at + i] ?? 0) << (8 * i);
  return value;
}

/** Blocks of differences (DELTA_BINARY_PACKED) of `count` values from `from` on; gives where they end. */
export function followDeltas(bytes: Uint8Array, from: number, count: number): number {
  const reader = { bytes, at: from };
  const [block, parts] = [varint(reader, 5), varint(reader, 5)];
  if (!(parts > 0 && parts <= 1024 && block > 0 && block % (32 * parts) === 0))
    throw new RangeError(`blocks of ${block} differences in ${parts} parts`);
  varint(reader, 5);
  varint(reader, 10);
  const each = block / parts;
  for (let seen = 1; seen < count; ) {
    varint(reader, 10);
    const widths = bytes.subarray(reader.at, reader.at + parts);
    reader.at += parts;
    for (let part = 0; part < parts && seen < count; part++) {
      if (!(widths[part] <= 64)) throw new RangeError("differences of more than 64 bits");
      reader.at += (each * widths[part]) / 8;
      seen += each;
    }
  }
  return reader.at;
}
