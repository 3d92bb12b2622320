/** Training: from a config to a folder with checkpoints, metrics, curves and the final model. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { UserError } from "../common/errors.ts";
import { writeFileWhole, writeFolderWhole } from "../common/files.ts";
import { type CompiledProgram, compile } from "../engine/compile.ts";
import { float32, type HostArray } from "../engine/host.ts";
import type { Batch } from "../losses/batch.ts";
import { customLosses } from "../losses/custom.ts";
import { chosenLosses, type WeightedLoss } from "../losses/total.ts";
import { type Batches, batchesOf, inlineBatches, type MakeBatch, workerBatches } from "./batches.ts";
import { currentCommit, writeCard } from "./card.ts";
import {
  checkpointPath,
  cleanCheckpoints,
  listCheckpoints,
  type Progress,
  pruneCheckpoints,
  readMoments,
  readProgress,
  saveCheckpoint,
} from "./checkpoints.ts";
import type { TrainConfig } from "./config.ts";
import { writeCurves } from "./curves.ts";
import { diagnose } from "./diagnose.ts";
import { decayed, partOf } from "./groups.ts";
import { type EvalLine, type MetricsWriter, openMetrics, readMetrics, type StepLine } from "./metrics.ts";
import { openRunCollator, type Start, startModel } from "./model.ts";
import { makeObjective, makeProbe, type Probe } from "./objective.ts";
import { stepScalars } from "./optimiser.ts";
import type { ProgressView } from "./progress.ts";
import { learningRateAt } from "./schedule.ts";
import { openSource, stageAt } from "./source.ts";
import type { LossValue, Objective, Report, TrainState } from "./step.ts";
import { openStepper, type Stepper } from "./stepper.ts";
import { mapValues, type Named, split } from "./trees.ts";

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

export interface RunResult {
  /** The run's folder, and in it the final model. */
  readonly folder: string;
  readonly model: string;
  readonly steps: number;
  readonly loss: number;
  readonly evaluation: { readonly loss: number; readonly parts: Named<number> } | null;
  readonly seconds: number;
  /** Share of the time that waited for batches, the first step (which starts the worker) left out. */
  readonly dataShare: number;
}

/** Trains and returns what came of it; a {@link UserError} says what stopped it, and checkpoints stay. */
export async function train(options: RunOptions): Promise<RunResult> {
  const run = await openRun(options);
  try {
    while (run.step < options.config.train.steps) {
      await oneStep(run);
      if (options.signal?.aborted && run.step < options.config.train.steps) await stop(run);
    }
    return await finish(run);
  } finally {
    options.view.end();
    await Promise.all([run.batches.close(), run.stepper.dispose(), run.evaluate.dispose()]);
  }
}

async function stop(run: Run): Promise<never> {
  const { out } = run.options;
  if (!(await listCheckpoints(out)).includes(run.step)) await saveNow(run);
  throw new UserError(`train: stopped after step ${run.step}; --out ${out} --resume goes on`, { code: 130 });
}

interface Run {
  readonly options: RunOptions;
  readonly start: Start;
  readonly chosen: readonly WeightedLoss[];
  readonly objective: Objective<never>;
  readonly probe: Probe;
  readonly frozen: Named<HostArray>;
  readonly stepper: Stepper;
  readonly evaluate: CompiledProgram<LossValue>;
  readonly batches: Batches;
  readonly metrics: MetricsWriter;
  readonly configHash: string;
  readonly commit: string;
  readonly started: number;
  /** The first step of this process: it waits for the worker to start. */
  readonly firstStep: number;
  /** Steps done. */
  step: number;
  best: Progress["best"];
  lastLine: StepLine | undefined;
}

async function openRun(options: RunOptions): Promise<Run> {
  const { config, out } = options;
  const configHash = createHash("sha256").update(JSON.stringify(config)).digest("hex");
  const progress = await findProgress(options, configHash);
  const step = progress?.step ?? 0;
  const source = await openSource(config);
  const start = await startModel(config, source);
  const collator = openRunCollator(config, start, source);
  const chosen = [
    ...chosenLosses(config.losses),
    ...(await customLosses(config.losses.custom, options.folder)),
  ];
  const objective = makeObjective(
    start.family,
    start.config,
    collator.layout,
    chosen,
  ) as unknown as Objective<never>;
  const params = await startParams(start, progress === undefined ? undefined : checkpointPath(out, step));
  const { state, frozen } = await startState(config, params, progress && checkpointPath(out, step));
  const make = batchesOf(source, start.tools, collator);
  const example = make({ kind: "train", step, micro: 0 }).batch;
  const weights = weightsAt(config, chosen, step);
  const evaluate = await compileEvaluation(objective, state, frozen, example, weights, config);
  const partNames = Object.keys((await runEvaluation(evaluate, state, frozen, example, weights)).parts);
  const { beta1, beta2, epsilon, weightDecay, clipNorm, threads, accumulate, prefetch } = config.train;
  const decays = decayed(state.params);
  const adam = { beta1, beta2, epsilon, weightDecay, clipNorm, decays: (name: string) => decays.has(name) };
  const stepper = await openStepper(
    { objective, options: adam, state, frozen, example, weights, partNames, threads },
    accumulate,
  );
  await writeFileWhole(join(out, "config.yaml"), stringify(config));
  return {
    options,
    start,
    chosen,
    objective,
    probe: makeProbe(start.family, start.config, collator.layout),
    frozen,
    stepper,
    evaluate,
    batches: prefetch > 0 ? workerBatches(config, step) : inlineBatches(make),
    metrics: await openMetrics(join(out, "metrics.jsonl"), step),
    configHash,
    commit: await currentCommit(),
    started: performance.now(),
    firstStep: step + 1,
    step,
    best: progress?.best ?? null,
    lastLine: undefined,
  };
}

