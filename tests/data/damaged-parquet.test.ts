import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { random } from "../../src/common/random.ts";
import { importPublic } from "../../src/data/public/import.ts";
import { openParquet } from "../../src/data/tables/parquet.ts";
import { followDeltas, followRuns } from "../../src/data/tables/parquet-runs.ts";
import { readStruct } from "../../src/data/tables/thrift.ts";
import { encodePng } from "../../src/hub/image/image-file.ts";

/** Parquet from strangers: one line or bad rows, never a stack trace, and no work beyond what the bytes can mean. */
let folder: string;
let sound: Buffer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-parquet-"));
  const png = await encodePng({ width: 4, height: 4, data: new Uint8Array(48) });
  await writeFile(join(folder, "a.png"), png);
  const columnData = [
    { name: "file_name", data: Array.from({ length: 60 }, () => "a.png"), type: "STRING" as const },
    {
      name: "question",
      data: Array.from({ length: 60 }, (_, i) => `is it ${i % 7} ?`),
      type: "STRING" as const,
    },
    {
      name: "answer",
      data: Array.from({ length: 60 }, (_, i) => (i % 2 ? "yes" : "no")),
      type: "STRING" as const,
    },
    { name: "id", data: Array.from({ length: 60 }, (_, i) => i), type: "INT32" as const },
  ];
  sound = Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize: 20 }));
});
afterAll(() => rm(folder, { recursive: true }));

/** Its rows and its bad rows, or the one line that it is refused with. */
async function outcome(bytes: Buffer): Promise<string | { rows: number; bad: number; first?: string }> {
  const path = join(folder, "metadata.parquet");
  await writeFile(path, bytes);
  let [rows, bad, first]: [number, number, string | undefined] = [0, 0, undefined];
  try {
    const file = await openParquet(path);
    const onBad = (unread: { place: string; problem: string; rows?: number }) => {
      bad += unread.rows ?? 1;
      first ??= `${unread.place}: ${unread.problem}`;
    };
    for await (const _ of file.rows(file.columns, onBad)) rows++;
    return { rows, bad, ...(first !== undefined && { first }) };
  } catch (error) {
    expect((error as Error).name).toBe("UserError");
    expect((error as Error).message).not.toContain("\n");
    return (error as Error).message;
  }
}

describe("a parquet file", () => {
  it("is read whole where it is sound", async () => {
    expect(await outcome(sound)).toEqual({ rows: 60, bad: 0 });
  });

  it("loses the rows of a damaged group only, and the import counts them", async () => {
    const bytes = Buffer.from(sound);
    bytes.fill(0xff, 8, 40); // In the first page of the first group.
    expect(await outcome(bytes)).toMatchObject({ rows: 40, bad: 20 });
    const imported = await importPublic("imagefolder", folder, join(folder, "out"));
    expect(imported.lists.rows).toEqual({ read: 60, used: 40, leftOut: {}, bad: { damaged: 20 } });
    expect(imported.firstBad[0]).toMatch(/^metadata.parquet, rows 1 to 20: damaged: /);
  });

  it("is refused in one line where its end is cut off or lies", async () => {
    for (const length of [0, 3, 11, 12, 200, sound.length - 1])
      expect(await outcome(sound.subarray(0, length))).toContain("cannot be read as parquet");
    for (const footer of [0, 5, sound.length - 11, 0x7fffffff, 0xffffffff]) {
      const bytes = Buffer.from(sound);
      bytes.writeUInt32LE(footer, bytes.length - 8);
      expect(await outcome(bytes)).toContain("cannot be read as parquet");
    }
  });

  it("holds under chance: bytes turned, cut out and put in", async () => {
    const chance = random("damaged parquet", 1);
    for (let k = 0; k < 150; k++) {
      const bytes = Buffer.from(sound);
      const marks = [0xff, 0x80, 0, chance.integer(256)];
      for (let i = 0; i <= k % 5; i++) bytes[chance.integer(bytes.length)] = marks[k % 4];
      const from = chance.integer(bytes.length);
      const cut =
        k % 3 === 0 ? Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + 1 + (k % 9))]) : bytes;
      await outcome(cut);
    }
  });
});

/** A footer of rows that nobody wrote: `num_rows` of the file, and of its one group without columns. */
function footerOf(rows: bigint): Buffer {
  const varint = (value: bigint): number[] =>
    value < 128n ? [Number(value)] : [Number(value & 127n) | 128, ...varint(value >> 7n)];
  const long = varint(2n * rows); // Zigzag.
  const root = [0x48, 1, "r".charCodeAt(0), 0x15, 2, 0]; // name, num_children
  const leaf = [0x15, 12, 0x25, 2, 0x18, 1, "a".charCodeAt(0), 0];
  const group = [0x19, 0x0c, 0x16, 0, 0x16, ...long, 0];
  const fields = [0x15, 2, 0x19, 0x2c, ...root, ...leaf, 0x16, ...long, 0x19, 0x1c, ...group, 0];
  const length = Buffer.alloc(4);
  length.writeUInt32LE(fields.length);
  return Buffer.concat([Buffer.from("PAR1"), Buffer.from(fields), length, Buffer.from("PAR1")]);
}

describe("a claim beyond what the bytes can mean", () => {
  it("of rows is refused", async () => {
    expect(await outcome(footerOf(1_000_000_000n))).toContain("says it has 1000000000 rows, more than");
    expect(await outcome(footerOf(2n ** 62n))).toContain("a group of 4611686018427387904 rows");
    expect(await outcome(footerOf(3n))).not.toContain("more than");
  });

  it("of a run, of a width or of a block is refused before anything is filled", () => {
    const billion = [0x80, 0xa8, 0xd6, 0xb9, 0x07]; // 2 * 1e9, a run of one value.
    expect(() => followRuns(Uint8Array.from([...billion, 1]), 0, { width: 1, count: 10 })).toThrow(
      "run longer",
    );
    expect(() => followRuns(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f), 0, { width: 0, count: 9 })).toThrow(
      "run",
    );
    expect(() => followRuns(Uint8Array.of(3, 1), 0, { width: 33, count: 1 })).toThrow("33 bits");
    expect(followRuns(Uint8Array.of(8, 1, 3, 0b10100101), 0, { width: 1, count: 12, wanted: 1 })).toBe(8);
    for (const head of [
      [0, 0],
      [128, 1, 0],
      [0x80, 1, 0xfa, 0xff, 0xff, 0xff, 0x0f],
      [7, 3],
    ])
      expect(() => followDeltas(Uint8Array.from([...head, 0, 0, 0, 0, 0]), 0, 100)).toThrow("blocks");
  });

  it("of numbers, depth and lists in a footer is refused", () => {
    expect(() => readStruct(new Uint8Array(100_000).fill(0xff), 0)).toThrow(RangeError);
    expect(() => readStruct(Uint8Array.from([0x16, ...new Uint8Array(99).fill(0x80)]), 0)).toThrow(
      "10 bytes",
    );
    expect(() => readStruct(new Uint8Array(100_000).fill(0x1c), 0)).toThrow("deeper than 32");
    expect(() => readStruct(Uint8Array.of(0x19, 0xfc, 0xff, 0xff, 0xff, 0x07), 0)).toThrow("a list longer");
    expect([...readStruct(Uint8Array.of(0x15, 3, 0x18, 2, 65, 66, 0), 0).fields]).toEqual([
      [1, -2],
      [2, Uint8Array.of(65, 66)],
    ]);
  });
});
