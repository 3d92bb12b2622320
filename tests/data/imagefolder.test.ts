import { createHash } from "node:crypto";
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "citty";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { data } from "../../src/cli/commands/data/index.ts";
import { drawingSvg } from "../../src/data/drawing/svg.ts";
import { makeData } from "../../src/data/imagefolder/make.ts";
import { openImageFolder, readExampleRefs } from "../../src/data/imagefolder/read.ts";
import { loadSceneAssets, type SceneRecipe } from "../../src/data/imagefolder/recipe.ts";
import { drawnExampleMaker } from "../../src/data/tasks/drawn-examples.ts";
import { exampleMaker } from "../../src/data/tasks/examples.ts";
import { maskArea } from "../../src/grounding/mask.ts";
import { expandCounts } from "../../src/grounding/rle.ts";
import { readImageFolder } from "./read-all.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-folder-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const recipe: SceneRecipe = {
  count: 120,
  seed: 4,
  split: "validation",
  sources: ["fluent-3d"],
  names: 10,
  examples: { scene: { size: 32 }, questionsPerImage: 3, absentConcepts: 1 },
};

async function everyFile(path: string): Promise<Map<string, string>> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const texts = await Promise.all(
    files.sort().map(async (file) => [file.slice(path.length), await readFile(file, "base64")] as const),
  );
  return new Map(texts);
}

describe("a made data set", () => {
  it("reads back as the examples that were composed", async () => {
    const path = join(folder, "round");
    const made = await makeData(recipe, path, { workers: 1 });
    expect(made).toMatchObject({ images: 120 });
    const examples = await readImageFolder(path);
    const make = exampleMaker(await loadSceneAssets(recipe), { ...recipe.examples, split: recipe.split });
    expect(examples).toHaveLength(120);
    for (const [i, example] of examples.entries()) expect(example).toEqual(make(4, i));
    expect(await readImageFolder(path, 2)).toEqual(examples.slice(0, 2));
  });

  it("has the same bytes on any number of workers", async () => {
    await makeData(recipe, join(folder, "one"), { workers: 1 });
    await makeData(recipe, join(folder, "three"), { workers: 3 });
    expect(await everyFile(join(folder, "three"))).toEqual(await everyFile(join(folder, "one")));
  });

  it("has COCO annotations with the areas and boxes of the masks", async () => {
    const path = join(folder, "coco");
    await makeData(recipe, path, { workers: 1 });
    const coco = JSON.parse(await readFile(join(path, "annotations.json"), "utf8"));
    const { rows } = await openImageFolder(path);
    expect(coco.images).toHaveLength(120);
    const names = new Map(coco.categories.map(({ id, name }: { id: number; name: string }) => [id, name]));
    const shown = rows.flatMap(({ concepts }) =>
      concepts.flatMap(({ word, regions }) => regions.map(() => ({ word }))),
    );
    expect(coco.annotations.map((a: { category_id: number }) => names.get(a.category_id))).toEqual(
      shown.map(({ word }) => word),
    );
    for (const { area, segmentation, id, iscrowd } of coco.annotations) {
      expect(
        maskArea({ kind: "mask", size: segmentation.size, counts: expandCounts(segmentation.counts) }),
      ).toBe(area);
      expect([id > 0, iscrowd]).toEqual([true, 0]);
    }
  });

  it("is there whole or not at all", async () => {
    const path = join(folder, "half");
    const onProgress = (done: number) => {
      if (done >= 100) throw new Error("stopped");
    };
    for (const workers of [1, 2])
      await expect(makeData(recipe, path, { workers, onProgress })).rejects.toThrow("stopped");
    expect((await readdir(folder)).filter((name) => name.includes("half"))).toEqual([]);
  });

  it("is not put over another one unless asked", async () => {
    const path = join(folder, "twice");
    await makeData({ ...recipe, count: 2 }, path);
    await expect(makeData({ ...recipe, count: 3 }, path)).rejects.toThrow("already exists");
    expect((await openImageFolder(path)).rows).toHaveLength(2);
    await makeData({ ...recipe, count: 3 }, path, { replace: true });
    expect((await openImageFolder(path)).rows).toHaveLength(3);
  });
});

