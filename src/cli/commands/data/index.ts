import { readdir } from "node:fs/promises";
import { defineCommand } from "citty";
import { Presets, SingleBar } from "cli-progress";
import { mustBe, UserError } from "../../common/errors.ts";
import { splits } from "../../data/assets/load.ts";
import { makeScenes } from "../../data/imagefolder/make.ts";
import type { SceneRecipe } from "../../data/imagefolder/recipe.ts";
import type { SceneOptions } from "../../data/scenes/options.ts";
import { taskNames } from "../../data/tasks/registry.ts";
import { numberIn, oneOf, repeated, report } from "../arguments.ts";
import { strictArgs } from "../strict.ts";

const command = "data make scenes";

const sceneArgs = {
  count: { type: "string", description: "images to make", required: true },
  out: { type: "string", description: "folder to make; must not exist yet", required: true },
  seed: { type: "string", description: "the same seed gives the same bytes", default: "0" },
  split: { type: "string", description: `stream of scenes: ${splits.join(", ")}`, default: "train" },
  size: { type: "string", description: "side of the square images in pixels (64)" },
  objects: { type: "string", description: "objects an image, one number or a range (2-4)" },
  grid: { type: "string", description: "cells a side that questions speak of (4)" },
  tasks: { type: "string", description: `parted by commas (${taskNames.join(",")})` },
  questions: { type: "string", description: "questions an image, at most (4)" },
  absent: { type: "string", description: "absent concepts an image (2)" },
  wordings: { type: "string", description: "wordings of each question (1)" },
  names: { type: "string", description: "only the first so many names" },
  cutouts: {
    type: "string",
    description:
      "fluent-3d, fluent-flat, noto or a folder of transparent pictures; several parted by commas (fluent-3d)",
  },
  backgrounds: { type: "string", description: "a folder of photos; painted backgrounds without it" },
  workers: { type: "string", description: "threads (as many as pay)" },
  replace: { type: "boolean", description: "replace an existing folder" },
  json: { type: "boolean", description: "print one JSON object on standard output" },
} as const;

const scenes = defineCommand({
  meta: { name: "scenes", description: "Compose scenes from cut-outs, with exact masks and questions." },
  args: sceneArgs,
  async run({ args, rawArgs }) {
    strictArgs(command, rawArgs, sceneArgs, ["tasks", "cutouts"]);
    const recipe = recipeOf(args, rawArgs);
    const workers = numberIn(command, "--workers", args.workers, { least: 1, most: 64 });
    if (!args.replace) await mustBeFree(args.out);
    const bar = new SingleBar(
      { format: "{bar} {value}/{total} images, {eta_formatted} left" },
      Presets.shades_classic,
    );
    if (!args.json) bar.start(recipe.count, 0);
    try {
      const made = await makeScenes(recipe, args.out, {
        replace: args.replace ?? false,
        onProgress: (done) => bar.update(done),
        ...(workers !== undefined && { workers }),
      });
      bar.stop();
      report(args.json ?? false, made, [`made ${made.images} images in ${made.folder}`]);
    } finally {
      bar.stop();
    }
  },
});

type SceneArgs = { readonly [K in keyof typeof sceneArgs]?: string | boolean | undefined };

/** The recipe that the options describe; ranges that only the composer knows are checked there. */
function recipeOf(given: SceneArgs, rawArgs: readonly string[]): SceneRecipe {
  const text = given as { readonly [K in keyof typeof sceneArgs]?: string };
  const whole = (name: keyof typeof sceneArgs, least = 1) =>
    numberIn(command, `--${name}`, text[name], { least });
  const names = whole("names");
  const objects = text.objects === undefined ? undefined : objectRange(text.objects);
  const tasks = repeated(rawArgs, "tasks").map((task) => oneOf(command, "--tasks", task, taskNames));
  const sources = repeated(rawArgs, "cutouts");
  return {
    count: whole("count")!,
    seed: whole("seed", 0)!,
    split: oneOf(command, "--split", text.split!, splits),
    sources: sources.length > 0 ? sources : ["fluent-3d"],
    ...(names !== undefined && { names }),
    ...(text.backgrounds !== undefined && { backgrounds: text.backgrounds }),
    examples: defined({
      scene: defined({ size: whole("size"), grid: whole("grid"), objects }) as Partial<SceneOptions>,
      tasks: tasks.length > 0 ? tasks : undefined,
      questionsPerImage: whole("questions"),
      absentConcepts: whole("absent", 0),
      wordings: whole("wordings"),
    }),
  };
}

function objectRange(text: string): [number, number] {
  const [, low, high = low] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  if (low === undefined) throw mustBe(command, "--objects", "one whole number or a range such as 2-4", text);
  return [Number(low), Number(high)];
}

function defined<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}

async function mustBeFree(folder: string): Promise<void> {
  const files = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw new UserError(`${command}: --out ${folder} cannot be used: ${error.message}`, { cause: error });
  });
  if (files.length > 0)
    throw mustBe(command, "--out", "a new or empty folder", folder, "--replace replaces what is there");
}

const make = defineCommand({
  meta: { name: "make", description: "Make a data set." },
  subCommands: { scenes },
});

export const data = defineCommand({
  meta: { name: "data", description: "Make data sets." },
  subCommands: { make },
});
