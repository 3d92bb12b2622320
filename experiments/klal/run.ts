/**
 * node experiments/klal/run.ts [--only PATTERN] [--jobs 2]: trains and scores every run of the plan that has no result yet,
 * in the order of the plan. Stopped, it goes on where it was; a run that was cut off starts again.
 */
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { openPrograms } from "../programs.ts";
import { focused, folderOf, plan, type Run, resultOf, tasks } from "./plan.ts";

const { values } = parseArgs({
  options: { only: { type: "string" }, jobs: { type: "string", default: "2" } },
});
const only = new RegExp(values.only ?? "");
const wanted = [...plan, ...focused].filter(({ name }) => only.test(name));
const started = new Set<string>();
const programs = openPrograms();
process.once("SIGTERM", () => stop());
process.once("SIGINT", () => stop());
await Promise.all(Array.from({ length: Number(values.jobs) }, work));

async function work(): Promise<void> {
  for (let run = next(); run !== undefined; run = next()) {
    started.add(run.name);
    await train(run);
    await command(
      ["experiments/klal/score.ts", folderOf(run.name), `${tasks[run.task].images}`, resultOf(run.name)],
      run,
    );
    console.log(`${new Date().toISOString().slice(11, 19)} ${run.name}`);
  }
}

/** The first run that is still to do and whose start is there. */
function next(): Run | undefined {
  return wanted.find(
    ({ name, after }) =>
      !started.has(name) &&
      !existsSync(resultOf(name)) &&
      (after === undefined || existsSync(resultOf(after))),
  );
}

async function train(run: Run): Promise<void> {
  const folder = folderOf(run.name);
  if (existsSync(`${folder}/model/model.safetensors`)) return;
  await rm(folder, { recursive: true, force: true });
  await mkdir(dirname(folder), { recursive: true });
  const sets = run.sets.flatMap((set) => ["--set", set]);
  const args = [
    "--config",
    "experiments/klal/base.yaml",
    "--out",
    folder,
    "--steps",
    `${run.steps}`,
    ...sets,
  ];
  await command(["src/cli/main.ts", "train", ...args], run);
}

function command(args: readonly string[], { name }: Run): Promise<void> {
  return programs.run(name, args, `${folderOf(name)}.log`);
}

function stop(): void {
  programs.stop();
  process.exit(130);
}
