import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadCutOuts } from "../../src/data/assets/load.ts";
import { exampleMaker } from "../../src/data/tasks/examples.ts";
import { vocabulary } from "../../src/data/tasks/registry.ts";
import { expandCounts } from "../../src/grounding/rle.ts";
import { filesByName, llavaProcessor } from "../../src/hub/folder.ts";
import { writePng } from "../../src/hub/image/image-file.ts";
import { defaultChatTemplate } from "../../src/hub/text/chat.ts";
import { openTokenizer } from "../../src/hub/text/tokenizer.ts";
import { wordTokenizer } from "../../src/hub/text/word-tokenizer.ts";
import { imageProcessor, processorJson } from "../../src/models/inputs/square-settings.ts";
import { llava } from "../../src/models/llava/family.ts";
import { tinyLlava } from "../../src/models/llava/tiny.ts";

const run = promisify(execFile);
const names = ["cat", "dog", "apple", "rocket", "crab"];
let folder: string;
const anyPicture = "tests/fixtures/models/llava/siglip-qwen2/row-0-image-0.png";

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
  const family = llava.bind(config);
  for (const seed of [1, 2])
    await family.save(join(folder, `model-${seed}`), family.initParams(seed), { files: all });
  const assets = { cutOuts: await loadCutOuts({ names }) };
  await writePng(join(folder, "scene.png"), exampleMaker(assets)(1, 0).image);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const common = () => [join(folder, "scene.png"), "--model", join(folder, "model-1"), "--json"];

test("lens and attend write a page to click through, with their results inside", async () => {
  const asked: Record<string, string[]> = {
    lens: ["--concept", "cat"],
    attend: ["--question", "is there a cat ?"],
  };
  for (const [command, words] of Object.entries(asked)) {
    const html = join(folder, `${command}.html`);
    const args = [...common(), ...words, "--out", join(folder, `${command}-page`), "--html", html];
    const { stdout } = await fovea(command, ...args);
    expect(JSON.parse(stdout).html).toBe(html);
    const page = await readFile(html, "utf8");
    expect(page).toContain(`<fovea-${command} src="#picture-0" data="#result-0">`);
    const [, json] = /id="result-0">(.*?)<\/script>/.exec(page)!;
    expect(JSON.parse(json)[0].geometry.grid).toEqual({ rows: 4, columns: 4 });
  }
  const { code, stderr } = await fovea("lens", ...common(), "--concept", "cat", "--html", folder);
  expect([code, stderr]).toEqual([1, expect.stringContaining("lens: --html must be a file")]);
});

const isPng = async (file: string) => (await readFile(file)).subarray(1, 4).toString() === "PNG";

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
  expect(printed.files.figures).toHaveLength(4);
  for (const file of printed.files.figures) expect(await isPng(file)).toBe(true);
  const [cat] = maps.concepts;
  const { peak, row, column } = printed.concepts[0].layers[2];
  expect(cat.layers[2].values[4 * (row - 1) + column - 1]).toBe(peak);
  expect(peak).toBe(Math.max(...cat.layers[2].values));
  expect(printed.concepts[0].summary).toMatch(/^says cat (nowhere: peak|at row)/);
});

test("lens takes words as people write them, and each once", async () => {
  const words = ["--concept", " cat ,cat", "--concept", "dog  ", "--concept", "cat"];
  const { stdout } = await fovea("lens", ...common(), ...words, "--out", join(folder, "words"));
  expect(JSON.parse(stdout).concepts.map(({ word }: { word: string }) => word)).toEqual(["cat", "dog"]);
});

