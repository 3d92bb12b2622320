/** The card (README.md) of a model that was trained or merged here. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, readdir, readFile, realpath } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { promisify } from "node:util";
import { stringify } from "yaml";
import { readAsking } from "../../answers/asking.ts";
import type { Asking } from "../../answers/families.ts";
import { formatSeconds } from "../../common/duration.ts";
import { writeFileWhole } from "../../common/files.ts";
import { codeBlock, codeSpan, escapeMarkdown } from "../../common/markdown.ts";
import { portablePath } from "../../common/portable-path.ts";
import { cardHead } from "../../hub/model-card.ts";
import { modelFolder, modelRefOf } from "../../hub/net/cache.ts";
import { isLicence } from "../../hub/weights/rewrite.ts";
import type { ModelFamily } from "../../models/contract/family.ts";
import { canAnswer } from "../config/answers.ts";
import type { TrainConfig } from "../config/config.ts";
import type { RunSummary } from "../run/summary.ts";
import type { Named } from "../step/trees.ts";
import type { EvalLine } from "./metrics.ts";
import { kindOf, type ModelKind, type Origin, originOf } from "./origin.ts";
import { portableConfig, portablePair } from "./portable.ts";
import { type PythonUse, pythonSnippet } from "./python.ts";

/** What came of a run. */
export interface RunResult {
  /** The run's folder, and in it the final model. */
  readonly folder: string;
  readonly model: string;
  readonly steps: number;
  readonly loss: number;
  readonly evaluation: { readonly loss: number; readonly parts: Named<number> } | null;
  readonly seconds: number;
  /** Share of the time that waited for batches, the first step (which starts the worker) left out. */
  readonly dataShare: number;
  /** What the run said of itself before its first step, and by that step how long the others would take. */
  readonly summary: RunSummary;
  readonly estimatedSeconds: number | null;
}

export interface CardContent {
  readonly config: TrainConfig;
  readonly result: RunResult;
  /** The command that began the run, and those that went on with it. */
  readonly commands: readonly string[];
  /** The commit of Fovea that trained, as it was when the run started. */
  readonly commit: string;
  readonly evaluations: readonly EvalLine[];
  /** The user's own model families. */
  readonly families?: readonly ModelFamily[];
}

/** Between these `addResults` puts the scores of an evaluation. */
const marks = ["<!-- scores -->", "<!-- /scores -->"] as const;

/** Writes the card of a trained model into `folder`, which is complete otherwise. It names no place of this machine. */
export async function writeCard(folder: string, content: CardContent): Promise<void> {
  const { config, result } = content;
  const base = config.model.from;
  const origin = base === null ? undefined : await originOf(base);
  const adapts = config.lora !== undefined && base !== null && origin !== undefined;
  const kind = await kindOf(adapts ? await modelFolder(base) : folder, content.families);
  const [model, from] = base === null ? [portablePath(result.model)] : await placesOf(result.model, base);
  const ownPictures = adapts && existsSync(join(folder, "preprocessor_config.json"));
  const head = headOf(kind, origin, adapts ? "adapter" : "finetune");
  const text = [
    head,
    "",
    `# ${escapeMarkdown(titleOf(content, kind, origin))}`,
    "",
    ...licenceLines(origin),
    "",
    ...(canAnswer(config)
      ? pythonLines(
          { model, prompt: kind.prompt, ...(adapts && { base: from, ownPictures }) },
          await readAsking(folder),
        )
      : towerLines),
    "",
    ...(await trainingLines(content, origin)),
    "",
    "## Results",
    "",
    ...resultLines(content),
    "",
    ...marks,
    "",
    "## Config",
    "",
    codeBlock("yaml", stringify(await portableConfig(config))),
    "",
  ];
  await writeFileWhole(join(folder, "README.md"), text.join("\n"));
  if (adapts) await copyLicence(await modelFolder(base), folder);
}

