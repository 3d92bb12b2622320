import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { checkConfig } from "../../src/train/config/config.ts";
import { readMetrics } from "../../src/train/report/metrics.ts";
import { listCheckpoints } from "../../src/train/run/checkpoints.ts";
import { checkpointBytes, differences, findProgress, needRoom } from "../../src/train/run/run-folder.ts";
import { inTemporaryFolder, lossesOf, notes, run, tinyConfig } from "./support.ts";

describe("the folder of a run", () => {
  it("belongs to one process: a second one is refused and writes nothing", () =>
    inTemporaryFolder(async (out) => {
      await writeFile(
        join(out, "lock"),
        JSON.stringify({ pid: process.ppid, host: hostname(), started: null }),
      );
      await expect(run(tinyConfig(), out)).rejects.toThrow(
        new RegExp(`^train: --out ${out}: process ${process.ppid} on .* is writing to it`),
      );
      await expect(run(tinyConfig(), out, { resume: true })).rejects.toThrow(/is writing to it/);
      expect(await readdir(out)).toEqual(["lock"]);
    }));

  it("is refused where it cannot be made, and none is left behind", () =>
    inTemporaryFolder(async (folder) => {
      const file = join(folder, "file");
      await writeFile(file, "");
      await expect(run(tinyConfig(), file)).rejects.toThrow(`train: --out ${file} cannot be written: a file`);
      await expect(run(tinyConfig(), join(file, "run"))).rejects.toThrow(
        /cannot be written: a part of the path is/,
      );
      const wrong = tinyConfig({ data: { folder: join(folder, "none") } });
      await expect(run(wrong, join(folder, "new/run"))).rejects.toThrow();
      expect(existsSync(join(folder, "new/run"))).toBe(false);
    }));

  it("must have room for a checkpoint", () =>
    inTemporaryFolder(async (out) => {
      await needRoom(out, 1000);
      const counts = { parameters: 100, trainable: 10 };
      const lora = checkConfig({ losses: {}, lora: {} });
      expect([tinyConfig(), lora].map((config) => checkpointBytes(config, counts))).toEqual([480, 120]);
      await expect(needRoom(out, 1e18)).rejects.toThrow(
        /^train: --out \S+ must have room for a checkpoint of 1,000,000,000,000 MB, got [\d,]+ MB$/,
      );
    }));
});