test("several pictures get a folder each, also where two have one name", async () => {
  const other = join(folder, "other", "scene.png");
  await mkdir(join(folder, "other"));
  await copyFile(join(folder, "scene.png"), other);
  const out = join(folder, "several");
  const models = ["--model", join(folder, "model-1"), "--concept", "cat", "--json", "--out", out];
  const { code, stdout } = await fovea("segment", join(folder, "scene.png"), other, ...models);
  expect(code).toBe(0);
  const { pictures } = JSON.parse(stdout);
  expect(pictures.map(({ files }: { files: { png: string } }) => files.png)).toEqual([
    join(out, "scene", "mask.png"),
    join(out, "scene-2", "mask.png"),
  ]);
  for (const { files } of pictures)
    for (const name of ["png", "overlay", "figure"]) expect(await isPng(files[name])).toBe(true);
});

test("a folder that is written again keeps nothing of before, and only --replace writes it again", async () => {
  const out = join(folder, "again");
  const lens = (...rest: string[]) => fovea("lens", ...common(), "--out", out, ...rest);
  expect((await lens("--concept", "cat,dog")).code).toBe(0);
  const refused = await lens("--concept", "crab");
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain("--replace replaces what is there");
  expect((await lens("--concept", "crab", "--replace", "--all-layers")).code).toBe(0);
  expect((await readdir(out)).sort()).toEqual([
    "crab.layers.png",
    "crab.map.png",
    "crab.png",
    "maps.json",
    "words.json",
  ]);
  await writeFile(join(out, "notes.txt"), "mine");
  const kept = await lens("--concept", "crab", "--replace");
  expect(kept.code).toBe(1);
  expect(kept.stderr).toContain("notes.txt in it is not of ours");
  expect(await readFile(join(out, "notes.txt"), "utf8")).toBe("mine");
});

test("attend answers and reports shares by token and layer, on the image and on the region", async () => {
  const args = ["--question", "where is the cat ?", "--region", "0,0,32,64", "--heads"];
  const { code, stdout } = await fovea("attend", ...common(), ...args, "--out", join(folder, "attend"));
  expect(code).toBe(0);
  const { tokens, files } = JSON.parse(stdout);
  expect(tokens[0].layers).toHaveLength(2);
  expect(tokens[0].layers[0].image).toBeGreaterThan(0);
  expect(tokens[0].layers[0].region).toBeLessThan(1);
  expect(files.at(-1)).toMatch(/attention\.json$/);
  const { tokens: raw } = JSON.parse(await readFile(files.at(-1), "utf8"));
  const { peak, row, column } = tokens[0].layers[1];
  expect(raw[0].layers[1].map[4 * (row - 1) + column - 1]).toBe(peak);
  expect(raw[0].layers[1].headShares).toHaveLength(2);
  for (const file of files.slice(0, -1)) expect(await isPng(file)).toBe(true);
});

test("attend refuses a region beside the picture, and takes the part of it that is inside", async () => {
  const args = (region: string, out: string) => ["--question", "where ?", "--region", region, "--out", out];
  const beside = await fovea("attend", ...common(), ...args("64,0,90,20", join(folder, "beside")));
  expect(beside.code).toBe(1);
  expect(beside.stderr).toContain("--region must be inside");
  expect(beside.stderr).toContain("64 x 64 pixels");
  const [over, inside] = await Promise.all([
    fovea("attend", ...common(), ...args("-50,0,32,900", join(folder, "over"))),
    fovea("attend", ...common(), ...args("0,0,32,64", join(folder, "inside"))),
  ]);
  expect(JSON.parse(over.stdout).tokens).toEqual(JSON.parse(inside.stdout).tokens);
});

