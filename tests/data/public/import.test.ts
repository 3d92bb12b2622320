import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "citty";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { importData } from "../../../src/cli/commands/data/import.ts";
import { importPublic } from "../../../src/data/public/import.ts";
import { readImageFolder } from "../read-all.ts";
import { fixture, images } from "./fixtures.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-import-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("an import", () => {
  it("reads back as the project's image folder, with one picture for all its questions", async () => {
    const out = join(folder, "pope");
    const imported = await importPublic("pope", fixture("pope"), out, { images });
    expect(imported).toMatchObject({ images: 2, rows: 6, badRows: 0 });
    const examples = await readImageFolder(out);
    expect(examples.map(({ id, questions }) => [id, questions.length])).toEqual([
      ["adversarial-1", 2],
      ["adversarial-3", 2],
      ["popular-1", 2],
      ["popular-3", 2],
      ["random-1", 2],
      ["random-3", 2],
    ]);
    expect(examples[0].questions[0]).toMatchObject({
      answerType: "yes-no",
      difficulty: { split: "adversarial" },
    });
    expect((await readdir(join(out, "images"))).sort()).toEqual(["000000.jpg", "000001.jpg"]);
    expect(await readFile(join(out, "images/000000.jpg"))).toEqual(
      await readFile(join(images, "COCO_val2014_000000000139.jpg")),
    );
    const card = await readFile(join(out, "README.md"), "utf8");
    expect(card).toContain("| pope-random | 4 |");
    expect(card).not.toContain(folder);
  });

  it("checks pictures and masks, turns pictures upright, and keeps ids apart", async () => {
    const out = join(folder, "own");
    const imported = await importPublic("jsonl", fixture("own/rows.jsonl"), out, { images });
    const examples = await readImageFolder(out);
    expect(examples.map(({ id, image }) => [id, image.width, image.height])).toEqual([
      ["COCO_val2014_000000000139.jpg", 40, 30],
      ["b", 40, 30],
      ["b-2", 30, 40],
    ]);
    expect([...imported.firstBad].sort()).toEqual([
      "rows.jsonl, line 3: concepts[0].regions[0]: mask size must be [30, 40], got [2, 2]",
      "rows.jsonl, line 5: question and answer must come together",
    ]);
    const again = join(folder, "again");
    await importPublic("imagefolder", out, again);
    expect(await readImageFolder(again)).toEqual(examples);
    await expect(
      importPublic("coco-captions", fixture("coco/captions_val2017.json"), join(folder, "x")),
    ).rejects.toThrow(/coco-captions: .* must have rows that can be used, got 5 bad ones, the first: /);
  });

  it("takes as many pictures as are wanted, links them, and is there whole or not at all", async () => {
    const out = join(folder, "some");
    const source = fixture("pope");
    const imported = await importPublic("pope", source, out, { images, limit: 1, link: true });
    expect(imported).toMatchObject({ images: 1, rows: 1, questions: { "pope-adversarial": 2 } });
    const [linked, original] = await Promise.all(
      [join(out, "images/000000.jpg"), join(images, "COCO_val2014_000000000139.jpg")].map((file) =>
        stat(file),
      ),
    );
    expect(linked.ino).toBe(original.ino);
    await expect(importPublic("pope", source, out, { images })).rejects.toThrow("already exists");
    const strict = importPublic("jsonl", fixture("own/rows.jsonl"), join(folder, "strict"), {
      images,
      strict: true,
    });
    await expect(strict).rejects.toThrow(/^rows.jsonl, line [35]: /);
    expect((await readdir(folder)).filter((name) => name.includes("strict") || name.includes("tmp"))).toEqual(
      [],
    );
  });

  it("leaves out a picture of another size than the data says", async () => {
    const captions = fixture("coco/captions_val2017.json");
    const { firstBad, ...rest } = await importPublic("coco-captions", captions, join(folder, "sizes"), {
      images,
    });
    expect(rest).toMatchObject({ images: 2, questions: { caption: 3 } });
    expect(firstBad).toContain(
      "captions_val2017.json, images[2]: width, height: must be the picture's, 40 x 30, got 41 x 30",
    );
  });
});

describe("fovea data import", () => {
  const run = async (...rawArgs: string[]) => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    try {
      await runCommand(importData, { rawArgs });
      return log.mock.calls.map(([line]) => line).join("\n");
    } finally {
      log.mockRestore();
    }
  };

  it("prints what it did, and the first bad rows", async () => {
    const out = join(folder, "cli");
    const said = await run("refcoco", fixture("refcoco/refs(unc).p"), "--images", images, "--out", out);
    expect(said.replaceAll(folder, "DIR")).toMatchInlineSnapshot(`
      "imported 2 pictures into DIR/cli: 4 referring
      images: 2 read = 2 used
      annotations: 3 read = 3 used
      refs: 6 read = 3 used + 3 bad (2 ann_id, 1 image_id)
      1 boxes cut at the border
      3 bad rows left out:
        refs(unc).p, refs[5]: ann_id: Invalid input: expected number, received string
        refs(unc).p, refs[3]: ann_id: 77 is no annotation of the instances
        refs(unc).p, refs[4]: image_id: 999 is no image of instances.json"
    `);
    const json = await run(
      "coco",
      fixture("coco/instances_val2017.json"),
      "--images",
      images,
      "--crowd",
      "--out",
      join(folder, "json"),
      "--json",
    );
    expect(JSON.parse(json)).toMatchObject({ images: 2, badRows: 6 });
  });

  it("refuses what the format does not heed, with one line", async () => {
    const wrong = async (...args: string[]) => {
      const error = await run(...args, "--out", join(folder, "no")).catch((e) => e);
      return `${error.name}: ${error.message}`.replaceAll(folder, "DIR");
    };
    expect([
      await wrong("pope", fixture("pope"), "--crowd"),
      await wrong("jsonl", "x.jsonl", "--max-megabytes", "3"),
      await wrong("voc", "x"),
      await wrong("pope", "x", "--limit", "0"),
      await wrong("pope", "x", "--bogus"),
      await wrong("grounding", "x", "--boxes", "cm"),
      await wrong("pope", "nowhere.json"),
    ]).toMatchInlineSnapshot(`
      [
        "UserError: data import: --crowd is not for pope, which takes --split",
        "UserError: data import: --max-megabytes is not for jsonl, which takes --boxes",
        "UserError: data import: FORMAT must be one of coco, coco-captions, refcoco, pixmo-points, pope, grounding, imagefolder, jsonl, got "voc"",
        "UserError: data import: --limit must be a whole number of at least 1, got "0"",
        "UserError: data import: unknown option --bogus; it takes --out, --images, --split, --instances, --crowd, --boxes, --cache, --concurrency, --max-megabytes, --limit, --strict, --link, --replace, --json",
        "UserError: data import: --boxes must be one of real, norm1000, norm1, got "cm"",
        "UserError: nowhere.json cannot be read: ENOENT: no such file or directory, stat 'nowhere.json'",
      ]
    `);
  });
});
