/**
 * Plain data with typed arrays as bytes, for what goes between the page and its server: what structured cloning gives a
 * worker, as a message. All numbers little-endian:
 *
 *     "fvw1"  u32 bytes of the text  the text: JSON  zeros up to a multiple of 8  the arrays, each from a multiple of 8 on
 *
 * In the text an array stands as {"$": ["Float32Array", first byte behind the text, number of elements]}, a number that JSON
 * lacks as {"$": ["number", "NaN"]}, nothing in a list as {"$": ["undefined"]}, and an object with a key "$" of its own as
 * {"$": ["object", {...}]}. A stream is a row of messages, a u32 of its bytes before each.
 */
import { UserError } from "../../common/errors.ts";
import { parseJson } from "../../common/json.ts";

const kinds = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
};

type Kind = keyof typeof kinds;
type Numbers = InstanceType<(typeof kinds)[Kind]>;

export interface WireLimits {
  /** Bytes of a message's text. */
  readonly text: number;
}

const magic = 0x31777666; // "fvw1"
const head = 8;
const place = 8;
const what = "the message";

const padded = (bytes: number) => Math.ceil(bytes / place) * place;

/** Throws a TypeError for what is no plain data: functions, instances of classes, dates. */
export function encode(value: unknown): Uint8Array<ArrayBuffer> {
  const arrays: { readonly array: Numbers; readonly at: number }[] = [];
  let size = 0;
  const text = new TextEncoder().encode(
    JSON.stringify(
      plain(value, (array) => {
        const at = size;
        arrays.push({ array, at });
        size += padded(array.byteLength);
        return at;
      }),
    ),
  );
  const first = padded(head + text.length);
  const bytes = new Uint8Array(first + size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magic, true);
  view.setUint32(4, text.length, true);
  bytes.set(text, head);
  for (const { array, at } of arrays)
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), first + at);
  return bytes;
}

type Put = (array: Numbers) => number;

function plain(value: unknown, put: Put): unknown {
  if (value === undefined) return { $: ["undefined"] };
  if (typeof value === "number") return isJson(value) ? value : { $: ["number", numberText(value)] };
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (Array.isArray(value)) return Array.from(value, (item) => plain(item, put));
  if (typeof value !== "object") throw new TypeError(`a message cannot hold a ${typeof value}`);
  const kind = Object.prototype.toString.call(value).slice("[object ".length, -1);
  if (ArrayBuffer.isView(value) && Object.hasOwn(kinds, kind))
    return { $: [kind, put(value as Numbers), (value as Numbers).length] };
  const { constructor: made } = value;
  if (made !== undefined && made !== Object) throw new TypeError(`a message cannot hold a ${made.name}`);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  const object = Object.fromEntries(entries.map(([key, item]) => [key, plain(item, put)]));
  return Object.hasOwn(object, "$") ? { $: ["object", object] } : object;
}

const isJson = (value: number) => Number.isFinite(value) && !Object.is(value, -0);
const numberText = (value: number) => (Object.is(value, -0) ? "-0" : `${value}`);
const otherNumbers: readonly string[] = ["NaN", "Infinity", "-Infinity", "-0"];

/** The arrays look at the message's own bytes. Throws a UserError for bytes that are no message of these bounds. */
export function decode(bytes: Uint8Array<ArrayBuffer>, { text: most }: WireLimits): unknown {
  const whole = bytes.byteOffset % place === 0 ? bytes : bytes.slice();
  const view = new DataView(whole.buffer, whole.byteOffset, whole.byteLength);
  if (whole.length < head || view.getUint32(0, true) !== magic) throw broken("does not begin as one");
  const length = view.getUint32(4, true);
  if (length > most) throw broken(`has a text of ${length} bytes, more than ${most}`);
  const first = padded(head + length);
  if (head + length > whole.length) throw broken("ends early");
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let json: string;
  try {
    json = text.decode(whole.subarray(head, head + length));
  } catch {
    throw broken("has a text that is not UTF-8");
  }
  return revived(parseJson(json, what), whole.subarray(Math.min(first, whole.length)));
}

function revived(value: unknown, arrays: Uint8Array<ArrayBuffer>): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => revived(item, arrays));
  if (Object.hasOwn(value, "$")) return special((value as { $: unknown }).$, arrays);
  return object(value, arrays);
}

/** With the keys as own ones, `__proto__` too. */
function object(value: object, arrays: Uint8Array<ArrayBuffer>): unknown {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, revived(item, arrays)]));
}

function special(said: unknown, arrays: Uint8Array<ArrayBuffer>): unknown {
  const [kind, ...rest] = Array.isArray(said) ? said : [];
  if (kind === "undefined" && rest.length === 0) return undefined;
  if (kind === "number" && otherNumbers.includes(rest[0])) return Number(rest[0]);
  if (kind === "object" && typeof rest[0] === "object" && rest[0] !== null && !Array.isArray(rest[0]))
    return object(rest[0], arrays);
  if (typeof kind === "string" && Object.hasOwn(kinds, kind)) return numbers(kind as Kind, rest, arrays);
  throw broken("has a value of no known kind");
}

function numbers(kind: Kind, [at, length]: unknown[], arrays: Uint8Array<ArrayBuffer>): Numbers {
  const Kind = kinds[kind];
  const isWhole = (one: unknown): one is number => Number.isSafeInteger(one) && (one as number) >= 0;
  if (!isWhole(at) || !isWhole(length) || at % place !== 0) throw broken("has an array at no place");
  if (at + length * Kind.BYTES_PER_ELEMENT > arrays.length) throw broken("has an array that ends behind it");
  return new Kind(arrays.buffer, arrays.byteOffset + at, length);
}

function broken(why: string): UserError {
  return new UserError(`${what}: must be one of Fovea's own, but ${why}`);
}

/** A message of a stream. */
export function frame(value: unknown): Uint8Array<ArrayBuffer> {
  const message = encode(value);
  const bytes = new Uint8Array(4 + message.length);
  new DataView(bytes.buffer).setUint32(0, message.length, true);
  bytes.set(message, 4);
  return bytes;
}

/** The messages of a stream as they come. Throws a UserError where it ends within one, or one has more than `most` bytes. */
export async function* readFrames(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  most: number,
): AsyncGenerator<unknown, void, undefined> {
  const reader = bytesFrom(stream);
  try {
    for (;;) {
      const start = await reader.take(4);
      if (start === undefined) return;
      const length = new DataView(start.buffer).getUint32(0, true);
      if (length > most) throw broken(`has ${length} bytes, more than ${most}`);
      const message = await reader.take(length);
      if (message === undefined) throw broken("ends early");
      yield decode(message, { text: most });
    }
  } finally {
    await reader.cancel();
  }
}

/** `take`: so many bytes in a buffer of their own; undefined where the stream ends before the first. */
function bytesFrom(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
  const reader = stream.getReader();
  let rest: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  return {
    async take(length: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        if (rest.length === 0) {
          const { value } = await reader.read();
          if (value === undefined && done === 0) return undefined;
          if (value === undefined) throw broken("ends early");
          rest = value;
        }
        const piece = rest.subarray(0, length - done);
        bytes.set(piece, done);
        done += piece.length;
        rest = rest.subarray(piece.length);
      }
      return bytes;
    },
    cancel: () => reader.cancel().catch(() => {}),
  };
}
