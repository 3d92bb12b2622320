import { defineCommand } from "citty";
import { mustBe } from "../../../common/errors.ts";
import { defined } from "../../../common/options.ts";
import { splits } from "../../../data/assets/load.ts";
import type { SceneRecipe } from "../../../data/imagefolder/recipe.ts";
import { sceneTasks, type TaskName, taskNames, usualTaskNames } from "../../../data/tasks/registry.ts";
import { needed, numberIn, oneOf, repeated } from "../../arguments.ts";
import { strictArgs } from "../../strict.ts";
import { type CommonGiven, commonArgs, makeAndReport, makeFrozen } from "./common.ts";

const sceneArgs = {
  ...commonArgs,
  split: { type: "string", description: `which scenes to draw: ${splits.join(", ")} (default train)` },
  size: { type: "string", description: "side of the square images in pixels (default 64)" },
  objects: { type: "string", description: "objects in each image: a number or a range (default 2-4)" },
  grid: { type: "string", description: "rows and columns of the grid that questions refer to (default 4)" },
  tasks: {
    type: "string",
    description: `tasks to ask about, separated by commas: ${taskNames.join(", ")} (default ${usualTaskNames.join(",")})`,
  },
  questions: { type: "string", description: "most questions for each image (default 4)" },
  absent: { type: "string", description: "concepts for each image that it does not show (default 2)" },
  wordings: { type: "string", description: "number of different wordings of each question (default 1)" },
  names: { type: "string", description: "use only the first N names" },
  cutouts: {
    type: "string",
    description:
      "fluent-3d, fluent-flat, noto or a folder of transparent pictures; separate several with commas (default fluent-3d)",
  },
  backgrounds: {
    type: "string",
    description: "folder of photos to use as backgrounds (default: painted ones)",
  },
} as const;

/** `data make scenes`, or of one task alone: `data make naming`. */
export function scenesCommand(name: string, task?: TaskName) {
  const command = `data make ${name}`;
  const { tasks, ...others } = sceneArgs;
  const args = task === undefined ? sceneArgs : { ...others, ...presetArg };
  const description =
    task === undefined
      ? "Compose scenes from cut-outs, with exact masks and questions."
      : `On composed scenes: ${sceneTasks[task].description}.`;
  return defineCommand({
    meta: { name, description },
    args,
    async run({ args: parsed, rawArgs }) {
      strictArgs(command, rawArgs, args, ["tasks", "cutouts"]);
      const given = parsed as SceneArgs & CommonGiven;
      const preset = given.preset as string | undefined;
      if (task !== undefined && preset !== undefined) return makeFrozen(command, task, { ...given, preset });
      const recipe = recipeOf(command, given, rawArgs);
      const only = task === undefined ? {} : { tasks: [task] };
      await makeAndReport(command, { ...recipe, examples: { ...recipe.examples, ...only } }, given);
    },
  });
}

const presetArg = {
  preset: { type: "string", description: "benchmark: the frozen test set, always the same" },
} as const;

type SceneArgs = { readonly [K in keyof typeof sceneArgs | "preset"]?: string | boolean | undefined };

/** The recipe that the options describe; ranges that only the composer knows are checked there. */
function recipeOf(command: string, given: SceneArgs, rawArgs: readonly string[]): SceneRecipe {
  const text = given as { readonly [K in keyof typeof sceneArgs]?: string };
  const whole = (name: keyof typeof sceneArgs, least = 1) =>
    numberIn(command, `--${name}`, text[name], { least });
  const names = whole("names");
  const objects = text.objects === undefined ? undefined : objectRange(command, text.objects);
  const tasks = repeated(rawArgs, "tasks").map((task) => oneOf(command, "--tasks", task, taskNames));
  const sources = repeated(rawArgs, "cutouts");
  return {
    count: numberIn(command, "--count", needed(command, "--count", text.count), { least: 1 })!,
    seed: whole("seed", 0) ?? 0,
    split: oneOf(command, "--split", text.split ?? "train", splits),
    sources: sources.length > 0 ? sources : ["fluent-3d"],
    ...(names !== undefined && { names }),
    ...(text.backgrounds !== undefined && { backgrounds: text.backgrounds }),
    examples: defined({
      scene: defined({ size: whole("size"), grid: whole("grid"), objects }),
      tasks: tasks.length > 0 ? tasks : undefined,
      questionsPerImage: whole("questions"),
      absentConcepts: whole("absent", 0),
      wordings: whole("wordings"),
    }),
  };
}

function objectRange(command: string, text: string): [number, number] {
  const [, low, high = low] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  if (low === undefined) throw mustBe(command, "--objects", "one whole number or a range such as 2-4", text);
  return [Number(low), Number(high)];
}