/** Where the run stands, if it is to go on; refuses to mix two runs in one folder. */
async function findProgress({ out, resume }: RunOptions, configHash: string): Promise<Progress | undefined> {
  await cleanCheckpoints(out);
  const steps = await listCheckpoints(out);
  if (!resume) {
    if (steps.length === 0 && !existsSync(join(out, "metrics.jsonl"))) return undefined;
    throw new UserError(`train: ${out} holds a run already; go on with --resume, or name another --out`);
  }
  const last = steps.at(-1);
  if (last === undefined) return undefined;
  const progress = await readProgress(checkpointPath(out, last));
  if (progress.configHash === configHash) return progress;
  const own = join(out, "config.yaml");
  throw new UserError(`train: --resume needs the config that the run started with (${own}), got another`);
}

async function startParams(start: Start, checkpoint: string | undefined): Promise<Named<HostArray>> {
  if (checkpoint === undefined) return start.params;
  const { params } = await start.family.load(checkpoint);
  return start.family.toNamed(params as never);
}

async function startState(
  { train }: TrainConfig,
  params: Named<HostArray>,
  checkpoint: string | undefined,
): Promise<{ state: TrainState<HostArray>; frozen: Named<HostArray> }> {
  const [frozen, trained] = split(params, (name) => train.freeze.includes(partOf(name)));
  if (Object.keys(trained).length === 0)
    throw new UserError("train: train.freeze must leave a part to train");
  const zeros = () => mapValues(trained, ({ shape }) => float32(shape));
  const moments =
    checkpoint === undefined ? { first: zeros(), second: zeros() } : await readMoments(checkpoint, trained);
  return { state: { params: trained, moments }, frozen };
}

/** λ of each loss at a step: the stage's, or the loss's own. */
function weightsAt(
  config: TrainConfig,
  chosen: readonly WeightedLoss[],
  step: number,
): Record<string, number> {
  const stage = config.stages[stageAt(config, step)];
  return Object.fromEntries(chosen.map(({ name, weight }) => [name, stage?.weights[name] ?? weight]));
}

function compileEvaluation(
  objective: Objective<never>,
  state: TrainState<HostArray>,
  frozen: Named<HostArray>,
  example: Batch,
  weights: Named<number>,
  { train }: TrainConfig,
): Promise<CompiledProgram<LossValue>> {
  const fn = (params: object, fixed: object, batch: never, lambdas: never) =>
    objective({ ...params, ...fixed } as never, batch, lambdas);
  const lambdas = mapValues(weights, (value) => float32([], [value]));
  return compile<LossValue>(fn as never, [state.params, frozen, example, lambdas], {
    threads: train.threads,
  });
}

async function runEvaluation(
  program: CompiledProgram<LossValue>,
  { params }: TrainState<HostArray>,
  frozen: Named<HostArray>,
  batch: Batch,
  weights: Named<number>,
): Promise<{ loss: number; parts: Record<string, number> }> {
  const lambdas = mapValues(weights, (value) => float32([], [value]));
  const out = (await program.run(params, frozen, batch, lambdas)) as unknown as {
    loss: HostArray;
    parts: Named<HostArray>;
  };
  return { loss: out.loss.data[0], parts: mapValues(out.parts, ({ data }) => data[0]) };
}

async function oneStep(run: Run): Promise<void> {
  const { config } = run.options;
  const { train } = config;
  const begin = performance.now();
  const taken = await takeMicroBatches(run);
  const waited = performance.now() - begin;
  const batches = taken.map(({ batch }) => batch);
  const rate = learningRateAt({ ...train, totalSteps: train.steps }, run.step);
  const weights = weightsAt(config, run.chosen, run.step);
  const report = await run.stepper.step(batches, stepScalars(rate, run.step, train), weights);
  run.step++;
  await mustBeFinite(run, report, taken, weights);
  const seconds = (performance.now() - begin) / 1000;
  run.lastLine = {
    kind: "step",
    step: run.step,
    ...report,
    learningRate: rate,
    tokensPerSecond: batches.reduce((sum, batch) => sum + countTokens(batch), 0) / seconds,
    secondsPerStep: seconds,
    dataShare: waited / 1000 / seconds,
  };
  if (run.step % train.logEvery === 0) await run.metrics.write(run.lastLine);
  run.options.view.step(run.lastLine);
  await atIntervals(run);
}

