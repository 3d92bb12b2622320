/**
 * node experiments/curves/run.ts [--only PATTERN] [--jobs 2] [--folder out/curves] [--score] [--commit HASH]: trains every run of the plan
 * and scores its checkpoints. Stopped, it goes on where it was. With --score nothing is trained: the checkpoints that are
 * there are scored, of runs under way too; --commit says which commit trains those.
 */
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { parseArgs } from "node:util";
import { openPrograms } from "../programs.ts";
import { plan, type Run, resultOf } from "./plan.ts";
import { openCheckpointScorer } from "./score.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    jobs: { type: "string", default: "2" },
    folder: { type: "string", default: "out/curves" },
    score: { type: "boolean", default: false },
    commit: { type: "string" },
  },
});
const wanted = plan.filter(({ name }) => new RegExp(values.only).test(name));
const programs = openPrograms();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop(signal));
const left = [...wanted];
const scorer = openCheckpointScorer(values.commit);
if (!values.score) {
  await mkdir(values.folder, { recursive: true });
  await Promise.all(Array.from({ length: Number(values.jobs) }, work));
}
for (const run of wanted) {
  const done = await scorer.score(run, `${values.folder}/${run.name}`, resultOf(run));
  if (done > 0) console.log(`${run.name}: ${done} checkpoints scored`);
}
await scorer.close();

async function work(): Promise<void> {
  for (let run = left.shift(); run !== undefined; run = left.shift()) {
    await train(run, `${values.folder}/${run.name}`);
    console.log(`${new Date().toISOString().slice(11, 19)} trained ${run.name}`);
  }
}

async function train(run: Run, out: string): Promise<void> {
  if (existsSync(`${out}/model/model.safetensors`)) return;
  const begun = existsSync(`${out}/checkpoints`);
  const sets = run.sets.flatMap((set) => ["--set", set]);
  const start = ["--preset", run.preset, "--out", out, "--steps", `${run.steps}`, ...sets];
  const args = begun ? ["--out", out, "--resume", "--steps", `${run.steps}`] : start;
  await programs.run(run.name, ["src/cli/main.ts", "train", ...args], `${out}.log`);
}

/** Runs save before they end. */
function stop(signal: NodeJS.Signals): void {
  process.exitCode = 130;
  left.length = 0;
  if (programs.stop(signal) === 0) process.exit(); // Between two checkpoints nothing is lost.
}
