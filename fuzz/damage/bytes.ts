/** Damage that knows nothing of what the bytes mean. */
import type { Random } from "../../src/common/random.ts";

/** Damaged content and, in a few words, what was done to it. */
export interface Damaged {
  readonly bytes: Uint8Array;
  readonly what: string;
}

type Change = (random: Random, bytes: Uint8Array, other: Uint8Array) => Damaged;

/** One change to bytes; `other` is sound content of the same kind, to be spliced in. */
export function damageBytes(random: Random, bytes: Uint8Array, other: Uint8Array): Damaged {
  return random.pick(changes)(random, bytes, other);
}

const changes: readonly Change[] = [
  flipped,
  overwritten,
  overwritten,
  lengthField,
  lengthField,
  truncated,
  inserted,
  removed,
  repeated,
  spliced,
];

/** Mostly anywhere, often near the start or the end, where headers and indexes stand. */
function placeIn(random: Random, length: number): number {
  const near = Math.min(length, random.pick([32, 256, 2048]));
  const where = random.integer(4);
  if (where === 0) return random.integer(near);
  return where === 1 ? length - 1 - random.integer(near) : random.integer(length);
}

function runIn(random: Random, length: number): [start: number, end: number] {
  const start = Math.max(0, placeIn(random, length));
  return [start, Math.min(length, start + 1 + random.integer(random.pick([4, 64, 1024])))];
}

function flipped(random: Random, bytes: Uint8Array): Damaged {
  const copy = copyOf(bytes);
  const count = 1 + random.integer(random.pick([1, 4, 32]));
  if (copy.length > 0)
    for (let i = 0; i < count; i++) copy[placeIn(random, copy.length)] ^= 1 << random.integer(8);
  return { bytes: copy, what: `${count} bits flipped` };
}

function overwritten(random: Random, bytes: Uint8Array): Damaged {
  const copy = copyOf(bytes);
  const [start, end] = runIn(random, copy.length);
  const value = random.pick([0, 0xff, 0x7f, 0x80, undefined]);
  for (let i = start; i < end; i++) copy[i] = value ?? random.integer(256);
  return { bytes: copy, what: `bytes ${start} to ${end} are ${value ?? "random"}` };
}

const extremes = [
  0n,
  1n,
  0x7fn,
  0xffn,
  0x7fffn,
  0xffffn,
  0x7fff_ffffn,
  0xffff_ffffn,
  1n << 40n,
  (1n << 63n) - 1n,
];

/** A number of 1, 2, 4 or 8 bytes in either order, as lengths, counts and offsets are stored. */
function lengthField(random: Random, bytes: Uint8Array): Damaged {
  const copy = copyOf(bytes);
  const width = random.pick([1, 2, 4, 8]);
  if (copy.length < width) return { bytes: copy, what: "too short for a number" };
  const at = Math.max(0, Math.min(placeIn(random, copy.length), copy.length - width));
  const value = BigInt.asUintN(8 * width, random.pick([...extremes, -1n, BigInt(copy.length)]));
  const little = random.integer(2) === 0;
  for (let i = 0; i < width; i++)
    copy[little ? at + i : at + width - 1 - i] = Number((value >> BigInt(8 * i)) & 0xffn);
  return { bytes: copy, what: `${width} bytes at ${at} say ${value}${little ? "" : ", big end first"}` };
}

function truncated(random: Random, bytes: Uint8Array): Damaged {
  const length = Math.max(0, placeIn(random, bytes.length + 1));
  return { bytes: new Uint8Array(bytes.subarray(0, length)), what: `cut off after ${length} bytes` };
}

function inserted(random: Random, bytes: Uint8Array): Damaged {
  const at = Math.max(0, placeIn(random, bytes.length + 1));
  const more = new Uint8Array(1 + random.integer(random.pick([4, 64, 4096])));
  const value = random.pick([0, 0xff, 0x20, undefined]);
  for (let i = 0; i < more.length; i++) more[i] = value ?? random.integer(256);
  return {
    bytes: joined(bytes.subarray(0, at), more, bytes.subarray(at)),
    what: `${more.length} bytes put in at ${at}`,
  };
}

function removed(random: Random, bytes: Uint8Array): Damaged {
  const [start, end] = runIn(random, bytes.length);
  return {
    bytes: joined(bytes.subarray(0, start), bytes.subarray(end)),
    what: `bytes ${start} to ${end} removed`,
  };
}

/** A part many times over: a longer list, a deeper nesting. */
function repeated(random: Random, bytes: Uint8Array): Damaged {
  const [start, end] = runIn(random, bytes.length);
  const part = bytes.subarray(start, end);
  const times = Math.min(
    random.pick([2, 16, 1000, 100_000]),
    Math.ceil(2_000_000 / Math.max(1, part.length)),
  );
  const many = new Uint8Array(part.length * times);
  for (let i = 0; i < times; i++) many.set(part, i * part.length);
  return {
    bytes: joined(bytes.subarray(0, start), many, bytes.subarray(end)),
    what: `bytes ${start} to ${end} ${times} times`,
  };
}

function spliced(random: Random, bytes: Uint8Array, other: Uint8Array): Damaged {
  const at = random.integer(bytes.length + 1);
  const from = random.integer(2) === 0 ? Math.min(at, other.length) : random.integer(other.length + 1);
  return {
    bytes: joined(bytes.subarray(0, at), other.subarray(from)),
    what: `another's from ${from} on after ${at} bytes`,
  };
}

/** A `slice` of a Buffer is none. */
const copyOf = (bytes: Uint8Array) => new Uint8Array(bytes);

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
