/** The command `fovea eval`. */
import { join } from "node:path";
import { defineCommand } from "citty";
import { mustBe } from "../../common/errors.ts";
import type { Machine } from "../../engine/runtime/runtime.ts";
import { baselineAnswers, baselineKinds, isBaseline } from "../../harness/baselines.ts";
import { type EvaluationData, evaluationData } from "../../harness/data-folder.ts";
import { type ChosenPart, choosePart, splits } from "../../harness/part.ts";
import { parseModelSpec } from "../../harness/providers/spec.ts";
import { dollars } from "../../harness/run/cost.ts";
import { dryRun, dryRunLines } from "../../harness/run/dry-run.ts";
import type { RunOptions, RunResult } from "../../harness/run/run.ts";
import { unknownLines } from "../../harness/run/unknown-words.ts";
import { briefLines, changeLines } from "../../harness/score/brief.ts";
import { type Comparison, compareRuns, comparisonLines } from "../../harness/score/compare.ts";
import { scoreLines } from "../../harness/score/lines.ts";
import { shortNames } from "../../harness/score/names.ts";
import { type RunFolder, readRunFolder } from "../../harness/score/read.ts";
import type { RunScores } from "../../harness/score/scores.ts";
import { unreadLines } from "../../harness/score/unread.ts";
import { writeScores } from "../../harness/score/write.ts";
import { needed, numberIn, oneOf, report } from "../arguments.ts";
import { whileWaiting } from "../patience.ts";
import { progressLine } from "../progress.ts";
import { strictArgs } from "../strict.ts";
import { withFigures } from "../verbose.ts";
import { weightsOf } from "../weights.ts";
import { askOptions, type EvalArgs, evalArgs, targetOf } from "./eval-args.ts";
import { runToEnd } from "./eval-run.ts";

export const evaluation = defineCommand({
  meta: {
    name: "eval",
    description:
      "Ask a model the questions of a task or folder and score its answers; --against another: what changed.",
  },
  args: evalArgs,
  async run({ args, rawArgs }) {
    strictArgs("eval", rawArgs, evalArgs);
    await withFigures("eval", args.verbose, () => evaluate(args));
  },
});

async function evaluate(args: EvalArgs): Promise<void> {
  const asked = askOptions(args);
  const hint = "a folder, openai:MODEL, anthropic:MODEL, google:MODEL or URL#MODEL";
  const model = needed("eval", "--model", args.model, hint);
  const models = args.against === undefined ? [model] : [model, args.against];
  const data = await dataOf(args, model, asked.seed);
  const split = args.split === undefined ? undefined : oneOf("eval", "--split", args.split, splits);
  const chosen = await choosePart("eval", models, data.folder, split);
  const shared = { ...asked, data: data.folder, ...(chosen.part && { part: chosen.part }) };
  const runs = models.map((name) => ({ ...shared, model: name, ...placeOf(args, data, name) }));
  if (args["dry-run"]) return showDryRun(runs, args.json);
  const done: Done[] = [];
  for (const run of runs) done.push(await runOne(run, `eval ${data.name}`));
  await conclude(done, { ...data, chosen, machine: asked.machine }, args);
}

/** The questions: of a task or folder, or held-out scenes for the model. */
async function dataOf(args: EvalArgs, model: string, seed: number): Promise<EvaluationData> {
  const target = targetOf("eval", args);
  const onMake = (name: string, count: number) => progressLine(`eval: making ${name}`, count);
  if (target !== undefined && target !== "scenes") {
    const stray = (["count", "sources", "backgrounds"] as const).find((name) => args[name] !== undefined);
    if (stray !== undefined)
      throw mustBe("eval", `--${stray}`, "given without TARGET: it is for scenes", target);
    return evaluationData(target, onMake);
  }
  if (isBaseline(model) || parseModelSpec(model, args["base-url"]).kind === "remote")
    throw mustBe(
      "eval",
      "TASK or FOLDER",
      `given for ${model}`,
      "none",
      "scenes are composed for model folders",
    );
  const { scenesFolder } = await import("../../harness/scenes-folder.ts");
  const count = numberIn("eval", "--count", args.count, { least: 1 }) ?? 1000;
  const { backgrounds } = args;
  const sources = args.sources?.split(",");
  return scenesFolder(model, {
    count,
    seed,
    ...(sources && { sources }),
    ...(backgrounds && { backgrounds }),
  });
}

/** Where a model's run lies: `--out`, or a folder below it where two models are asked. */
function placeOf(
  args: EvalArgs,
  data: EvaluationData,
  model: string,
): Pick<RunOptions, "out" | "outIsDefault"> {
  const name = slug(model);
  if (args.out === undefined) return { out: `out/evals/${data.name}/${name}`, outIsDefault: true };
  return { out: args.against === undefined ? args.out : join(args.out, name) };
}

function slug(model: string): string {
  const name = model.replaceAll(/[^\w.-]+/g, "-").replaceAll(/^[-.]+|-+$/g, "");
  if (name === "") throw mustBe("eval", "--model", "a name", model);
  return name;
}

async function showDryRun(runs: readonly RunOptions[], json: boolean): Promise<void> {
  const dry = [];
  for (const run of runs) dry.push(await dryRun(run));
  report(json, dry.length === 1 ? dry[0] : { runs: dry }, dry.flatMap(dryRunLines));
}

