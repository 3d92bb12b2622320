import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { makeData } from "../../../src/data/imagefolder/make.ts";
import { readExampleRefs } from "../../../src/data/imagefolder/read.ts";
import { evaluate } from "../../../src/eval/evaluate.ts";
import { lensMaps } from "../../../src/lens/logit-lens.ts";
import { mergeAdapter } from "../../../src/models/adapter/merge.ts";
import { customFamilies } from "../../../src/models/custom.ts";
import { defineFamily } from "../../../src/models/define.ts";
import { checkConfig } from "../../../src/train/config/config.ts";
import { openVlm } from "../../../src/vlm/open.ts";
import { testPicture } from "../../lens/tiny-model.ts";
import { inTemporaryFolder, run } from "../../train/support.ts";
import { family, parts } from "./family.ts";

const fixture = new URL("../../fixtures/models/llava/siglip-qwen2/", import.meta.url).pathname;
const families = [family];

/** The fixture as a model of the own family. */
async function ownModel(folder: string): Promise<string> {
  const out = join(folder, "own");
  await cp(fixture, out, { recursive: true });
  const path = join(out, "config.json");
  const config = JSON.parse(await readFile(path, "utf8"));
  await writeFile(path, JSON.stringify({ ...config, model_type: "own_vlm" }));
  return out;
}

it("opens for the lens, which sees what a known family sees", () =>
  inTemporaryFolder(async (folder) => {
    const [own, known] = [await openVlm(await ownModel(folder), { families }), await openVlm(fixture)];
    expect(own.family.modelType).toBe("own_vlm");
    const maps = async (model: typeof own) => (await lensMaps(model, testPicture(40, 30), ["cat"])).layers;
    expect(await maps(own)).toEqual(await maps(known));
  }));

it("is asked in the form that it names", () =>
  inTemporaryFolder(async (folder) => {
    const asks = defineFamily({ ...parts, askedAs: "qwen3_vl" });
    const own = await ownModel(folder);
    expect((await openVlm(own, { families })).asking.name).toBe("generic");
    expect((await openVlm(own, { families: [asks] })).asking.name).toBe("qwen3_vl");
  }));

it("is unknown to who does not name it", () =>
  inTemporaryFolder(async (folder) => {
    await expect(openVlm(await ownModel(folder))).rejects.toThrow(/model_type must be one of .*"own_vlm"/);
  }));

it("is trained by a line in the config, whole and by adapters, and evaluated", () =>
  inTemporaryFolder(async (folder) => {
    const data = join(folder, "data");
    const examples = { tasks: ["naming"] as const, scene: { size: 32, objects: [1, 1] as const } };
    const recipe = { count: 4, seed: 0, split: "train", sources: ["fluent-3d"], names: 4, examples };
    await makeData(recipe as Parameters<typeof makeData>[0], data);
    const config = (lora: object) =>
      checkConfig({
        model: { from, families: [join(import.meta.dirname, "family.ts")] },
        data: { folder: data },
        losses: { ntp: {}, lll: {}, klal: {} },
        train: { steps: 1, batchSize: 2, warmupSteps: 0, prefetch: 1 },
        ...lora,
      });
    const from = await ownModel(folder);
    const { model } = await run(config({}), join(folder, "whole"));
    expect(await readFile(join(model, "README.md"), "utf8")).toContain("own_vlm");
    const trained = await openVlm(model, { families });
    expect(trained.family.modelType).toBe("own_vlm");
    const refs = (await readExampleRefs(data)).slice(0, 2);
    expect((await evaluate(trained, refs)).counts.images).toBe(2);
    const adapter = await run(config({ lora: { rank: 2 } }), join(folder, "lora"));
    await mergeAdapter(adapter.model, join(folder, "merged"), { families });
    expect((await openVlm(join(folder, "merged"), { families })).family.modelType).toBe("own_vlm");
  }));

it.each([["nowhere.ts", "model.families: module must be a file that exists in"]])(
  "says what is wrong with %s",
  async (module, message) => {
    await expect(customFamilies([module], import.meta.dirname)).rejects.toThrow(message);
  },
);
