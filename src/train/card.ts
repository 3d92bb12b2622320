import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { stringify } from "yaml";
import { writeFileWhole } from "../common/files.ts";
import type { TrainConfig } from "./config.ts";
import type { RunSummary } from "./summary.ts";
import type { Named } from "./trees.ts";

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

export interface CardFacts {
  readonly config: TrainConfig;
  readonly result: RunResult;
  readonly command: string;
  /** The commit of Fovea that trained, as it was when the run started. */
  readonly commit: string;
}

/** Marks where `addResults` puts the scores of an evaluation. */
const placeholder = "<!-- results -->";

/** Writes a model card: what was trained, by which command, seed and commit. */
export async function writeCard(
  folder: string,
  { config, result, command, commit }: CardFacts,
): Promise<void> {
  const { custom, ...own } = config.losses;
  const used = [...Object.entries(own), ...custom.map((loss) => [loss.module, loss] as const)];
  const losses = used.filter(([, loss]) => (loss?.weight ?? 0) > 0);
  const trainedWith = `trained with ${losses.map(([name]) => name.toUpperCase()).join(" + ")}`;
  const text = [
    ...(config.lora === undefined ? modelHead(trainedWith) : adapterHead(config, trainedWith)),
    "",
    "| | |",
    "| --- | --- |",
    `| command | \`${command}\` |`,
    `| seed of the model, of the data | ${config.train.seed}, ${config.data.seed} |`,
    `| commit | ${commit} |`,
    `| steps x images | ${result.steps} x ${config.train.batchSize * config.train.accumulate} |`,
    `| time | ${(result.seconds / 60).toFixed(1)} minutes with ${config.train.threads} thread(s) |`,
    `| loss at the end | ${result.loss.toFixed(4)} |`,
    ...(result.evaluation ? [`| loss on held-out scenes | ${result.evaluation.loss.toFixed(4)} |`] : []),
    "",
    "## Results",
    "",
    placeholder,
    "",
    "## Config",
    "",
    "```yaml",
    stringify(config).trimEnd(),
    "```",
    "",
  ];
  await writeFileWhole(join(folder, "README.md"), text.join("\n"));
}

function modelHead(trainedWith: string): string[] {
  return [
    "---",
    "license: apache-2.0",
    "library_name: transformers",
    "pipeline_tag: image-text-to-text",
    "tags: [fovea, llava]",
    "---",
    "",
    `# A small LLaVA ${trainedWith}`,
    "",
    "Trained by Fovea; loads in Python with",
    "`LlavaForConditionalGeneration.from_pretrained` and `AutoProcessor.from_pretrained`.",
  ];
}

function adapterHead({ model: { from } }: TrainConfig, trainedWith: string): string[] {
  return [
    "---",
    `base_model: ${JSON.stringify(from)}`,
    "library_name: peft",
    "pipeline_tag: image-text-to-text",
    "tags: [fovea, lora]",
    "---",
    "",
    `# A low-rank adapter ${trainedWith}`,
    "",
    `Trained by Fovea on ${from}; loads in Python with \`PeftModel.from_pretrained(base, folder)\`.`,
    "`fovea merge FOLDER --out MODEL` makes a plain model of both.",
  ];
}

/** Puts a table of scores into a model card. */
export async function addResults(folder: string, table: string): Promise<void> {
  const path = join(folder, "README.md");
  const card = await readFile(path, "utf8");
  const [before, after] = card.split(/## Results[\s\S]*?(?=\n## )/);
  await writeFileWhole(path, `${before}## Results\n\n${table.trimEnd()}\n${after}`);
}

/** The commit that this code is checked out at, if it is. */
export async function currentCommit(): Promise<string> {
  const git = promisify(execFile);
  return git("git", ["rev-parse", "HEAD"], { cwd: import.meta.dirname }).then(
    ({ stdout }) => stdout.trim(),
    () => "unknown",
  );
}