describe("a run that goes on", () => {
  it("names the settings that differ, with both values", () =>
    inTemporaryFolder(async (out) => {
      await run(tinyConfig({ train: { steps: 2 } }), out);
      const other = tinyConfig({
        train: { steps: 2, learningRate: 2e-3 },
        data: { seed: 5, scene: { grid: 2 } },
      });
      await expect(run(other, out, { resume: true })).rejects.toThrow(
        "train: --resume needs the settings that the run began with: data.seed is 1 there, got 5; " +
          "data.scene.objects is [1,2] there, got left out; train.learningRate is 0.001 there, got 0.002; " +
          "only train.steps, train.device, train.precision may change",
      );
      const without = tinyConfig({ train: { steps: 2 }, losses: { ntp: {}, lll: {} } });
      await expect(run(without, out, { resume: true })).rejects.toThrow(
        /losses\.klal is \{.*\} there, got left out/,
      );
    }));

  it("may go on with another device, and says what that changes", () =>
    inTemporaryFolder(async (out) => {
      const config = tinyConfig({ train: { steps: 2 } });
      await run(config, out);
      const elsewhere = tinyConfig({ train: { steps: 2, device: "webgpu" } });
      expect(await findProgress({ out, resume: true, config: elsewhere })).toMatchObject({
        change: "train.device cpu -> webgpu: losses from here on are those of cpu to rounding",
      });
      expect(await findProgress({ out, resume: true, config })).not.toHaveProperty("change");
    }));

  it("is made longer by --steps, along the longer schedule, as one process or two would", () =>
    inTemporaryFolder(async (folder) => {
      const [once, twice] = [join(folder, "once"), join(folder, "twice")];
      const long = tinyConfig({ train: { steps: 10, warmupSteps: 0, finalShare: 1 } });
      const short = tinyConfig({ train: { steps: 4, warmupSteps: 0, finalShare: 1 } });
      await run(long, once);
      await run(short, twice);
      const said = notes();
      const result = await run(long, twice, { resume: true, view: said.view });
      expect(result.steps).toBe(10);
      expect((await lossesOf(twice)).steps).toEqual((await lossesOf(once)).steps);
      expect(await listCheckpoints(twice)).toContain(10);
      expect(said.lines).toContain(
        "train.steps 4 -> 10: the learning rate follows the schedule of 10 steps from here on, so step 5 has 1.0e-3 " +
          "(the shorter one: 1.0e-3)",
      );
      await expect(run(short, twice, { resume: true })).rejects.toThrow(
        "train: train.steps must be at least the 10 that the run has done, got 4",
      );
    }));

  it("says that the rate rises again", () =>
    inTemporaryFolder(async (out) => {
      await run(tinyConfig({ train: { steps: 4 } }), out);
      const said = notes();
      await run(tinyConfig({ train: { steps: 12 } }), out, { resume: true, view: said.view });
      expect(said.lines.join()).toContain("so step 5 has 9.1e-4 (the shorter one: 5.0e-5)");
      const rates = (await lossesOf(out)).steps.map(({ learningRate }) => learningRate);
      expect(rates[4]).toBeCloseTo(9.1e-4, 5);
      expect(rates[4]).toBeGreaterThan(rates[3]);
    }));

  it("begins again where it was stopped before a checkpoint, but not when it is over without one", () =>
    inTemporaryFolder(async (folder) => {
      const config = tinyConfig({ train: { steps: 2, checkpointEvery: 0 } });
      const begun = join(folder, "begun");
      await mkdir(begun);
      const measured = {
        gradientNorm: 1,
        learningRate: 1,
        tokensPerSecond: 1,
        secondsPerStep: 1,
        dataShare: 0,
      };
      const line = { kind: "step", step: 1, loss: 1, parts: {}, ...measured };
      await writeFile(join(begun, "metrics.jsonl"), `${JSON.stringify(line)}\n`);
      await run(config, begun, { resume: true });
      expect((await lossesOf(begun)).steps.map(({ step }) => step)).toEqual([1, 2]);
      await expect(run(config, begun, { resume: true })).rejects.toThrow(
        /needs a checkpoint in .*finished run/,
      );
    }));

  it("counts the seconds of all its processes", () =>
    inTemporaryFolder(async (out) => {
      const config = tinyConfig({ train: { steps: 2 } });
      const first = await run(config, out);
      const second = await run(config, out, { resume: true });
      expect(second.seconds).toBeGreaterThan(first.seconds / 2);
      const state = JSON.parse(await readFile(join(out, "checkpoints/step-000002/fovea-state.json"), "utf8"));
      expect(state).toMatchObject({ version: 2, step: 2, commands: ["fovea train --preset tiny"] });
    }));
});

it.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)(
  "%s saves after the current step and stops",
  (signal, code) =>
    inTemporaryFolder(async (folder) => {
      const [config, out] = [join(folder, "config.yaml"), join(folder, "run")];
      await writeFile(
        config,
        stringify(tinyConfig({ train: { steps: 100_000, checkpointEvery: 0, evalEvery: 0 } })),
      );
      const args = ["src/cli/main.ts", "train", "--config", config, "--out", out];
      const child = spawn(process.execPath, args, { cwd: join(import.meta.dirname, "../..") });
      let said = "";
      child.stderr.on("data", (text) => {
        said += text;
        if (/step 3\//.test(said) && !child.killed) child.kill(signal); // A second one would end it at once.
      });
      const ended = await new Promise((resolve) => child.once("exit", resolve));
      expect([ended, said]).toEqual([
        code,
        expect.stringMatching(/train: stopped after step \d+; .* --resume goes on/),
      ]);
      const steps = (await readMetrics(join(out, "metrics.jsonl"))).length;
      expect(await listCheckpoints(out)).toEqual([steps]);
      expect(existsSync(join(out, "lock"))).toBe(false);
    }),
  60_000,
);

it("finds what two trees of settings do not share", () => {
  const before = { a: { b: [1, 2], c: 1, left: 3 }, same: { x: null } };
  const now = { a: { b: [1, 3], c: 1, new: undefined }, same: { x: null }, more: "m" };
  expect(differences(before, now)).toEqual([
    { key: "a.b", before: [1, 2], now: [1, 3] },
    { key: "a.left", before: 3, now: undefined },
    { key: "more", before: undefined, now: "m" },
  ]);
});
