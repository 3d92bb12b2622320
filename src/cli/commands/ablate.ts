/** The command `fovea ablate`. */
import { dirname, resolve } from "node:path";
import { defineCommand, type ParsedArgs } from "citty";
import { mustBe, UserError } from "../../common/errors.ts";
import { stopInOrder } from "../../common/signals.ts";
import { armsOf } from "../../study/arms.ts";
import {
  evenlySpaced,
  joinedPlan,
  logSpaced,
  type Plan,
  readPlan,
  runsOf,
  shardOf,
  writePlan,
} from "../../study/plan.ts";
import { recordsOf, runStudy } from "../../study/study.ts";
import { reportLines } from "../../study/table.ts";
import { writeStudy } from "../../study/write.ts";
import { loadConfig, type TrainConfig } from "../../train/config/config.ts";
import { portableCommand } from "../../train/report/portable.ts";
import { needed, numberIn, repeatedWhole, report } from "../arguments.ts";
import { begin, mustBeFetched } from "../device.ts";
import { whileWaiting } from "../patience.ts";
import { progressLine } from "../progress.ts";
import { say } from "../say.ts";
import { strictArgs } from "../strict.ts";
import { runShards } from "./ablate-jobs.ts";
import { placeArgs, settingArgs, settingsOf } from "./train-args.ts";

const ablateArgs = {
  config: {
    type: "positional",
    required: false,
    description: "a training config of your own, YAML or JSON; what its arms share",
  },
  preset: { type: "string", description: "config that comes with Fovea, instead (fovea train --list)" },
  arms: {
    type: "string",
    valueHint: "LIST",
    description:
      "losses joined by +, arms by commas: ntp,ntp+lll,ntp+klal:0.5 (default: each loss of the config)",
  },
  arm: {
    type: "string",
    valueHint: "NAME=LOSSES,...",
    description:
      "an arm with settings of its own: mild=ntp+klal,losses.klal.heads=best; may be given several times",
  },
  seeds: { type: "string", default: "3", description: "how many seeds, or which: 3 | 1,2,5" },
  out: {
    type: "string",
    valueHint: "FOLDER",
    description: "folder of the study; the same command goes on there",
  },
  model: { type: "string", description: "model to start from: a folder, or OWNER/NAME after fovea pull" },
  data: {
    type: "string",
    valueHint: "FOLDER",
    description: "image folder to train on, a part of it held out",
  },
  steps: { type: "string", valueHint: "N", description: "number of steps of every run" },
  ...placeArgs,
  ...settingArgs,
  "score-at": {
    type: "string",
    valueHint: "STEPS",
    description:
      "steps that are scored: log (1, 2, 5, 10, ...), end, or a list such as 100,400 (default log)",
  },
  "score-every": { type: "string", valueHint: "N", description: "score every N steps instead" },
  count: { type: "string", default: "500", description: "held-out pictures that are scored, at most" },
  "scene-seed": { type: "string", default: "7", description: "seed of the held-out scenes" },
  language: {
    type: "boolean",
    description: "also measure what is left of the language of --model: perplexity and KL on texts",
  },
  jobs: { type: "string", default: "1", description: "runs at the same time, each a process of its own" },
  shard: {
    type: "string",
    valueHint: "I/N",
    description: "only every N-th run, from the I-th on: a machine's part",
  },
  report: {
    type: "boolean",
    description: "write the report of the runs that are finished, and train nothing",
  },
  json: { type: "boolean", description: "print one JSON object on standard output" },
} as const;

type AblateArgs = ParsedArgs<typeof ablateArgs>;

export const ablate = defineCommand({
  meta: {
    name: "ablate",
    description:
      "Train the same model with different losses, score it on the way, and compare what came of it.",
  },
  args: ablateArgs,
  async run({ args, rawArgs }) {
    strictArgs("ablate", rawArgs, ablateArgs, ["set", "arm"]);
    const out = needed("ablate", "--out", args.out, "for example --out out/ablation");
    const jobs = numberIn("ablate", "--jobs", args.jobs, { least: 1, most: 256 }) as number;
    const shard = shardIn(args.shard);
    if (shard !== undefined && jobs > 1)
      throw new UserError("ablate: --shard and --jobs exclude each other: shards are what --jobs starts");
    const plan = await planOf(args, rawArgs, out);
    if (!args.report) {
      await writePlan(out, plan);
      await trainAll(plan, out, { jobs, shard, rawArgs });
    }
    await conclude(plan, out, args.json ?? false);
  },
});

