/** Training: from a config to a folder with checkpoints, metrics, curves and the final model. */
import { formatSeconds } from "../../common/duration.ts";
import { UserError } from "../../common/errors.ts";
import { exitCodeOf } from "../../common/signals.ts";
import type { Batch } from "../../losses/batch.ts";
import type { MadeBatch } from "../batches/run-data.ts";
import type { RunResult } from "../report/card.ts";
import type { EvalLine, StepLine } from "../report/metrics.ts";
import { meanReport } from "../step/evaluator.ts";
import { learningRateAt, scheduleOf } from "../step/schedule.ts";
import type { Report } from "../step/step.ts";
import type { Named } from "../step/trees.ts";
import { checkpointPath, listCheckpoints, pruneCheckpoints, saveCheckpoint } from "./checkpoints.ts";
import { finish, secondsOf } from "./finish.ts";
import { apartFromLosses } from "./loss-params.ts";
import { openRun, type Run, type RunOptions } from "./open.ts";
import { notFinite } from "./programs.ts";
import { silentView } from "./progress.ts";
import { holdingRunFolder } from "./run-folder.ts";

/** A config and the folder of the run; the rest has defaults. */
export type TrainOptions = Pick<RunOptions, "config" | "out"> & Partial<RunOptions>;

const quietly = {
  resume: false,
  folder: ".",
  view: silentView,
  command: "fovea train --config training.yaml",
};

/**
 * Trains and returns what came of it; a {@link UserError} says what stopped it, and checkpoints stay. Nothing is printed
 * unless `view` does so.
 */
