/**
 * node experiments/query/run.ts [--only PATTERN]: makes the folders and the base, then trains and scores every run of
 * the plan that has no result yet. Stopped, it goes on where it was; a run that was cut off starts again.
 */
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { parseArgs } from "node:util";
import { makeData } from "../../src/data/imagefolder/make.ts";
import { openPrograms } from "../programs.ts";
import {
  arms,
  base,
  folders,
  names,
  plan,
  questions,
  type Run,
  resultOf,
  shared,
  tasks,
  ways,
  work,
} from "./plan.ts";

const { values } = parseArgs({ options: { only: { type: "string", default: "" } } });
const programs = openPrograms();
await mkdir(work, { recursive: true });
for (const [name, { count, split }] of Object.entries(folders)) {
  const folder = `${work}/${name}`;
  if (existsSync(folder)) continue;
  const examples = { tasks, questionsPerImage: 4, absentConcepts: 2, split, ...questions };
  await makeData({ count, seed: 7, split, sources: ["fluent-3d"], names, examples }, folder, { workers: 1 });
}
if (!existsSync(`${work}/base/model`)) await train("base", ["--preset", base.preset], base.sets);
for (const run of plan.filter(({ name }) => new RegExp(values.only).test(name))) {
  if (existsSync(resultOf(run))) continue;
  if (!existsSync(`${work}/${run.name}/model`)) await trainRun(run);
  await command(run.name, [
    "experiments/query/score.ts",
    `${work}/${run.name}`,
    `${work}/test`,
    resultOf(run),
  ]);
  console.log(`${new Date().toISOString().slice(11, 19)} ${run.name}`);
}

function trainRun({ name, way, arm, seed }: Run): Promise<void> {
  const data = [`data.folder=${work}/train`, `data.evalFolder=${work}/test`, `data.seed=10${seed}`];
  const sets = [...shared, ...ways[way], ...arms[arm], ...data, `train.seed=${seed}`];
  return train(name, ["--preset", way.replace("-long", ""), "--model", `${work}/base/model`], sets);
}

async function train(name: string, from: readonly string[], sets: readonly string[]): Promise<void> {
  const out = `${work}/${name}`;
  await rm(out, { recursive: true, force: true });
  const overrides = sets.flatMap((set) => ["--set", set]);
  await command(name, ["src/cli/main.ts", "train", ...from, "--out", out, ...overrides]);
}

function command(name: string, args: readonly string[]): Promise<void> {
  return programs.run(name, args, `${work}/${name}.log`);
}
