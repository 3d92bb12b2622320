import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkConfig, type TrainConfig } from "../../src/train/config/config.ts";
import { readMetrics, type StepLine } from "../../src/train/report/metrics.ts";
import { type ProgressView, silentView } from "../../src/train/run/progress.ts";
import { train } from "../../src/train/run/run.ts";

type Section = Record<string, unknown>;

/** A model of some thousand parameters on 32-pixel scenes: a step takes milliseconds. */
export const tinyRaw = {
  model: {
    vision: { imageSize: 32, patchSize: 8, width: 16, layers: 1, heads: 2 },
    decoder: { width: 16, layers: 2, heads: 2, keyValueHeads: 1 },
  },
  data: {
    names: 4,
    tasks: ["presence", "grid-patch"],
    questionsPerImage: 2,
    absentConcepts: 1,
    scene: { objects: [1, 2], grid: 2 },
  },
  losses: { ntp: {}, lll: {}, klal: {} },
  train: {
    steps: 6,
    batchSize: 2,
    warmupSteps: 2,
    evalEvery: 2,
    evalBatches: 1,
    checkpointEvery: 2,
    threads: 1,
    prefetch: 0,
  },
};

export function tinyConfig(
  changed: { train?: Section; data?: Section; losses?: Section; stages?: unknown } = {},
): TrainConfig {
  const { train: t, data: d, losses = tinyRaw.losses, ...rest } = changed;
  return checkConfig({
    ...tinyRaw,
    ...rest,
    losses,
    train: { ...tinyRaw.train, ...t },
    data: { ...tinyRaw.data, ...d },
  });
}

export async function inTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "fovea-train-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function run(
  config: TrainConfig,
  out: string,
  more: { resume?: boolean; signal?: AbortSignal; view?: ProgressView } = {},
) {
  const quiet = { view: silentView, folder: ".", command: "fovea train --preset tiny" };
  return train({ config, out, resume: false, ...quiet, ...more });
}

/** A view that keeps what a run says beside its numbers. */
export function notes(): { view: ProgressView; lines: string[] } {
  const lines: string[] = [];
  return { view: { ...silentView, note: (text) => lines.push(text) }, lines };
}

/** Everything of a run's steps that must not depend on the clock. */
export async function lossesOf(out: string) {
  const lines = await readMetrics(join(out, "metrics.jsonl"));
  const steps = lines.filter((line): line is StepLine => line.kind === "step");
  const evaluations = lines.filter((line) => line.kind === "eval");
  return {
    steps: steps.map(({ step, loss, parts, gradientNorm, learningRate }) => ({
      step,
      loss,
      parts,
      gradientNorm,
      learningRate,
    })),
    evaluations,
  };
}
