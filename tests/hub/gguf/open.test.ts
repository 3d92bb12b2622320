import { describe, expect, it } from "vitest";
import { checkpointOf } from "../../../src/hub/gguf/checkpoint.ts";
import { longestHeader } from "../../../src/hub/gguf/header.ts";
import { openGguf } from "../../../src/hub/gguf/open.ts";
import { memorySource } from "../../../src/hub/source/memory.ts";
import { ggufBytes, joined, type Parts, type Tensor, text, u32, u64 } from "./file.ts";

const F32 = 0;
const tensor = (changed: Partial<Tensor> = {}): Tensor => ({
  name: "a",
  sizes: [4, 2],
  type: F32,
  offset: 0,
  ...changed,
});
const sound: Parts = {
  fields: [
    ["general.architecture", 8, text("llama")],
    ["x.count", 4, u32(7)],
    ["x.large", 10, u64(2n ** 40n)],
    ["x.flag", 7, Uint8Array.of(1)],
    ["x.texts", 9, joined(u32(8), u64(2), text("ä"), text(""))],
    ["x.numbers", 9, joined(u32(5), u64(3), new Uint8Array(Int32Array.of(-1, 0, 5).buffer))],
  ],
  tensors: [tensor(), tensor({ name: "b", sizes: [3], offset: 32 })],
  data: 44,
};
const opened = (bytes: Uint8Array) =>
  openGguf({ source: memorySource({ "m.gguf": bytes }, "folder"), path: "m.gguf" });
const refused = async (parts: Parts) => {
  const error: Error = await opened(ggufBytes(parts)).then(
    () => expect.fail("it was read"),
    (cause) => cause,
  );
  expect(error.name).toBe("UserError");
  expect(error.message).toMatch(/m\.gguf/);
  expect(error.message).not.toContain("\n");
  return error.message;
};

