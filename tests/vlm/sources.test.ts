// A model is the same one, wherever its files come from.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type HostArray, isLeaf, leavesWithPaths, type Tree } from "../../src/engine/host.ts";
import { filesSource } from "../../src/hub/source/files.ts";
import { folderSource } from "../../src/hub/source/folder.ts";
import { httpSource } from "../../src/hub/source/http.ts";
import { memorySource } from "../../src/hub/source/memory.ts";
import { type Source, subfolder } from "../../src/hub/source.ts";
import { answerText, greedyAnswer } from "../../src/vlm/answer.ts";
import { openVlm, programCache, type Vlm } from "../../src/vlm/open.ts";
import { promptOf } from "../../src/vlm/prompt.ts";
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
function knownOf({ config, facts, asking, repetitionPenalty, chat, params, family, reader }: Vlm) {
  const leaves = leavesWithPaths(params as Tree<HostArray>, isLeaf as (x: unknown) => x is HostArray);
  return {
    facts: { config, ...facts, asking, repetitionPenalty, type: family.modelType },
    template: chat.template.render({ messages: [], add_generation_prompt: true }),
    ids: chat.tokenizer.encode("where is the big cat ?"),
    picture: reader.preprocess(testPicture(70, 50)),
    weights: leaves.map(([path, { dtype, shape, data }]) => [path, dtype, shape.join(), hashOf(data)]),
  };
}

function hashOf({ buffer, byteOffset, byteLength }: HostArray["data"]): string {
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
