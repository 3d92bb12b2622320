/** Messages between the page and its server: what goes in comes out, and nothing else is taken for one. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { UserError } from "../../src/common/errors.ts";
import { decode, encode, frame, readFrames } from "../../src/studio/models/wire.ts";

const limits = { text: 2 ** 20 };
const roundTrip = (value: unknown) => decode(encode(value), limits);

const kinds = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
] as const;

const numbers = fc
  .tuple(
    fc.nat({ max: kinds.length - 1 }),
    fc.array(fc.double({ noDefaultInfinity: false }), { maxLength: 9 }),
  )
  .map(([kind, values]) => kinds[kind].from(values));

const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(null, true, false, Number.NaN, -0, Number.NEGATIVE_INFINITY),
    fc.double(),
    fc.string({ unit: "binary" }).filter((text) => text.isWellFormed()),
    numbers,
    fc.array(tie("any"), { maxLength: 5 }),
    fc.dictionary(fc.oneof(fc.constantFrom("$", "__proto__", "length"), fc.string()), tie("any"), {
      maxKeys: 5,
    }),
  ),
})).any;

test("what goes in comes out, arrays of every kind, numbers that JSON lacks, and keys of its own", () => {
  fc.assert(
    fc.property(value, (one) => {
      const plain = structuredClone(one);
      expect(roundTrip(plain)).toStrictEqual(plain);
    }),
    { numRuns: 300 },
  );
  expect(roundTrip([1, undefined, { a: undefined }])).toStrictEqual([1, undefined, {}]);
  expect(Object.is(roundTrip(-0), -0)).toBe(true);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});

test("an array of a larger buffer comes out as itself, wherever the message lies", () => {
  const part = new Float32Array([0, 1, 2, 3]).subarray(1, 3);
  expect(roundTrip({ part })).toEqual({ part: new Float32Array([1, 2]) });
  const bytes = encode({ part });
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  expect(decode(shifted.subarray(3), limits)).toEqual({ part: new Float32Array([1, 2]) });
});

test("what is no plain data is no message", () => {
  for (const one of [() => 1, Symbol("a"), 1n, new Date(), new Map()])
    expect(() => encode({ one })).toThrow(TypeError);
});

test("damaged messages are refused in one line, whatever is wrong with them", () => {
  const sound = encode({ a: new Float32Array(5), b: [1, { c: new Uint8Array(3) }], d: "text" });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      fc.nat(sound.length),
      (changes, length) => {
        const bytes = sound.slice(0, length);
        for (const [at, byte] of changes) if (at < length) bytes[at] = byte;
        try {
          decode(bytes, limits);
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
          expect((error as Error).message).not.toContain("\n");
        }
      },
    ),
    { numRuns: 1000 },
  );
});

function message(text: string, arrays = 0): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(text);
  const bytes = new Uint8Array(Math.ceil((8 + json.length) / 8) * 8 + arrays);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x31777666, true);
  view.setUint32(4, json.length, true);
  bytes.set(json, 8);
  return bytes;
}

test.each([
  ["an array behind the end", '{"$":["Float32Array",0,3]}', 8],
  ["an array at no place", '{"$":["Float32Array",4,1]}', 8],
  ["an array of a negative length", '{"$":["Float32Array",0,-1]}', 8],
  ["an array of an endless length", '{"$":["Float64Array",0,1e300]}', 8],
  ["a kind that is none", '{"$":["BigInt64Array",0,1]}', 8],
  ["a kind of every object", '{"$":["constructor",0,1]}', 8],
  ["a number that JSON has", '{"$":["number","7"]}', 0],
  ["no kind", '{"$":7}', 0],
  ["a deep list", "[".repeat(5000) + "]".repeat(5000), 0],
])("%s is refused", (_, text, arrays) => {
  expect(() => decode(message(text, arrays), limits)).toThrow(UserError);
});

test("a text above its bound is refused before it is read", () => {
  expect(() => decode(encode("x".repeat(100)), { text: 50 })).toThrow(/102 bytes, more than 50/);
});

function streamOf(...pieces: readonly Uint8Array<ArrayBuffer>[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
}

async function all(stream: ReadableStream<Uint8Array<ArrayBuffer>>, most = 1000): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const one of readFrames(stream, most)) found.push(one);
  return found;
}

test("a stream gives its messages however it is cut", async () => {
  const values = [{ a: 1 }, new Uint8Array([1, 2, 3]), "end"];
  const bytes = Uint8Array.from(values.flatMap((one) => [...frame(one)]));
  for (const size of [1, 7, 1000]) {
    const count = Math.ceil(bytes.length / size);
    const pieces = Array.from({ length: count }, (_, i) => bytes.slice(i * size, (i + 1) * size));
    expect(await all(streamOf(...pieces))).toEqual(values);
  }
  await expect(all(streamOf(bytes.slice(0, -1)))).rejects.toThrow("ends early");
  await expect(all(streamOf(bytes), 8)).rejects.toThrow("more than 8");
});
