/** One training of a study, scored on the way. Stopped, it goes on where it was; finished, it is left alone. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../common/errors.ts";
import { removeFolderWhole, writeFolderWhole } from "../common/files.ts";
import { exitCodeOf } from "../common/signals.ts";
import type { ExampleRef } from "../data/example.ts";
import type { CachedFunctions } from "../engine/cached.ts";
import { evaluate } from "../eval/evaluate.ts";
import type { TrainConfig } from "../train/config/config.ts";
import { currentCommit } from "../train/report/card.ts";
import type { RunWatch } from "../train/run/open.ts";
import { type ProgressView, silentView } from "../train/run/progress.ts";
import { train } from "../train/run/run.ts";
import { openVlm, type Vlm } from "../vlm/open.ts";
import { heldOutExamples } from "./held-out.ts";
import { languageKept } from "./language.ts";
import { configOf, type Plan, placesOf, runName, type StudyRun } from "./plan.ts";
import { pointOf, type RunRecord, readRecord, writeRecord } from "./record.ts";
import { batchHash, hashedBatches, machineName, openStart, weightsHash } from "./start.ts";

/** Where a study is done, and who is told of it. */
export interface RunContext {
  readonly out: string;
  readonly plan: Plan;
  /** The command that goes into model cards. */
  readonly command: string;
  readonly signal?: AbortSignal;
  /** Programs of models that are scored: shared by all runs. */
  readonly programs: CachedFunctions;
  readonly onStep?: (step: number, loss: number) => void;
  readonly onScore?: (step: number, done: number, total: number) => void;
}

/** Trains and scores a run as far as it is not done yet, and gives its record. */
export async function finishedRun(context: RunContext, run: StudyRun): Promise<RunRecord> {
  const places = placesOf(context.out, run);
  const done = await readRecord(places.result);
  if (done !== undefined && done.points.at(-1)?.step === lastStep(context.plan)) return done;
  const config = configOf(context.plan, run);
  const scorer = await openScorer(context, run, config);
  if (!existsSync(places.model)) await trainRun(context, run, config, scorer.watch);
  await scorer.score(config.train.steps, places.model);
  const record = scorer.record();
  if (record === undefined) throw stopped(context, run);
  const language = await languageOf(context, run, config);
  const whole = language === undefined ? record : { ...record, language };
  await writeRecord(places.result, whole);
  return whole;
}

const lastStep = ({ scoreAt }: Plan) => scoreAt[scoreAt.length - 1];

function stopped({ signal }: RunContext, run: StudyRun): UserError {
  return new UserError(`ablate: stopped in ${runName(run)}; the same command goes on`, {
    code: exitCodeOf(signal),
  });
}

/** Undefined where the plan does not ask for it, or there is nothing to compare. */
async function languageOf(context: RunContext, run: StudyRun, { model, train }: TrainConfig) {
  const { plan, out, programs, signal } = context;
  if (plan.language !== true || model.from === null) return undefined;
  return languageKept(model.from, placesOf(out, run).model, { programs, machine: machineOf(train) }, () => {
    if (signal?.aborted) throw stopped(context, run);
  });
}

async function trainRun(
  context: RunContext,
  run: StudyRun,
  config: TrainConfig,
  watch: RunWatch,
): Promise<void> {
  const { folder } = placesOf(context.out, run);
  const { plan, command, signal } = context;
  const view: ProgressView = {
    ...silentView,
    step: ({ step, loss }) => context.onStep?.(step, loss),
  };
  const resume = existsSync(join(folder, "metrics.jsonl"));
  const options = { config, out: folder, resume, folder: plan.folder, view, command, watch };
  await train({ ...options, ...(signal && { signal }) }).catch((error) => {
    if (signal?.aborted) throw stopped(context, run);
    throw error;
  });
}

interface Scorer {
  readonly watch: RunWatch;
  /** Scores the model in a folder after `step` steps, unless that is done or the study is to stop. */
  score(step: number, folder: string): Promise<void>;
  /** Undefined as long as a step is not scored that is to be. */
  record(): RunRecord | undefined;
}

/** Thrown out of an evaluation that is broken off. */
const brokenOff = new Error("broken off");

async function openScorer(context: RunContext, run: StudyRun, config: TrainConfig): Promise<Scorer> {
  const { out, plan } = context;
  const { folder } = placesOf(out, run);
  const [file, temporary] = [join(folder, "scores.json"), join(folder, "scored")];
  const start = await openStart(join(folder, "start.json"));
  let record = await readRecord(file);
  const keep = async ({ point, counts }: ReturnType<typeof pointOf>) => {
    const points = [...(record?.points ?? []), point].sort((a, b) => a.step - b.step);
    record = {
      ...(record ?? (await headOf(run, config))),
      start: start.found,
      counts: { ...counts, ...record?.counts },
      points,
    };
    await writeRecord(file, record);
  };
  const isDue = (step: number) =>
    plan.scoreAt.includes(step) && !record?.points.some((point) => point.step === step);
  const score = async (step: number, model: string) => {
    if (!isDue(step)) return;
    const pictures = step * config.train.batchSize * config.train.accumulate;
    await keep(pointOf(await scoreModel(context, config, model, step), step, pictures));
  };
  return {
    score: (step, model) => score(step, model).catch(unlessBrokenOff),
    record: () => (plan.scoreAt.some(isDue) ? undefined : record),
    watch: {
      took(step, made) {
        if (step < hashedBatches) start.found.batches[step] = batchHash(made);
      },
      async stands(step, save) {
        if (step > 0 && step <= hashedBatches) await start.keep();
        if (step !== 0 && !isDue(step)) return;
        await writeFolderWhole(temporary, save, { replace: true });
        if (step === 0) {
          start.found.params = await weightsHash(temporary);
          await start.keep();
        }
        await score(step, temporary).catch(unlessBrokenOff);
        await removeFolderWhole(temporary);
      },
    },
  };
}

function unlessBrokenOff(error: unknown): void {
  if (error !== brokenOff) throw error;
}

async function headOf({ arm, seed }: StudyRun, { train: { steps } }: TrainConfig) {
  const commit = await currentCommit();
  return { version: 1, arm: arm.name, seed, commit, machine: machineName(), steps } as const;
}

let examples: { readonly key: string; readonly refs: Promise<readonly ExampleRef[]> } | undefined;

/** Made once for all runs of a process. */
function examplesOf(model: Vlm, config: TrainConfig, plan: Plan): Promise<readonly ExampleRef[]> {
  const { seed: _, ...data } = config.data;
  const key = JSON.stringify([data, plan.count, plan.sceneSeed]);
  if (examples?.key !== key) examples = { key, refs: heldOutExamples(model, config, plan) };
  return examples.refs;
}

const machineOf = ({ device, precision, threads }: TrainConfig["train"]) => ({ device, precision, threads });

async function scoreModel(context: RunContext, config: TrainConfig, folder: string, step: number) {
  const { plan, programs, signal, onScore } = context;
  const model = await openVlm(folder, { programs, machine: machineOf(config.train) });
  return evaluate(model, await examplesOf(model, config, plan), {
    onProgress(done, total) {
      if (signal?.aborted) throw brokenOff;
      onScore?.(step, done, total);
    },
  });
}