describe("a GGUF file", () => {
  it.each([2, 3])("of version %i has its fields and tensors, slowest axis first", async (version) => {
    const { fields, tensors } = await opened(ggufBytes({ ...sound, version }));
    expect(Object.fromEntries(fields)).toEqual({
      "general.architecture": "llama",
      "x.count": 7,
      "x.large": 2 ** 40,
      "x.flag": true,
      "x.texts": ["ä", ""],
      "x.numbers": [-1, 0, 5],
    });
    const start = ggufBytes({ ...sound, data: 0 }).length;
    expect([...tensors.values()]).toEqual([
      { name: "a", type: "F32", shape: [2, 4], byteOffset: start, byteLength: 32 },
      { name: "b", type: "F32", shape: [3], byteOffset: start + 32, byteLength: 12 },
    ]);
  });

  it("may have a header of several megabytes", async () => {
    const long: Parts = { ...sound, fields: [["long", 8, text("x".repeat(3_000_000))]] };
    expect((await opened(ggufBytes(long))).fields.get("long")).toHaveLength(3_000_000);
  });

  it("that is cut off anywhere is refused", async () => {
    const bytes = ggufBytes(sound);
    for (let length = 0; length < bytes.length; length++)
      await expect(opened(bytes.subarray(0, length)), `${length}`).rejects.toThrow(/expected .*, found/);
  });

  it.each<[string, Parts, RegExp]>([
    ["another beginning", { ...sound, magic: "GGML" }, /expected a GGUF file, found another beginning/],
    ["version 1", { ...sound, version: 1 }, /expected a GGUF file of version 2 or 3, found version 1/],
    ["big-endian numbers", { ...sound, version: 0x03000000 }, /found a file of big-endian numbers/],
    [
      "an unknown type",
      { tensors: [tensor({ type: 99 })] },
      /tensor a: expected one of F32, .*, found type 99/,
    ],
    [
      "a known type not read",
      { tensors: [tensor({ type: 10 })] },
      /tensor a: expected one of .*, found Q2_K/,
    ],
    [
      "rows of no whole blocks",
      { tensors: [tensor({ type: 2 })] },
      /rows of a multiple of 32 numbers for Q4_0, found 4/,
    ],
    [
      "a tensor beyond the end",
      { ...sound, data: 43 },
      /tensor b: expected to end within \d+ bytes, found \d+/,
    ],
    [
      "a tensor in another",
      { ...sound, tensors: [tensor(), tensor({ name: "b", offset: 16 })] },
      /tensor b: expected to begin/,
    ],
    [
      "a tensor twice",
      { tensors: [tensor(), tensor({ offset: 32 })], data: 64 },
      /tensor a: expected once, found twice/,
    ],
    [
      "a field twice",
      {
        fields: [
          ["a", 4, u32(1)],
          ["a", 4, u32(1)],
        ],
      },
      /field a: expected once, found twice/,
    ],
    ["a size of 0", { tensors: [tensor({ sizes: [4, 0] })] }, /tensor a: expected sizes from 1 on/],
    [
      "sizes whose product is beyond all",
      { tensors: [tensor({ sizes: [2n ** 40n, 2n ** 40n] })] },
      /tensor a: expected/,
    ],
    [
      "a size beyond numbers",
      { tensors: [tensor({ sizes: [2n ** 63n] })] },
      /expected at most 9007199254740991/,
    ],
    [
      "nine axes",
      { tensors: [tensor({ sizes: Array(9).fill(1) })] },
      /tensor a: expected 1 to 4 axes, found 9/,
    ],
    [
      "too many tensors",
      { counts: { tensors: 2 ** 40 } },
      /expected fields and tensors of at most \d+ bytes, found/,
    ],
    [
      "too many fields",
      { counts: { fields: 2n ** 50n } },
      /expected fields and tensors of at most \d+ bytes, found/,
    ],
    [
      "an unknown kind of field",
      { fields: [["a", 13, u32(0)]] },
      /field a: expected one of 13 types, found number 13/,
    ],
    ["lists in a list", { fields: [["a", 9, joined(u32(9), u64(1))]] }, /field a: .*found a list of lists/],
    [
      "a list of 2^50 items",
      { fields: [["a", 9, joined(u32(0), u64(2n ** 50n))]] },
      /field a: expected at most 4000000 items, found 1125899906842624/,
    ],
    [
      "a text of 2^50 bytes",
      { fields: [["a", 8, u64(2n ** 50n)]] },
      /header: expected within \d+ bytes, found their end/,
    ],
    [
      "a text that is none",
      { fields: [["a", 8, text(Uint8Array.of(0xff))]] },
      /field a: expected a text in UTF-8/,
    ],
    [
      "an alignment of 3",
      { fields: [["general.alignment", 4, u32(3)]] },
      /general.alignment: expected a multiple of 8/,
    ],
    [
      "an alignment of words",
      { fields: [["general.alignment", 8, text("a\nb")]] },
      /general.alignment: expected a multiple of 8 up to 1048576, found no number/,
    ],
    [
      "a name of two lines",
      { fields: [["a\nb", 4, u32(1)]] },
      /field 0: expected a name .* in one line, found "a\\nb"/,
    ],
    [
      "a name that fills the file",
      { tensors: [tensor({ name: "x".repeat(5000) })] },
      /tensor 0: expected a name of up to 1024 characters in one line, found "x{100}"$/,
    ],
    [
      "a part of several",
      { fields: [["split.count", 2, Uint8Array.of(3, 0)]] },
      /found one of 3 parts; join them first/,
    ],
  ])("with %s is refused in one line", async (_, parts, message) => {
    expect(await refused(parts)).toMatch(message);
  });

  it("that is a Git LFS pointer is called one", async () => {
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 9\n`;
    await expect(opened(new TextEncoder().encode(pointer))).rejects.toThrow(/Git LFS pointer/);
  });

  it("whose blocks reach from head to head is refused where heads are put in order", async () => {
    const Q8_0 = 8;
    const bytes = ggufBytes({ tensors: [tensor({ sizes: [64], type: Q8_0 })], data: 68 });
    const checkpoint = checkpointOf(await opened(bytes), { headsOf: () => 2 });
    expect((await checkpoint.read("a")).shape).toEqual([64]);
    const read = async () => checkpointOf(await opened(bytes), { headsOf: () => 4 }).read("a");
    await expect(read()).rejects.toThrow(
      /tensor a: expected heads of whole blocks of Q8_0, found 16 numbers a head/,
    );
  });

  it("reads no more of a large file than its header", async () => {
    const bytes = ggufBytes({ ...sound, data: 5_000_000 });
    const memory = memorySource({ "m.gguf": bytes }, "folder");
    let read = 0;
    const source: typeof memory = {
      ...memory,
      bytes: (path, range) => {
        read += range?.length ?? bytes.length;
        return memory.bytes(path, range);
      },
    };
    await openGguf({ source, path: "m.gguf" });
    expect(read).toBeLessThan(2 ** 20 + 1);
    expect(longestHeader).toBeLessThan(2 ** 27);
  });
});
