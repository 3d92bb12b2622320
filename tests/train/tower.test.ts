/** The recipe of the preset `tower` at a tiny size: a run whose only loss is contrast, which has parameters of its own. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { nextSteps } from "../../src/cli/next-steps.ts";
import { openSafetensors } from "../../src/hub/weights/safetensors.ts";
import { planLlava } from "../../src/models/build/build.ts";
import { canAnswer } from "../../src/train/config/answers.ts";
import { loadConfig } from "../../src/train/config/config.ts";
import { checkpointPath } from "../../src/train/run/checkpoints.ts";
import { inTemporaryFolder, lossesOf, run, tinyConfig } from "./support.ts";

const losses = { ntp: { weight: 0 }, contrastive: { form: "sigmoid", bias: -1 } };
const data = { tasks: ["caption"], questionsPerImage: 1, absentConcepts: 0 };
const tower = (train = {}) =>
  tinyConfig({ losses, data, train: { batchSize: 8, learningRate: 3e-3, ...train } });
const stopped = AbortSignal.abort();

it("learns to tell a picture's caption from the others", () =>
  inTemporaryFolder(async (out) => {
    await run(tower({ steps: 80, evalEvery: 0, checkpointEvery: 0 }), out);
    const { steps } = await lossesOf(out);
    const mean = (part: string, from: number) =>
      steps.slice(from, from + 10).reduce((sum, { parts }) => sum + parts[part] / 10, 0);
    expect(mean("contrastive", 70)).toBeLessThan(0.8 * mean("contrastive", 0));
    expect(mean("contrastive.textFound", 70)).toBeGreaterThan(mean("contrastive.textFound", 0));
    expect(mean("contrastive.scale", 70)).not.toBeCloseTo(mean("contrastive.scale", 0), 3);
  }));

it("goes on after a stop to the same losses, its temperature and bias among what is kept", () =>
  inTemporaryFolder(async (folder) => {
    const [whole, parts] = [join(folder, "whole"), join(folder, "parts")];
    await run(tower({ steps: 4 }), whole);
    await expect(run(tower({ steps: 4 }), parts, { signal: stopped })).rejects.toThrow(
      /stopped after step 1/,
    );
    await run(tower({ steps: 4 }), parts, { resume: true });
    expect(await lossesOf(parts)).toEqual(await lossesOf(whole));
    const state = await openSafetensors(join(checkpointPath(whole, 4), "fovea-state.safetensors"));
    expect([...state.tensors.keys()].filter((name) => name.startsWith("value."))).toEqual([
      "value.losses.contrastive.bias",
      "value.losses.contrastive.logScale",
    ]);
  }));

it("leaves a folder whose tower fovea build takes", () =>
  inTemporaryFolder(async (out) => {
    const { model } = await run(tower({ steps: 1 }), out);
    const { tensors } = await openSafetensors(join(model, "model.safetensors"));
    expect([...tensors.keys()].filter((name) => name.includes("contrastive"))).toEqual([]);
    const card = await readFile(join(model, "README.md"), "utf8");
    expect(card).toContain("fovea build --vision");
    expect(card).not.toContain("```python");
    expect(await nextSteps(tower(), model, out)).toEqual([expect.stringContaining("fovea build --vision")]);
    const { config } = await planLlava({ vision: model, language: model, seed: 0 });
    expect(config.visionConfig).toMatchObject({ hiddenSize: 16, imageSize: 32 });
  }));

it("is what no config is whose own losses may teach answers", () => {
  expect(canAnswer(tower())).toBe(false);
  const own = { ...losses, custom: [{ module: "./smoothed.ts" }] };
  expect(canAnswer(tinyConfig({ losses: own, data }))).toBe(true);
});

it("stands among the presets", async () => {
  const { losses: chosen, data: scenes } = await loadConfig({ preset: "tower" });
  expect(chosen).toMatchObject({ ntp: { weight: 0 }, contrastive: { form: "softmax", weight: 1 } });
  expect(chosen.lll ?? chosen.klal).toBeUndefined();
  expect(scenes.tasks).toEqual(["caption"]);
});