describe("a data set of one's own", () => {
  const write = async (lines: readonly (object | string)[]) => {
    const path = await mkdtemp(join(folder, "own-"));
    const text = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n");
    await writeFile(join(path, "metadata.jsonl"), text);
    await sharp({ create: { width: 6, height: 4, channels: 3, background: "#102030" } }).toFile(
      join(path, "a.png"),
    );
    return path;
  };
  const errorOf = async (line: object | string) => {
    const path = await write([{ file_name: "a.png" }, line]);
    return readImageFolder(path).then(
      () => "no error",
      (error: Error) => error.message.replaceAll(path, "DIR"),
    );
  };

  it("may put one question on a line, and leave out or null what it has not", async () => {
    const regions = [
      { kind: "box", box: [0, 0, 2, 2], size: null, counts: null },
      { kind: "mask", size: [4, 6], counts: [3, 2, 19] },
      { kind: "points", points: [[1, 2]] }, // biome-ignore format: short
    ];
    const path = await write([
      { file_name: "a.png", question: "what ?", answer: "sea", regions, extra: 1 },
      { file_name: "a.png", id: "b", questions: null, concepts: [{ word: "sea", regions: null }] },
    ]);
    const [first, second] = await readImageFolder(path);
    expect([first.image.width, first.image.height, ...first.image.data.subarray(0, 3)]).toEqual([
      6, 4, 16, 32, 48,
    ]);
    expect(first.questions).toEqual([
      {
        task: "open",
        question: "what ?",
        answer: "sea",
        regions: [
          { kind: "box", box: [0, 0, 2, 2] },
          { kind: "mask", size: [4, 6], counts: [3, 2, 19] },
          { kind: "points", points: [[1, 2]] }, // biome-ignore format: short
        ],
      },
    ]);
    expect(second).toMatchObject({ id: "b", questions: [], concepts: [{ word: "sea", regions: [] }] });
  });

  it("is refused with file, line and field", async () => {
    const asked = (region: object) => ({
      file_name: "a.png",
      questions: [{ question: "q", answer: "a", regions: [region] }],
    });
    expect(await errorOf("{")).toMatchInlineSnapshot(
      `"DIR/metadata.jsonl, line 2: must be JSON: Expected property name or '}' in JSON at position 1 (line 1 column 2)"`,
    );
    expect(await errorOf({ id: "x" })).toMatchInlineSnapshot(
      `"DIR/metadata.jsonl, line 2: file_name: Invalid input: expected string, received undefined"`,
    );
    expect(await errorOf({ file_name: "a.png", question: "q" })).toMatchInlineSnapshot(
      `"DIR/metadata.jsonl, line 2: question and answer must come together"`,
    );
    expect(
      await errorOf({ file_name: "a.png", questions: [{ question: "q", answer: 3 }] }),
    ).toMatchInlineSnapshot(
      `"DIR/metadata.jsonl, line 2: questions[0].answer: Invalid input: expected string, received number"`,
    );
    expect(await errorOf(asked({ kind: "box", box: [3, 0, 1, 1] }))).toMatchInlineSnapshot(
      `"DIR/metadata.jsonl, line 2: questions[0].regions[0].box: must be [x0, y0, x1, y1] with x0 < x1 and y0 < y1"`,
    );
    expect(await errorOf(asked({ kind: "circle" }))).toMatchInlineSnapshot(
      `"DIR/metadata.jsonl, line 2: questions[0].regions[0].kind: Invalid discriminator value. Expected 'box' | 'mask' | 'points' | 'polyline'"`,
    );
    expect(await errorOf(asked({ kind: "mask", size: [4, 6], counts: [3] }))).toMatchInlineSnapshot(
      `"DIR/metadata.jsonl, line 2: questions[0].regions[0]: counts must add up to 4 x 6, got 3"`,
    );
    expect(await errorOf(asked({ kind: "mask", size: [4, 6], counts: "0 0" }))).toMatchInlineSnapshot(
      `"DIR/metadata.jsonl, line 2: questions[0].regions[0]: run lengths: text must be COCO's form, whole, got "0 0""`,
    );
    expect(await errorOf(asked({ kind: "mask", size: [2, 2], counts: [1, 3] }))).toMatchInlineSnapshot(
      `"data set DIR, example a.png: questions[0].regions[0]: mask size must be [4, 6], got [2, 2]"`,
    );
    expect((await errorOf({ file_name: "b.png" })).split(":")[0]).toMatchInlineSnapshot(`"image DIR/b.png"`);
    await expect(readImageFolder(join(folder, "nowhere"))).rejects.toThrow("must hold metadata.jsonl");
  });
});

const sha256 = (bytes: Buffer | string) => createHash("sha256").update(bytes).digest("hex");

