import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadCutOuts } from "../../src/data/assets/load.ts";
import { exampleMaker } from "../../src/data/tasks/examples.ts";
import { vocabulary } from "../../src/data/tasks/registry.ts";
import { expandCounts } from "../../src/grounding/rle.ts";
import { defaultChatTemplate } from "../../src/hub/chat.ts";
import { filesByName, llavaProcessor } from "../../src/hub/folder.ts";
import { writePng } from "../../src/hub/image-file.ts";
import { imageProcessor, processorJson } from "../../src/hub/processor.ts";
import { openTokenizer } from "../../src/hub/tokenizer.ts";
import { wordTokenizer } from "../../src/hub/word-tokenizer.ts";
import { llava } from "../../src/models/llava/family.ts";
import { tinyLlava } from "../../src/models/llava/tiny.ts";

const run = promisify(execFile);
const names = ["cat", "dog", "apple", "rocket", "crab"];
let folder: string;

/** Runs the command line as a user does. */
async function fovea(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const node = "node_modules/.bin/node";
  return run(node, ["src/cli/main.ts", ...args], { maxBuffer: 1 << 26 }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-"));
  const files = wordTokenizer(vocabulary({ names, tasks: ["presence", "grid-patch", "naming"] }));
  const { vocabSize, special } = openTokenizer(files);
  const config = tinyLlava({
    vocabSize,
    imageTokenId: special.image as number,
    eosTokenId: special.eos,
    vision: { imageSize: 32, patchSize: 8, width: 16, layers: 1, heads: 2 },
    decoder: { width: 16, layers: 2, heads: 2 },
  });
  const all = filesByName({
    ...files,
    chatTemplate: defaultChatTemplate,
    preprocessor: processorJson(imageProcessor(32)),
    processor: llavaProcessor({ patchSize: 8 }),
  });
  for (const seed of [1, 2])
    await llava.save(
      join(folder, `model-${seed}`),
      { config, params: llava.initParams(config, seed) },
      { files: all },
    );
  const assets = { cutOuts: await loadCutOuts({ names }) };
  await writePng(join(folder, "scene.png"), exampleMaker(assets)(1, 0).image);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const common = () => [join(folder, "scene.png"), "--model", join(folder, "model-1"), "--json"];

test("lens writes a figure for each concept, raw values and words, and prints one object", async () => {
  const out = join(folder, "lens");
  const { code, stdout } = await fovea(
    "lens",
    ...common(),
    "--concept",
    "cat",
    "--concept",
    "dog",
    "--out",
    out,
  );
  expect(code).toBe(0);
  const printed = JSON.parse(stdout);
  expect(printed.concepts.map(({ word }: { word: string }) => word)).toEqual(["cat", "dog"]);
  const maps = JSON.parse(await readFile(join(out, "maps.json"), "utf8"));
  expect(maps.concepts[1].layers).toHaveLength(3);
  expect(maps.concepts[1].layers[0].values).toHaveLength(16);
  const words = JSON.parse(await readFile(join(out, "words.json"), "utf8"));
  expect(words.layers[2].patches[15]).toHaveLength(5);
  for (const file of printed.files.figures)
    expect((await readFile(file)).subarray(1, 4).toString()).toBe("PNG");
});

test("attend answers and reports shares by token and layer, on the image and on the region", async () => {
  const args = ["--question", "where is the cat ?", "--region", "0,0,32,64", "--out", join(folder, "attend")];
  const { code, stdout } = await fovea("attend", ...common(), ...args);
  expect(code).toBe(0);
  const { tokens, files } = JSON.parse(stdout);
  expect(tokens[0].layers).toHaveLength(2);
  expect(tokens[0].layers[0].image).toBeGreaterThan(0);
  expect(tokens[0].layers[0].region).toBeLessThan(1);
  expect(files.at(-1)).toMatch(/attention\.json$/);
});

test("segment writes a mask and its run lengths of the picture's own size", async () => {
  const { code, stdout } = await fovea(
    "segment",
    ...common(),
    "--concept",
    "cat",
    "--out",
    join(folder, "mask"),
  );
  expect(code).toBe(0);
  const { mask, share } = JSON.parse(stdout);
  expect(mask.segmentation.size).toEqual([64, 64]);
  const counts = expandCounts(mask.segmentation.counts);
  expect(counts.reduce((a, b) => a + b, 0)).toBe(64 * 64);
  expect(mask.area / (64 * 64)).toBeCloseTo(share, 12);
});

test("eval compares two models on the same scenes", async () => {
  const models = ["--model", join(folder, "model-1"), "--against", join(folder, "model-2")];
  const { code, stdout } = await fovea("eval", ...models, "--count", "6", "--json");
  expect(code).toBe(0);
  const { models: named, counts, rows } = JSON.parse(stdout);
  expect(named).toEqual(["model-1", "model-2"]);
  expect(counts.images).toBe(6);
  for (const { estimates, difference } of rows) {
    expect(estimates).toHaveLength(2);
    expect(difference).toBeDefined();
  }
});

test("demo leaves a page, its values and its pictures", async () => {
  const out = join(folder, "demo");
  const models = `${join(folder, "model-1")},${join(folder, "model-2")}`;
  const own = [join(folder, "scene.png"), "--concept", "cat", "--question", "is there a cat ?"];
  const { code, stdout } = await fovea("demo", ...own, "--models", models, "--out", out);
  expect(code).toBe(0);
  expect(stdout).toContain("index.html");
  const { scenes, scores } = JSON.parse(await readFile(join(out, "report.json"), "utf8"));
  expect(scores).toEqual([]);
  expect(scenes[0].questions[0].answers).toHaveLength(2);
  const first = scenes[0].blocks[0].rows[0].maps[0];
  expect((await readFile(join(out, first.picture))).length).toBeGreaterThan(50);
  expect(await readFile(join(out, "index.html"), "utf8")).toContain("data:image/png;base64,");
});

test.each([
  [["lens"], "fovea: lens: image must be given"],
  [["lens", "x.png"], "fovea: lens: --concept must be given"],
  [["lens", "x.png", "--concept", "cat", "--space", "colour"], "--space must be one of probability"],
  [["lens", "x.png", "--concept", "cat", "--model", "nowhere"], "folder must be one with a config.json"],
  [["attend", "x.png", "--question", "q", "--region", "1,2,3"], "--region must be x0,y0,x1,y1"],
  [["segment", "x.png", "--concept", "cat", "--threshold", "2"], "--threshold must be a probability"],
  [["eval", "--model", "nowhere"], "folder must be one with a config.json"],
])("%j is answered with one line", async (args, message) => {
  const { code, stdout, stderr } = await fovea(...args);
  expect(code).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toContain(message);
  expect(stderr.trim().split("\n")).toHaveLength(1);
});