test("attend tells of the question's tokens, and of the answer with patches and heads knocked out", async () => {
  const out = join(folder, "knocked");
  const args = ["--question", "where is the cat ?", "--question-tokens", "--max-tokens", "3", "--out", out];
  const struck = ["--hide", "1:2-3", "--strike", "2:1", "--hidden-from", "text", "--relevance"];
  const { code, stdout } = await fovea("attend", ...common(), ...args, ...struck);
  expect(code).toBe(0);
  const printed = JSON.parse(stdout);
  const heads = [{ layer: 2, head: 1 }];
  expect(printed.knockOut).toEqual({ heads, layers: [], patches: [1, 2], from: "text" });
  expect(printed.prompt.map(({ text }: { text: string }) => text).slice(0, 3)).toEqual([
    "where",
    "is",
    "the",
  ]);
  expect(printed.before.tokens.length).toBeGreaterThan(0);
  expect(printed.first[0]).toMatchObject({ before: { probability: expect.any(Number) } });
  const values = JSON.parse(await readFile(join(out, "attention.json"), "utf8"));
  expect(values.relevance[0].map.reduce((sum: number, value: number) => sum + value)).toBeCloseTo(1, 5);
  expect(printed.relevance[0]).toMatchObject({ id: values.tokens[0].id, row: expect.any(Number) });
  for (const { layers } of [...values.prompt, ...values.tokens]) {
    expect(layers[0].map.slice(1, 3)).toEqual([0, 0]);
    expect(layers[1].headShares[0]).toBe(0);
    expect(layers[0].sinks).toBeTypeOf("number");
  }
  for (const { layers } of values.before.tokens) expect(layers[1].headShares[0]).toBeGreaterThan(0);
  for (const name of [
    "token-1.png",
    "token-1.relevance.png",
    "question-1.png",
    "question-1.map.png",
    "before-token-1.png",
  ])
    expect(await isPng(join(out, name))).toBe(true);
});

test("lens tells the words of single patches by layer, and what is left with depth", async () => {
  const out = join(folder, "patches");
  const args = ["--patch", "1:1,4:3-4", "--concept", "cat", "--top-k", "2", "--locality", "--out", out];
  const { code, stdout } = await fovea("lens", ...common(), ...args);
  expect(code).toBe(0);
  const printed = JSON.parse(stdout);
  const kept = JSON.parse(await readFile(printed.files.patches, "utf8"));
  expect(kept).toMatchObject({ words: [{ word: "cat", pieces: ["cat"] }], patches: printed.patches });
  expect(kept.patches.map(({ patch }: { patch: number }) => patch)).toEqual([0, 14, 15]);
  expect(kept.patches[2].layers[2]).toMatchObject({ layer: 2, words: [{}, {}], asked: [{}] });
  expect(printed.locality).toHaveLength(3);
  const plain = await fovea("lens", ...common().slice(0, 3), "--patch", "1:1", "--out", join(folder, "one"));
  expect(plain.stdout).toMatch(/^row 1, column 1\nlayer .*likeliest words/);
});

test("a tiled picture's view of the whole has pictures and values of its own", async () => {
  const model = "tests/fixtures/models/smolvlm/tiles";
  const tiled = [`${model}/row-0-image-0.png`, "--model", model, "--json"];
  const [lens, attend] = [join(folder, "tiled"), join(folder, "tiled-attend")];
  const seen = await fovea("lens", ...tiled, "--concept", "cat", "--all-layers", "--out", lens);
  expect(JSON.parse(seen.stdout).concepts[0].global).toHaveLength(3);
  const { global, globalGrid } = JSON.parse(await readFile(join(lens, "words.json"), "utf8"));
  expect(global[2].patches).toHaveLength(globalGrid.rows * globalGrid.columns);
  const asked = ["--question", "what is it", "--max-tokens", "1", "--out", attend];
  expect((await fovea("attend", ...tiled, ...asked)).code).toBe(0);
  for (const file of [join(lens, "cat.global.png"), join(attend, "token-1.global.png")])
    expect(await isPng(file)).toBe(true);
});

test.each([
  [["--hide", "1:9"], "attend: --hide must be ROW:COLUMN, as 3:5-8,4:5, of a grid of 4 rows and 4 columns"],
  [["--hide", "1:1", "--only", "1:2"], "attend: --hide and --only exclude each other"],
  [["--strike", "head"], "attend: --strike must be LAYER:HEAD or LAYER, as 2:1,3"],
  [["--strike", "9"], "attend: layer must be one that attends: 1, 2, got 9"],
  [["--hidden-from", "all"], "attend: --hidden-from needs --hide, --only or --strike"],
])("attend %j is refused in one line", async (args, message) => {
  const asked = ["--question", "where is the cat ?", "--out", join(folder, "refused")];
  const { code, stderr } = await fovea("attend", ...common(), ...asked, ...args);
  expect(code).toBe(1);
  expect(stderr).toContain(message);
});

