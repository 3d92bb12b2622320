/** Opening a run: config, data, model, losses and, if it goes on, the state of its last checkpoint. */
import { join } from "node:path";
import { stringify } from "yaml";
import { writeFileWhole } from "../../common/files.ts";
import { writeHeldOut } from "../../data/held-out.ts";
import type { ConstantArray, HostArray } from "../../engine/host.ts";
import type { ModelFamily } from "../../models/contract/family.ts";
import { customFamilies } from "../../models/custom.ts";
import type { ImageLayout } from "../../models/inputs/inputs.ts";
import { type Batches, openBatches } from "../batches/batches.ts";
import type { ByLayout } from "../batches/shapes.ts";
import { openSource } from "../batches/source.ts";
import type { TrainConfig } from "../config/config.ts";
import { currentCommit } from "../report/card.ts";
import { type MetricsWriter, openMetrics } from "../report/metrics.ts";
import { type Evaluator, openEvaluator } from "../step/evaluator.ts";
import { makeObjective, makeProbe, type Probe } from "../step/objective.ts";
import type { Objective, StepOptions, TrainState } from "../step/step.ts";
import { openStepper, type Stepper, zeroMoments } from "../step/stepper.ts";
import type { Named } from "../step/trees.ts";
import { checkpointPath, type Progress, readMoments } from "./checkpoints.ts";
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
}

export interface Run {
  readonly options: RunOptions;
  readonly losses: RunLosses;
  /** The user's own model families. */
  readonly families: readonly ModelFamily[];
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
  const steps = await openSteps(config, start, losses, progress && checkpointPath(out, step));
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
    ...steps,
    frozen: start.frozen,
    prepare: start.prepare,
    async save(folder, trained) {
      await start.save(folder, trained);
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

/** The training step and the evaluation, from the model's values at the start or at a checkpoint. */
async function openSteps(
  config: TrainConfig,
  start: Start,
  losses: RunLosses,
  checkpoint: string | undefined,
): Promise<Pick<Run, "objective" | "probe" | "stepper" | "evaluator">> {
  const { family, frozen, build } = start;
  const objective = (layout: ImageLayout) => makeObjective(family, layout, losses.chosen, build);
  const probe = (layout: ImageLayout) => makeProbe(family, layout, build);
  const state = await startState(start, checkpoint);
  const { threads, recompute, accumulate } = config.train;
  const shared = { objective, frozen, losses: losses.chosen.map(({ name }) => name), machine: { threads } };
  const evaluator = openEvaluator({ ...shared, params: state.params });
  const stepping = { ...shared, options: stepOptions(config, start), recompute, state };
  return { objective, probe, evaluator, stepper: await openStepper(stepping, accumulate) };
}

function stepOptions({ train }: TrainConfig, { decays }: Start): StepOptions {
  const { beta1, beta2, epsilon, weightDecay, clipNorm } = train;
  return { beta1, beta2, epsilon, weightDecay, clipNorm, decays };
}

async function startState(start: Start, checkpoint: string | undefined): Promise<TrainState<HostArray>> {
  if (checkpoint === undefined) return { params: start.trained, moments: zeroMoments(start.trained) };
  const params = await start.load(checkpoint);
  return { params, moments: await readMoments(checkpoint, params) };
}