describe("fovea data make", () => {
  const runTask = async (...rawArgs: string[]) => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    try {
      await runCommand(data, { rawArgs: ["make", ...rawArgs] });
      return log.mock.calls.map(([line]) => line);
    } finally {
      log.mockRestore();
    }
  };
  const run = (...rawArgs: string[]) => runTask("scenes", ...rawArgs);

  it("prints one JSON object", async () => {
    const out = join(folder, "cli");
    const lines = await run("--count=3", "--seed", "2", "--out", out, "--size", "32", "--objects", "1-2", "--names", "5", "--tasks", "presence,naming", "--json"); // biome-ignore format: one command
    expect(lines).toHaveLength(1);
    const made = JSON.parse(lines[0]);
    expect(made).toMatchObject({ folder: out, images: 3 });
    expect(Object.keys(made.questions).sort()).toEqual(["naming", "presence"]);
    const [{ image, concepts }] = await readImageFolder(out);
    expect(image.width).toBe(32);
    expect(concepts.filter(({ regions }) => regions.length > 0).length).toBeLessThanOrEqual(2);
  });

  it("makes a set of one task, drawn or on scenes, with its sums, drawings and distributions", async () => {
    const out = join(folder, "drawn");
    const flags = ["--count", "6", "--size", "64", "--set", "crossings=1..2", "--set", "width=2", "--json"];
    const [line] = await runTask("line-intersection", "--out", out, ...flags);
    const made = JSON.parse(line);
    expect(made).toMatchObject({ images: 6, questions: { "line-intersection": 6 } });
    const files = [...(await everyFile(out)).keys()];
    const numbers = ["000000", "000001", "000002", "000003", "000004", "000005"];
    expect(files).toEqual([
      "/README.md",
      "/SHA256SUMS",
      "/distributions.svg",
      ...numbers.map((number) => `/images/${number}.png`),
      "/metadata.jsonl",
      ...numbers.map((number) => `/svg/${number}.svg`),
    ]);
    const sums = await readFile(join(out, "SHA256SUMS"), "utf8");
    expect(sha256(sums)).toBe(made.hash);
    for (const [sum, file] of sums
      .trim()
      .split("\n")
      .map((row) => row.split("  ")))
      expect(sha256(await readFile(join(out, file)))).toBe(sum);
    const make = drawnExampleMaker("line-intersection", { size: 64, crossings: [1, 2], width: 2 });
    for (const [i, example] of (await readImageFolder(out)).entries()) {
      const { drawing, ...rest } = make(0, i);
      expect(example).toEqual(rest);
      expect(await readFile(join(out, `svg/00000${i}.svg`), "utf8")).toBe(drawingSvg(drawing));
      expect(["1", "2"]).toContain(example.questions[0].answer);
    }
    const [scene] = await runTask(
      "presence",
      "--count",
      "2",
      "--names",
      "4",
      "--out",
      join(folder, "p"),
      "--json",
    );
    expect(Object.keys(JSON.parse(scene).questions)).toEqual(["presence"]);
  });

  it("refuses axes that a task does not have, and choices where the set is frozen", async () => {
    const wrong = async (task: string, ...args: string[]) => {
      const error = await runTask(task, "--out", join(folder, "no"), ...args).catch((e) => e);
      return `${error.name}: ${error.message}`;
    };
    const counted = ["--count", "2", "--set"];
    expect(await wrong("line-intersection", ...counted, "hue=2")).toMatchInlineSnapshot(
      `"UserError: line-intersection: axis must be one of size, wordings, family, width, crossings, knots, colours, distractors, got "hue""`,
    );
    expect(await wrong("line-intersection", ...counted, "crossings=9")).toMatchInlineSnapshot(
      `"UserError: line-intersection: crossings must be a value of this axis, got 9; Too big: expected number to be <=6"`,
    );
    expect(await wrong("line-intersection", ...counted, "crossings")).toMatchInlineSnapshot(
      `"UserError: data make line-intersection: --set must be AXIS=VALUE, VALUE,VALUE or LOW..HIGH, got "crossings""`,
    );
    expect(await wrong("line-intersection")).toMatchInlineSnapshot(
      `"UserError: data make line-intersection: --count must be given"`,
    );
    expect(await wrong("counting", "--preset", "benchmark", "--seed", "4")).toMatchInlineSnapshot(
      `"UserError: data make counting: --seed must be left out with --preset benchmark, got "4""`,
    );
    expect(await wrong("counting", "--preset", "best")).toMatchInlineSnapshot(
      `"UserError: data make counting: --preset must be one of benchmark, got "best""`,
    );
    expect(await wrong("naming", "--preset", "benchmark", "--names", "4")).toMatchInlineSnapshot(
      `"UserError: data make naming: --names must be left out with --preset benchmark, got "4""`,
    );
  });

  it("refuses unknown options and bad values with one line", async () => {
    const wrong = async (...args: string[]) => {
      const error = await run("--count", "2", "--out", join(folder, "no"), ...args).catch((e) => e);
      return `${error.name}: ${error.message}`;
    };
    expect(await wrong("--bogus", "1")).toMatchInlineSnapshot(
      `"UserError: data make scenes: unknown option --bogus; it takes --count, --out, --seed, --workers, --replace, --json, --split, --size, --objects, --grid, --tasks, --questions, --absent, --wordings, --names, --cutouts, --backgrounds"`,
    );
    expect(await wrong("--size", "big")).toMatchInlineSnapshot(
      `"UserError: data make scenes: --size must be a whole number of at least 1, got "big""`,
    );
    expect(await wrong("--seed")).toMatchInlineSnapshot(
      `"UserError: data make scenes: --seed must be followed by a value, got "none""`,
    );
    expect(await wrong("--seed", "1", "--seed", "2")).toMatchInlineSnapshot(
      `"UserError: data make scenes: --seed is given more than once"`,
    );
    expect(await wrong("--objects", "4-2")).toMatchInlineSnapshot(
      `"UserError: scenes: objects must be two whole numbers, 1 <= fewest <= most, got [4, 2]"`,
    );
    expect(await wrong("--objects", "few")).toMatchInlineSnapshot(
      `"UserError: data make scenes: --objects must be one whole number or a range such as 2-4, got "few""`,
    );
    expect(await wrong("--split", "dev")).toMatchInlineSnapshot(
      `"UserError: data make scenes: --split must be one of train, validation, test, got "dev""`,
    );
    expect(await wrong("--names", "900")).toMatchInlineSnapshot(
      `"UserError: cut-outs: names must be at most 125, got 900"`,
    );
    expect(await wrong("stray")).toMatchInlineSnapshot(
      `"UserError: data make scenes: unexpected argument "stray"; fovea data make scenes --help shows how it is called"`,
    );
  });
});

