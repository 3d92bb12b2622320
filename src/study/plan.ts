/** What a study trains and scores: arms, seeds and the steps that are scored; `study.json` in its folder holds it. */
import { join } from "node:path";
import { z } from "zod";
import { mustBe, UserError } from "../common/errors.ts";
import { writeFileWhole } from "../common/files.ts";
import { readIfThere } from "../common/inside.ts";
import { parseJson } from "../common/json.ts";
import { checkConfig, type TrainConfig, withOverrides } from "../train/config/config.ts";
import { differences } from "../train/run/run-folder.ts";
import type { Arm } from "./arms.ts";

const step = z.int().min(0);
const planSchema = z.object({
  version: z.literal(1),
  arms: z.array(z.object({ name: z.string().regex(/^[\w.+:-]{1,60}$/), sets: z.array(z.string()) })).min(1),
  seeds: z.array(z.int().min(0)).min(1),
  /** Steps after which every run is scored, rising; 0: before the first. The last is the end. */
  scoreAt: z.array(step).min(1),
  /** Held-out pictures, at most. */
  count: z.int().positive(),
  /** Of the scenes that are scored. */
  sceneSeed: z.int().min(0),
  /** Whether the language of what runs leave is measured against `model.from`. */
  language: z.boolean().optional(),
  /** Where the modules of custom losses and families are looked for. */
  folder: z.string(),
  config: z.record(z.string(), z.unknown()),
});

/** A study as it is written down; `config` is checked when a run is made of it. */
export type Plan = z.infer<typeof planSchema>;

/** One training of the study. */
export interface StudyRun {
  readonly arm: Arm;
  readonly seed: number;
}

/** All runs, seed by seed, so that every beginning holds whole comparisons. */
export function runsOf({ arms, seeds }: Pick<Plan, "arms" | "seeds">): StudyRun[] {
  return seeds.flatMap((seed) => arms.map((arm) => ({ arm, seed })));
}

/** The runs of shard `index` (from 1) of `count`. */
export function shardOf<T>(runs: readonly T[], { index, count }: { index: number; count: number }): T[] {
  return runs.filter((_, i) => i % count === index - 1);
}

/** `ntp+lll, seed 2` */
export function runName({ arm, seed }: StudyRun): string {
  return `${arm.name}, seed ${seed}`;
}

/** Places of a run below the folder of its study. */
export function placesOf(out: string, { arm, seed }: StudyRun) {
  const name = arm.name.replaceAll(":", "_");
  const folder = join(out, "runs", name, String(seed));
  return { folder, model: join(folder, "model"), result: join(out, "results", `${name}--${seed}.json`) };
}

/** The config of a run. Arms of one seed differ in their losses alone. */
export function configOf({ config }: Plan, { arm, seed }: StudyRun): TrainConfig {
  const seeds = [`train.seed=${seed}`, `data.seed=${100 + seed}`];
  return withOverrides(checkConfig(config), [...arm.sets, ...seeds], `arm ${arm.name}`);
}

/** 1, 2, 5, 10, 20, ... from a hundredth of the steps on, and the end. */
export function logSpaced(steps: number): number[] {
  const series = Array.from({ length: 8 }, (_, power) =>
    [1, 2, 5].map((digit) => digit * 10 ** power),
  ).flat();
  return [0, ...series.filter((at) => at >= Math.max(5, steps / 100) && at < steps), steps];
}

/** Every `every` steps, before the first, and the end. */
export function evenlySpaced(steps: number, every: number): number[] {
  return [...Array.from({ length: Math.ceil(steps / every) }, (_, i) => i * every), steps];
}

const fileOf = (out: string) => join(out, "study.json");

/** Undefined where the folder holds no study. */
export async function readPlan(out: string): Promise<Plan | undefined> {
  const path = fileOf(out);
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  const checked = planSchema.safeParse(parseJson(text, path));
  if (checked.success) return checked.data;
  const [{ path: field, message }] = checked.error.issues;
  throw new UserError(`${path}: ${field.join(".") || "content"}: ${message}`);
}

/**
 * The plan of a folder after a command that may add arms and seeds to it. Throws a UserError where anything else differs
 * from what its runs were made with.
 */
export function joinedPlan(before: Plan | undefined, now: Plan, out: string): Plan {
  if (before === undefined) return now;
  const shared = ({ arms: _, seeds: __, folder: ___, ...rest }: Plan) => rest;
  const [differing] = differences(shared(before), shared(now));
  if (differing !== undefined)
    throw mustBe(
      "ablate",
      "settings",
      `those of the study in ${out}: ${differing.key} is ${JSON.stringify(differing.before)} there`,
      differing.now,
      "name another --out",
    );
  const added = now.arms.filter(({ name }) => !before.arms.some((arm) => arm.name === name));
  for (const { name, sets } of now.arms) {
    const old = before.arms.find((arm) => arm.name === name);
    if (old !== undefined && old.sets.join() !== sets.join())
      throw mustBe(
        "ablate",
        `arm ${name}`,
        `that of the study in ${out}: ${old.sets.join(", ")}`,
        sets.join(", "),
      );
  }
  const seeds = [...new Set([...before.seeds, ...now.seeds])];
  return { ...now, arms: [...before.arms, ...added], seeds };
}

export async function writePlan(out: string, plan: Plan): Promise<void> {
  await writeFileWhole(fileOf(out), `${JSON.stringify(plan, null, 2)}\n`);
}
