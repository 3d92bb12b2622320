import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { UserError } from "../../src/common/errors.ts";
import { float32, type HostArray, int32, sizeOf } from "../../src/engine/host.ts";
import { loadTensors, matchTensors, openCheckpoint } from "../../src/hub/weights/checkpoint.ts";
import { openSafetensors } from "../../src/hub/weights/safetensors.ts";
import { writeSafetensors } from "../../src/hub/weights/safetensors-write.ts";

const typed = new URL("../fixtures/hub/typed.safetensors", import.meta.url).pathname;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-safetensors-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("every element type of a file by the reference implementation is read", async () => {
  const file = await openSafetensors(typed);
  expect(file.metadata).toEqual({ format: "pt" });
  const values = async (name: string) => Array.from((await file.read(name)).data);
  expect(await values("f16")).toEqual(await values("f16.widened"));
  expect(await values("bf16")).toEqual(await values("bf16.widened"));
  expect(await file.read("i64")).toEqual(int32([2, 2], [1, -2, 3, 2 ** 31 - 1]));
  expect(await file.read("i32")).toEqual(int32([2], [7, -8]));
  expect(await file.read("u8")).toEqual(int32([2], [0, 255]));
  expect(await file.read("bool")).toEqual({ dtype: "bool", shape: [3], data: Uint8Array.of(1, 0, 1) });
  expect(await file.read("scalar")).toEqual(float32([], [2.5]));
  expect((await file.read("f64")).data).toEqual(
    Float64Array.of(0, -0, 1, -1.5, 65504, 6e-8, 6.1e-5, 3.25, 1e-3, -2049),
  );
});

test("an entry's offset leads to its bytes", async () => {
  const { tensors } = await openSafetensors(typed);
  const entry = tensors.get("f32")!;
  expect(entry).toMatchObject({ name: "f32", dtype: "F32", shape: [2, 5], file: typed, byteLength: 40 });
  const bytes = (await readFile(typed)).subarray(entry.byteOffset, entry.byteOffset + entry.byteLength);
  expect(bytes.readFloatLE(8)).toBe(1);
});

const arbitraryTensor = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }).chain((shape) =>
  fc
    .array(fc.float({ noNaN: true, min: -60000, max: 60000 }), {
      minLength: sizeOf(shape),
      maxLength: sizeOf(shape),
    })
    .map((values): HostArray => float32(shape, values)),
);
const arbitraryTensors = fc
  .dictionary(fc.string({ minLength: 1, unit: "binary" }), arbitraryTensor, { minKeys: 1, maxKeys: 5 })
  .map((record) => new Map(Object.entries(record)));

test("what is written is read back, bit by bit, in any order of tensors", async () => {
  const [path, other] = [join(folder, "a.safetensors"), join(folder, "b.safetensors")];
  await fc.assert(
    fc.asyncProperty(arbitraryTensors, async (tensors) => {
      await writeSafetensors(path, tensors);
      await writeSafetensors(other, new Map([...tensors].reverse()));
      expect(await readFile(path)).toEqual(await readFile(other));
      const file = await openSafetensors(path);
      expect(new Set(file.tensors.keys())).toEqual(new Set(tensors.keys()));
      for (const [name, array] of tensors) expect(await file.read(name)).toEqual(array);
    }),
    { numRuns: 50 },
  );
});

test("F16 out rounds to nearest even, as the reference does", async () => {
  const source = await openSafetensors(typed);
  const path = join(folder, "half.safetensors");
  await writeSafetensors(path, new Map([["x", await source.read("f32")]]), { dtype: "F16" });
  const back = await (await openSafetensors(path)).read("x");
  expect(back.data).toEqual((await source.read("f16.widened")).data);
  const large = new Map([["big", float32([1], [65520])]]);
  await expect(writeSafetensors(path, large, { dtype: "F16" })).rejects.toThrow(
    "tensor big: expected values within +-65504 for F16, found 65520 at place 0",
  );
});

