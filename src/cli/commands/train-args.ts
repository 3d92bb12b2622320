/** Options of `fovea train` and `fovea ablate` that stand for settings of a config. */
import { deviceNames, precisions } from "../../common/devices.ts";
import { numberIn, repeatedWhole } from "../arguments.ts";

/** Where and how, over what the config says. */
export const placeArgs = {
  device: {
    type: "string",
    valueHint: "NAME",
    description: `where it is computed: ${deviceNames.join(" | ")} (default: train.device of the config)`,
  },
  precision: {
    type: "string",
    valueHint: "HOW",
    description: `products: ${precisions.join(" | ")} (default: train.precision of the config)`,
  },
} as const;

export const settingArgs = {
  lora: { type: "boolean", description: "train low-rank adapters; the model itself stays unchanged" },
  "lora.rank": { type: "string", valueHint: "N", description: "rank of the adapters (default 16)" },
  "lora.alpha": {
    type: "string",
    valueHint: "NUMBER",
    description: "the adapters are scaled by alpha / rank (default 32)",
  },
  "lora.dropout": {
    type: "string",
    valueHint: "SHARE",
    description: "share of the adapters' inputs that a step drops (default 0)",
  },
  "lora.targets": {
    type: "string",
    valueHint: "NAMES",
    description: "layers with adapters, such as q_proj,k_proj (default all-linear)",
  },
  "lora.weights": {
    type: "string",
    valueHint: "FORM",
    description: "how the model's own weights are held: mapped | int8 | int4 (default mapped)",
  },
  set: {
    type: "string",
    valueHint: "KEY=VALUE",
    description: "any setting of the config, such as train.learningRate=1e-3; may be given several times",
  },
} as const;

/** All settings that a command line gives over its config, in the order in which they are laid over it. */
export function settingsOf(
  command: string,
  args: Readonly<Record<string, unknown>>,
  rawArgs: readonly string[],
): string[] {
  const where = ["device", "precision"].flatMap((name) =>
    args[name] === undefined ? [] : [`train.${name}=${args[name]}`],
  );
  const steps = numberIn(command, "--steps", args.steps as string | undefined, { least: 1 });
  return [
    ...shortcuts(args),
    ...repeatedWhole(rawArgs, "set"),
    ...(steps === undefined ? [] : [`train.steps=${steps}`]),
    ...where,
  ];
}

/** Options that stand for settings; any of `--lora...` turns adapters on. */
function shortcuts(args: Readonly<Record<string, unknown>>): string[] {
  const given = (name: string) => {
    const value = args[name];
    return typeof value === "string" ? value : undefined;
  };
  const targets = given("lora.targets");
  const named = { model: "model.from", data: "data.folder" };
  const folders = Object.entries(named).flatMap(([name, path]) => {
    const value = given(name);
    return value === undefined ? [] : [`${path}=${JSON.stringify(value)}`];
  });
  const settings = ["rank", "alpha", "dropout", "weights"].flatMap((name) => {
    const value = given(`lora.${name}`);
    return value === undefined ? [] : [`lora.${name}=${value}`];
  });
  if (targets !== undefined) settings.push(`lora.targets=${JSON.stringify(targets.split(","))}`);
  const lora = args.lora === true && settings.length === 0 ? ["lora={}"] : settings;
  return [...folders, ...lora];
}
