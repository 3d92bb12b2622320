import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkConfig, loadConfig, presetNames } from "../../src/train/config/config.ts";
import { inTemporaryFolder, tinyRaw } from "./support.ts";

function messageOf(raw: unknown): string {
  try {
    checkConfig(raw, "run.yaml");
  } catch (error) {
    return (error as Error).message;
  }
  return "no error";
}

describe("a config's mistakes", () => {
  it.each([
    ["an unknown key", { train: { learningrate: 1 } }],
    ["an unknown section", { trainer: {} }],
    ["an unknown key in a list", { stages: [{ steps: 3, wieghts: {} }] }],
    ["a wrong type", { train: { steps: "many" } }],
    ["a number out of range", { train: { finalShare: 2 } }],
    ["a part that does not exist", { train: { freeze: ["eyes"] } }],
    ["several at once", { train: { steps: 0 }, model: { decoder: { headz: 4 } } }],
    ["patches that do not fit", { model: { vision: { imageSize: 60 } } }],
    ["heads that do not fit", { model: { decoder: { heads: 4, keyValueHeads: 3 } } }],
    ["stages longer than the run", { train: { steps: 10 }, stages: [{ steps: 11 }] }],
    ["an unknown loss option", { losses: { lll: { wieght: 1 } } }],
  ])("%s", (_, raw) => {
    expect(messageOf(raw)).toMatchSnapshot();
  });
});

it("fills in defaults and computes, not stores, derived sizes", () => {
  const config = checkConfig({});
  expect(config.train.learningRate).toBe(1e-3);
  expect(Object.keys(config.model.decoder)).not.toContain("headDim");
  expect(checkConfig(config)).toEqual(config);
});

it("reads YAML and JSON alike, with overrides last", () =>
  inTemporaryFolder(async (folder) => {
    const [yaml, json] = [join(folder, "a.yaml"), join(folder, "a.json")];
    await writeFile(yaml, "train:\n  steps: 7\n  freeze: [vision]\n");
    await writeFile(json, JSON.stringify({ train: { steps: 7, freeze: ["vision"] } }));
    expect(await loadConfig({ file: yaml })).toEqual(await loadConfig({ file: json }));
    const changed = await loadConfig({ file: yaml }, [
      "train.learningRate=2e-3",
      "train.freeze=[]",
      "data.names=null",
    ]);
    expect(changed.train).toMatchObject({ steps: 7, learningRate: 2e-3, freeze: [] });
    expect(changed.data.names).toBeNull();
    await expect(loadConfig({ file: yaml }, ["train.steps"])).rejects.toThrow(/--set must be path=value/);
    await expect(loadConfig({ file: yaml }, ["train.steps.more=1"])).rejects.toThrow(/steps is a value/);
    await expect(loadConfig({ file: join(folder, "b.yaml") })).rejects.toThrow(
      /b\.yaml: expected a readable file, found: no such file/,
    );
    await writeFile(yaml, "train: [");
    await expect(loadConfig({ file: yaml })).rejects.toThrow(/a\.yaml: /);
  }));

it("has presets that are all valid, the twins alike but for their losses", async () => {
  const names = await presetNames();
  const configs = await Promise.all(names.map((preset) => loadConfig({ preset })));
  expect(names).toEqual(expect.arrayContaining(["full", "ntp", "ntp-lll", "ntp-klal"]));
  const twin = (name: string) => ({ ...configs[names.indexOf(name)], losses: undefined });
  for (const name of ["ntp", "ntp-lll", "ntp-klal"]) expect(twin(name)).toEqual(twin("full"));
  await expect(loadConfig({ preset: "fulll" })).rejects.toThrow(/preset must be one of .*full/);
  await expect(loadConfig({})).rejects.toThrow(/either --config FILE or --preset NAME/);
});

it("takes a preset as a base", () =>
  inTemporaryFolder(async (folder) => {
    const file = join(folder, "mine.yaml");
    await writeFile(file, "extends: full\ntrain: { steps: 9 }\n");
    const [mine, full] = [await loadConfig({ file }), await loadConfig({ preset: "full" })];
    expect(mine).toEqual({ ...full, train: { ...full.train, steps: 9 } });
    await writeFile(file, "extends: nothing\n");
    await expect(loadConfig({ file })).rejects.toThrow(/extends must be one of/);
  }));

it("accepts what the other tests use", () => {
  expect(messageOf(tinyRaw)).toBe("no error");
});