test("every F16 value survives F16 out", async () => {
  const path = join(folder, "all-halves.safetensors");
  const bits = Uint16Array.from({ length: 65536 }, (_, i) => i).filter((half) => (half & 0x7c00) !== 0x7c00);
  const header = JSON.stringify({
    x: { dtype: "F16", shape: [bits.length], data_offsets: [0, bits.length * 2] },
  });
  await writeFile(path, raw(header, new Uint8Array(bits.buffer)));
  const values = await (await openSafetensors(path)).read("x");
  await writeSafetensors(path, new Map([["x", values]]), { dtype: "F16" });
  const written = await readFile(path);
  expect(written.subarray(-bits.length * 2).equals(new Uint8Array(bits.buffer))).toBe(true);
});

test("the header keeps its data aligned to 8 bytes", async () => {
  const path = join(folder, "aligned.safetensors");
  for (const name of ["a", "ab", "abc", "abcdefgh"]) {
    await writeSafetensors(path, new Map([[name, float32([1], [1])]]));
    expect((await openSafetensors(path)).tensors.get(name)!.byteOffset % 8).toBe(0);
  }
});

test("a file cut short anywhere is refused by name", async () => {
  const bytes = await readFile(typed);
  const path = join(folder, "cut.safetensors");
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: bytes.length - 1 }), async (length) => {
      await writeFile(path, bytes.subarray(0, length));
      const error = await openSafetensors(path).catch((e) => e);
      expect(error).toBeInstanceOf(UserError);
      expect(error.message).toContain(path);
    }),
    { numRuns: 100 },
  );
});

test("a flipped header byte gives a clear error or a file that still adds up, never a crash", async () => {
  const bytes = await readFile(typed);
  const headerEnd = 8 + Number(bytes.readBigUInt64LE(0));
  const path = join(folder, "flipped.safetensors");
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: headerEnd - 1 }), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const damaged = Buffer.from(bytes);
      damaged[at] ^= flip;
      await writeFile(path, damaged);
      const result = await openSafetensors(path).catch((e) => e);
      if (!(result instanceof Error)) return;
      refused++;
      expect(result).toBeInstanceOf(UserError);
    }),
    { numRuns: 200 },
  );
  expect(refused).toBeGreaterThan(100);
});

const four = new Uint8Array(4);
const entry = (begin: number, end: number, shape = [1], dtype = "F32") =>
  ({ dtype, shape, data_offsets: [begin, end] }) as const;

test.each([
  [
    "a hole",
    { a: entry(4, 8) },
    new Uint8Array(8),
    "tensor a: expected to start at byte 80, found 84 (a hole)",
  ],
  ["an overlap", { a: entry(0, 4), b: entry(2, 6) }, new Uint8Array(6), "(an overlap)"],
  ["a wrong byte count", { a: entry(0, 4, [2]) }, four, "tensor a: expected 8 bytes for F32 [2], found 4"],
  ["bytes too many", { a: entry(0, 4) }, new Uint8Array(5), "bytes, found"],
  ["bytes too few", { a: entry(0, 4) }, new Uint8Array(3), "found the file's end at"],
  ["an unknown type", { a: entry(0, 4, [1], "F8") }, four, 'tensor a: expected a known dtype, found "F8"'],
  [
    "a strange shape",
    { a: entry(0, 4, [-1]) },
    four,
    "tensor a: expected a shape of whole numbers, found [-1]",
  ],
  [
    "no offsets",
    { a: { dtype: "F32", shape: [1] } },
    four,
    "expected data_offsets of two whole numbers, found none",
  ],
  [
    "strange metadata",
    { __metadata__: { a: 1 } },
    new Uint8Array(0),
    "expected __metadata__ to map texts to texts",
  ],
  ["a list as header", [], new Uint8Array(0), "header: expected a JSON object"],
])("%s is named", async (_, header, data, message) => {
  const path = join(folder, "damaged.safetensors");
  await writeFile(path, raw(JSON.stringify(header).padEnd(72), data));
  await expect(openSafetensors(path)).rejects.toThrow(message);
  await expect(openSafetensors(path)).rejects.toThrow(path);
});

test("a header longer than the file is named", async () => {
  const path = join(folder, "long.safetensors");
  const bytes = Buffer.alloc(20);
  bytes.writeBigUInt64LE(2n ** 60n);
  await writeFile(path, bytes);
  await expect(openSafetensors(path)).rejects.toThrow(
    /header: expected at most 12 bytes, found a length of 1152921/,
  );
});

