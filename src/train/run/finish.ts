/** What a finished run leaves: the model folder, its card, curves and result. */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { writing } from "../../common/faults.ts";
import { writeFileWhole, writeFolderWhole } from "../../common/files.ts";
import { type RunResult, writeCard } from "../report/card.ts";
import { writeCurves } from "../report/curves.ts";
import { type EvalLine, readMetrics, type StepLine } from "../report/metrics.ts";
import { portableConfig } from "../report/portable.ts";
import type { Run } from "./open.ts";

/** The end of a run: curves, the final model with its card, and what came of it. */
export async function finish(run: Run): Promise<RunResult> {
  const { out } = run.options;
  const model = join(out, "model");
  await writing(model, access(out)); // Taken away, it is not made again.
  const lines = await readMetrics(join(out, "metrics.jsonl"));
  await writeCurves(join(out, "curves.svg"), lines);
  const steps = lines.filter((line): line is StepLine => line.kind === "step");
  const last = steps.at(-1);
  const evaluations = lines.filter((line): line is EvalLine => line.kind === "eval");
  const evaluation = evaluations.at(-1);
  const result: RunResult = {
    folder: out,
    model,
    steps: run.step,
    loss: last?.loss ?? Number.NaN,
    evaluation: evaluation === undefined ? null : { loss: evaluation.loss, parts: evaluation.parts },
    seconds: secondsOf(run),
    dataShare: meanDataShare(steps.filter(({ step }) => step > run.firstStep)),
    summary: run.summary,
    estimatedSeconds: run.estimatedSeconds,
  };
  await writeFolderWhole(model, (folder) => fillModel(run, folder, result, evaluations), { replace: true });
  return result;
}

/** Seconds of training so far, in all processes that the run had. */
export function secondsOf({ secondsBefore, started }: Run): number {
  return secondsBefore + (performance.now() - started) / 1000;
}

async function fillModel(
  run: Run,
  folder: string,
  result: RunResult,
  evaluations: readonly EvalLine[],
): Promise<void> {
  const { commands, commit, families } = run;
  const { config } = run.options;
  await run.save(folder, (await run.stepper.read()).params);
  await writeFileWhole(join(folder, "training.yaml"), stringify(await portableConfig(config)));
  await writeCard(folder, { config, result, commands, commit, evaluations, families });
}

function meanDataShare(steps: readonly StepLine[]): number {
  const seconds = steps.reduce((sum, line) => sum + line.secondsPerStep, 0);
  const waited = steps.reduce((sum, line) => sum + line.dataShare * line.secondsPerStep, 0);
  return seconds === 0 ? 0 : waited / seconds;
}
