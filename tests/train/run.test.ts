import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { makeData } from "../../src/data/imagefolder/make.ts";
import type { SceneExampleOptions } from "../../src/data/tasks/examples.ts";
import { openSafetensors } from "../../src/hub/weights/safetensors.ts";
import { checkConfig } from "../../src/train/config/config.ts";
import { checkpointPath, listCheckpoints, readProgress } from "../../src/train/run/checkpoints.ts";
import { inTemporaryFolder, lossesOf, run, tinyConfig } from "./support.ts";

/** Runs with a signal that is aborted from the start: stops after the first step, with a checkpoint. */
const stopped = AbortSignal.abort();

describe("a run", () => {
  it("leaves metrics, curves, its config, checkpoints and a complete model", () =>
    inTemporaryFolder(async (out) => {
      const result = await run(tinyConfig(), out);
      expect(result).toMatchObject({ folder: out, steps: 6 });
      expect((await readdir(out)).sort()).toEqual([
        "checkpoints",
        "config.yaml",
        "curves.svg",
        "metrics.jsonl",
        "model",
      ]);
      expect(await readdir(result.model)).toEqual(
        expect.arrayContaining([
          "config.json",
          "model.safetensors",
          "tokenizer.json",
          "preprocessor_config.json",
          "README.md",
        ]),
      );
      const { steps, evaluations } = await lossesOf(out);
      expect(steps.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
      expect(Object.keys(steps[0].parts)).toEqual(expect.arrayContaining(["ntp", "lll", "klal"]));
      expect(steps[0].learningRate).toBeCloseTo(0.5e-3, 10);
      expect(evaluations.map(({ step }) => step)).toEqual([2, 4, 6]);
      const card = await readFile(join(result.model, "README.md"), "utf8");
      expect(card).toContain("NTP + LLL + KLAL");
      expect(card).toContain("fovea train --preset tiny");
      const svg = await readFile(join(out, "curves.svg"), "utf8");
      for (const title of ["loss", "ntp", "klal", "gradient norm", "learning rate"])
        expect(svg).toContain(`>${title}<`);
    }));

  it("gives the same losses from the same seed, with and without a worker, and others from another", () =>
    inTemporaryFolder(async (folder) => {
      const [first, again, other] = ["a", "b", "c"].map((name) => join(folder, name));
      await run(tinyConfig(), first);
      await run(tinyConfig({ train: { prefetch: 2 } }), again);
      await run(tinyConfig({ train: { seed: 1 } }), other);
      expect(await lossesOf(again)).toEqual(await lossesOf(first));
      expect((await lossesOf(other)).steps[0].loss).not.toBe((await lossesOf(first)).steps[0].loss);
    }));

  it("learns", () =>
    inTemporaryFolder(async (out) => {
      await run(tinyConfig({ train: { steps: 60, batchSize: 4, learningRate: 3e-3, evalEvery: 0 } }), out);
      const { steps } = await lossesOf(out);
      expect(steps[59].loss).toBeLessThan(0.8 * steps[0].loss);
    }));

  it("refuses a folder that holds a run already", () =>
    inTemporaryFolder(async (out) => {
      const config = tinyConfig({ train: { steps: 2 } });
      await run(config, out);
      await expect(run(config, out)).rejects.toThrow(/holds a run already; go on with --resume/);
      expect((await run(config, out, { resume: true })).steps).toBe(2);
    }));
});

describe("a run that was interrupted", () => {
  it("goes on to the losses of an uninterrupted one, bit by bit", () =>
    inTemporaryFolder(async (folder) => {
      const [whole, parts] = [join(folder, "whole"), join(folder, "parts")];
      const config = tinyConfig({
        train: { checkpointEvery: 3 },
        stages: [{ steps: 2, weights: { lll: 0.5 } }],
      });
      await run(config, whole);
      await expect(run(config, parts, { signal: stopped })).rejects.toThrow(/stopped after step 1/);
      await expect(run(config, parts, { resume: true, signal: stopped })).rejects.toThrow(
        /stopped after step 2/,
      );
      await run(config, parts, { resume: true });
      expect(await lossesOf(parts)).toEqual(await lossesOf(whole));
      expect(await readFile(join(parts, "model/model.safetensors"))).toEqual(
        await readFile(join(whole, "model/model.safetensors")),
      );
    }));

  it("is not disturbed by a checkpoint half written, and cleans it away", () =>
    inTemporaryFolder(async (folder) => {
      const [whole, parts] = [join(folder, "whole"), join(folder, "parts")];
      const config = tinyConfig();
      await run(config, whole);
      await expect(run(config, parts, { signal: stopped })).rejects.toThrow(/stopped/);
      const half = join(parts, "checkpoints/.step-000002.0123456789ab.tmp");
      await mkdir(half);
      await writeFile(join(half, "fovea-state.json"), '{"version": 1, "st');
      await writeFile(join(parts, "metrics.jsonl"), '{"kind":"step","step":2,"lo', { flag: "a" });
      await run(config, parts, { resume: true });
      expect(await lossesOf(parts)).toEqual(await lossesOf(whole));
      expect(await readdir(join(parts, "checkpoints"))).toEqual(
        ["step-000002", "step-000004", "step-000006"].slice(-2),
      );
    }));

  it("goes on after kill -9 at any moment", () =>
    inTemporaryFolder(async (folder) => {
      const [whole, parts] = [join(folder, "whole"), join(folder, "parts")];
      const config = tinyConfig({ train: { steps: 40, checkpointEvery: 1, evalEvery: 0 } });
      await run(config, whole);
      await writeFile(join(folder, "config.yaml"), stringify(config));
      const killedAt = await killDuringSave(join(folder, "config.yaml"), parts);
      expect(killedAt).toBeLessThan(40);
      await run(config, parts, { resume: true });
      expect(await lossesOf(parts)).toEqual(await lossesOf(whole));
    }));
});

/** Runs in a process of its own, killed while it saves; returns the step of the last complete checkpoint. */
async function killDuringSave(config: string, out: string): Promise<number> {
  const args = ["src/cli/main.ts", "train", "--config", config, "--out", out];
  const child = spawn(process.execPath, args, { stdio: "ignore", cwd: join(import.meta.dirname, "../..") });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const halfWritten = async () => {
    const entries = await readdir(join(out, "checkpoints")).catch(() => []);
    return (
      entries.some((name) => name.endsWith(".tmp")) && (await listCheckpoints(out)).some((step) => step >= 3)
    );
  };
  while (child.exitCode === null && !(await halfWritten())) await new Promise(setImmediate);
  child.kill("SIGKILL");
  await ended;
  return (await listCheckpoints(out)).at(-1) ?? 0;
}

it("keeps the newest checkpoints and the best", () =>
  inTemporaryFolder(async (out) => {
    const train = {
      steps: 12,
      evalEvery: 2,
      checkpointEvery: 2,
      keepLast: 2,
      learningRate: 0.5,
      clipNorm: 100,
    };
    await run(tinyConfig({ train }), out);
    const kept = await listCheckpoints(out);
    const { best } = await readProgress(checkpointPath(out, 12));
    const { evaluations } = await lossesOf(out);
    const lowest = evaluations.reduce((a, b) => (b.loss < a.loss ? b : a));
    expect(best).toEqual({ step: lowest.step, loss: lowest.loss });
    expect(kept).toEqual([...new Set([lowest.step, 10, 12])].sort((a, b) => a - b));
  }));

it("freezes parts: their values stay and they have no moments", () =>
  inTemporaryFolder(async (out) => {
    await run(tinyConfig({ train: { steps: 2, freeze: ["vision", "embeddings"] } }), out);
    const moments = [
      ...(await openSafetensors(join(checkpointPath(out, 2), "fovea-state.safetensors"))).tensors.keys(),
    ];
    expect(moments.filter((name) => /vision_tower|embed_tokens|lm_head/.test(name))).toEqual([]);
    expect(moments.filter((name) => /language_model\.model\.layers/.test(name)).length).toBeGreaterThan(10);
    await run(tinyConfig({ train: { steps: 1, freeze: ["vision", "embeddings"] } }), join(out, "one"));
    const [one, two] = await Promise.all(
      [join(out, "one/model"), join(out, "model")].map((model) =>
        openSafetensors(join(model, "model.safetensors")),
      ),
    );
    for (const name of one.tensors.keys()) {
      const same = Buffer.compare(
        Buffer.from((await one.read(name)).data.buffer),
        Buffer.from((await two.read(name)).data.buffer),
      );
      if (/vision_tower|embed_tokens/.test(name)) expect([name, same]).toEqual([name, 0]);
      if (/q_proj|linear_1.weight/.test(name) && !/vision/.test(name))
        expect([name, same]).not.toEqual([name, 0]);
    }
  }));

it("stops at a value that is not finite: names step, batch and tensor, keeps the last checkpoint", () =>
  inTemporaryFolder(async (out) => {
    const train = {
      steps: 40,
      learningRate: 1e30,
      warmupSteps: 0,
      evalEvery: 0,
      checkpointEvery: 1,
      clipNorm: 1e30,
    };
    const message = await run(tinyConfig({ train }), out).catch((error: Error) => error.message);
    expect(message).toMatch(
      /^train: step \d+ is not finite: activation \S+; batch train-\d+ to train-\d+; last good .*step-\d+; a lower/,
    );
    const last = (await listCheckpoints(out)).at(-1) as number;
    expect(message).toContain(`step ${last + 1} is not finite`);
    expect((await readProgress(checkpointPath(out, last))).step).toBe(last);
  }));

it("accumulates micro-batches", () =>
  inTemporaryFolder(async (out) => {
    await run(tinyConfig({ train: { steps: 3, accumulate: 2, evalEvery: 0 } }), out);
    expect((await lossesOf(out)).steps).toHaveLength(3);
  }));

describe("stages", () => {
  it("change weights and data without changing what is compiled", () =>
    inTemporaryFolder(async (out) => {
      const config = tinyConfig({
        losses: { ntp: {}, lll: { weight: 0 }, klal: {} },
        stages: [
          { steps: 2, weights: { lll: 2, klal: 0 }, scene: { objects: [1, 1] }, tasks: ["presence"] },
          { steps: 1 },
        ],
      });
      await run(config, out);
      const { steps } = await lossesOf(out);
      const total = ({ parts }: (typeof steps)[number], lll: number, klal: number) =>
        parts.ntp + lll * parts.lll + klal * parts.klal;
      expect(steps[0].loss).toBeCloseTo(total(steps[0], 2, 0), 4);
      expect(steps[2].loss).toBeCloseTo(total(steps[2], 0, 1), 4);
      expect(steps[5].loss).toBeCloseTo(total(steps[5], 0, 1), 4);
    }));

  it("refuse losses that the config does not name", () =>
    inTemporaryFolder(async (out) => {
      const config = tinyConfig({ losses: { ntp: {} }, stages: [{ steps: 1, weights: { klall: 1 } }] });
      await expect(run(config, out)).rejects.toThrow(
        'train: stages.0.weights must be of losses that the config names: ntp, got "klall"',
      );
    }));
});

it("trains on an image folder, and further from a model on disk", () =>
  inTemporaryFolder(async (folder) => {
    const set = join(folder, "set");
    const examples: SceneExampleOptions = {
      scene: { size: 32, objects: [1, 2] },
      tasks: ["presence"],
      questionsPerImage: 2,
    };
    await makeData({ count: 6, seed: 0, split: "train", sources: ["fluent-3d"], names: 4, examples }, set);
    const data = { folder: set };
    const first = await run(tinyConfig({ train: { steps: 5 }, data }), join(folder, "first"));
    const raw = { ...tinyConfig({ train: { steps: 2 }, data }), model: { from: first.model } };
    const second = await run(checkConfig(raw), join(folder, "second"));
    expect(second.steps).toBe(2);
    const { steps } = await lossesOf(join(folder, "second"));
    expect(steps[0].loss).toBeLessThan((await lossesOf(join(folder, "first"))).steps[0].loss);
  }));
