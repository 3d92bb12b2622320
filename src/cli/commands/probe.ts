import { defineCommand } from "citty";
import { mustBe, UserError } from "../../common/errors.ts";
import { defined } from "../../common/options.ts";
import { type Example, refOf } from "../../data/example.ts";
import { readExampleRefs } from "../../data/imagefolder/read.ts";
import { evaluate } from "../../eval/evaluate.ts";
import { scenesFor } from "../../eval/scenes.ts";
import { briefSummary, type Summary, summarise, summaryLines } from "../../eval/summary.ts";
import { isBaseline } from "../../harness/baselines.ts";
import { parseModelSpec } from "../../harness/providers/spec.ts";
import { shortNames } from "../../harness/score/names.ts";
import { modelFolder } from "../../hub/cache.ts";
import { openVlm, programCache, type Vlm } from "../../vlm/open.ts";
import { needed, numberIn, report } from "../arguments.ts";
import { tellModel } from "../model-notes.ts";
import { progressLine } from "../progress.ts";
import { strictArgs } from "../strict.ts";
import { weightsArg, weightsOf } from "../weights.ts";
import { targetOf } from "./eval-args.ts";

const probeArgs = {
  target: {
    type: "positional",
    required: false,
    description: "image folder with regions (default: new scenes)",
  },
  model: { type: "string", description: "model or adapter folder, or OWNER/NAME after fovea pull" },
  against: { type: "string", description: "second model to compare with: paired differences" },
  data: { type: "string", description: "the same as TARGET" },
  threshold: {
    type: "string",
    default: "0.5",
    description: "probability from which on a patch shows a concept",
  },
  long: { type: "boolean", default: false, description: "print every metric, layer by layer" },
  count: { type: "string", description: "number of images (default: 1000 scenes, or the whole folder)" },
  seed: { type: "string", default: "0", description: "seed of the scenes and of the bootstrap" },
  sources: {
    type: "string",
    description: "compose scenes from these cut-outs: emoji styles or folders, separated by commas",
  },
  backgrounds: { type: "string", description: "compose scenes on the photos of this folder" },
  weights: weightsArg("memory"),
  batch: { type: "string", default: "32", description: "images per forward pass" },
  json: { type: "boolean", default: false, description: "print one JSON object" },
} as const;

export const probe = defineCommand({
  meta: {
    name: "probe",
    description: "Score what a local model's lens and attention show against the regions of a data set.",
  },
  args: probeArgs,
  async run({ args, rawArgs }) {
    strictArgs("probe", rawArgs, probeArgs);
    const model = needed("probe", "--model", args.model);
    const paths = [model, ...(args.against === undefined ? [] : [args.against])];
    for (const path of paths) refuseClosed(path);
    const number = (name: "seed" | "count" | "batch", least: number) =>
      numberIn("probe", `--${name}`, args[name], { least });
    const threshold = numberIn("probe", "--threshold", args.threshold, { least: 0, most: 1, fraction: true });
    const seed = number("seed", 0) as number;
    const programs = programCache();
    const weights = weightsOf("probe", args.weights);
    const models: Vlm[] = [];
    for (const path of paths) models.push(await openVlm(await modelFolder(path), programs, weights));
    for (const one of models) tellModel("probe", one);
    const { sources, backgrounds } = args;
    const choice = { sources: sources?.split(","), backgrounds, count: number("count", 1), seed };
    const target = targetOf("probe", args);
    const examples = await examplesOf(models[0], target, choice);
    const evaluations = [];
    for (const one of models) {
      const progress = progressLine(`probe ${one.name}`, examples.length);
      const options = { batch: number("batch", 1), threshold, onProgress: progress.at };
      const evaluation = await evaluate(one, examples.map(refOf), options);
      progress.end();
      evaluations.push(evaluation);
      const { questions, words } = evaluation.unknown;
      if (questions > 0)
        console.error(
          `probe: unknown to ${one.name}: words in ${questions} of the questions: ${words.slice(0, 8).join(", ")}`,
        );
    }
    const names = shortNames(paths);
    const summary = shownOnly(
      summarise(
        evaluations.map((one, i) => ({ ...one, model: names[i] })),
        seed,
      ),
    );
    const lines = args.long ? summaryLines(summary) : briefSummary(summary);
    report(args.json, { data: target ?? "scenes", seed, threshold, ...summary }, lines);
  },
});

/** Models that can be asked, but have no lens and no attention to look at. */
function refuseClosed(model: string): void {
  if (isBaseline(model) || parseModelSpec(model).kind === "remote")
    throw mustBe("probe", "--model", "a model folder: only those can be looked into", model);
}

/** Answers are what `fovea eval` scores. */
function shownOnly(summary: Summary): Summary {
  return { ...summary, rows: summary.rows.filter(({ group }) => group !== "accuracy") };
}

interface SceneWish {
  readonly sources: readonly string[] | undefined;
  readonly backgrounds: string | undefined;
  readonly count: number | undefined;
  readonly seed: number;
}

async function examplesOf(model: Vlm, target: string | undefined, wish: SceneWish): Promise<Example[]> {
  const { count = 1000 } = wish;
  if (target === undefined || target === "scenes") return scenesFor(model, { ...defined(wish), count });
  for (const name of ["sources", "backgrounds"] as const)
    if (wish[name] !== undefined)
      throw mustBe("probe", `--${name}`, "given without TARGET: it is for scenes", target);
  const onNotice = (line: string) => console.error(`probe: ${line}`);
  const refs = await readExampleRefs(target, { onNotice });
  const examples = await Promise.all(refs.slice(0, wish.count).map((ref) => ref.load()));
  if (examples.length === 0) throw new UserError(`probe: ${target} holds no images with questions`);
  return examples;
}