test("integers beyond 32 bits are named", async () => {
  const path = join(folder, "i64.safetensors");
  await writeFile(
    path,
    raw(JSON.stringify({ n: entry(0, 8, [1], "I64") }), new Uint8Array([0, 0, 0, 0, 1, 0, 0, 0])),
  );
  const file = await openSafetensors(path);
  await expect(file.read("n")).rejects.toThrow("tensor n: expected integers of 32 bits, found 4294967296");
});

async function shards(name: string, weightMap: Record<string, unknown>) {
  const at = join(folder, name);
  await writeSafetensors(join(at, "one.safetensors"), new Map([["a", float32([1], [1])]]));
  await writeSafetensors(join(at, "two.safetensors"), new Map([["b", float32([2], [2, 3])]]));
  const index = { metadata: { total_size: 12 }, weight_map: weightMap };
  await writeFile(join(at, "model.safetensors.index.json"), JSON.stringify(index));
  return at;
}

test("shards are one checkpoint", async () => {
  const checkpoint = await openCheckpoint(
    await shards("good", { a: "one.safetensors", b: "two.safetensors" }),
  );
  expect([...checkpoint.tensors.keys()]).toEqual(["a", "b"]);
  expect(await checkpoint.read("b")).toEqual(float32([2], [2, 3]));
});

test.each([
  ["missing", { a: "three.safetensors" }, "shard three.safetensors: expected in the folder, found none"],
  ["absent", { a: "two.safetensors", b: "two.safetensors" }, "tensor a: expected by the index, found none"],
  ["outside", { a: "../one.safetensors" }, 'tensor a: expected a file name, found "../one.safetensors"'],
  ["number", { a: 1 }, "tensor a: expected a file name, found 1"],
])("damaged index: %s", async (name, weightMap, message) => {
  const opened = openCheckpoint(await shards(name, weightMap));
  await expect(opened).rejects.toThrow(message);
});

test("a tensor that the index does not know is named", async () => {
  const at = await shards("unlisted", { a: "one.safetensors", b: "two.safetensors" });
  const two = new Map(["b", "c"].map((name) => [name, float32([1], [1])]));
  await writeSafetensors(join(at, "two.safetensors"), two);
  await expect(openCheckpoint(at)).rejects.toThrow(
    /two\.safetensors: tensor c: expected in .*index\.json, found none/,
  );
});

test("an empty folder is named", async () => {
  await expect(openCheckpoint(join(folder, "nowhere"))).rejects.toThrow(
    "nowhere: expected model.safetensors or its index, found neither",
  );
});

test("all that does not fit a model is one message", async () => {
  const path = join(folder, "misfit.safetensors");
  const names = ["old.a", "b", "x1", "x2", "x3", "x4"];
  await writeSafetensors(path, new Map(names.map((name) => [name, float32([2], [1, 2])])));
  const file = await openSafetensors(path);
  const wanted = new Map([
    ["a", [2]],
    ["b", [1, 2]],
    ["c", [1]],
  ]);
  const aliases = (name: string) => name.replace("old.", "");
  const message = await loadTensors(file, wanted, { aliases }).catch((e) => e.message);
  expect(message.split("; ")).toEqual([
    `checkpoint ${path} does not fit the model: 1 missing: c`,
    "4 unexpected: x1, x2, x3, ...",
    "1 misshapen: b (expected [1, 2], found [2])",
  ]);
});

test("stored names can be renamed, ignored, and must stay unique", async () => {
  const path = join(folder, "aliases.safetensors");
  await writeSafetensors(path, new Map(["old.a", "a", "ids"].map((name) => [name, float32([1], [1])])));
  const file = await openSafetensors(path);
  const wanted = new Map([["a", [1]]]);
  const keepOld = (name: string) => (name === "old.a" ? "a" : null);
  expect((await loadTensors(file, wanted, { aliases: keepOld })).get("a")).toEqual(float32([1], [1]));
  const both = (name: string) => (name === "ids" ? null : "a");
  expect(() => matchTensors(file, wanted, { aliases: both })).toThrow("1 doubled: old.a and a");
});

test("parameters must be of floating type", async () => {
  const file = await openSafetensors(typed);
  const aliases = (name: string) => (name === "i32" ? name : null);
  await expect(loadTensors(file, new Map([["i32", [2]]]), { aliases })).rejects.toThrow(
    "tensor i32: expected a floating type, found I32",
  );
});

function raw(header: string, data: Uint8Array): Uint8Array {
  const json = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data]);
}