async function takeMicroBatches(run: Run): Promise<ReturnType<MakeBatch>[]> {
  const taken: ReturnType<MakeBatch>[] = [];
  for (let micro = 0; micro < run.options.config.train.accumulate; micro++)
    taken.push(await run.batches.take({ kind: "train", step: run.step, micro }));
  return taken;
}

/** Sequence positions that are not padding. */
function countTokens({ segmentIds }: Batch): number {
  return (segmentIds.data as Int32Array).reduce((sum, id) => sum + (id >= 0 ? 1 : 0), 0);
}

async function mustBeFinite(
  run: Run,
  report: Report<number>,
  taken: readonly ReturnType<MakeBatch>[],
  weights: Named<number>,
): Promise<void> {
  if ([report.loss, report.gradientNorm, ...Object.values(report.parts)].every(Number.isFinite)) return;
  const lambdas = mapValues(weights, (value) => float32([], [value]));
  const batches = taken.map(({ batch }) => batch);
  const { objective, probe, frozen } = run;
  const { params } = run.stepper.previous;
  const what = await diagnose({ objective, probe, params, frozen, batches, weights: lambdas });
  const ids = taken.flatMap((made) => made.ids);
  const kept = (await listCheckpoints(run.options.out)).at(-1);
  const last =
    kept === undefined
      ? "no checkpoint was saved yet"
      : `last good checkpoint: ${checkpointPath(run.options.out, kept)}`;
  throw new UserError(
    `train: step ${run.step} is not finite: ${what}; batch ${ids[0]} to ${ids.at(-1)}; ${last}; a lower train.learningRate may help`,
  );
}

async function atIntervals(run: Run): Promise<void> {
  const { train } = run.options.config;
  const due = (every: number) => every > 0 && (run.step % every === 0 || run.step === train.steps);
  const evaluation = due(train.evalEvery) ? await evaluateNow(run) : undefined;
  if (due(train.checkpointEvery)) await saveNow(run, evaluation);
}

async function evaluateNow(run: Run): Promise<EvalLine> {
  const { config, view } = run.options;
  const weights = weightsAt(config, run.chosen, config.train.steps);
  const results: { loss: number; parts: Record<string, number> }[] = [];
  for (let i = 0; i < config.train.evalBatches; i++) {
    const { batch } = await run.batches.take({ kind: "evaluation", step: 0, micro: i });
    results.push(await runEvaluation(run.evaluate, run.stepper.state, run.frozen, batch, weights));
  }
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const parts = mapValues(results[0].parts, (_, name) => mean(results.map((r) => r.parts[name])));
  const line: EvalLine = { kind: "eval", step: run.step, loss: mean(results.map((r) => r.loss)), parts };
  await run.metrics.write(line);
  view.evaluation(line);
  return line;
}

/** Saves the state; it is the best so far when `evaluation`, made at this very step, says so. */
async function saveNow(run: Run, evaluation?: EvalLine): Promise<void> {
  if (evaluation !== undefined && (run.best === null || evaluation.loss < run.best.loss))
    run.best = { step: run.step, loss: evaluation.loss };
  const { out, config } = run.options;
  const { params, moments } = run.stepper.state;
  const progress = { step: run.step, configHash: run.configHash, best: run.best };
  await saveCheckpoint(out, moments, progress, (folder) =>
    run.start.save(folder, { ...params, ...run.frozen }),
  );
  await pruneCheckpoints(out, config.train.keepLast, run.best?.step);
}

async function finish(run: Run): Promise<RunResult> {
  const { out } = run.options;
  const model = join(out, "model");
  const lines = await readMetrics(join(out, "metrics.jsonl"));
  await writeCurves(join(out, "curves.svg"), lines);
  const steps = lines.filter((line): line is StepLine => line.kind === "step");
  const last = steps.at(-1);
  const evaluation = lines.findLast((line): line is EvalLine => line.kind === "eval");
  const result: RunResult = {
    folder: out,
    model,
    steps: run.step,
    loss: last?.loss ?? Number.NaN,
    evaluation: evaluation === undefined ? null : { loss: evaluation.loss, parts: evaluation.parts },
    seconds: (performance.now() - run.started) / 1000,
    dataShare: meanDataShare(steps.filter(({ step }) => step > run.firstStep)),
  };
  await writeFolderWhole(model, (folder) => fillModel(run, folder, result), { replace: true });
  return result;
}

async function fillModel(run: Run, folder: string, result: RunResult): Promise<void> {
  const { config, command } = run.options;
  await run.start.save(folder, { ...run.stepper.state.params, ...run.frozen });
  await writeCard(folder, { config, result, command, commit: run.commit });
  await writeFileWhole(join(folder, "training.yaml"), stringify(config));
}

function meanDataShare(steps: readonly StepLine[]): number {
  const seconds = steps.reduce((sum, line) => sum + line.secondsPerStep, 0);
  const waited = steps.reduce((sum, line) => sum + line.dataShare * line.secondsPerStep, 0);
  return seconds === 0 ? 0 : waited / seconds;
}
