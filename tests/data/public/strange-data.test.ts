import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openImageFolder, readExampleRefs } from "../../../src/data/imagefolder/read.ts";
import { importPublic } from "../../../src/data/public/import.ts";
import { oddKey, readPickle } from "../../../src/data/public/pickle.ts";
import { polygonRuns } from "../../../src/data/public/polygon.ts";
import type { FormatName } from "../../../src/data/public/registry.ts";
import { sizeUpTo } from "../../../src/data/tables/size.ts";
import { unionMasks } from "../../../src/grounding/mask.ts";
import { compressCounts, decodeMask } from "../../../src/grounding/rle.ts";
import { encodePng } from "../../../src/hub/image/image-file.ts";

/** Data of strangers that is odd, huge, or far more than it seems: bad rows at most, and time by its bytes. */
const side = 512;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-odd-"));
  await writeFile(
    join(folder, "a.png"),
    await encodePng({ width: side, height: side, data: new Uint8Array(side * side * 3) }),
  );
});
afterAll(() => rm(folder, { recursive: true }));

let count = 0;
async function imported(format: FormatName, name: string, content: string | Uint8Array) {
  const own = join(folder, `${count++}`);
  await mkdir(own);
  await writeFile(join(own, name), content);
  await writeFile(join(own, "instances.json"), JSON.stringify(coco([annotation({})])));
  const out = join(own, "out");
  const facts = await importPublic(format, join(own, name), out, { images: folder });
  return { ...facts, refs: await readExampleRefs(out) };
}

const coco = (annotations: readonly object[], image: object = {}) => ({
  images: [{ id: 1, file_name: "a.png", width: side, height: side, ...image }],
  categories: [
    { id: 1, name: "cat" },
    { id: 2, name: "dog" },
  ],
  annotations,
});
const annotation = (change: object) => ({
  id: 1,
  image_id: 1,
  category_id: 1,
  bbox: [0, 0, 9, 9],
  iscrowd: 0,
  ...change,
});
const importCoco = (...changes: readonly object[]) =>
  imported("coco", "instances.json.json", JSON.stringify(coco(changes.map((change) => annotation(change)))));

const noisy = (runs: number) => [...new Array<number>(runs).fill(1), side * side - runs];

describe("masks, polygons and points", () => {
  it.each([200_001, 125_001])("of %i runs work, as a list and as a text, imported and read", async (runs) => {
    const counts = noisy(runs);
    for (const given of [counts, compressCounts(counts)]) {
      const { badRows, refs } = await importCoco({ segmentation: { size: [side, side], counts: given } });
      expect(badRows).toBe(0);
      const [region] = refs[0].questions[0].regions;
      expect(region).toMatchObject({ kind: "mask" });
      expect(
        decodeMask(region as Parameters<typeof decodeMask>[0])
          .slice(0, 2 * side)
          .filter((v) => v),
      ).not.toEqual([]);
      expect((await refs[0].load()).concepts).toHaveLength(2);
    }
  });

  it("of 200,000 points work", async () => {
    const points = Array.from({ length: 200_000 }, (_, i) => [i % side, (i * 7) % side]);
    const row = { file_name: "a.png", question: "where ?", answer: "there" };
    for (const kind of ["points", "polyline"]) {
      const text = JSON.stringify({ ...row, regions: [{ kind, points }] });
      expect((await imported("jsonl", "rows.jsonl", text)).badRows).toBe(0);
    }
  });

  it.each([
    ["runs below 0", { size: [side, side], counts: compressCounts([5, -3, side * side - 2]) }],
    ["runs that do not fill it", { size: [side, side], counts: [1, 2] }],
    ["a size of a billion", { size: [1e9, 1e9], counts: [1e15] }],
    ["runs beyond all numbers", { size: [side, side], counts: [1e308] }],
    ["200,000 wrong runs", { size: [side, side], counts: new Array(200_000).fill(0.5) }],
    ["a text that never ends", { size: [side, side], counts: "o".repeat(100_000) }],
    ["corners beyond all numbers", [[0, 0, 1e308, 5, 5, 5]]],
    ["corners a billion away", [[0, 0, 2e9, 5, 5, 5]]],
  ])("with %s are a bad row", async (_, segmentation) => {
    const { lists } = await importCoco({ segmentation, id: 2, category_id: 2 }, { id: 3 });
    expect(Object.values(lists.annotations.bad)).toEqual([1]);
  });

  it("with a picture of a billion pixels a side are a bad row", async () => {
    const text = JSON.stringify(coco([annotation({})], { width: 1e9, height: 1e9 }));
    await expect(imported("coco", "x.json", text)).rejects.toThrow("must be the picture's, 512 x 512");
  });

  it("in the rows of a folder say their line", async () => {
    const mask = (counts: unknown) => JSON.stringify({ file_name: "a.png", concepts: [{ word: "cat", regions: [{ kind: "mask", size: [side, side], counts }] }] }); // biome-ignore format: one line
    await writeFile(
      join(folder, "metadata.jsonl"),
      `${mask(noisy(150_000))}\n${mask(compressCounts([9, -1, side * side - 8]))}`,
    );
    await expect(openImageFolder(folder)).rejects.toThrow(/line 2: .*counts must be at least 0, got -1/);
  });
});