describe("a row that leads out of its folder", () => {
  let top: string;
  let own: string;
  beforeAll(async () => {
    top = await realpath(await mkdtemp(join(tmpdir(), "fovea-out-")));
    own = join(top, "data");
    await mkdir(join(own, "a..b"), { recursive: true });
    for (const path of ["secret.png", "data/..cat.png", "data/a..b/..c.png"])
      await sharp({ create: { width: 4, height: 4, channels: 3, background: "#ff0000" } })
        .png()
        .toFile(join(top, path));
    await symlink("../secret.png", join(own, "linked.png"));
    await symlink("..", join(own, "up"));
  });
  afterAll(() => rm(top, { recursive: true }));

  const open = async (...names: string[]) => {
    const lines = ["..cat.png", ...names].map((file_name) => JSON.stringify({ file_name }));
    await writeFile(join(own, "metadata.jsonl"), lines.join("\n"));
    return openImageFolder(own);
  };

  it.each(["../secret.png", "a..b/../../secret.png", "/etc/hostname", ".."])(
    "by its name %s is said with its line",
    async (name) => {
      const rule = `metadata.jsonl, line 2: file_name must be a path within the folder, got "${name}"`;
      await expect(open(name)).rejects.toThrow(rule);
    },
  );

  it("by a link is refused when its picture is read, as are links of the file of rows", async () => {
    const { example } = await open("linked.png", "up/secret.png");
    for (const i of [1, 2]) await expect(example(i)).rejects.toThrow(`path must be inside ${own}`);
    const refs = await readExampleRefs(own);
    for (const i of [1, 2]) {
      await expect(refs[i].load()).rejects.toThrow("it is a link to");
      await expect(refs[i].size()).rejects.toThrow("it is a link to");
    }
    await rename(join(own, "metadata.jsonl"), join(top, "metadata.jsonl"));
    await symlink("../metadata.jsonl", join(own, "metadata.jsonl"));
    await expect(openImageFolder(own)).rejects.toThrow("it is a link to");
    await rm(join(own, "metadata.jsonl"));
  });

  it("is told from names that only look so, and from a folder that is a link", async () => {
    await open("a..b/..c.png", "./a..b/../..cat.png");
    await symlink(own, join(top, "alias"));
    for (const folder of [own, join(top, "alias")])
      for (const i of [0, 1, 2])
        expect((await (await openImageFolder(folder)).example(i)).image.width).toBe(4);
  });
});