/** The plan that the options say; without a config, that of the folder. */
async function planOf(args: AblateArgs, rawArgs: readonly string[], out: string): Promise<Plan> {
  const before = await readPlan(out);
  const { config: file, preset } = args;
  if (file === undefined && preset === undefined) {
    if (before !== undefined) return before;
    throw new UserError(`ablate: give CONFIG or --preset NAME; ${out} holds no study to go on with`);
  }
  const from = { ...(file !== undefined && { file }), ...(preset !== undefined && { preset }) };
  const config = await loadConfig(from, settingsOf("ablate", args, rawArgs));
  if (args.language && config.model.from === null)
    throw mustBe("ablate", "--language", "given with a model to start from (--model)", "a fresh model");
  const folder = resolve(file === undefined ? "." : dirname(file));
  const now: Plan = {
    version: 1,
    arms: armsOf(config, args.arms, repeatedWhole(rawArgs, "arm")).map(({ name, sets }) => ({
      name,
      sets: [...sets],
    })),
    seeds: seedsIn(args.seeds),
    scoreAt: scoredSteps(args, config),
    count: numberIn("ablate", "--count", args.count, { least: 1 }) as number,
    sceneSeed: numberIn("ablate", "--scene-seed", args["scene-seed"], { least: 0 }) as number,
    ...(args.language && { language: true }),
    folder,
    config,
  };
  return joinedPlan(before, now, out);
}

/** "3" is how many, "1,2,5" which. */
function seedsIn(text: string): number[] {
  const listed = text.split(",").map((part) => (/^\s*\d{1,6}\s*$/.test(part) ? Number(part) : Number.NaN));
  const isCount = listed.length === 1;
  if (listed.some(Number.isNaN) || (isCount && (listed[0] < 1 || listed[0] > 1000)))
    throw mustBe("ablate", "--seeds", "how many, from 1, or a list such as 1,2,5", text);
  if (isCount) return Array.from({ length: listed[0] }, (_, i) => i + 1);
  if (new Set(listed).size < listed.length) throw mustBe("ablate", "--seeds", "each seed once", text);
  return listed;
}

function scoredSteps(args: AblateArgs, { train: { steps } }: TrainConfig): number[] {
  const [at, every] = [args["score-at"], args["score-every"]];
  if (at !== undefined && every !== undefined)
    throw new UserError("ablate: --score-at and --score-every exclude each other");
  if (every !== undefined)
    return evenlySpaced(steps, numberIn("ablate", "--score-every", every, { least: 1 }) as number);
  if (at === undefined || at === "log") return logSpaced(steps);
  if (at === "end") return [steps];
  const listed = at.split(",").map((part) => (/^\s*\d{1,9}\s*$/.test(part) ? Number(part) : Number.NaN));
  if (listed.some((step) => !(step <= steps)))
    throw mustBe("ablate", "--score-at", `log, end, or steps up to ${steps} such as 100,400`, at);
  return [...new Set([...listed, steps])].sort((a, b) => a - b);
}

function shardIn(text: string | undefined): { index: number; count: number } | undefined {
  if (text === undefined) return undefined;
  const [, index, count] = (/^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? []).map(Number);
  if (!(index >= 1 && index <= count))
    throw mustBe("ablate", "--shard", "I/N with I from 1 to N, for example 1/4", text);
  return { index, count };
}

interface Work {
  readonly jobs: number;
  readonly shard: { readonly index: number; readonly count: number } | undefined;
  readonly rawArgs: readonly string[];
}

async function trainAll(plan: Plan, out: string, { jobs, shard, rawArgs }: Work): Promise<void> {
  if (jobs > 1) return runShards(rawArgs, Math.min(jobs, runsOf(plan).length));
  const { device, precision } = plan.config.train as TrainConfig["train"];
  mustBeFetched("ablate", "train.device", device);
  begin("ablate", { device, precision });
  const stop = stopInOrder();
  const own = shard === undefined ? runsOf(plan) : shardOf(runsOf(plan), shard);
  const steps = plan.scoreAt[plan.scoreAt.length - 1];
  const line = progressLine(
    shard === undefined ? "ablate" : `ablate ${shard.index}/${shard.count}`,
    own.length * steps,
  );
  stop.signal.addEventListener("abort", () =>
    say(`${stop.signal.reason}: saving after this step; once more ends at once`),
  );
  const command = portableCommand(["fovea", "ablate", ...rawArgs]);
  const told = {
    onProgress: ({ done, state }: { done: number; state: string }) => line.at(done, state),
    onNote: say,
  };
  await runStudy({ plan, out, command, signal: stop.signal, ...(shard && { shard }), ...told }).finally(
    () => {
      line.end();
      stop.release();
    },
  );
}

/** Of what is finished; other shards may still be at work. */
async function conclude(plan: Plan, out: string, asJson: boolean): Promise<void> {
  const records = await recordsOf(out, plan);
  if (records.length === 0) throw new UserError(`ablate: no run of the study in ${out} is finished yet`);
  const found = await whileWaiting("ablate", "comparing the arms", () => writeStudy(out, plan, records));
  const files = `${out}/index.html (page), report.md, report.json, curves.svg; runs in ${out}/runs`;
  report(asJson, { folder: out, ...found }, [...reportLines(found), "", files]);
}