describe("a polygon", () => {
  it("is filled by what passes the picture, however far its corners are", () => {
    const near = polygonRuns([2, -40, 8, -40, 8, 60, 2, 60], 20, 10);
    const far = polygonRuns([2, -99_999_999, 8, -99_999_999, 8, 99_999_999, 2, 99_999_999], 20, 10);
    expect(far).toEqual(near);
    expect(near.counts).toEqual([40, 120, 40]);
  });

  it("of 200,000 corners, or of 20,000 parts, is one mask", async () => {
    const corners = Array.from({ length: 400_000 }, (_, i) => (i * 7919) % side);
    const parts = Array.from({ length: 20_000 }, (_, i) => [i % 500, i % 499, (i % 500) + 4, i % 499, i % 500, (i % 499) + 4]); // biome-ignore format: one line
    const { badRows } = await importCoco({ segmentation: [corners] }, { segmentation: parts });
    expect(badRows).toBe(0);
  });

  it("is united with others by their runs", () => {
    const of = (...counts: number[]) => ({ kind: "mask", size: [5, 2], counts }) as const;
    expect(unionMasks([of(2, 3, 5), of(4, 2, 4), of(9, 1)]).counts).toEqual([2, 4, 3, 1]);
    expect(unionMasks([of(10), of(0, 10)]).counts).toEqual([0, 10]);
    expect(unionMasks([of(10), of(10)]).counts).toEqual([10]);
    expect(() => unionMasks([of(10), of(5, -1, 6)])).toThrow("at least 0");
  });
});

/** A pickle of protocol 2, put together by hand. */
const bytes = (...all: (number | string | readonly number[])[]) =>
  Buffer.concat(all.map((one) => (typeof one === "string" ? text(one) : Buffer.from([one].flat()))));
function text(of: string): Buffer {
  const head = Buffer.from([0x58, 0, 0, 0, 0]);
  head.writeUInt32LE(Buffer.byteLength(of), 1);
  return Buffer.concat([head, Buffer.from(of)]);
}
const [LIST, DICT, MARK, APPENDS, SETITEMS, SETITEM, STOP] = [0x5d, 0x7d, 0x28, 0x65, 0x75, 0x73, 0x2e];
const small = (value: number) => [0x4b, value];
const sentence = (said: string) => bytes(LIST, MARK, DICT, "sent", said, SETITEM, APPENDS);
const ref = (id: number, sentences: Buffer, more: Buffer = Buffer.alloc(0)) =>
  Buffer.concat([
    bytes(
      DICT,
      MARK,
      "ref_id",
      small(id),
      "ann_id",
      small(1),
      "image_id",
      small(1),
      "split",
      "val",
      "sentences",
    ),
    sentences,
    more,
    bytes(SETITEMS),
  ]);
const refs = (...all: readonly Buffer[]) =>
  Buffer.concat([bytes([0x80, 2], LIST, MARK), ...all, bytes(APPENDS, STOP)]);

