import { defineCommand } from "citty";
import { mustBe, UserError } from "../../common/errors.ts";
import type { Example } from "../../data/example.ts";
import { readImageFolder } from "../../data/imagefolder/read.ts";
import { evaluate } from "../../eval/evaluate.ts";
import { scenesFor } from "../../eval/scenes.ts";
import { summarise, summaryLines } from "../../eval/summary.ts";
import { isBaseline } from "../../harness/baselines.ts";
import { modelFolder } from "../../hub/cache.ts";
import { openVlm, programCache, type Vlm } from "../../vlm/open.ts";
import { needed, numberIn, report } from "../arguments.ts";
import { progressLine } from "../progress.ts";
import { strictArgs } from "../strict.ts";
import { weightsArg, weightsOf } from "../weights.ts";
import { harnessArgs, runHarness } from "./eval-harness.ts";

const evalArgs = {
  model: { type: "string", description: "Hugging Face folder of the model, or OWNER/NAME that was pulled" },
  against: { type: "string", description: "folder of a second model: paired differences" },
  data: { type: "string", default: "scenes", description: "image folder with metadata.jsonl, or scenes" },
  sources: { type: "string", description: "scenes of these cut-outs: emoji style or folder, by commas" },
  backgrounds: { type: "string", description: "scenes on these photos: a folder" },
  count: { type: "string", description: "images; default 1000 scenes, or the whole folder" },
  seed: { type: "string", default: "0", description: "seed of the scenes and of the bootstrap" },
  weights: weightsArg("memory"),
  batch: { type: "string", default: "32", description: "images in one pass" },
  threshold: { type: "string", default: "0.5", description: "probability that counts as seen" },
  json: { type: "boolean", default: false, description: "print one JSON object" },
} as const;

/** Options of both uses, worded for both. */
const sharedArgs = {
  model: harnessArgs.model,
  seed: {
    ...evalArgs.seed,
    description: "seed of scenes, of a part of the questions, of bootstrap and baselines",
  },
} as const;

export const evaluation = defineCommand({
  meta: {
    name: "eval",
    description:
      "With a task or folder: ask any model its questions. Without: score one or two local models on answers, lens, attention.",
  },
  args: { ...harnessArgs, ...evalArgs, ...sharedArgs },
  async run({ args, rawArgs }) {
    if (args.target !== undefined) return runHarness(args, rawArgs);
    if (onlyAnswers(args.model))
      throw mustBe(
        "eval",
        "TASK or FOLDER",
        `given for ${args.model}`,
        "none",
        "only model folders can be looked into",
      );
    strictArgs("eval", rawArgs, evalArgs);
    const programs = programCache();
    const weights = weightsOf("eval", args.weights);
    const open = async (folder: string) => openVlm(await modelFolder(folder), programs, weights);
    const first = await open(needed("eval", "--model", args.model));
    const models = [first];
    if (args.against !== undefined) models.push(await open(args.against));
    const seed = numberIn("eval", "--seed", args.seed, { least: 0 }) as number;
    const count = numberIn("eval", "--count", args.count, { least: 1 });
    const batch = numberIn("eval", "--batch", args.batch, { least: 1 });
    const threshold = numberIn("eval", "--threshold", args.threshold, { least: 0, most: 1, fraction: true });
    const examples = await examplesOf(first, {
      data: args.data,
      sources: args.sources?.split(","),
      backgrounds: args.backgrounds,
      count,
      seed,
    });
    const evaluations = [];
    for (const model of models) {
      const progress = progressLine(`eval ${model.name}`, examples.length);
      evaluations.push(await evaluate(model, examples, { batch, threshold, onProgress: progress.at }));
      progress.end();
    }
    const summary = summarise(distinct(evaluations, [args.model as string, args.against ?? ""]), seed);
    report(args.json, { data: args.data, seed, ...summary }, summaryLines(summary));
  },
});

/** Models that can be asked, but have no lens or attention to look at. */
function onlyAnswers(model = ""): boolean {
  return isBaseline(model) || /^(?:openai|anthropic|google|openai-compatible):|^https?:/i.test(model);
}

interface DataChoice {
  readonly data: string;
  readonly sources?: readonly string[];
  readonly backgrounds?: string;
  readonly count?: number;
  readonly seed: number;
}

async function examplesOf(model: Vlm, choice: DataChoice): Promise<Example[]> {
  const { data, count = 1000 } = choice;
  if (data === "scenes") return scenesFor(model, { ...choice, count });
  const examples = await readImageFolder(data, choice.count);
  if (examples.length === 0) throw new UserError(`eval: ${data} holds no images with questions`);
  return examples;
}

/** Two folders of the same last name are called by their paths. */
function distinct<T extends { readonly model: string }>(items: readonly T[], paths: readonly string[]): T[] {
  const same = items.length === 2 && items[0].model === items[1].model;
  return items.map((item, i) => (same ? { ...item, model: paths[i] } : item));
}
