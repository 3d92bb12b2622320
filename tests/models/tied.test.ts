import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { ConstantArray, HostArray } from "../../src/engine/host.ts";
import { openCheckpoint } from "../../src/hub/weights/checkpoint.ts";
import { writeSafetensors } from "../../src/hub/weights/safetensors-write.ts";
import { llava } from "../../src/models/llava/family.ts";

const fixture = new URL("../fixtures/llava/tied/", import.meta.url).pathname;
const [table, head] = ["language_model.model.embed_tokens.weight", "language_model.lm_head.weight"];
const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

/** The fixture, whose config ties the head, with its tensors changed. */
async function withTensors(change: (tensors: Map<string, HostArray>) => void): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "fovea-tied-"));
  folders.push(folder);
  await cp(join(fixture, "config.json"), join(folder, "config.json"));
  const { tensors, read } = await openCheckpoint(fixture);
  const all = new Map<string, HostArray>();
  for (const name of tensors.keys())
    all.set(name.startsWith("vision") ? name : todays(name), await read(name));
  change(all);
  await writeSafetensors(join(folder, "model.safetensors"), all);
  return folder;
}

const todays = (name: string) => llava.currentTensorName(name) ?? name;
const other = (array: HostArray) => ({ ...array, data: (array.data as Float32Array).map((x) => 2 * x + 1) });
const named = async (folder: string) => {
  const { family, params } = await llava.load(folder);
  return family.toNamed(params);
};

test("a tied head that the file holds too is the embeddings", async () => {
  const folder = await withTensors((all) => all.set(head, all.get(table) as HostArray));
  expect(await named(folder)).not.toHaveProperty([head]);
});

test("a tied head that the file holds with other values is not tied, and saved so", async () => {
  const folder = await withTensors((all) => all.set(head, other(all.get(table) as HostArray)));
  const params = await named(folder);
  expect(params[head].data).toEqual(other(params[table]).data);
  const saved = join(folder, "saved");
  const model = await llava.load(folder);
  await model.family.save(saved, model.params);
  const config = JSON.parse(await readFile(join(saved, "config.json"), "utf8"));
  expect(config).toMatchObject({ tie_word_embeddings: false, text_config: { tie_word_embeddings: false } });
  expect((await named(saved))[head].data).toEqual(params[head].data);
});

test("programs that map the weights have that head too", async () => {
  const folder = await withTensors((all) => all.set(head, other(all.get(table) as HostArray)));
  const { family } = await llava.load(folder);
  const named = family.toNamed<ConstantArray>(await family.open(folder, "mapped"));
  const names = Object.keys(named);
  expect(names).toContain(head);
  const rebuilt = family.fromNamed(named);
  expect(rebuilt.lmHead?.weight).toMatchObject({ file: { path: join(folder, "model.safetensors") } });
});

test("of one alone both are made", async () => {
  const folder = await withTensors((all) => {
    all.set(head, other(all.get(table) as HostArray));
    all.delete(table);
  });
  const params = await named(folder);
  expect(params).not.toHaveProperty([head]);
  expect(params[table].data).toEqual(other((await named(fixture))[table]).data);
});

test("a head of another shape is an error", async () => {
  const folder = await withTensors((all) =>
    all.set(head, { dtype: "float32", shape: [1, 1], data: new Float32Array(1) }),
  );
  await expect(llava.load(folder)).rejects.toThrow(/1 misshapen: language_model.lm_head.weight/);
});

test("without embeddings the error names them", async () => {
  const folder = await withTensors((all) => all.delete(table));
  await expect(llava.load(folder)).rejects.toThrow(/1 missing: language_model.model.embed_tokens.weight/);
});
