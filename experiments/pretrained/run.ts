/**
 * node experiments/pretrained/run.ts --language FILE.gguf|FOLDER [--work FOLDER] [--tiny]
 *
 * The study of plan.ts, from nothing to its tables, one thing after the other: tower (and what it knows), build, stage 1,
 * stage 2 until the base answers (where it does not, the study ends there; a trial with --tiny goes on), arms with adapters
 * and whole, what is left of the language after each. Stopped, it goes on where it was. A run's results are small files in
 * results/; models and checkpoints lie in the folder of the work.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, open, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { tell } from "../../src/cli/ending.ts";
import { UserError } from "../../src/common/errors.ts";
import { writeFileWhole } from "../../src/common/files.ts";
import { type Answered, answered } from "./answered.ts";
import {
  armSets,
  arms,
  base,
  captions,
  enough,
  lengths,
  resultOf,
  runs,
  seeds,
  type Way,
  wayNames,
  ways,
} from "./plan.ts";

const { values } = parseArgs({
  options: {
    language: { type: "string" },
    work: { type: "string", default: "out/pretrained" },
    tiny: { type: "boolean", default: false },
  },
});
const { work, language } = values;
const length = values.tiny ? lengths.tiny : lengths.full;
const at = (name: string) => join(work, name);
/** Results of a trial lie with its work. */
const resultAt = (path: string) => (values.tiny ? at(path.replace(/^experiments\/pretrained\//, "")) : path);

await study().catch((error) => {
  process.exitCode = tell(error);
});

async function study(): Promise<void> {
  if (language === undefined) throw new UserError("pretrained: give --language FILE.gguf or FOLDER");
  await mkdir(work, { recursive: true });
  await trained("tower", ["--preset", "tower"], [`train.steps=${length.tower}`]);
  await once(resultAt("experiments/pretrained/results/tower.json"), (out) =>
    node("tower-check", [
      "experiments/tower/run.ts",
      "--model",
      at("tower/model"),
      "--out",
      out,
      ...probing(),
    ]),
  );
  const [tower, untrained] = [at("tower/model"), at("untrained")];
  if (!existsSync(at("untrained/config.json")))
    await fovea("build", ["build", "--vision", tower, "--language", language, "--out", untrained]);
  await trained(
    "stage-1",
    ["--preset", captions.preset, "--model", untrained],
    [...captions.sets, `train.steps=${length.captions}`],
  );
  const { steps, isEnough } = await baseAnswers();
  if (!isEnough && !values.tiny)
    throw new UserError(
      `pretrained: after ${steps} steps the base does not answer as plan.ts asks for (${JSON.stringify(enough)}); its arms would say nothing and are not trained`,
    );
  for (const way of wayNames) await allArms(way);
}

function probing(): string[] {
  return ["--train", `${2 * length.probes}`, "--test", `${length.probes}`];
}

interface Base extends Answered {
  readonly steps: number;
  readonly isEnough: boolean;
}

/** Stage 2, made longer until it answers. Its result says how long that took, and what it answers. */
async function baseAnswers(): Promise<Base> {
  const result = resultAt("experiments/pretrained/results/base.json");
  if (existsSync(result)) return JSON.parse(await readFile(result, "utf8"));
  for (let steps: number = length.base; ; steps += length.more) {
    await trained("base", ["--preset", base.preset, "--model", at("stage-1/model")], base.sets, steps);
    const scores = await answered(at("base/model"), length.pictures);
    console.log(`base, ${steps} steps: ${JSON.stringify(scores.accuracy)}`);
    const isEnough = Object.entries(enough).every(([task, least]) => (scores.accuracy[task] ?? 0) >= least);
    if (!isEnough && steps < length.most) continue;
    const found = { steps, isEnough, ...scores };
    await writeFileWhole(result, `${JSON.stringify(found)}\n`);
    return found;
  }
}

/** Each run of a way is a shard of one study; then what it left of the language. */
async function allArms(way: Way): Promise<void> {
  const { preset, sets } = ways[way];
  const study = at(way);
  const settings = [...armSets, ...sets, `train.steps=${length.arms}`].flatMap((set) => ["--set", set]);
  const shared = ["ablate", "--preset", preset, "--model", at("base/model"), "--arms", arms, "--out", study];
  const scored = ["--score-at", `0,${length.arms}`, "--count", `${length.pictures}`, "--seeds", seeds.join()];
  for (const [i, run] of runs.entries()) {
    const result = resultAt(resultOf(way, run));
    const folder = join(study, "runs", run.arm, `${run.seed}`);
    await once(result, async (out) => {
      await fovea(way, [...shared, ...scored, "--shard", `${i + 1}/${runs.length}`, ...settings]);
      await rm(join(folder, "checkpoints"), { recursive: true, force: true }); // As large as the model, several times.
      await mkdir(dirname(out), { recursive: true });
      await copyFile(join(study, "results", `${run.arm}--${run.seed}.json`), out);
    });
    await once(result.replace(/\.json$/, ".language.json"), async (out) => {
      const models = ["--model", join(folder, "model"), "--against", at("base/model")];
      await writeFileWhole(out, await fovea(`${way}-language`, ["language", ...models, "--json"]));
    });
    console.log(`${new Date().toISOString().slice(11, 19)} ${way} ${run.arm} ${run.seed}`);
  }
}

/** Makes a file unless it is there. */
async function once(file: string, make: (file: string) => Promise<unknown>): Promise<void> {
  if (!existsSync(file)) await make(file);
}

/** Trains into a folder of the work, or goes on there; left alone where it has done its steps. */
async function trained(
  name: string,
  from: readonly string[],
  sets: readonly string[],
  steps?: number,
): Promise<void> {
  const done = at(`${name}/steps-${steps ?? "all"}`);
  if (existsSync(done)) return;
  const out = at(name);
  const begun = existsSync(join(out, "checkpoints"));
  if (!begun) await rm(out, { recursive: true, force: true });
  const settings = begun ? ["--resume"] : [...from, ...sets.flatMap((set) => ["--set", set])];
  await fovea(name, [
    "train",
    "--out",
    out,
    ...settings,
    ...(steps === undefined ? [] : ["--steps", `${steps}`]),
  ]);
  await writeFileWhole(done, "");
}

function fovea(name: string, args: readonly string[]): Promise<string> {
  return node(name, ["src/cli/main.ts", ...args]);
}

/** What a program prints; what it says beside goes into a log. */
async function node(name: string, args: readonly string[]): Promise<string> {
  const log = await open(at(`${name}.log`), "a");
  try {
    const child = spawn("node", args, { stdio: ["ignore", "pipe", log.fd] });
    const printed: Buffer[] = [];
    child.stdout?.on("data", (bytes: Buffer) => printed.push(bytes));
    const code = await new Promise((resolve) => child.once("close", resolve));
    if (code !== 0) throw new UserError(`pretrained: ${name} ended with ${code}; see ${at(`${name}.log`)}`);
    return Buffer.concat(printed).toString("utf8");
  } finally {
    await log.close();
  }
}
