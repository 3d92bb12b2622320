/**
 * Questions about pictures a second, of a model of SmolLM2-135M's shape with random weights: `node bench/evaluate/run.ts
 * [--pictures 200] [--probe-pictures 40] [--peer-pictures 8] [--works eval,alone,probe] [--tokens 48] [--long]
 * [--peers fovea,python] [--against TREE] [--json]`. Composed scenes of four questions each. `eval`: all of them through
 * `fovea eval`, with its scores and its blind baseline; `alone`: those of a quarter of the pictures, one question after the
 * other (`--concurrency 1`); `probe`: answers, lens and attention of fewer pictures through `fovea probe`. Answers have one
 * to six tokens, or, with `--long`, as many as `--tokens` allows, as of a model that does not end its answers. The peer is
 * transformers, which answers the same questions of fewer pictures one by one. `--against`: another working tree of Fovea,
 * for before and after, whose answers are said to be the same or not. Model and pictures are made in FOVEA_BENCH (default: a
 * folder for temporary files) at the first run; FOVEA_PYTHON names a Python with torch and transformers.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { benchModel } from "./model.ts";

const { values } = parseArgs({
  options: {
    pictures: { type: "string", default: "200" },
    "probe-pictures": { type: "string", default: "40" },
    "peer-pictures": { type: "string", default: "8" },
    works: { type: "string", default: "eval,alone,probe" },
    tokens: { type: "string", default: "48" },
    long: { type: "boolean", default: false },
    peers: { type: "string", default: "fovea,python" },
    against: { type: "string" },
    json: { type: "boolean", default: false },
  },
});

const tree = fileURLToPath(new URL("../..", import.meta.url));
const parent = join(process.env.FOVEA_BENCH ?? join(tmpdir(), "fovea-bench"), "evaluate");

interface Row {
  readonly who: string;
  readonly questions: number;
  /** Of the whole process, its start and the opening of the model included. */
  readonly seconds: number;
  readonly secondsAQuestion: number;
  readonly peakMegabytes: number;
}

const fovea = (root: string, ...words: readonly string[]) => [
  process.execPath,
  join(root, "src/cli/main.ts"),
  ...words,
];

function scenes(count: number): string {
  const folder = join(parent, `scenes-${count}`);
  if (existsSync(folder)) return folder;
  const [node, ...words] = fovea(tree, "data", "make", "scenes", "--count", `${count}`, "--out", folder);
  execFileSync(node, words, { stdio: "ignore" });
  return folder;
}

/** Runs a program to its end under GNU time, which says what it took. */
function timed(who: string, pictures: number, program: readonly string[]): Row {
  const begin = performance.now();
  const report = join(parent, "time.txt");
  execFileSync("/usr/bin/env", ["time", "-f", "%M", "-o", report, ...program], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const seconds = (performance.now() - begin) / 1000;
  const kibibytes = Number(readFileSync(report, "utf8").trim().split("\n").at(-1));
  const questions = 4 * pictures;
  const peakMegabytes = (1024 * kibibytes) / 1e6;
  return { who, questions, seconds, secondsAQuestion: seconds / questions, peakMegabytes };
}

/** `fovea eval` of so many pictures; `at`: questions of a turn, where not as many as it takes by itself. */
function evaluated(who: string, root: string, pictures: number, at?: number): Row {
  const out = runFolder(who);
  rmSync(out, { recursive: true, force: true });
  const turn = at === undefined ? [] : ["--concurrency", `${at}`];
  const words = ["--model", model, "--out", out, "--max-output-tokens", values.tokens, ...turn, "--json"];
  return timed(who, pictures, fovea(root, "eval", scenes(pictures), ...words));
}

const runFolder = (who: string) => join(parent, `run-${who.replaceAll(/[^a-z]+/g, "-")}`);

/** What was answered, by question, whatever the order of the lines. */
function answersOf(who: string): string {
  const lines = readFileSync(join(runFolder(who), "answers.jsonl"), "utf8")
    .trim()
    .split("\n");
  const said = lines.map((line) => JSON.parse(line) as Record<"id" | "text" | "outputTokens", unknown>);
  return JSON.stringify(said.map(({ id, text, outputTokens }) => [id, text, outputTokens]).sort());
}

function transformers(pictures: number): Row {
  const script = fileURLToPath(new URL("peer.py", import.meta.url));
  const python = process.env.FOVEA_PYTHON ?? "python3";
  const words = [script, model, scenes(pictures), values.tokens];
  return timed("transformers, one by one", pictures, [python, ...words]);
}

/** All that was asked for of one working tree. */
function worksOf(name: string, root: string): Row[] {
  const [many, some] = [Number(values.pictures), Number(values["probe-pictures"])];
  const works = {
    eval: () => evaluated(name, root, many),
    alone: () => evaluated(`${name}, one by one`, root, Math.ceil(many / 4), 1),
    probe: () =>
      timed(`${name}, probe`, some, fovea(root, "probe", scenes(some), "--model", model, "--json")),
  };
  return Object.entries(works).flatMap(([work, run]) =>
    values.works.split(",").includes(work) ? [run()] : [],
  );
}

mkdirSync(parent, { recursive: true });
const model = join(parent, values.long ? "model-long" : "model");
await benchModel(model, values.long);
const { against } = values;
const rows: Row[] = [
  ...(against === undefined ? [] : worksOf("before", against)),
  ...(values.peers.includes("fovea") ? worksOf("fovea", tree) : []),
  ...(values.peers.includes("python") ? [transformers(Number(values["peer-pictures"]))] : []),
];
const isCompared = against !== undefined && values.works.includes("eval");
const sameAnswers = isCompared ? answersOf("before") === answersOf("fovea") : undefined;
for (const row of rows)
  if (!values.json)
    console.log(
      `${row.who}: ${row.questions} questions in ${row.seconds.toFixed(1)} s, ${row.secondsAQuestion.toFixed(3)} s each, ${row.peakMegabytes.toFixed(0)} MB at most`,
    );
if (!values.json && isCompared) console.log(`answers ${sameAnswers ? "are the same" : "differ"}`);
if (values.json) console.log(JSON.stringify({ rows, ...(isCompared && { sameAnswers }) }));
