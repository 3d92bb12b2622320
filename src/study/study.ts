/** A study as a whole: run after run, and the report of what is there. */
import { UserError } from "../common/errors.ts";
import { checkConfig } from "../train/config/config.ts";
import { programCache } from "../vlm/open.ts";
import { type Plan, placesOf, runName, runsOf, type StudyRun, shardOf } from "./plan.ts";
import { type RunRecord, readRecord } from "./record.ts";
import { finishedRun, type RunContext } from "./run.ts";

export interface StudyOptions extends Omit<RunContext, "programs" | "onStep" | "onScore"> {
  /** Which runs; left out: all. */
  readonly shard?: { readonly index: number; readonly count: number };
  readonly onProgress?: (progress: StudyProgress) => void;
  /** A run failed. */
  readonly onNote?: (text: string) => void;
}

/** Where a study stands. */
export interface StudyProgress {
  /** Steps of all runs of this process, those of finished runs included. */
  readonly done: number;
  readonly total: number;
  /** What goes on. */
  readonly state: string;
}

/**
 * Trains and scores the runs of a plan, or of a shard of it, that are not done. A run that fails is told of and left; the
 * others go on, and the failures come at the end as a UserError.
 */
export async function runStudy(options: StudyOptions): Promise<void> {
  const { plan, out, shard, signal, onNote } = options;
  const runs = shard === undefined ? runsOf(plan) : shardOf(runsOf(plan), shard);
  const { device, precision, threads } = checkConfig(plan.config).train;
  const programs = programCache({ machine: { device, precision, threads } });
  const failures: string[] = [];
  try {
    for (const [i, run] of runs.entries()) {
      try {
        await finishedRun({ ...options, programs, ...tellers(options, runs, i) }, run);
      } catch (error) {
        if (!(error instanceof UserError) || signal?.aborted) throw error;
        failures.push(`${runName(run)}: ${error.message}`);
        onNote?.(failures[failures.length - 1]);
      }
    }
  } finally {
    await programs.dispose();
  }
  if (failures.length > 0)
    throw new UserError(
      `ablate: ${failures.length} of ${runs.length} runs failed; the same command tries them again: ${out}: ${failures[0]}`,
    );
}

function tellers({ plan, onProgress }: StudyOptions, runs: readonly StudyRun[], i: number) {
  const steps = plan.scoreAt[plan.scoreAt.length - 1];
  const tell = (step: number, doing: string) =>
    onProgress?.({
      done: i * steps + step,
      total: runs.length * steps,
      state: `${runName(runs[i])}: ${doing}`,
    });
  return {
    onStep: (step: number, loss: number) => tell(step, `loss ${loss.toFixed(3)}`),
    onScore: (step: number, done: number, total: number) =>
      tell(step, `scoring ${done} of ${total} pictures`),
  };
}

/** The records of the runs of a plan that are finished. */
export async function recordsOf(out: string, plan: Plan): Promise<RunRecord[]> {
  const found = await Promise.all(runsOf(plan).map((run) => readRecord(placesOf(out, run).result)));
  return found.flatMap((record) => record ?? []);
}
