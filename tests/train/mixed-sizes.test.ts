import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { random } from "../../src/common/random.ts";
import { openCollator, planFor, rowMeasure } from "../../src/data/collate.ts";
import { compile } from "../../src/engine/compile.ts";
import type { HostArray } from "../../src/engine/host.ts";
import type { ImageLayout } from "../../src/models/inputs/inputs.ts";
import { imagesSeeQuestion } from "../../src/nn/visibility.ts";
import { openSource } from "../../src/train/batches/source.ts";
import { checkConfig, type TrainConfig } from "../../src/train/config/config.ts";
import { runLosses } from "../../src/train/run/run-losses.ts";
import { startModel } from "../../src/train/run/start.ts";
import { hostScalars } from "../../src/train/step/evaluator.ts";
import { makeObjective } from "../../src/train/step/objective.ts";
import { differentiate } from "../../src/train/step/step.ts";
import { unionNeeds } from "../../src/vlm/plan.ts";
import { inTemporaryFolder, lossesOf, run } from "./support.ts";

const fixture = (name: string) => new URL(`../fixtures/models/${name}/`, import.meta.url).pathname;

const models = [
  "llava/siglip-qwen2",
  "paligemma/gemma2",
  "qwen2_5_vl/windows",
  "qwen3_vl/deepstack",
  "smolvlm/tiles",
  "idefics3/tiles",
];

const aspects = [
  [60, 45],
  [45, 60],
  [90, 30],
] as const;

/** Twelve pictures of three aspects, JPEG and PNG, with texts of different lengths. */
async function mixedFolder(folder: string, count = 12): Promise<string> {
  await mkdir(folder, { recursive: true });
  const rows = Array.from({ length: count }, async (_, i) => {
    const [width, height] = aspects[i % 3];
    const name = `${i}.${i % 2 === 0 ? "png" : "jpg"}`;
    const chance = random("mixed", i);
    const data = Buffer.from(Array.from({ length: width * height * 3 }, () => chance.integer(256)));
    await sharp(data, { raw: { width, height, channels: 3 } }).toFile(join(folder, name));
    const box = [width / 4, height / 4, width / 2, height / 2];
    const question = "what is here"
      .split(" ")
      .slice(0, 1 + (i % 3))
      .join(" ");
    return {
      file_name: name,
      questions: [
        { question: `${question} ?`, answer: "a cat", regions: [{ kind: "box", box }] },
        { question: "is there a dog ?", answer: i % 2 === 0 ? "yes" : "no" },
      ],
      concepts: [
        { word: "cat", regions: [{ kind: "box", box }] },
        { word: "dog", regions: [] },
      ],
    };
  });
  const lines = (await Promise.all(rows)).map((row) => JSON.stringify(row));
  await writeFile(join(folder, "metadata.jsonl"), `${lines.join("\n")}\n`);
  return folder;
}

function configOf(name: string, folder: string, train: object = {}): TrainConfig {
  return checkConfig({
    model: { from: fixture(name) },
    data: { folder },
    losses: { ntp: {}, lll: {}, klal: {} },
    lora: { rank: 2, dropout: 0.1 },
    train: {
      steps: 3,
      batchSize: 2,
      accumulate: 2,
      learningRate: 0.01,
      warmupSteps: 0,
      evalEvery: 3,
      evalBatches: 2,
      checkpointEvery: 1,
      threads: 1,
      prefetch: 0,
      ...train,
    },
  });
}

const stopped = AbortSignal.abort();
const longer = {
  task: "open",
  question: "is there a dog or a cat here ?",
  answer: "a cat is there",
  regions: [],
};

describe.each(models)("training %s on pictures of several sizes", (name) => {
  it("gives finite losses, and goes on to those of an uninterrupted run, bit by bit", () =>
    inTemporaryFolder(async (folder) => {
      const data = await mixedFolder(join(folder, "data"));
      const config = configOf(name, data);
      const [whole, parts] = [join(folder, "whole"), join(folder, "parts")];
      const result = await run(config, whole);
      const { steps, evaluations } = await lossesOf(whole);
      expect(steps).toHaveLength(3);
      for (const { loss, parts: each } of [...steps, ...evaluations])
        for (const value of [loss, ...Object.values(each)]) expect(value).toSatisfy(Number.isFinite);
      expect(steps[0].parts.klal).toBeGreaterThan(0);
      expect(steps[0].parts.lll).toBeGreaterThan(0);
      expect(result.summary.shapes).toBeGreaterThanOrEqual(1);
      await expect(run(config, parts, { signal: stopped })).rejects.toThrow(/stopped after step 1/);
      await expect(run(config, parts, { resume: true, signal: stopped })).rejects.toThrow(/after step 2/);
      await run(config, parts, { resume: true });
      expect(await lossesOf(parts)).toEqual(await lossesOf(whole));
    }));

  it("gives a row in a larger room the loss and the gradients that it has alone", () =>
    inTemporaryFolder(async (folder) => {
      const data = await mixedFolder(join(folder, "data"));
      const { lora: _, ...whole } = configOf(name, data);
      const losses = await runLosses(whole, folder);
      const source = await openSource(whole);
      const start = await startModel(whole, () => source.words, losses.chosen);
      const measure = rowMeasure(start.tools);
      const [ref] = source.sample;
      const own = measure({ ...ref, size: await ref.size() });
      const questions = [...ref.questions, ...ref.questions];
      const more = measure({
        ...ref,
        questions: imagesSeeQuestion(start.family.visibility) ? [longer] : questions,
        size: { width: 88, height: 88 },
      });
      const example = await ref.load();
      const objective = (layout: ImageLayout) =>
        makeObjective(start.family, layout, losses.chosen, start.build);
      const weights = hostScalars(losses.weightsAt(0));
      const counts = { questions: 5, answers: 39, concepts: 4, conceptTokens: 9 };
      const [tight, roomy] = await Promise.all(
        [[own], [{ ...unionNeeds([own, more]), counts }]].map(async (rows) => {
          const made = openCollator(start.tools, planFor(start.tools, rows)).collate([example]);
          const fn = (params: never, batch: never, lambdas: never) =>
            differentiate(objective(made.layout) as never, params, {}, batch, lambdas);
          const given = [{ ...start.trained, ...start.frozen }, made.batch, weights];
          const program = await compile<Differentiated>(fn as never, given, { machine: { threads: 1 } });
          const found = await program.run(...given);
          await program.dispose();
          return { ...found, columns: made.batch.inputIds.shape[1] };
        }),
      );
      expect(roomy.columns).toBeGreaterThan(tight.columns);
      for (const [part, { data: value }] of Object.entries(tight.value.parts))
        expect(roomy.value.parts[part].data[0] / value[0], part).toBeCloseTo(1, 5);
      const largest = Math.max(
        ...Object.values(tight.gradients).map(({ data: g }) => most(g as Float32Array)),
      );
      for (const [leaf, { data: g }] of Object.entries(tight.gradients)) {
        const other = roomy.gradients[leaf].data;
        const difference = (g as Float32Array).map((value, i) => value - other[i]);
        expect(most(difference) / largest, leaf).toBeLessThan(1e-5);
      }
    }));
});

interface Differentiated {
  readonly value: { readonly parts: Record<string, HostArray> };
  readonly gradients: Record<string, HostArray>;
}

const most = (values: Float32Array) =>
  values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
