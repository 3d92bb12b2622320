/** Everything that the finished runs of a study say together. */
import type { TokenChange } from "../eval/language/measure.ts";
import { type ComparedMetric, compareArms, endOf, mustBeginAlike } from "./compare.ts";
import { keptOfRuns } from "./language.ts";
import { type Plan, runName, runsOf } from "./plan.ts";
import type { RunRecord } from "./record.ts";
import { hasTarget, targetOf } from "./targets.ts";
import { picturesUntil, type Until, type UntilRatio, untilRatio } from "./until.ts";

/** An arm, and what there is of it. */
export interface ReportArm {
  readonly name: string;
  readonly seeds: readonly number[];
  /** Of its shortest run. */
  readonly steps: number;
  /** Pictures that its shortest run was trained on, repeats included. */
  readonly trained: number;
}

export interface UntilRow {
  readonly key: string;
  readonly target: number;
  /** By arm. */
  readonly arms: readonly (Until | undefined)[];
  /** By arm, against the last. */
  readonly ratios: readonly (UntilRatio | undefined)[];
}

/** `report.json` of a study. */
export interface StudyReport {
  readonly runs: number;
  /** Runs of the plan without a result. */
  readonly missing: readonly string[];
  readonly pictures: number;
  readonly questions: number;
  readonly arms: readonly ReportArm[];
  readonly metrics: readonly ComparedMetric[];
  readonly until: readonly UntilRow[];
  /** By arm, against the model that it was trained from; undefined where that was not measured. */
  readonly language: readonly (TokenChange | undefined)[];
}

/** The report of a plan's records; arms without a record are left out. */
export function reportOf(plan: Pick<Plan, "arms" | "seeds">, records: readonly RunRecord[]): StudyReport {
  const names = plan.arms.map(({ name }) => name);
  const isThere = (arm: string, seed: number) =>
    records.some((record) => record.arm === arm && record.seed === seed);
  const missing = runsOf(plan).filter(({ arm, seed }) => !isThere(arm.name, seed));
  return { ...reportOfRecords(names, records), missing: missing.map(runName) };
}

/** The same without a plan. */
export function reportOfRecords(names: readonly string[], records: readonly RunRecord[]): StudyReport {
  mustBeginAlike(records);
  const arms = names.filter((name) => records.some(({ arm }) => arm === name));
  const own = arms.map((name) => records.filter(({ arm }) => arm === name));
  const metrics = compareArms(records, arms);
  const last = own[own.length - 1];
  const until = metrics
    .filter(({ key }) => hasTarget(key))
    .map(({ key }) => ({
      key,
      target: targetOf(key),
      arms: own.map((runs) => picturesUntil(runs, key, targetOf(key))),
      ratios: own.map((runs) => untilRatio(runs, last, key, targetOf(key))),
    }));
  const [any] = records;
  return {
    runs: records.length,
    missing: [],
    pictures: Object.values(any.counts)[0]?.length ?? 0,
    questions: endOf(any).questions,
    arms: own.map((runs, i) => armOf(arms[i], runs)),
    metrics,
    until,
    language: own.map(keptOfRuns),
  };
}

function armOf(name: string, runs: readonly RunRecord[]): ReportArm {
  const ends = runs.map(endOf);
  return {
    name,
    seeds: runs.map(({ seed }) => seed),
    steps: Math.min(...ends.map(({ step }) => step)),
    trained: Math.min(...ends.map(({ pictures }) => pictures)),
  };
}
