/** Opening a run: config, data, model, losses and, if it goes on, the state of its last checkpoint. */
import { join } from "node:path";
import { stringify } from "yaml";
import { writeFileWhole } from "../common/files.ts";
import { type HeldOut, writeHeldOut } from "../data/held-out.ts";
import type { ConstantArray, HostArray } from "../engine/host.ts";
import type { ImageLayout } from "../models/inputs.ts";
import { type Batches, batchesOf, inlineBatches, workerBatches } from "./batches.ts";
import { currentCommit } from "./card.ts";
import { checkpointPath, type Progress, readMoments } from "./checkpoints.ts";
import type { TrainConfig } from "./config.ts";
import { checkLearnable } from "./data-checks.ts";
import { type Evaluator, openEvaluator } from "./evaluator.ts";
import type { Source } from "./examples.ts";
import { decayed } from "./groups.ts";
import { type MetricsWriter, openMetrics } from "./metrics.ts";
import { makeObjective, makeProbe, type Probe } from "./objective.ts";
import type { ProgressView } from "./progress.ts";
import { openRunRows } from "./rows.ts";
import { checkpointBytes, findProgress, needRoom } from "./run-folder.ts";
import { type RunLosses, runLosses } from "./run-losses.ts";
import type { ByLayout } from "./shapes.ts";
import { openSource } from "./source.ts";
import { type Start, startModel } from "./start.ts";
import type { Objective, StepOptions, TrainState } from "./step.ts";
import { openStepper, type Stepper, zeroMoments } from "./stepper.ts";
import { type RunSummary, summarise } from "./summary.ts";
import type { Named } from "./trees.ts";
import { describeUnknown, unknownInData } from "./unknown-words.ts";

export interface RunOptions {
  readonly config: TrainConfig;
  readonly out: string;
  /** Go on from the last checkpoint in `out`. */
  readonly resume: boolean;
  /** Where the modules of custom losses are looked for. */
  readonly folder: string;
  readonly view: ProgressView;
  /** The command that started the run, for the model card. */
  readonly command: string;
  /** Once aborted, the run saves a checkpoint after the current step and stops. */
  readonly signal?: AbortSignal;
}

export interface Run {
  readonly options: RunOptions;
  readonly losses: RunLosses;
  readonly objective: ByLayout<Objective<never>>;
  readonly probe: ByLayout<Probe>;
  readonly frozen: Named<ConstantArray>;
  readonly stepper: Stepper;
  readonly evaluator: Evaluator;
  readonly batches: Batches;
  readonly metrics: MetricsWriter;
  readonly summary: RunSummary;
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
  const { config, out } = options;
  const standing = await findProgress(options);
  const progress = standing?.progress;
  const step = progress?.step ?? 0;
  const losses = await runLosses(config, options.folder);
  const checkpoint = progress && checkpointPath(out, step);
  if (standing?.change !== undefined) options.view.note(standing.change);
  const { save, heldOut, ...programs } = await openPrograms(config, losses, checkpoint, step);
  await needRoom(out, checkpointBytes(config, programs.summary));
  options.view.start(programs.summary);
  await writeFileWhole(join(out, "config.yaml"), stringify(config));
  if (heldOut !== undefined) await writeHeldOut(out, heldOut);
  return {
    options,
    losses,
    ...programs,
    async save(folder, trained) {
      await save(folder, trained);
      if (heldOut !== undefined) await writeHeldOut(folder, heldOut);
    },
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

type Programs = Pick<
  Run,
  "objective" | "probe" | "frozen" | "stepper" | "evaluator" | "batches" | "prepare" | "save" | "summary"
> & { readonly heldOut: HeldOut | undefined };

/** Data, model, and what compiles the programs for the shapes of its batches. */
async function openPrograms(
  config: TrainConfig,
  losses: RunLosses,
  checkpoint: string | undefined,
  step: number,
): Promise<Programs> {
  const source = await openSource(config);
  const left = source.folder === undefined ? [] : checkLearnable(source.folder, losses.chosen);
  const start = await startModel(config, source, losses.chosen);
  const { family, config: sizes, tools, frozen, build, prepare, save } = start;
  const rows = await openRunRows(config, start, source);
  const objective = (layout: ImageLayout) =>
    makeObjective(family, sizes, layout, losses.chosen, build) as unknown as Objective<never>;
  const probe = (layout: ImageLayout) => makeProbe(family, sizes, layout, build);
  const state = await startState(start, checkpoint);
  const { threads, recompute, accumulate, prefetch } = config.train;
  const names = losses.chosen.map(({ name }) => name);
  const shared = { objective, frozen, losses: names, threads };
  const evaluator = openEvaluator({ ...shared, params: state.params });
  const stepping = { ...shared, options: stepOptions(config, state), recompute, state };
  const stepper = await openStepper(stepping, accumulate);
  const batches = prefetch > 0 ? workerBatches(config, step) : inlineBatches(batchesOf(source, rows));
  const notes = [...(source.folder?.notices ?? []), ...left, ...unknownNotes(source, tools)];
  const summary = summarise(config, start, source, rows.planned, notes);
  const heldOut = source.folder?.heldOut;
  return { objective, probe, frozen, stepper, evaluator, batches, prepare, save, summary, heldOut };
}

function unknownNotes({ folder }: Source, { chat }: Start["tools"]): string[] {
  return folder === undefined ? [] : describeUnknown(unknownInData(folder.training, chat));
}

function stepOptions({ train }: TrainConfig, { params }: TrainState<HostArray>): StepOptions {
  const { beta1, beta2, epsilon, weightDecay, clipNorm } = train;
  const names = decayed(params);
  return { beta1, beta2, epsilon, weightDecay, clipNorm, decays: (name) => names.has(name) };
}

async function startState(start: Start, checkpoint: string | undefined): Promise<TrainState<HostArray>> {
  if (checkpoint === undefined) return { params: start.trained, moments: zeroMoments(start.trained) };
  const params = await start.load(checkpoint);
  return { params, moments: await readMoments(checkpoint, params) };
}