test("attend prints a table of the strongest layers for people", async () => {
  const args = common().slice(0, -1);
  const { stdout } = await fovea("attend", ...args, "--question", "is it ?", "--out", join(folder, "table"));
  const [answer, head, ...rows] = stdout.split("\n");
  expect(answer).toMatch(/^answer: /);
  expect(head.split(/ {2,}/)).toEqual(["token", "layer", "on the image", "peak (of that)"]);
  expect(rows[0]).toMatch(/ % at row [1-4], column [1-4]$/);
});

test("segment writes a mask and its run lengths of the picture's own size", async () => {
  const out = ["--threshold", "otsu", "--out", join(folder, "mask")];
  const { code, stdout } = await fovea("segment", ...common(), "--concept", "cat", ...out);
  expect(code).toBe(0);
  const { mask, share } = JSON.parse(stdout);
  expect(mask.segmentation.size).toEqual([64, 64]);
  const counts = expandCounts(mask.segmentation.counts);
  expect(counts.reduce((a, b) => a + b, 0)).toBe(64 * 64);
  expect(mask.area / (64 * 64)).toBeCloseTo(share, 12);
});

test("segment learns a threshold from a data folder, keeps it with the model and uses it", async () => {
  const data = join(folder, "calibration");
  const model = join(folder, "model-2");
  await mkdir(join(data, "images"), { recursive: true });
  await copyFile(join(folder, "scene.png"), join(data, "images", "a.png"));
  const concepts = names.map((word) => ({ word, regions: [] }));
  const row = { file_name: "images/a.png", id: "a", questions: [], concepts };
  await writeFile(join(data, "metadata.jsonl"), JSON.stringify(row));
  const learnt = await fovea("segment", "--calibrate", data, "--model", model, "--json");
  expect(learnt.code).toBe(0);
  const { threshold, from, file } = JSON.parse(learnt.stdout);
  expect(from).toMatchObject({ images: 1, present: 0, absent: 5, iou: null, empty: 1 });
  expect(file).toBe(join(model, "lens.json"));
  const picture = [join(folder, "scene.png"), "--model", model, "--json", "--out", join(folder, "learnt")];
  const { stdout } = await fovea("segment", ...picture, "--concept", "cat");
  const seen = JSON.parse(stdout);
  expect(seen).toMatchObject({ threshold, by: "learnt", said: false, share: 0 });
  expect(seen.peak).toBeLessThan(threshold);
  expect(seen.summary).toContain("The mask is empty");
});

test("eval and probe compare two models on the same scenes", async () => {
  const models = ["--model", join(folder, "model-1"), "--against", join(folder, "model-2")];
  const asked = await fovea("eval", ...models, "--count", "6", "--json", "--out", join(folder, "asked"));
  expect(asked.code).toBe(0);
  const { all, against, comparison } = JSON.parse(asked.stdout);
  expect(all.accuracy.count).toBe(against.all.accuracy.count);
  expect(comparison.all.items).toBe(all.accuracy.count);
  const { code, stdout } = await fovea("probe", ...models, "--count", "6", "--json");
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
  [["lens"], "fovea: lens: a picture file must be given"],
  [["lens", "x.png"], "fovea: lens: --concept must be given"],
  [["lens", "x.png", "--concept", "cat", "--space", "colour"], "--space must be one of probability"],
  [["lens", "x.png", "--concept", "cat", "--model", "nowhere"], "image x.png: expected a picture file"],
  [["lens", anyPicture, "--concept", "cat", "--model", "nowhere"], "folder must be one with a config.json"],
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
