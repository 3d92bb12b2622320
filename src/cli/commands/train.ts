/** The command `fovea train`. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { defineCommand } from "citty";
import { formatSeconds } from "../../common/duration.ts";
import { mustBe, UserError } from "../../common/errors.ts";
import { type OrderlyStop, stopInOrder } from "../../common/signals.ts";
import { loadConfig, presetNames } from "../../train/config/config.ts";
import { configJsonSchema } from "../../train/config/json-schema.ts";
import type { RunResult } from "../../train/report/card.ts";
import { portableCommand } from "../../train/report/portable.ts";
import { type ProgressView, progressView } from "../../train/run/progress.ts";
import { train as runTraining } from "../../train/run/run.ts";
import { needed, report } from "../arguments.ts";
import { begin, mustBeFetched } from "../device.ts";
import { nextSteps } from "../next-steps.ts";
import { patience } from "../patience.ts";
import { print } from "../say.ts";
import { strictArgs } from "../strict.ts";
import { verboseArg, withFigures } from "../verbose.ts";
import { placeArgs, settingArgs, settingsOf } from "./train-args.ts";

const trainArgs = {
  preset: { type: "string", description: "config that comes with Fovea; --list shows them" },
  config: { type: "string", valueHint: "FILE", description: "a config file of your own, YAML or JSON" },
  model: { type: "string", description: "model to start from: a folder, or OWNER/NAME after fovea pull" },
  data: { type: "string", valueHint: "FOLDER", description: "image folder to train on" },
  out: {
    type: "string",
    valueHint: "FOLDER",
    description: "folder for the run: checkpoints, metrics, final model",
  },
  steps: {
    type: "string",
    valueHint: "N",
    description: "number of steps; with --resume it may be larger than before",
  },
  ...placeArgs,
  resume: { type: "boolean", description: "continue from the last checkpoint in --out" },
  ...settingArgs,
  list: { type: "boolean", description: "list the presets and stop" },
  schema: { type: "boolean", description: "print the JSON schema of configs, for editors, and stop" },
  verbose: verboseArg,
  json: { type: "boolean", description: "print one JSON object on standard output" },
} as const;

export const train = defineCommand({
  meta: { name: "train", description: "Train a model with the losses named in a config." },
  args: trainArgs,
  async run({ args, rawArgs }) {
    strictArgs("train", rawArgs, trainArgs, ["set"]);
    const asJson = args.json ?? false;
    if (args.list) {
      const presets = await presetNames();
      return report(asJson, { presets }, presets);
    }
    if (args.schema) return print(JSON.stringify(await configJsonSchema(), null, 2));
    const out = needed("train", "--out", args.out, "for example --out runs/first");
    const resume = args.resume ?? false;
    const overrides = settingsOf("train", args, rawArgs);
    const config = await loadConfig(configSource(args, resume ? out : undefined), overrides);
    mustBeFetched("train", "train.device", config.train.device);
    begin("train", config.train);
    const view = afterWaiting(progressView(config.train.steps, 0, process.stderr));
    const stop = saving(view);
    const run = {
      config,
      out,
      resume,
      folder: args.config === undefined ? process.cwd() : dirname(args.config),
      view,
      command: portableCommand(["fovea", "train", ...rawArgs]),
      signal: stop.signal,
    };
    const result = await withFigures("train", args.verbose, () => runTraining(run)).finally(stop.release);
    report(asJson, result, [...summary(result), "next:", ...(await nextSteps(config, result.model, out))]);
  },
});

/** A view whose first words may be long in coming: until then it is said what goes on. */
function afterWaiting(view: ProgressView): ProgressView {
  const waiting = patience("train");
  waiting.say("opening the model and reading the data");
  const before = <A extends readonly unknown[]>(show: (...args: A) => void) => {
    return (...args: A) => {
      waiting.end();
      show(...args);
    };
  };
  const noted = (text: string) => {
    waiting.clear();
    view.note(text);
  };
  return { ...view, start: before(view.start), step: before(view.step), note: noted, end: before(view.end) };
}

function summary({ folder, model, steps, seconds, loss, evaluation }: RunResult): string[] {
  const heldOut = evaluation === null ? "" : ` (held out: ${evaluation.loss.toFixed(4)})`;
  return [
    `trained ${steps} steps in ${formatSeconds(seconds)}: loss ${loss.toFixed(4)}${heldOut}`,
    `model: ${model}`,
    `curves: ${join(folder, "curves.svg")}   metrics: ${join(folder, "metrics.jsonl")}`,
  ];
}

/** The file or preset that is named; a run that goes on, in the folder `resumed`, has its own. */
function configSource(args: { config?: string; preset?: string }, resumed: string | undefined) {
  if (args.config !== undefined || args.preset !== undefined)
    return { ...(args.config && { file: args.config }), ...(args.preset && { preset: args.preset }) };
  if (resumed === undefined)
    throw new UserError(
      "train: give either --preset NAME or --config FILE; fovea train --list names the presets",
    );
  const own = join(resumed, "config.yaml");
  if (!existsSync(own)) throw mustBe("train", "--resume", "given with the --out of a run", resumed);
  return { file: own };
}

/** What the first Ctrl-C, hang-up or request to end does; a second one ends the process at once. */
function saving(view: ProgressView): OrderlyStop {
  const stop = stopInOrder();
  const say = () => view.note(`${stop.signal.reason}: saving after this step; once more ends at once`);
  stop.signal.addEventListener("abort", say);
  return stop;
}
