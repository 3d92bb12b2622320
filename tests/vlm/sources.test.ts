// A model is the same one, wherever its files come from.
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { type HostArray, isLeaf, leavesWithPaths, type Tree } from "../../src/engine/host.ts";
import { filesSource } from "../../src/hub/source/files.ts";
import { folderSource } from "../../src/hub/source/folder.ts";
import { httpSource } from "../../src/hub/source/http.ts";
import { memorySource } from "../../src/hub/source/memory.ts";
import { type Source, subfolder } from "../../src/hub/source.ts";
import { openCheckpoint } from "../../src/hub/weights/checkpoint.ts";
import { answerText, greedyAnswer } from "../../src/vlm/answer.ts";
import { openVlm, programCache, type Vlm } from "../../src/vlm/open.ts";
import { promptOf } from "../../src/vlm/prompt.ts";
import { writeShards } from "../hub/shards.ts";
import { serve, withoutRanges, withRanges } from "../hub/static-server.ts";
import { testPicture } from "../lens/tiny-model.ts";

const root = join(import.meta.dirname, "../..");
const programs = programCache();
afterAll(() => programs.dispose());

type Files = Record<string, Uint8Array<ArrayBuffer>>;

async function filesOf(folder: string): Promise<Files> {
  const names = (await readdir(folder)).sort();
  const read = names.map(async (name) => [name, new Uint8Array(await readFile(join(folder, name)))] as const);
  return Object.fromEntries(await Promise.all(read));
}

/** The same files in every other kind of place. */
async function elsewhere(files: Files): Promise<Record<string, Source>> {
  const blobs = Object.entries(files).map(([name, bytes]) => new File([bytes], name));
  return {
    "a server with ranges": httpSource(await serve(withRanges(files))),
    "a server without ranges": httpSource(await serve(withoutRanges(files))),
    "dropped files": filesSource(blobs),
    memory: memorySource(files),
    "a folder in memory": subfolder(memorySource(under("models/one/", files)), "models/one"),
  };
}

function under(prefix: string, files: Files): Files {
  return Object.fromEntries(Object.entries(files).map(([name, bytes]) => [prefix + name, bytes]));
}

/** Everything that an open model knows, as plain values. */
function knownOf({ facts, asking, repetitionPenalty, chat, params, family, reader }: Vlm) {
  const leaves = leavesWithPaths<HostArray>(params as object as Tree<HostArray>, isHostArray);
  return {
    facts: { config: family.config, ...facts, asking, repetitionPenalty, type: family.modelType },
    template: chat.template.render({ messages: [], add_generation_prompt: true }),
    ids: chat.tokenizer.encode("where is the big cat ?"),
    picture: reader.preprocess(testPicture(70, 50)),
    weights: leaves.map(([path, { dtype, shape, data }]) => [path, dtype, shape.join(), textOf(data)]),
  };
}

function isHostArray(value: unknown): value is HostArray {
  return isLeaf(value) && "data" in value;
}

function textOf({ buffer, byteOffset, byteLength }: HostArray["data"]): string {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength).toString("base64");
}

async function answerOf(model: Vlm): Promise<string> {
  const { ids } = await greedyAnswer(model, promptOf(model, testPicture(70, 50), "where is the cat ?"), 6);
  return `${ids.join(" ")}: ${answerText(model, ids)}`;
}

const fixture = (name: string) => `tests/fixtures/models/${name}`;
const folders = [
  "checkpoints/full",
  fixture("llava/siglip-qwen2"),
  fixture("idefics3/tiles"),
  fixture("smolvlm/tiles"),
  fixture("paligemma/gemma2"),
  fixture("qwen2_5_vl/windows"),
  fixture("qwen3_vl/deepstack"),
];

describe.each(folders)("%s", (folder) => {
  test("is the same model from every place", async () => {
    const here = await openVlm(join(root, folder), { programs });
    const [wanted, answer] = [knownOf(here), await answerOf(here)];
    expect(knownOf(await openVlm(folderSource(join(root, folder)), { programs }))).toEqual(wanted);
    for (const [place, source] of Object.entries(await elsewhere(await filesOf(join(root, folder))))) {
      const model = await openVlm(source, { programs });
      expect(model.folder, place).toBe(source.place());
      expect(knownOf(model), place).toEqual(wanted);
      expect(await answerOf(model), place).toBe(answer);
    }
  });
});

const lora = fixture("lora/llava").replace("models/", "");
const base = fixture("llava/siglip-qwen2");

/** An adapter and its base as they lie in one folder that somebody drops: it names its base by a relative path. */
async function both(): Promise<Files> {
  const [change, model] = await Promise.all([lora, base].map((folder) => filesOf(join(root, folder))));
  return { ...under("up/lora/llava/", change), ...under("up/models/llava/siglip-qwen2/", model) };
}