/** A whole model has the files of its base already. */
async function copyLicence(base: string, folder: string): Promise<void> {
  for (const name of (await readdir(base)).filter(isLicence))
    await copyFile(join(base, name), join(folder, name));
}

/** Model and base as a program finds them from one place. */
async function placesOf(model: string, base: string): Promise<readonly [string, string]> {
  const ref = await modelRefOf(base);
  return ref === undefined ? portablePair(model, base) : [portablePath(model), ref.name];
}

export function headOf(
  { modelType }: ModelKind,
  origin: Origin | undefined,
  relation: "adapter" | "finetune",
): string {
  return cardHead({
    ...origin?.licence,
    base_model: origin?.published,
    base_model_relation: origin?.published === undefined ? undefined : relation,
    library_name: relation === "adapter" ? "peft" : "transformers",
    pipeline_tag: "image-text-to-text",
    tags: ["fovea", modelType, ...(relation === "adapter" ? ["lora"] : [])],
  });
}

function titleOf({ config }: CardContent, { architecture }: ModelKind, origin: Origin | undefined): string {
  const { custom, ...own } = config.losses;
  const used = [...Object.entries(own), ...custom.map((loss) => [basename(loss.module), loss] as const)];
  const names = used.filter(([, loss]) => (loss?.weight ?? 0) > 0).map(([name]) => name.toUpperCase());
  const trained = `trained with ${names.join(" + ")}`;
  if (origin === undefined) return `A ${architecture} ${trained}`;
  return config.lora === undefined
    ? `${origin.name}, ${trained}`
    : `A low-rank adapter for ${origin.name}, ${trained}`;
}

export function licenceLines(origin: Origin | undefined): string[] {
  if (origin === undefined)
    return ["Trained by Fovea from random values. No licence is given here: its owner chooses one."];
  const { license, license_name: name } = origin.licence;
  const base = escapeMarkdown(origin.name);
  const known = `The licence is that of ${base}: ${escapeMarkdown(name ?? license ?? "")}.`;
  const unknown = `No licence is given here: the folder of ${base} names none. Look it up before you share this.`;
  return [`Made by Fovea of ${base}. ${license === undefined ? unknown : known}`];
}

/** `asking`: as the folder records it; none was recorded of what was trained elsewhere. */
export function pythonLines(use: PythonUse, asking: Asking | undefined): string[] {
  const { scale, order } = asking?.places ?? {};
  const bare = asking?.bare ? ["It was trained on the bare question: no instructions belong around it."] : [];
  const places =
    scale === undefined
      ? []
      : [`Places in its answers are in ${scales[scale]}, ${orders[order ?? "xy"]} first.`];
  return ["## Use", "", codeBlock("python", pythonSnippet(use)), "", [...bare, ...places].join(" ")];
}

const towerLines = [
  "## Use",
  "",
  "Its decoder was not trained on answers and says nothing of use. `fovea build --vision FOLDER --language MODEL` gives its vision tower to a language model.",
];

const orders = { xy: "x", yx: "y" } as const;

const scales: Readonly<Record<Asking["places"]["scale"], string>> = {
  unit: "shares of the picture's sides, 0 to 1",
  hundredths: "hundredths of the picture's sides",
  thousand: "thousandths of the picture's sides",
  bins: "1,024 steps of the picture's sides, a token each",
  pixels: "pixels of the picture",
  resized: "pixels of the picture as the processor resizes it",
};

