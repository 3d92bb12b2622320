// Every reader: what is read is used, left out or bad, each row once, whatever is wrong with the data.
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { importPublic } from "../../../src/data/public/import.ts";
import type { FormatName } from "../../../src/data/public/registry.ts";
import { openRows } from "../../../src/data/public/tally.ts";
import { fixture, images } from "./fixtures.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-sums-"));
});
afterAll(() => rm(folder, { recursive: true }));

let count = 0;
async function sumsUp(format: FormatName, path: string, options: { limit?: number; split?: string } = {}) {
  const out = join(folder, `out-${count++}`);
  const imported = await importPublic(format, path, out, { images, ...options }).catch((error) => {
    if (/must have rows that can be used/.test(error.message)) return undefined;
    throw error;
  });
  if (imported === undefined) return undefined;
  for (const [name, list] of Object.entries(imported.lists))
    expect([name, openRows(list)]).toEqual([name, 0]);
  const bad = Object.values(imported.lists).flatMap((list) => Object.values(list.bad));
  expect(bad.reduce((sum, one) => sum + one, 0)).toBe(imported.badRows);
  const lines = (await readFile(join(out, "metadata.jsonl"), "utf8")).trim().split("\n");
  expect(lines.length).toBe(imported.rows);
  return imported;
}

test.each([
  ["coco", "coco/instances_val2017.json", { images: 4, annotations: 11, categories: 4 }],
  ["coco-captions", "coco/captions_val2017.json", { images: 3 }],
  ["refcoco", "refcoco/refs(unc).p", { refs: 6 }],
  ["refcoco", "refcoco/paths.parquet", {}],
  ["pope", "pope", { rows: 12 }],
  ["pope", "pope-list", {}],
  ["grounding", "grounding", {}],
  ["jsonl", "own/rows.jsonl", { rows: 5 }],
] as const)("%s of %s", async (format, path, read) => {
  const imported = await sumsUp(format, fixture(path));
  for (const [list, rows] of Object.entries(read))
    expect([list, imported?.lists[list].read]).toEqual([list, rows]);
  await sumsUp(format, fixture(path), { limit: 1 });
});

/** A JSON value with something changed: left out, of another type, or twice. */
function spoilt(value: unknown, choose: (most: number) => number): unknown {
  if (Array.isArray(value) && value.length > 0) {
    const at = choose(value.length);
    const item = choose(4) === 0 ? [value[at], value[at]] : [spoilt(value[at], choose)];
    return value.toSpliced(at, 1, ...item);
  }
  if (typeof value !== "object" || value === null || Object.keys(value).length === 0)
    return [null, "x", -1, 1e9, [], {}, value][choose(7)];
  const keys = Object.keys(value);
  const key = keys[choose(keys.length)];
  const { [key]: item, ...rest } = value as Record<string, unknown>;
  return choose(4) === 0 ? rest : { ...rest, [key]: spoilt(item, choose) };
}

test.each([
  ["coco", "coco/instances_val2017.json"],
  ["coco-captions", "coco/captions_val2017.json"],
  ["grounding", "grounding/swift.jsonl"],
  ["grounding", "grounding/sharegpt.json"],
  ["pope", "pope/coco_pope_random.json"],
  ["jsonl", "own/rows.jsonl"],
] as const)("%s of %s with anything changed", async (format, path) => {
  const text = await readFile(fixture(path), "utf8");
  const isLines = format !== "coco" && format !== "coco-captions" && !text.trim().startsWith("[");
  const value = isLines
    ? text
        .trim()
        .split("\n")
        .map((line) => tolerant(line))
    : JSON.parse(text);
  await fc.assert(
    fc.asyncProperty(
      fc.infiniteStream(fc.nat()),
      fc.option(fc.integer({ min: 1, max: 3 })),
      async (chance, limit) => {
        const choose = (most: number) => (chance.next().value as number) % most;
        let changed = value;
        for (let i = 0; i < 4; i++) changed = spoilt(changed, choose);
        const file = join(folder, basename(path));
        const lines = Array.isArray(changed) ? changed : [changed];
        await writeFile(
          file,
          isLines ? lines.map((line) => JSON.stringify(line)).join("\n") : JSON.stringify(changed),
        );
        await sumsUp(format, file, limit === null ? {} : { limit }).catch((error) => {
          // Nothing of the form at all is one error, not bad rows.
          if (error.name !== "UserError" || !/content must be|must be JSON/.test(error.message)) throw error;
        });
      },
    ),
    { numRuns: 40, seed: 7 },
  );
});

function tolerant(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}

test("a folder with splits, pictures missing, damaged, turned and of other formats", async () => {
  const data = join(folder, "mixed");
  const pictures = join(import.meta.dirname, "../../fixtures/pictures");
  const names = [
    "rgb.png",
    "half.png",
    "half.jpg",
    "turned-6.jpg",
    "packbits.tif",
    "picture.avif",
    "picture.bmp",
    "none.png",
  ];
  for (const split of ["train", "test"]) {
    await cp(pictures, join(data, split), { recursive: true });
    const rows = names.map((file_name) => JSON.stringify({ file_name, question: "q", answer: "a" }));
    await writeFile(join(data, split, "metadata.jsonl"), [...rows, "{"].join("\n"));
  }
  const out = join(folder, "mixed-out");
  const imported = await importPublic("imagefolder", data, out);
  expect(imported.lists.rows).toEqual({
    read: 18,
    used: 8,
    leftOut: {},
    bad: { picture: 8, "not JSON": 2 },
  });
  const lines = (await readFile(join(out, "metadata.jsonl"), "utf8")).trim().split("\n");
  const written = lines
    .map((line) => JSON.parse(line))
    .map(({ file_name, questions }) => [file_name.split(".")[1], questions[0].difficulty.split]);
  const four = (split: string) => Array.from({ length: 4 }, () => ["png", split]);
  expect(written).toEqual([...four("train"), ...four("test")]);
  const test = await importPublic("imagefolder", data, join(folder, "mixed-test"), { split: "test" });
  expect(test.lists.rows).toMatchObject({ read: 9, used: 4 });
});
