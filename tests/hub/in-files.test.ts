import { cp, mkdtemp, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { HostArray } from "../../src/engine/host.ts";
import { inFiles } from "../../src/hub/weights/in-files.ts";
import { llava } from "../../src/models/llava/family.ts";
import { fixtureFolder, loadFixture, promptRows } from "../models/fixture.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-test-"));
  await cp(fixtureFolder("grouped"), folder, { recursive: true });
});
afterAll(() => rm(folder, { recursive: true }));

/** The fixture's model, and its weights as `open` gives them. */
async function opened(form: "memory" | "mapped") {
  const { config } = await loadFixture("grouped");
  const family = llava.bind(config);
  return { family, params: await family.open(folder, form) };
}

it("weights that were read are found in their files, the same tree each time", async () => {
  const { params } = await opened("memory");
  const found = (await inFiles(params)) as typeof params;
  expect(found.languageModel.embedTokens.weight).toHaveProperty("file");
  expect(await inFiles(params)).toBe(found);
});

it("only those: not what is mapped, nor a copy that its owner may change", async () => {
  const { params } = await opened("memory");
  expect(await inFiles((await opened("mapped")).params)).toBeUndefined();
  expect(await inFiles({ ...params })).toBeUndefined();
});

it("not where a column was changed in place", async () => {
  const { params } = await opened("memory");
  const { data, shape } = params.languageModel.embedTokens.weight as HostArray;
  for (let row = 0; row < shape[0]; row++) data[row * shape[1]] += 1;
  expect(await inFiles(params)).toBeUndefined();
});

it("not in files that have changed since", async () => {
  const { params } = await opened("memory");
  await utimes(join(folder, "model.safetensors"), 1, 1);
  expect(await inFiles(params)).toBeUndefined();
});

it("a long answer, for which they are packed, is that of weights that are fed with every call", async () => {
  const { family, params } = await opened("memory");
  const { params: fed, inputs, rows, reference } = await loadFixture("grouped");
  const { data, shape } = await reference("generated");
  const ids = [[...(inputs.inputIds as HostArray).data.slice(0, inputs.inputIds.shape[1])]];
  const prompts = promptRows(ids, rows, inputs.pixelValues as HostArray);
  const answer = async (weights: unknown) => {
    const generator = family.createGenerator({ maxNewTokens: 40, eosTokenIds: [] });
    const [{ tokens }] = await generator.generate(weights as typeof params, prompts);
    await generator.dispose();
    return tokens;
  };
  const packed = await answer(params);
  expect(packed.slice(0, shape[1])).toEqual([...data.slice(0, shape[1])]);
  expect(packed).toEqual(await answer(fed));
});
