import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeData } from "../../src/data/imagefolder/make.ts";
import { mergeAdapter } from "../../src/models/adapter/merge.ts";
import { checkConfig } from "../../src/train/config/config.ts";
import { openVlm } from "../../src/vlm/open.ts";
import { inTemporaryFolder, lossesOf, run } from "./support.ts";

const fixture = (name: string) => new URL(`../fixtures/models/${name}/`, import.meta.url).pathname;

/** Changes of the sizes of pictures, by each processor's own fields. */
const sizes: Record<string, Record<string, unknown>> = {
  "llava/siglip-qwen2": {},
  "qwen2_5_vl/windows": { size: { shortest_edge: 64, longest_edge: 576 } },
  "qwen3_vl/deepstack": { max_pixels: 576 },
  "smolvlm/tiles": { do_image_splitting: false },
  "idefics3/tiles": { do_image_splitting: false },
  "paligemma/gemma2": {},
};

describe.each(Object.keys(sizes))("training %s", (name) => {
  it("trains adapters, which open as a model and merge into one", () =>
    inTemporaryFolder(async (folder) => {
      const data = join(folder, "data");
      const examples = { tasks: ["naming"] as const, scene: { size: 32, objects: [1, 1] as const } };
      const recipe = { count: 4, seed: 0, split: "train", sources: ["fluent-3d"], names: 4, examples };
      await makeData(recipe as Parameters<typeof makeData>[0], data);
      const config = checkConfig({
        model: { from: fixture(name), preprocessor: sizes[name] },
        data: { folder: data },
        losses: { ntp: {}, lll: {}, klal: { gate: "wrong" } },
        lora: { rank: 2, dropout: 0.1 },
        train: { steps: 8, batchSize: 2, learningRate: 0.03, warmupSteps: 0, prefetch: 0 },
      });
      const { model } = await run(config, join(folder, "run"));
      const { steps, evaluations } = await lossesOf(join(folder, "run"));
      expect(evaluations.at(-1)?.loss).toBeLessThan(steps[0].loss);
      const supervised = steps.map(({ parts }) => parts["klal.supervised"]);
      expect(supervised.every((share) => share >= 0 && share <= 1)).toBe(true);
      expect(supervised[0]).toBeGreaterThan(0);
      await mergeAdapter(model, join(folder, "merged"));
      const [adapted, merged] = [await openVlm(model), await openVlm(join(folder, "merged"))];
      expect(adapted.family.modelType).toBe(name.split("/")[0]);
      const image = { width: 40, height: 30, data: new Uint8Array(40 * 30 * 3).fill(99) };
      expect(adapted.reader.preprocess(image)).toEqual(merged.reader.preprocess(image));
      const plain = (await openVlm(fixture(name))).reader.preprocess(image);
      const changed =
        adapted.reader.preprocess(image).pixelValues.shape.join() !== plain.pixelValues.shape.join();
      expect(changed).toBe(Object.keys(sizes[name]).length > 0);
    }));

  it("lowers all three losses, with the tower frozen, and saves a model that opens", () =>
    inTemporaryFolder(async (folder) => {
      const data = join(folder, "data");
      const examples = { tasks: ["naming"] as const, scene: { size: 32, objects: [1, 1] as const } };
      const recipe = { count: 8, seed: 0, split: "train", sources: ["fluent-3d"], names: 4, examples };
      await makeData(recipe as Parameters<typeof makeData>[0], data);
      const config = checkConfig({
        model: { from: fixture(name), preprocessor: sizes[name] },
        data: { folder: data, evalFolder: data },
        losses: { ntp: { weight: 1 }, lll: { weight: 1 }, klal: { weight: 1, query: "predicting" } },
        train: {
          steps: 8,
          batchSize: 2,
          learningRate: 3e-3,
          warmupSteps: 0,
          freeze: ["vision"],
          prefetch: 0,
        },
      });
      const result = await run(config, join(folder, "run"));
      const { steps } = await lossesOf(join(folder, "run"));
      const mean = (some: typeof steps, part: string) =>
        some.reduce((sum, { parts }) => sum + parts[part], 0) / some.length;
      for (const part of ["ntp", "lll", "klal"])
        expect(mean(steps.slice(-3), part), part).toBeLessThan(mean(steps.slice(0, 3), part));
      const opened = await openVlm(result.model);
      expect(opened.family.modelType).toBe(name.split("/")[0]);
      const settings = JSON.parse(await readFile(join(result.model, "preprocessor_config.json"), "utf8"));
      const own = JSON.parse(await readFile(join(fixture(name), "processor_config.json"), "utf8"));
      expect(settings).toEqual({ ...own.image_processor, ...sizes[name] });
    }));
});