describe("a pickle", () => {
  it("whose dicts have tuples, lists or dicts as keys has bad rows", async () => {
    const keys = [bytes(small(1), small(2), 0x86), bytes(LIST), bytes(DICT)];
    const odd = keys.map((key, i) => ref(2 + i, sentence("a cat"), bytes([...key], small(5))));
    const { firstBad, lists } = await imported("refcoco", "refs.p", refs(ref(1, sentence("a cat")), ...odd));
    expect(lists.refs).toMatchObject({ read: 4, used: 1, bad: { keys: 3 } });
    expect(firstBad[0]).toBe("refs.p, refs[1]: keys must be texts, got a list or tuple");
    const whole = readPickle(bytes(DICT, MARK, DICT, small(1), small(2), small(3), SETITEMS, STOP), "x");
    expect([whole, oddKey(whole)]).toEqual([Object.assign(Object.create(null), { 2: 3 }), "a dict"]);
  });

  it("with whole numbers of millions of bytes is read once over them", () => {
    const long = (fill: number, length: number) => {
      const head = Buffer.from([0x8b, 0, 0, 0, 0]);
      head.writeUInt32LE(length, 1);
      return Buffer.concat([head, Buffer.alloc(length, fill), bytes(STOP)]);
    };
    expect(readPickle(long(0x7f, 4_000_000), "x")).toBe(Number.POSITIVE_INFINITY);
    expect(readPickle(long(0xff, 4_000_000), "x")).toBe(-1);
    expect(readPickle(long(0x80, 2), "x")).toBe(-0x7f80);
    expect(readPickle(long(0x01, 7), "x")).toBe(0x01010101010101);
  });

  it("whose values refer to each other over and over is no more than its bytes", async () => {
    const put = (at: number) => [0x71, at];
    const get = (at: number) => [0x68, at];
    let laughs = Buffer.concat([sentence("x"), bytes(put(0))]);
    for (let level = 0; level < 60; level++)
      laughs = Buffer.concat([laughs, bytes(0x30, LIST, MARK, ...new Array(10).fill(get(level)), APPENDS, put(level + 1))]); // biome-ignore format: one line
    const { lists } = await imported("refcoco", "refs.p", refs(ref(1, sentence("a cat")), ref(2, laughs)));
    expect(lists.refs).toMatchObject({ used: 1, bad: { size: 1 } });
    const twice = ["ab"];
    expect([sizeUpTo([twice, twice], 100), sizeUpTo([twice, twice], 3)]).toEqual([13, 5]);
  });

  it("may nest a million lists", () => {
    const deep = Buffer.concat([Buffer.alloc(1_000_000, MARK), Buffer.alloc(1_000_000, 0x6c), bytes(STOP)]);
    expect(Array.isArray(readPickle(deep, "x"))).toBe(true);
  });

  it("of 6,000 refs to one picture is one row", async () => {
    const all = Array.from({ length: 6_000 }, () => ref(1, sentence("a cat")));
    const { rows, questions } = await imported("refcoco", "refs.p", refs(...all));
    expect([rows, questions]).toEqual([1, { referring: 6_000 }]);
  });
});

describe("rows", () => {
  const row = { file_name: "a.png", question: "what ?", answer: "a cat" };

  it("that are texts, lists or numbers are bad, whatever their length", async () => {
    const odd = ["x".repeat(300_000), [1, 2], 7, null, true];
    const lines = [...odd, row].map((one) => JSON.stringify(one)).join("\n");
    for (const format of ["jsonl", "grounding"] as const) {
      const good = format === "jsonl" ? [] : [{ images: ["a.png"], messages: [{ role: "user", content: "<image>what ?" }, { role: "assistant", content: "a cat" }] }]; // biome-ignore format: one line
      const text = [lines, ...good.map((one) => JSON.stringify(one))].join("\n");
      const { badRows } = await imported(format, "rows.jsonl", text);
      expect(badRows).toBe(format === "jsonl" ? 5 : 6);
    }
  });

  it("with one id get different ones", async () => {
    await writeFile(join(folder, "b.png"), await encodePng({ width: 2, height: 1, data: new Uint8Array(6) }));
    const lines = ["a", "b", "a", "b"].map((name) =>
      JSON.stringify({ ...row, id: "x", file_name: `${name}.png` }),
    );
    lines.push(JSON.stringify({ ...row, id: "x-3" }));
    const { refs } = await imported("jsonl", "rows.jsonl", lines.join("\n"));
    expect(refs.map(({ id }) => id)).toEqual(["x", "x-2", "x-3", "x-4", "x-3-2"]);
  });

  it("of CSV go on after a quote that never ends, and hold cells of millions of characters", async () => {
    const cell = `"${'q,""\n'.repeat(300_000)}"`;
    const lines = [
      "file_name,question,answer",
      `a.png,${cell},yes`,
      'a.png,"q"x,yes',
      "a.png,q,yes",
      'a.png,"q,yes',
    ];
    const { lists, firstBad } = await imported("jsonl", "rows.csv", lines.join("\n"));
    expect(lists.rows).toMatchObject({ read: 4, used: 2, bad: { "not JSON": 2 } });
    expect(firstBad[0]).toBe("rows.csv, line 300003: must be CSV with closed double quotes");
  });

  it("of a line of megabytes are read", async () => {
    const text = JSON.stringify({ ...row, question: "q".repeat(5_000_000) });
    const { refs } = await imported("jsonl", "rows.jsonl", `${text}\r\n${JSON.stringify(row)}`);
    expect(refs[0].questions.map(({ question }) => question.length)).toEqual([5_000_000, 6]);
  });
});