export function train(given: TrainOptions): Promise<RunResult> {
  const options: RunOptions = { ...quietly, ...given };
  const { signal } = options;
  // A signal that is aborted from the start lets one step be done.
  const stopped = new Promise<undefined>((resolve) => {
    if (!signal?.aborted) signal?.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  return holdingRunFolder(options.out, () => trainThere(options, stopped));
}

async function trainThere(options: RunOptions, stopped: Promise<undefined>): Promise<RunResult> {
  const run = await openUnlessStopped(options, stopped);
  try {
    if (run.step === 0) await lookNow(run);
    await tellWatch(run);
    while (run.step < options.config.train.steps) {
      await oneStep(run);
      if (options.signal?.aborted && run.step < options.config.train.steps) await stop(run);
    }
    return await finish(run);
  } finally {
    await close(run);
  }
}

/** What is being opened when a signal comes is closed once it is open; there is nothing yet that could be saved. */
async function openUnlessStopped(options: RunOptions, stopped: Promise<undefined>): Promise<Run> {
  const { signal, out } = options;
  const opening = openRun(options);
  const run = await Promise.race([opening, stopped]);
  if (run !== undefined) return run;
  opening.then(close, () => {});
  const what = `train: stopped before its first step; the same command with --out ${out} --resume goes on`;
  throw new UserError(what, { code: exitCodeOf(signal) });
}

async function close(run: Run): Promise<void> {
  run.options.view.end();
  const { batches, stepper, evaluator, evidence } = run;
  await Promise.all([batches.close(), stepper.dispose(), evaluator.dispose(), evidence.dispose()]);
}

async function stop(run: Run): Promise<never> {
  const { out } = run.options;
  if (!(await listCheckpoints(out)).includes(run.step)) await saveNow(run);
  throw new UserError(`train: stopped after step ${run.step}; --out ${out} --resume goes on`, {
    code: exitCodeOf(run.options.signal),
  });
}

async function oneStep(run: Run): Promise<void> {
  const { train } = run.options.config;
  const begin = performance.now();
  const taken = await takeMicroBatches(run);
  const waited = performance.now() - begin;
  const prepared = await prepareMicroBatches(run, taken);
  const searched = performance.now() - begin - waited;
  const rate = learningRateAt(scheduleOf(train), run.step);
  const weights = run.losses.weightsAt(run.step);
  const compiling = run.stepper.compiled.seconds;
  const report = await run.stepper.step(prepared, { step: run.step, learningRate: rate }, weights);
  run.step++;
  const compiled = run.stepper.compiled.seconds - compiling;
  const seconds = (performance.now() - begin) / 1000 - compiled;
  await mustBeFinite(run, report, prepared, weights);
  const line: StepLine = {
    kind: "step",
    step: run.step,
    ...report,
    learningRate: rate,
    tokensPerSecond: taken.reduce((sum, { batch }) => sum + countTokens(batch), 0) / seconds,
    secondsPerStep: seconds,
    dataShare: waited / 1000 / seconds,
  };
  if (run.step % train.logEvery === 0) await run.metrics.write(line);
  run.options.view.step(line);
  if (run.estimatedSeconds === null)
    estimate(run, seconds - (waited + searched * (1 - 1 / run.evidence.refresh)) / 1000);
  await atIntervals(run);
}

/** By the first step alone, without what it waited for the worker to start, and without evaluations; programs for shapes to come take as long as that for the first. */
function estimate(run: Run, secondsPerStep: number): void {
  const { compiled } = run.stepper;
  const toCompile = Math.max(0, run.summary.shapes - compiled.programs);
  const left = run.options.config.train.steps - run.step;
  run.estimatedSeconds = left * secondsPerStep + (toCompile * compiled.seconds) / compiled.programs;
  run.options.view.note(`about ${formatSeconds(run.estimatedSeconds)} to go, by the first step`);
}

async function takeMicroBatches(run: Run): Promise<MadeBatch[]> {
  const taken: MadeBatch[] = [];
  for (let micro = 0; micro < run.options.config.train.accumulate; micro++) {
    const made = await run.batches.take({ kind: "train", step: run.step, micro });
    taken.push(made);
  }
  run.options.watch?.took?.(run.step, taken);
  return taken;
}

async function prepareMicroBatches(run: Run, taken: readonly MadeBatch[]): Promise<MadeBatch[]> {
  const prepared: MadeBatch[] = [];
  const { step, stepper, evidence, prepare } = run;
  for (const [micro, one] of taken.entries()) {
    const made = await evidence.add(one, stepper.state.params, { step, micro });
    prepared.push({ ...made, batch: prepare(made.batch, step, micro) });
  }
  return prepared;
}

/** Sequence positions that are not padding. */
function countTokens({ segmentIds }: Batch): number {
  return (segmentIds.data as Int32Array).reduce((sum, id) => sum + (id >= 0 ? 1 : 0), 0);
}

async function mustBeFinite(
  run: Run,
  report: Report<number>,
  taken: readonly MadeBatch[],
  weights: Named<number>,
): Promise<void> {
  const what = await notFinite(run, report, taken, weights);
  if (what === undefined) return;
  const ids = taken.flatMap((made) => made.ids);
  const batch = `batch ${ids[0]} to ${ids.at(-1)}`;
  const hint = "a lower train.learningRate may help";
  throw new UserError(
    `train: step ${run.step} is not finite: ${what}; ${batch}; ${await lastGood(run)}; ${hint}`,
  );
}

async function lastGood({ options: { out } }: Run): Promise<string> {
  const step = (await listCheckpoints(out)).at(-1);
  return step === undefined
    ? "no checkpoint was saved yet"
    : `last good checkpoint: ${checkpointPath(out, step)}`;
}

async function atIntervals(run: Run): Promise<void> {
  const { train } = run.options.config;
  const due = (every: number) => every > 0 && (run.step % every === 0 || run.step === train.steps);
  const evaluation = due(train.evalEvery) ? await evaluateNow(run) : undefined;
  await lookNow(run);
  if (due(train.checkpointEvery)) await saveNow(run, evaluation);
  await tellWatch(run);
}

async function tellWatch({ options, step, stepper, save }: Run): Promise<void> {
  const saveModel = async (folder: string) => save(folder, (await stepper.read()).params);
  await options.watch?.stands?.(step, saveModel);
}

async function evaluateNow(run: Run): Promise<EvalLine> {
  const { config, view } = run.options;
  const weights = run.losses.weightsAt(config.train.steps);
  const { params } = run.stepper.state;
  const reports: Awaited<ReturnType<Run["evaluator"]["evaluate"]>>[] = [];
  for (let i = 0; i < config.train.evalBatches; i++) {
    const taken = await run.batches.take({ kind: "evaluation", step: 0, micro: i });
    const made = await run.evidence.add(taken, params, { step: 0, micro: i });
    reports.push(await run.evaluator.evaluate(params, made, weights));
  }
  const line: EvalLine = { kind: "eval", step: run.step, ...meanReport(reports) };
  await run.metrics.write(line);
  view.evaluation(line);
  return line;
}

async function lookNow({ probes, step, stepper }: Run): Promise<void> {
  if (probes?.isDue(step)) await probes.look(step, (await stepper.read()).params);
}

/** Saves the state; it is the best so far when `evaluation`, made at this very step, says so. */
async function saveNow(run: Run, evaluation?: EvalLine): Promise<void> {
  if (evaluation !== undefined && (run.best === null || evaluation.loss < run.best.loss))
    run.best = { step: run.step, loss: evaluation.loss };
  const { out, config } = run.options;
  const { params, moments } = await run.stepper.read();
  const progress = {
    step: run.step,
    config,
    best: run.best,
    seconds: secondsOf(run),
    commands: [...run.commands],
  };
  const saveModel = (folder: string) => run.save(folder, params);
  const { lossParams } = apartFromLosses(params, run.losses.chosen);
  await saveCheckpoint(out, { moments, lossParams }, progress, saveModel);
  await pruneCheckpoints(out, config.train.keepLast, run.best?.step);
}
