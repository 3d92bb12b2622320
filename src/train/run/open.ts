/** Opening a run: config, data, model, losses and, if it goes on, the state of its last checkpoint. */
import { join } from "node:path";
import { stringify } from "yaml";
import { writeFileWhole } from "../../common/files.ts";
import { writeHeldOut } from "../../data/held-out.ts";
import type { HostArray } from "../../engine/host.ts";
import type { Machine } from "../../engine/runtime/runtime.ts";
import type { ModelFamily } from "../../models/contract/family.ts";
import { customFamilies } from "../../models/custom.ts";
import { type Batches, openBatches } from "../batches/batches.ts";
import type { MadeBatch } from "../batches/run-data.ts";
import { openSource } from "../batches/source.ts";
import type { TrainConfig } from "../config/config.ts";
import { currentCommit } from "../report/card.ts";
import { type MetricsWriter, openMetrics } from "../report/metrics.ts";
import type { TrainState } from "../step/step.ts";
import { zeroMoments } from "../step/stepper.ts";
import type { Named } from "../step/trees.ts";
import { checkpointPath, type Progress, readLossParams, readMoments } from "./checkpoints.ts";
import { apartFromLosses, startLossParams } from "./loss-params.ts";
import { openProbes, type RunProbes } from "./probes.ts";
import { openPrograms, type TrainPrograms } from "./programs.ts";
import type { ProgressView } from "./progress.ts";
import { checkpointBytes, findProgress, needRoom } from "./run-folder.ts";
import { type RunLosses, runLosses } from "./run-losses.ts";
import { type Start, startModel } from "./start.ts";
import { type RunSummary, summarise } from "./summary.ts";

export interface RunOptions {
  readonly config: TrainConfig;
  readonly out: string;
  /** Go on from the last checkpoint in `out`. */
  readonly resume: boolean;
  /** Where the modules of custom losses and families are looked for. */
  readonly folder: string;
  readonly view: ProgressView;
  /** The command that started the run, for the model card. */
  readonly command: string;
  /** Once aborted, the run saves a checkpoint after the current step and stops. */
  readonly signal?: AbortSignal;
  readonly watch?: RunWatch;
}

/** Who follows a run from outside, such as an ablation that scores it on the way; the run waits for each call. */
export interface RunWatch {
  /** A training step's batches are about to be learnt from. */
  took?(step: number, made: readonly MadeBatch[]): void;
  /** So many steps are done: 0 before the first, and where a run goes on those it had. `save` writes the model as it is. */
  stands?(step: number, save: (folder: string) => Promise<void>): Promise<void>;
}

export interface Run extends TrainPrograms {
  readonly options: RunOptions;
  readonly losses: RunLosses;
  /** The user's own model families. */
  readonly families: readonly ModelFamily[];
  readonly batches: Batches;
  readonly metrics: MetricsWriter;
  readonly summary: RunSummary;
  /** Undefined where the config asks for none. */
  readonly probes: RunProbes | undefined;
  readonly prepare: Start["prepare"];
  /** Writes the folder of the model, or of its adapter. */
  readonly save: Start["save"];
  /** The command that began the run, and those that went on with it. */
  readonly commands: readonly string[];
  /** Seconds of training in earlier processes. */
  readonly secondsBefore: number;
  readonly commit: string;
  readonly started: number;
  /** The first step of this process: it waits for the worker to start. */
  readonly firstStep: number;
  /** Steps done. */
  step: number;
  /** Of the steps to come, by the first one; null before it. */
  estimatedSeconds: number | null;
  best: Progress["best"];
}

export async function openRun(options: RunOptions): Promise<Run> {
  const { config } = options;
  const standing = await findProgress(options);
  const losses = await runLosses(config, options.folder);
  if (standing?.change !== undefined) options.view.note(standing.change);
  const learning = losses.chosen.map(({ name, needs: { learnsFrom } }) => ({ name, learnsFrom }));
  const batches = await openBatches(
    { config, losses: learning, folder: options.folder },
    standing?.progress?.step ?? 0,
  );
  try {
    return await openRest(options, standing?.progress, losses, batches);
  } catch (error) {
    await batches.close();
    throw error;
  }
}

/** All but the data. */
async function openRest(
  options: RunOptions,
  progress: Progress | undefined,
  losses: RunLosses,
  batches: Batches,
): Promise<Run> {
  const { config, out } = options;
  const { heldOut } = batches.facts;
  const step = progress?.step ?? 0;
  const families = await customFamilies(config.model.families, options.folder);
  const words = async () => (await openSource(config, families)).words;
  const start = await startModel(config, words, losses.chosen, families);
  const summary = summarise(config, start, batches.facts);
  const programs = await openPrograms(start, {
    losses: losses.chosen,
    state: await startState(
      start,
      startLossParams(losses.chosen, config.train.seed),
      progress && checkpointPath(out, step),
    ),
    options: config.train,
    recompute: config.train.recompute,
    accumulate: config.train.accumulate,
    machine: machineOf(options),
  });
  await needRoom(out, checkpointBytes(config, summary));
  options.view.start(summary);
  await writeFileWhole(join(out, "config.yaml"), stringify(config));
  if (heldOut !== undefined) await writeHeldOut(out, heldOut);
  return {
    options,
    losses,
    batches,
    families,
    summary,
    ...programs,
    prepare: start.prepare,
    async save(folder, trained) {
      await start.save(folder, apartFromLosses(trained, losses.chosen).model);
      if (heldOut !== undefined) await writeHeldOut(folder, heldOut);
    },
    probes: await openProbes(config, start, batches.facts.probes, {
      out,
      folder: options.folder,
      step,
      machine: machineOf(options),
    }),
    metrics: await openMetrics(join(out, "metrics.jsonl"), step),
    commands: [...(progress?.commands ?? []), options.command],
    secondsBefore: progress?.seconds ?? 0,
    commit: await currentCommit(),
    started: performance.now(),
    firstStep: step + 1,
    step,
    estimatedSeconds: null,
    best: progress?.best ?? null,
  };
}

/** Where the run's programs run, as its config says. */
export function machineOf({ config, view }: Pick<RunOptions, "config" | "view">): Machine {
  const { device, precision, threads } = config.train;
  return { device, precision, threads, onNote: view.note };
}

/** The model's values and those of the losses, at the start or at a checkpoint. */
async function startState(
  start: Start,
  lossParams: Named<HostArray>,
  checkpoint: string | undefined,
): Promise<TrainState<HostArray>> {
  if (checkpoint === undefined) {
    const params = { ...start.trained, ...lossParams };
    return { params, moments: zeroMoments(params) };
  }
  const params = { ...(await start.load(checkpoint)), ...(await readLossParams(checkpoint, lossParams)) };
  return { params, moments: await readMoments(checkpoint, params) };
}