async function trainingLines(content: CardContent, origin: Origin | undefined): Promise<string[]> {
  const { config, result, commands, commit } = content;
  const { train, data } = config;
  const { summary } = result;
  const rows = {
    base: origin && escapeMarkdown(origin.name),
    parameters: `${count(summary.parameters)}, ${count(summary.trainable)} of them trained`,
    data: dataLine(content),
    command: codes(commands.slice(0, 1)),
    "gone on with": commands.length > 1 ? codes(commands.slice(1)) : undefined,
    "seeds of the model and of the data": `${train.seed}, ${data.seed}`,
    "steps x images": `${result.steps} x ${train.batchSize * train.accumulate}`,
    time: `${formatSeconds(result.seconds)}, ${train.threads === 1 ? "1 thread" : `${train.threads} threads`}`,
    device: train.device === "cpu" ? undefined : train.device,
    "loss at the end": result.loss.toFixed(4),
    Fovea: `${await foveaVersion()}, commit ${commit}`,
  };
  const known = Object.entries(rows).filter(([, value]) => value !== undefined);
  return [
    "## Training",
    "",
    "| | |",
    "| --- | --- |",
    ...known.map(([name, value]) => `| ${name} | ${value} |`),
  ];
}

/** What was trained on, and what of it was left out. */
function dataLine({ config: { data }, result: { summary } }: CardContent): string {
  if (data.folder === null || summary.data === null) return `made while training: ${data.tasks.join(", ")}`;
  const { pictures, questions, heldOut } = summary.data;
  const size = `${count(pictures)} pictures with ${count(questions)} questions`;
  return `${escapeMarkdown(portablePath(data.folder))}: ${size}; ${count(heldOut)} more held out`;
}

/** The commit of Fovea that a card of {@link writeCard} says trained its model; undefined where it says none. */
export function commitOf(card: string): string | undefined {
  return /^\| Fovea \| .*, commit ([0-9a-f]{7,40}) \|$/m.exec(card)?.[1];
}

const count = (value: number) => value.toLocaleString("en-GB");

const codes = (texts: readonly string[]) => texts.map(codeSpan).join(", ");

/** The losses on what was held out, at the first and the last evaluation of the run. */
function resultLines({ evaluations, result: { summary } }: CardContent): string[] {
  const last = evaluations.at(-1);
  if (last === undefined) return ["The run evaluated nothing (`train.evalEvery` is 0)."];
  const parts = Object.keys(last.parts).filter((name) => !name.includes("."));
  const shown = [...new Set([evaluations[0], last])];
  return [
    summary.data?.heldOut === 0
      ? "Losses on examples that were trained on, since none was held out:"
      : "Losses on held-out examples:",
    "",
    `| step | loss | ${parts.join(" | ")} |`,
    `| --- | --- | ${parts.map(() => "---").join(" | ")} |`,
    ...shown.map(({ step, loss, parts: values }) => {
      const cells = [loss, ...parts.map((name) => values[name])].map((value) => value.toFixed(4));
      return `| ${step} | ${cells.join(" | ")} |`;
    }),
  ];
}

/** Puts a table of scores into the results of a model's card, in the place of the last one. */
export async function addResults(folder: string, table: string): Promise<void> {
  const path = join(folder, "README.md");
  const card = await readFile(path, "utf8");
  const [open, close] = marks;
  const [start, end] = [card.indexOf(open), card.indexOf(close)];
  if (start >= 0 && end > start) {
    const [before, after] = [card.slice(0, start + open.length), card.slice(end)];
    return writeFileWhole(path, `${before}\n\n${table.trimEnd()}\n\n${after}`);
  }
  const [before, after = ""] = card.split(/## Results[\s\S]*?(?=\n## )/); // Cards of models that ship with Fovea.
  await writeFileWhole(path, `${before}## Results\n\n${table.trimEnd()}\n${after}`);
}

const root = resolve(import.meta.dirname, "../../..");

/** The commit that this code is checked out at, if it is: a package inside another repository has none of its own. */
export async function currentCommit(): Promise<string> {
  const git = async (...args: string[]) =>
    (await promisify(execFile)("git", args, { cwd: root })).stdout.trim();
  try {
    const top = await git("rev-parse", "--show-toplevel");
    return (await realpath(top)) === (await realpath(root)) ? await git("rev-parse", "HEAD") : "unknown";
  } catch {
    return "unknown";
  }
}

export async function foveaVersion(): Promise<string> {
  return JSON.parse(await readFile(join(root, "package.json"), "utf8")).version;
}