/** A run that is finished, scored. */
interface Done {
  readonly result: RunResult;
  readonly content: RunFolder;
  readonly scores: RunScores;
}

async function runOne(options: RunOptions, label: string): Promise<Done> {
  const result = await runToEnd(options, label);
  const content = await readRunFolder(result.folder);
  const baselines = baselineKinds.map((name) => ({
    name,
    answers: baselineAnswers(name, content.items, content.run.seed),
  }));
  const scored = () => writeScores(result.folder, { baselines });
  return { result, content, scores: await whileWaiting(label, "scoring the answers", scored) };
}

/** What was asked: the data, the part of it, and where. */
interface Asked extends EvaluationData {
  readonly chosen: ChosenPart;
  readonly machine: Machine | undefined;
}

/** Prints the scores; of two models what changed between them. */
async function conclude(done: readonly Done[], data: Asked, args: EvalArgs): Promise<void> {
  const [first, second] = done;
  const seed = first.content.run.seed;
  const comparison = second && (await compareRuns(first.content, second.content, { seed }));
  const names = shortNames(done.map(({ scores }) => scores.run.model));
  const lines = [
    `${headOf(done, data)}; 95 % intervals`,
    ...(data.chosen.note ? [data.chosen.note] : []),
    "",
    ...(comparison
      ? changeLines(comparison, [names[0], names[1]], first.scores.baselines)
      : briefLines(first.scores)),
    ...done.flatMap(({ content }, i) => unreadLines(content.answers, comparison && names[i])),
    ...notes(done, names),
    ...(args.long ? longLines(done, comparison) : []),
    "",
    ...placeLines(done),
  ];
  if (args.html !== undefined) {
    const { html } = args;
    const write = () => writePage(html, done, comparison, data, args);
    await whileWaiting("eval", `writing ${html}`, write);
  }
  const page = args.html === undefined ? [] : [`the page with pictures is ${args.html}`];
  report(args.json, objectOf(done, data, comparison), [...lines, ...page]);
}

/** The model that another is held against stands first: before, then after. */
async function writePage(
  path: string,
  done: readonly Done[],
  comparison: Comparison | undefined,
  data: Asked,
  { prompts, weights }: EvalArgs,
): Promise<void> {
  const { writeReport } = await import("../../harness/report/write.ts");
  const ordered = [...done].reverse();
  const models = ordered.map(({ scores }) => scores.run.model);
  await writeReport(path, {
    data: data.name,
    ...(data.chosen.note && { part: data.chosen.note }),
    models,
    names: shortNames(models),
    scores: ordered.map(({ scores }) => scores),
    runs: ordered.map(({ content, result }) => ({ ...content, folder: result.folder })),
    ...(comparison && { comparison }),
    seed: done[0].content.run.seed,
    ...(prompts && { prompts }),
    weights: weightsOf("eval", weights),
    ...(data.machine && { machine: data.machine }),
  });
}

function headOf(done: readonly Done[], { name }: EvaluationData): string {
  const [{ scores, content }] = done;
  const pictures = new Set(content.items.map(({ image }) => image)).size;
  const counts = `${plural(scores.all.items, "question")} about ${plural(pictures, "picture")}`;
  const models = done.map((one) => one.scores.run.model).join(" against ");
  return `${models} on ${name}: ${counts}`;
}

const plural = (count: number, word: string) => `${count} ${word}${count === 1 ? "" : "s"}`;

function notes(done: readonly Done[], names: readonly string[]): string[] {
  const alike = new Set(done.map(({ result }) => JSON.stringify(result.unknown))).size === 1;
  const tellers = alike
    ? [{ name: names.join(" and "), ...done[0] }]
    : done.map((one, i) => ({ name: names[i], ...one }));
  const unknown = tellers.flatMap(({ name, result }) => unknownLines(name, result.unknown));
  const sum = (name: "cost" | "estimatedCost") =>
    done.reduce((total, { result }) => total + (result.progress[name] ?? 0), 0);
  const [cost, guessed] = [sum("cost"), sum("estimatedCost")];
  const tail = guessed > 0 ? `, ${dollars(guessed)} of it not reported and taken at its limit` : "";
  return [
    ...(unknown.length > 0 ? ["", ...unknown] : []),
    ...(cost > 0 ? ["", `cost: $${cost.toFixed(2)}${tail}`] : []),
  ];
}

function longLines(done: readonly Done[], comparison: Comparison | undefined): string[] {
  const tables = done.flatMap(({ scores }) => ["", ...scoreLines(scores)]);
  return comparison === undefined ? tables : ["", ...comparisonLines(comparison), ...tables];
}

function placeLines(done: readonly Done[]): string[] {
  const folders = done.map(({ result }) => result.folder).join(" and ");
  return [`answers and scores are in ${folders}`];
}

/** What `--json` prints: of one model its scores, of two also those of the other and the comparison. */
function objectOf([first, second]: readonly Done[], { chosen }: Asked, comparison?: Comparison): object {
  const split = { split: chosen.part?.name ?? "all", ...(chosen.note && { note: chosen.note }) };
  const own = ({ result, scores }: Done) => ({
    folder: result.folder,
    ...scores,
    ...split,
    ...(result.unknown && { unknown: result.unknown }),
  });
  return comparison === undefined ? own(first) : { ...own(first), against: own(second), comparison };
}
