/** What the step benchmark's processes are told and what they answer; `peer.py` has the same names. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { llava } from "../../src/models/llava/family.ts";
import { benchBatch, benchModel } from "../llava.ts";
import type { Product, StepSizes } from "./sizes.ts";

/** AdamW's settings, as a run's by default, and the largest norm of the gradient; every loss has weight 1. */
export const optimiser = {
  learningRate: 1e-4,
  beta1: 0.9,
  beta2: 0.98,
  epsilon: 1e-8,
  weightDecay: 0.05,
  clipNorm: 1,
} as const;

/** What a process is started with. */
export interface StepJob {
  /** Weights and batch: see {@link stepFolder}. */
  readonly folder: string;
  readonly size: StepSizes;
  readonly losses: readonly string[];
  readonly threads: number;
  /** Whether Fovea computes activations again, as `train.recompute` has it. */
  readonly recompute?: boolean;
  /** Fovea's; default: the processor. */
  readonly device?: string;
  /** PyTorch's name of it. */
  readonly torchDevice?: string;
  readonly optimiser: typeof optimiser;
}

/** What it says when it has done the first step. */
export interface StepReady {
  /** Of that step, from the weights of the folder. */
  readonly loss: number;
  readonly gradientNorm: number;
  /** Milliseconds from the start of the process to the end of that step. */
  readonly startMs: number;
  readonly version?: string;
}

/** What it says of the steps of a turn. */
export interface StepAnswer {
  /** Milliseconds of each step, and of the processor, all threads together. */
  readonly times: readonly number[];
  readonly cpu: readonly number[];
  /** The most memory that the process had: ever, and after the first step. */
  readonly peakBytes: number;
  readonly stepPeakBytes: number;
  readonly loss: number;
}

/** What a process is given that measures products: it answers `{ seconds }`, for each the fastest of several. */
export interface LimitJob {
  readonly products: readonly Product[];
  readonly threads: number;
}

/** A folder with a model's weights, as Hugging Face has them, and its batch; made at the first call. */
export async function stepFolder(size: StepSizes): Promise<string> {
  const parent = process.env.FOVEA_BENCH ?? join(tmpdir(), "fovea-bench");
  const { layers, width, vocabulary, side, text, rows } = size;
  const folder = join(parent, ["step", layers, width, vocabulary, side, text, rows].join("-"));
  if (existsSync(join(folder, "batch.json"))) return folder;
  mkdirSync(parent, { recursive: true });
  const family = llava.bind(benchModel(size));
  await family.save(folder, family.initParams(0), { replace: true });
  const { pixelValues, imageInputs: _, ...batch } = benchBatch(size, size.rows);
  const arrays = Object.entries(batch).map(([name, { shape, data }]) => [name, { shape, data: [...data] }]);
  writeFileSync(join(folder, "pixels.bin"), pixelValues.data as Float32Array);
  writeFileSync(join(folder, "batch.json"), JSON.stringify(Object.fromEntries(arrays)));
  return folder;
}
