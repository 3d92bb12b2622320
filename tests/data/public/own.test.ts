import { copyFile, cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openImageFolder } from "../../../src/data/imagefolder/read.ts";
import { importPublic } from "../../../src/data/public/import.ts";
import { fixture, images } from "./fixtures.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-own-"));
});
afterAll(() => rm(folder, { recursive: true }));

const picture = join(images, "COCO_val2014_000000000139.jpg"); // 40 x 30
const question = { question: "which ?", answer: "B", answerType: "label", choices: ["A", "B"] };

it("takes pictures out of the parquet files that datasets uploads, split by split", async () => {
  const hub = fixture("hub");
  const out = join(folder, "hub-out");
  const imported = await importPublic("imagefolder", hub, out);
  expect(imported.lists.rows).toEqual({ read: 4, used: 3, leftOut: {}, bad: { picture: 1 } });
  expect(imported.notes).toEqual([
    "columns that are not read: source",
    "splits: test, train, in each question's difficulty; --split takes one",
  ]);
  const { rows } = await openImageFolder(out);
  const regions = [{ kind: "box", box: [4, 3, 20, 15] }];
  expect(rows.flatMap(({ questions }) => questions)).toEqual(
    ["test", "train", "train"].map((split) => ({
      task: "open",
      ...question,
      regions,
      difficulty: { split },
    })),
  );
  const test = await importPublic("imagefolder", hub, join(folder, "hub-test"), { split: "test" });
  expect(test.images).toBe(1);
  await expect(importPublic("imagefolder", hub, join(folder, "x"), { split: "val" })).rejects.toThrow(
    /split must be one of test, train, got "val"/,
  );
});

it("reads a metadata.parquet as datasets writes it, with null for what a row lacks", async () => {
  const regions = [{ kind: "box", box: [4, 3, 20, 15] }];
  const { choices: _, ...free } = question;
  expect((await openImageFolder(fixture("table"))).rows.map(({ questions }) => questions)).toEqual([
    [{ task: "open", ...question, regions }],
    [{ task: "open", ...free, regions: [] }],
  ]);
});

it("reads regions in the unit that is said, and cuts those that reach beyond the border", async () => {
  const data = join(folder, "units");
  await mkdir(data);
  await copyFile(picture, join(data, "a.jpg"));
  const line = (box: number[]) =>
    JSON.stringify({ file_name: "a.jpg", id: `${box[0]}`, ...question, regions: [{ kind: "box", box }] });
  await writeFile(
    join(data, "metadata.jsonl"),
    [line([0.25, 0.5, 0.75, 1]), line([0.5, 0.5, 1.5, 1])].join("\n"),
  );
  const out = join(folder, "units-out");
  const imported = await importPublic("imagefolder", data, out, { boxes: "norm1" });
  expect(imported.counts).toEqual({ "boxes cut at the border": 1 });
  const { rows } = await openImageFolder(out);
  expect(rows.flatMap(({ questions }) => questions.flatMap(({ regions }) => regions))).toEqual([
    { kind: "box", box: [10, 15, 30, 30] },
    { kind: "box", box: [20, 15, 40, 30] },
  ]);
});

it("keeps two files of one base name apart, and refuses a name that would get another's picture", async () => {
  const data = join(folder, "names");
  await mkdir(join(data, "im/sub"), { recursive: true });
  await copyFile(picture, join(data, "im/a.jpg"));
  await copyFile(join(images, "COCO_val2014_000000000285.jpg"), join(data, "im/sub/a.jpg"));
  const coco = (names: readonly string[]) => ({
    images: names.map((file_name, id) => ({ id, file_name, width: 40, height: 30 })),
    annotations: [
      ...names.map((_, id) => ({
        id,
        image_id: id,
        category_id: 1,
        bbox: [1, 1, 20, 20],
        segmentation: null,
        keypoints: [],
        area: 400,
      })),
      { id: 99, image_id: 77, category_id: 1, bbox: [1, 1, 2, 2] },
    ],
    categories: [{ id: 1, name: "dog" }, { id: 90, name: "cat" }, { id: 90, name: "bus" }], // biome-ignore format: a row
  });
  const file = join(data, "instances.json");
  await writeFile(file, `\ufeff${JSON.stringify(coco(["a.jpg", "sub/a.jpg"]))}`);
  const apart = await importPublic("coco", file, join(folder, "apart"), { images: join(data, "im") });
  expect(apart).toMatchObject({
    images: 2,
    badRows: 0,
    notes: ["columns that are not read: annotations.keypoints"],
  });
  expect(apart.lists.annotations.leftOut).toEqual({ "annotations of no picture of the file (orphans)": 1 });
  expect(apart.lists.categories.leftOut).toEqual({ "categories of an id that an earlier one has": 1 });
  await writeFile(file, JSON.stringify(coco(["train/a.jpg", "val/a.jpg"])));
  const mixed = await importPublic("coco", file, join(folder, "mixed"), { images: join(data, "im") });
  expect(mixed).toMatchObject({ images: 1, badRows: 1 });
  expect(mixed.firstBad[0]).toContain("val/a.jpg: would be read from");
});

it("says when there is nothing to train on or to ask", async () => {
  const data = join(folder, "captions");
  await mkdir(data);
  await cp(picture, join(data, "a.jpg"));
  await writeFile(join(data, "metadata.csv"), "file_name,text\r\na.jpg,a dog\r\n");
  const { notes, rows } = await importPublic("imagefolder", data, join(folder, "captions-out"));
  expect(rows).toBe(1);
  expect(notes).toEqual([
    "columns that are not read: text",
    "warning: no row has a question or a concept: there is nothing to train on or to ask",
  ]);
});
