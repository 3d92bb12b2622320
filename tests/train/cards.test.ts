import { cp, mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { readAsking } from "../../src/answers/asking.ts";
import { cardHead, readCardFacts } from "../../src/hub/model-card.ts";
import { readAdapterConfig } from "../../src/hub/weights/peft.ts";
import { baseOf } from "../../src/hub/weights/peft-folder.ts";
import { modelParts } from "../../src/models/adapter/adapter.ts";
import { mergeAdapter } from "../../src/models/adapter/merge.ts";
import { checkConfig } from "../../src/train/config/config.ts";
import { addResults, commitOf, currentCommit } from "../../src/train/report/card.ts";
import { writeMergedCard } from "../../src/train/report/merged-card.ts";
import { learningRateAt, scheduleOf } from "../../src/train/step/schedule.ts";
import { inTemporaryFolder, run } from "./support.ts";

const fixtures = new URL("../fixtures/models/", import.meta.url).pathname;

/** Two pictures of a folder that a run can be trained on. */
async function makeData(folder: string): Promise<string> {
  await mkdir(folder);
  const rows = ["a", "b"].map((name) => ({
    file_name: `${name}.png`,
    questions: [{ question: "where ?", answer: "here", regions: [{ kind: "box", box: [0, 0, 10, 10] }] }],
    concepts: [{ word: "cat", regions: [{ kind: "box", box: [0, 0, 10, 10] }] }],
  }));
  const picture = sharp({ create: { width: 32, height: 24, channels: 3, background: "teal" } });
  for (const { file_name } of rows) await picture.clone().png().toFile(join(folder, file_name));
  await writeFile(join(folder, "metadata.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return folder;
}

const licensed =
  "---\r\nlicense: other\r\nlicense_name: small\r\nlicense_link: LICENSE\r\nbase_model: some/older\r\n---\r\n# B\r\n";

async function makeBase(fixture: string, folder: string, card = licensed): Promise<string> {
  await cp(join(fixtures, fixture), folder, { recursive: true });
  await writeFile(join(folder, "README.md"), card);
  await writeFile(join(folder, "LICENSE"), "terms\n");
  await writeFile(join(folder, "vocab.json"), "{}\n");
  return folder;
}

function config(base: string, data: string, lora: object | undefined) {
  return checkConfig({
    model: { from: base },
    data: { folder: data },
    losses: { ntp: {}, lll: {}, klal: { weight: 0 } },
    train: {
      steps: 2,
      batchSize: 1,
      threads: 1,
      prefetch: 0,
      evalEvery: 1,
      evalBatches: 1,
      checkpointEvery: 0,
    },
    ...(lora && { lora }),
  });
}

/** The YAML that the hub reads. */
async function headOf(folder: string): Promise<Record<string, unknown>> {
  const [, yaml] = (await readFile(join(folder, "README.md"), "utf8")).split(/^---$/m);
  return parse(yaml);
}

const cardOf = (folder: string) => readFile(join(folder, "README.md"), "utf8");

describe.each([
  ["smolvlm/global", "smolvlm", "SmolVLMForConditionalGeneration"],
  ["paligemma/gemma", "paligemma", "PaliGemmaForConditionalGeneration"],
  ["qwen3_vl/deepstack", "qwen3_vl", "Qwen3VLForConditionalGeneration"],
])("the cards of what is made of %s", (fixture, type) => {
  let folder: string;
  let done: () => void;
  beforeAll(async () => {
    const ready = Promise.withResolvers<void>();
    const over = new Promise<void>((resolve) => {
      done = resolve;
    });
    void inTemporaryFolder(async (temporary) => {
      folder = temporary;
      const [base, data] = [
        await makeBase(fixture, join(folder, "base")),
        await makeData(join(folder, "my-data")),
      ];
      await run(config(base, data, { rank: 2 }), join(folder, "adapter"));
      await run(config(base, data, undefined), join(folder, "whole"));
      const merge = {
        base,
        adapter: join(folder, "adapter/model"),
        out: join(folder, "merged"),
        command: "fovea merge",
      };
      await mergeAdapter(merge.adapter, merge.out, { also: (to) => writeMergedCard(to, merge) });
      ready.resolve();
      await over;
    }).catch(ready.reject);
    await ready.promise;
    return () => done();
  }, 120_000);

  it("name base, licence and kind, for the hub", async () => {
    const carried = {
      license: "other",
      license_name: "small",
      license_link: "LICENSE",
      base_model: "some/older",
    };
    const shared = { ...carried, pipeline_tag: "image-text-to-text" };
    expect(await headOf(join(folder, "adapter/model"))).toEqual({
      ...shared,
      base_model_relation: "adapter",
      library_name: "peft",
      tags: ["fovea", type, "lora"],
    });
    const whole = {
      ...shared,
      base_model_relation: "finetune",
      library_name: "transformers",
      tags: ["fovea", type],
    };
    expect(await headOf(join(folder, "whole/model"))).toEqual(whole);
    expect(await headOf(join(folder, "merged"))).toEqual(whole);
  });

  it("say which commit trained, so that whoever scores the model can read it", async () => {
    const known = (await currentCommit()).replace("unknown", "");
    expect(commitOf(await cardOf(join(folder, "whole/model")))).toBe(known || undefined);
  });

  it("come with the base's other files, and how the model is asked", async () => {
    for (const name of ["adapter/model", "whole/model", "merged"]) {
      const names = await readdir(join(folder, name));
      expect(names).toEqual(
        expect.arrayContaining(["LICENSE", "fovea.json", "held-out.json", "training.yaml"]),
      );
      expect(await readAsking(join(folder, name))).toMatchObject({ bare: true });
      if (name === "adapter/model") continue;
      expect(names).toEqual(expect.arrayContaining(["vocab.json", "generation_config.json"]));
      expect(names.includes("fovea-state.json")).toBe(false);
    }
  });

  it("hold results, Python for the family, and no path of a machine", async () => {
    for (const name of ["adapter/model", "whole/model", "merged"]) {
      const card = await cardOf(join(folder, name));
      expect(card).toMatch(
        /\| step \| loss \| ntp \| lll \|\n\| --- .*\n\| 1 \| \d+\.\d{4} .*\n\| 2 \| \d+\.\d{4}/,
      );
      expect(card).toContain("AutoModelForImageTextToText.from_pretrained");
      expect(card.includes("processor.apply_chat_template(")).toBe(type !== "paligemma");
      expect(card.includes('processor(text="<image>" + question')).toBe(type === "paligemma");
      for (const file of ["README.md", "training.yaml"])
        expect(await readFile(join(folder, name, file), "utf8")).not.toContain(folder);
    }
    expect(await readFile(join(folder, "adapter/model/adapter_config.json"), "utf8")).not.toContain(folder);
    const adapter = await cardOf(join(folder, "adapter/model"));
    expect(adapter).toContain('base, adapter = "base", "adapter/model"');
    expect(adapter).toContain("| data | my-data: 2 pictures with 2 questions; 0 more held out |");
    expect(await cardOf(join(folder, "merged"))).toContain('folder = "merged"');
  });

  it("take the scores of evaluations in", async () => {
    const model = join(folder, "merged");
    const before = await cardOf(model);
    await addResults(model, "| first |");
    await addResults(model, "| second |");
    const after = await cardOf(model);
    expect(after).toContain("<!-- scores -->\n\n| second |\n\n<!-- /scores -->");
    expect(after.replace("\n\n| second |\n", "")).toBe(before);
  });

  it("find the base by a path that counts from the adapter", async () => {
    const adapter = join(folder, "adapter/model");
    expect((await readAdapterConfig(adapter)).base).toBe("../../base");
    expect(await baseOf(adapter)).toBe(join(folder, "base"));
    await rename(join(folder, "base"), join(folder, "elsewhere"));
    await expect(modelParts(adapter)).rejects.toThrow(
      /its base \.\.\/\.\.\/base has no config\.json here.*--base/,
    );
    const out = join(folder, "merged-again");
    expect(await mergeAdapter(adapter, out, { base: join(folder, "elsewhere") })).toMatchObject({
      base: join(folder, "elsewhere"),
    });
    await expect(mergeAdapter(adapter, out, { base: join(folder, "elsewhere") })).rejects.toThrow(
      `merge: --out ${out} already exists and is not empty; name another`,
    );
    await expect(mergeAdapter(adapter, join(folder, "elsewhere/LICENSE"))).rejects.toThrow(
      /cannot be written/,
    );
  });
});

it("gives no licence where the base names none", () =>
  inTemporaryFolder(async (folder) => {
    const base = await makeBase("smolvlm/global", join(folder, "base"), "# no YAML\n");
    const { model } = await run(
      config(base, await makeData(join(folder, "d")), { rank: 1 }),
      join(folder, "run"),
    );
    expect(Object.keys(await headOf(model))).toEqual(["library_name", "pipeline_tag", "tags"]);
    expect(await cardOf(model)).toContain("No licence is given here: the folder of base names none.");
  }));

it.each([
  ["---\nlicense: mit\n---\n", { license: "mit" }],
  [
    "---\nlicense: [apache-2.0]\nbase_model:\n- a/b\n- c/d\n---",
    { license: "apache-2.0", base_model: "a/b" },
  ],
  ["---\n: [\n---\n", {}],
  ["# title\n---\nlicense: mit\n---\n", {}],
])("reads the YAML of the card %j", (text, facts) =>
  inTemporaryFolder(async (folder) => {
    await writeFile(join(folder, "README.md"), text);
    expect(await readCardFacts(folder)).toEqual(facts);
  }),
);

it("writes YAML that is read again", () => {
  const fields = { license: "other", base_model: "a/b", tags: ["fovea"], left: undefined };
  const [, yaml] = cardHead(fields).split(/^---$/m);
  expect(parse(yaml)).toEqual({ license: "other", base_model: "a/b", tags: ["fovea"] });
});

it("warms up over a share of the steps, unless their number is given", () => {
  const train = (steps: number, more: object = {}) =>
    scheduleOf(checkConfig({ losses: {}, train: { steps, warmupShare: 0.1, ...more } }).train);
  expect([20, 2000].map((steps) => train(steps).warmupSteps)).toEqual([2, 200]);
  expect(train(20, { warmupSteps: 7 }).warmupSteps).toBe(7);
  expect(learningRateAt(train(20), 1)).toBe(1e-3);
});