describe("an adapter", () => {
  const open = (source: Source, options = {}) => openVlm(source, { programs, ...options });

  test("finds its base among the files that it came with, or is given it", async () => {
    const here = await openVlm(join(root, lora), { programs });
    const answer = await answerOf(here);
    expect(answer).not.toBe(await answerOf(await openVlm(join(root, base), { programs })));
    const files = await both();
    const dropped = filesSource(
      Object.entries(files).map(([path, bytes]) => ({ path, blob: new Blob([bytes]) })),
    );
    const served = httpSource(await serve(withRanges(files)));
    const models = [
      await open(subfolder(dropped, "lora/llava")),
      await open(subfolder(served, "up/lora/llava")),
      await open(memorySource(await filesOf(join(root, lora))), { base: join(root, base) }),
    ];
    for (const model of models) expect(await answerOf(model)).toBe(answer);
    expect(models.map(({ name }) => name)).toEqual(["llava", "llava", "memory"]);
  });

  test("without its base is one line, and so is a base that leads out", async () => {
    const files = await filesOf(join(root, lora));
    await expect(open(memorySource(files))).rejects.toThrow(
      "memory/adapter_config.json: its base ../../models/llava/siglip-qwen2 is not among the files of memory; open " +
        "the model with the base beside it, or give it as the option `base`",
    );
    const named = (base: string | null) =>
      open(
        memorySource({
          ...files,
          "adapter_config.json": { peft_type: "LORA", r: 1, lora_alpha: 1, base_model_name_or_path: base },
        }),
      );
    await expect(named("../../../etc")).rejects.toThrow("is not among the files of memory");
    await expect(named("..")).rejects.toThrow("is not among the files of memory");
    await expect(named(null)).rejects.toThrow("base_model_name_or_path must name the base, got nothing");
    await expect(open(memorySource(files), { base: memorySource({}) })).rejects.toThrow(
      "adapter memory: its base memory has no config.json here",
    );
  });
});

describe("weights", () => {
  const folder = join(root, base);

  test.each(["mapped", "int8", "int4"] as const)(
    "%s: the same answers without files to map",
    async (weights) => {
      const wanted = await answerOf(await openVlm(folder, { programs, weights }));
      const source = httpSource(await serve(withRanges(await filesOf(folder))));
      expect(await answerOf(await openVlm(source, { programs, weights }))).toBe(wanted);
    },
  );

  test("come in shards, by few requests", async () => {
    const temporary = await mkdtemp(join(tmpdir(), "fovea-shards-"));
    onTestFinished(() => rm(temporary, { recursive: true }));
    await writeShards(temporary, await openCheckpoint(folder), "F32");
    const { "model.safetensors": _, ...rest } = await filesOf(folder);
    const files = { ...rest, ...(await filesOf(temporary)) };
    const asked: string[] = [];
    const handler = withRanges(files);
    const address = await serve((request, response) => {
      asked.push(`${request.url} ${request.headers.range ?? ""}`);
      handler(request, response);
    });
    const model = await openVlm(httpSource(address), { programs });
    expect(knownOf(model)).toEqual(knownOf(await openVlm(folder, { programs })));
    expect(asked.filter((one) => one.includes(".safetensors bytes")).length).toBeLessThan(12);
  });

  test.each([
    [{ a: "../secret" }, "tensor a: expected a file name"],
    [{ a: "x/../../y" }, "tensor a: expected a file name"],
    [{ a: ".." }, "tensor a: expected a file name"],
    [{ a: "" }, "tensor a: expected a file name"],
    [{ a: "http://elsewhere/x" }, "tensor a: expected a file name"],
    [{ a: "gone.safetensors" }, "shard gone.safetensors: expected in the folder, found none"],
    [["a"], "expected a weight_map"],
  ])("an index that leads elsewhere is one line: %j", async (map, message) => {
    const source = memorySource({ "model.safetensors.index.json": { weight_map: map } });
    await expect(openCheckpoint(source)).rejects.toThrow(`memory/model.safetensors.index.json: ${message}`);
  });
});

test("files without a model say which folders have one", async () => {
  const dropped = memorySource(await both(), "drop");
  await expect(openVlm(dropped, { programs })).rejects.toThrow(
    'model: folder must be one with a config.json, got "drop"; it has models in up/lora/llava, up/models/llava/siglip-qwen2: ' +
      "open one of these, as subfolder(source, path)",
  );
  await expect(openVlm(memorySource({ "readme.md": "" }), { programs })).rejects.toThrow(
    "name a checkpoint folder",
  );
});
