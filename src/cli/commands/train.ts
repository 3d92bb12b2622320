import { dirname, join } from "node:path";
import { defineCommand } from "citty";
import { loadConfig, presetNames } from "../../train/config.ts";
import { formatSeconds, progressView } from "../../train/progress.ts";
import { train as runTraining } from "../../train/run.ts";
import { needed, numberIn, repeatedWhole, report } from "../arguments.ts";
import { strictArgs } from "../strict.ts";

const trainArgs = {
  config: { type: "string", description: "YAML or JSON file" },
  preset: { type: "string", description: "a config that comes with Fovea; `fovea train --list` names them" },
  out: { type: "string", description: "folder of the run: checkpoints, metrics, curves, final model" },
  model: { type: "string", description: "model to start from: a folder, or OWNER/NAME that was pulled" },
  lora: { type: "boolean", description: "train low-rank adapters on it, which itself stays as it is" },
  "lora.rank": { type: "string", description: "rank of the adapters (16)" },
  "lora.alpha": { type: "string", description: "their scale is alpha / rank (32)" },
  "lora.dropout": { type: "string", description: "share of their inputs that a step drops (0)" },
  "lora.targets": { type: "string", description: "layers by name, by commas: q_proj,k_proj (all-linear)" },
  "lora.weights": { type: "string", description: "the model's own: mapped | int8 | int4 (mapped)" },
  set: { type: "string", description: "override, for example --set train.learningRate=1e-3; several times" },
  steps: { type: "string", description: "short for --set train.steps=N" },
  resume: { type: "boolean", description: "go on from the last checkpoint in --out" },
  list: { type: "boolean", description: "name the presets and stop" },
  json: { type: "boolean", description: "print one JSON object on standard output" },
} as const;

export const train = defineCommand({
  meta: { name: "train", description: "Train a model with the losses that a config names." },
  args: trainArgs,
  async run({ args, rawArgs }) {
    strictArgs("train", rawArgs, trainArgs, ["set"]);
    const asJson = args.json ?? false;
    if (args.list) {
      const presets = await presetNames();
      return report(asJson, { presets }, presets);
    }
    const out = needed("train", "--out", args.out, "for example --out runs/first");
    const steps = numberIn("train", "--steps", args.steps, { least: 1 });
    const sets = repeatedWhole(rawArgs, "set");
    const overrides = [...shortcuts(args), ...sets, ...(steps === undefined ? [] : [`train.steps=${steps}`])];
    const resume = args.resume ?? false;
    const config = await loadConfig(
      configSource(args, resume ? join(out, "config.yaml") : undefined),
      overrides,
    );
    const result = await runTraining({
      config,
      out,
      resume,
      folder: args.config === undefined ? process.cwd() : dirname(args.config),
      view: progressView(config.train.steps, 0, process.stderr),
      command: `fovea train ${rawArgs.join(" ")}`,
      signal: interrupted(),
    });
    report(asJson, result, [
      `trained ${result.steps} steps in ${formatSeconds(result.seconds)}, loss ${result.loss.toFixed(4)}`,
      `model: ${result.model}   curves: ${out}/curves.svg   metrics: ${out}/metrics.jsonl`,
    ]);
  },
});

/** Options that stand for settings; any of `--lora...` turns adapters on. */
function shortcuts(args: Readonly<Record<string, unknown>>): string[] {
  const given = (name: string) => {
    const value = args[name];
    return typeof value === "string" ? value : undefined;
  };
  const [model, targets] = [given("model"), given("lora.targets")];
  const settings = ["rank", "alpha", "dropout", "weights"].flatMap((name) => {
    const value = given(`lora.${name}`);
    return value === undefined ? [] : [`lora.${name}=${value}`];
  });
  if (targets !== undefined) settings.push(`lora.targets=${JSON.stringify(targets.split(","))}`);
  const lora = args.lora === true && settings.length === 0 ? ["lora={}"] : settings;
  return [...(model === undefined ? [] : [`model.from=${JSON.stringify(model)}`]), ...lora];
}

/** The file or preset that is named; a run that goes on has its own. */
function configSource(args: { config?: string; preset?: string }, own?: string) {
  if (args.config === undefined && args.preset === undefined && own !== undefined) return { file: own };
  return { ...(args.config && { file: args.config }), ...(args.preset && { preset: args.preset }) };
}

/** Signals that end a program, by their numbers. */
const endings = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** Aborted by the first Ctrl-C, hang-up or kill: the run then saves and stops. A second one ends the process at once. */
function interrupted(): AbortSignal {
  const controller = new AbortController();
  const names = Object.keys(endings) as (keyof typeof endings)[];
  const stop = (name: keyof typeof endings) => {
    for (const other of names) process.off(other, stop);
    controller.abort(endings[name]);
  };
  for (const name of names) process.on(name, stop);
  return controller.signal;
}
