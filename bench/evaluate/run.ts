/**
 * Questions about pictures a second, through `fovea eval`, of a model of SmolLM2-135M's shape with random weights:
 * `node bench/evaluate/run.ts [--pictures 64] [--peer-pictures 8] [--tokens 48] [--long] [--peers fovea,python] [--against TREE]
 * [--probe] [--json]`. Composed scenes of four questions each. Answers have one to six tokens, or, with `--long`, as many as
 * `--tokens` allows, as of a model that does not end its answers. The peer is transformers, which answers the same questions of the same
 * folder one by one. `--probe`: instead, answers, lens and attention through `fovea probe`, which has no peer. `--against`:
 * another working tree of Fovea, for before and after. Model and pictures are made in FOVEA_BENCH (default: a folder for
 * temporary files) at the first run; FOVEA_PYTHON names a Python with torch and transformers.
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
    pictures: { type: "string", default: "64" },
    "peer-pictures": { type: "string", default: "8" },
    tokens: { type: "string", default: "48" },
    long: { type: "boolean", default: false },
    probe: { type: "boolean", default: false },
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

function evaluated(who: string, root: string, pictures: number): Row {
  if (values.probe)
    return timed(who, pictures, fovea(root, "probe", scenes(pictures), "--model", model, "--json"));
  const out = join(parent, `run-${who}`);
  rmSync(out, { recursive: true, force: true });
  const words = ["--model", model, "--out", out, "--max-output-tokens", values.tokens, "--json"];
  return timed(who, pictures, fovea(root, "eval", scenes(pictures), ...words));
}

mkdirSync(parent, { recursive: true });
const model = join(parent, values.long ? "model-long" : "model");
await benchModel(model, values.long);
const [many, few] = [Number(values.pictures), Number(values["peer-pictures"])];
const peer = () => {
  const script = fileURLToPath(new URL("peer.py", import.meta.url));
  return timed("transformers, one by one", few, [
    process.env.FOVEA_PYTHON ?? "python3",
    script,
    model,
    scenes(few),
    values.tokens,
  ]);
};
const rows: Row[] = [
  ...(values.against === undefined ? [] : [evaluated("before", values.against, many)]),
  ...(values.peers.includes("fovea") ? [evaluated("fovea", tree, many)] : []),
  ...(values.peers.includes("python") && !values.probe ? [peer()] : []),
];
for (const row of rows)
  if (!values.json)
    console.log(
      `${row.who}: ${row.questions} questions in ${row.seconds.toFixed(1)} s, ${row.secondsAQuestion.toFixed(3)} s each, ${row.peakMegabytes.toFixed(0)} MB at most`,
    );
if (values.json) console.log(JSON.stringify({ rows }));
