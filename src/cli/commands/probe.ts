/** The command `fovea probe`. */
import { defineCommand } from "citty";
import { mustBe, UserError } from "../../common/errors.ts";
import { defined } from "../../common/options.ts";
import { type ExampleRef, refOf } from "../../data/example.ts";
import { readExampleRefs } from "../../data/imagefolder/read.ts";
import { evaluate } from "../../eval/evaluate.ts";
import { scenesFor } from "../../eval/scenes.ts";
import { briefSummary, type Summary, summarise, summaryLines } from "../../eval/summary.ts";
import { isBaseline } from "../../harness/baselines.ts";
import { type ChosenPart, choosePart, splits } from "../../harness/part.ts";
import { parseModelSpec } from "../../harness/providers/spec.ts";
import { shortNames } from "../../harness/score/names.ts";
import { modelFolder } from "../../hub/net/cache.ts";
import { openVlm, programCache, type Vlm } from "../../vlm/open.ts";
import { unknownWords } from "../../vlm/words.ts";
import { needed, numberIn, oneOf, report } from "../arguments.ts";
import { machineArgs, machineOf } from "../device.ts";
import { tellModel } from "../model-notes.ts";
import { whileWaiting } from "../patience.ts";
import { progressLine } from "../progress.ts";
import { say } from "../say.ts";
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
  split: {
    type: "string",
    description:
      "held-out, train or all: which part of the data that trained a model; default held-out, all of other data",
  },
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
    description: "compose scenes from these cut-outs: drawings, stamps or folders, separated by commas",
  },
  backgrounds: {
    type: "string",
    description:
      "compose scenes on the photos of this folder, or on these painted kinds, separated by commas",
  },
  weights: weightsArg("memory"),
  ...machineArgs,
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
    const machine = machineOf("probe", args);
    const programs = programCache({ machine });
    const weights = weightsOf("probe", args.weights);
    const models: Vlm[] = [];
    const open = async (path: string) => openVlm(await modelFolder(path), { programs, weights, machine });
    for (const path of paths) models.push(await whileWaiting("probe", `opening ${path}`, () => open(path)));
    for (const one of models) tellModel("probe", one);
    const { sources, backgrounds } = args;
    const choice = { sources: sources?.split(","), backgrounds, count: number("count", 1), seed };
    const target = targetOf("probe", args);
    const split = args.split === undefined ? undefined : oneOf("probe", "--split", args.split, splits);
    const { examples: all, note } = await examplesOf(models[0], target, choice, (folder) =>
      choosePart("probe", paths, folder, split),
    );
    const { examples, left } = withKnownConcepts(models, all);
    for (const line of leftLines(left)) say(`probe: ${line}`);
    const evaluations = [];
    for (const one of models) {
      const progress = progressLine(`probe ${one.name}`, examples.length);
      const options = {
        batch: number("batch", 1),
        threshold,
        onProgress: (done: number) => progress.at(done),
      };
      const evaluation = await evaluate(one, examples, options).finally(progress.end);
      evaluations.push(evaluation);
      const { questions, words } = evaluation.unknown;
      if (questions > 0)
        say(
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
    const data = { data: target ?? "scenes", ...(note && { note }) };
    report(args.json, { ...data, seed, threshold, ...summary }, [...(note ? [note] : []), ...lines]);
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

interface Chosen {
  readonly examples: readonly ExampleRef[];
  /** What is to be said of the part of the data that was taken. */
  readonly note?: string;
}

/** Examples with their pictures unread, or held-out scenes. */
async function examplesOf(
  model: Vlm,
  target: string | undefined,
  wish: SceneWish,
  choose: (folder: string) => Promise<ChosenPart>,
): Promise<Chosen> {
  const { count = 1000 } = wish;
  if (target === undefined || target === "scenes")
    return { examples: (await scenesFor(model, { ...defined(wish), count })).map(refOf) };
  for (const name of ["sources", "backgrounds"] as const)
    if (wish[name] !== undefined)
      throw mustBe("probe", `--${name}`, "given without TARGET: it is for scenes", target);
  const onNotice = (line: string) => say(`probe: ${line}`);
  const refs = await readExampleRefs(target, { onNotice });
  const { part, note } = await choose(target);
  const examples = refs.filter(({ id }) => part?.has(id) ?? true).slice(0, wish.count);
  if (examples.length === 0) throw new UserError(`probe: ${target} holds no images with questions`);
  return { examples, ...(note && { note }) };
}

/**
 * Concepts whose word a model cannot tell from others are left out, of all models alike: its lens would show where it sees
 * any of them.
 */
function withKnownConcepts(models: readonly Vlm[], examples: readonly ExampleRef[]) {
  const words = new Set(examples.flatMap(({ concepts }) => concepts.map(({ word }) => word)));
  const isUnknown = (word: string) => models.some((model) => unknownWords(model, word).length > 0);
  const unknown = new Set([...words].filter(isUnknown));
  const left = examples.flatMap(({ concepts }) => concepts.filter(({ word }) => unknown.has(word)));
  const kept = ({ concepts }: Pick<ExampleRef, "concepts">) =>
    concepts.filter(({ word }) => !unknown.has(word));
  const filtered = examples.map((ref) => {
    const load = async () => {
      const example = await ref.load();
      return { ...example, concepts: kept(example) };
    };
    return { ...ref, concepts: kept(ref), load };
  });
  return { examples: left.length === 0 ? examples : filtered, left };
}

function leftLines(left: readonly { readonly word: string }[]): string[] {
  if (left.length === 0) return [];
  const words = [...Map.groupBy(left, ({ word }) => word)].map(([word, all]) => `${word} (${all.length})`);
  const more = words.length > 8 ? `, and ${words.length - 8} more` : "";
  return [
    `concepts with words that a model does not know are left out: ${words.slice(0, 8).join(", ")}${more}`,
  ];
}
