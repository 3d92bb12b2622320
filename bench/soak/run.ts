/**
 * Memory over many pieces of work that are all different: pictures of other sizes, questions of other words and lengths,
 * the picture at another place in the text.
 *
 *     node bench/soak/run.ts serve|eval|lens|train FOLDER [--count 2000] [--settled 200] [--seed 1]
 *
 * FOLDER is a model; for training what a run starts from. `--words`: the most of a question. Prints resident memory of the whole process, and what its
 * threads hold on V8's heap and beside it after a collection, after every 200 pieces (steps of two rows in training);
 * and how the end, and the most, compare with the state after the first `settled`.
 */
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Piece, piece, writePieces } from "./pieces.ts";
import { type Watched, watch } from "./watched.ts";

interface Soak {
  /** The model folder. */
  readonly model: string;
  readonly count: number;
  readonly seed: number;
  readonly words: number;
  /** Pieces between two looks. */
  readonly every: number;
  /** For data and what the command writes. */
  readonly folder: string;
}

const kinds: Readonly<Record<string, (soak: Soak) => Promise<Watched>>> = {
  serve: soakServer,
  eval: (soak) => soakFiles(soak, "eval", answersIn),
  lens: (soak) => soakFiles(soak, "lens", entriesIn),
  train: (soak) => soakFiles(soak, "train", stepsIn),
};

const { values, positionals } = parseArgs({
  options: {
    count: { type: "string", default: "2000" },
    settled: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    words: { type: "string", default: "60" },
  },
  allowPositionals: true,
});
const [kind, model] = positionals;
if (kinds[kind] === undefined || model === undefined)
  throw new Error(`usage: node bench/soak/run.ts ${Object.keys(kinds).join("|")} FOLDER [--count N]`);
const settled = Number(values.settled);
const folder = await mkdtemp(join(tmpdir(), "fovea-soak-"));
try {
  const [count, seed, words] = [Number(values.count), Number(values.seed), Number(values.words)];
  const soak = { model, count, seed, words, every: settled, folder };
  const watched = await kinds[kind](soak);
  watched.conclude(settled);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function soakServer({ model, count, seed, words, every }: Soak): Promise<Watched> {
  const watched = watch(["serve-api", "--model", model, "--port", "0"]);
  watched.process.stdout?.setEncoding("utf8");
  const [line] = (await once(watched.process.stdout as NodeJS.ReadableStream, "data")) as [string];
  const address = /http:\S+/.exec(line)?.[0] as string;
  try {
    const { data } = (await (await fetch(`${address}/models`)).json()) as { data: { id: string }[] };
    for (let i = 0; i < count; i++) {
      await request(address, data[0].id, i, await piece(seed, i, words));
      if ((i + 1) % every === 0) await watched.look(i + 1);
    }
  } finally {
    watched.process.kill();
    await once(watched.process, "exit");
  }
  return watched;
}

async function request(
  address: string,
  model: string,
  i: number,
  { png, question, before }: Piece,
): Promise<void> {
  const url = `data:image/png;base64,${png.toString("base64")}`;
  const content = [
    ...(before === "" ? [] : [{ type: "text", text: before }]),
    { type: "image_url", image_url: { url } },
    { type: "text", text: question },
  ];
  const body = JSON.stringify({ model, max_tokens: 1 + (i % 12), messages: [{ role: "user", content }] });
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${address}/chat/completions`, { method: "POST", headers, body });
  const text = await response.text();
  if (!response.ok) throw new Error(`request ${i}: ${response.status} ${text}`);
}

/** A command that works through an image folder; `done` counts what it has done, from what it has written. */
async function soakFiles(
  { model, count, seed, words, every, folder }: Soak,
  command: "eval" | "lens" | "train",
  done: (out: string) => number,
): Promise<Watched> {
  const data = join(folder, "data");
  const more = count + 100; // It is looked at for the last time while it works.
  const paths = await writePieces(data, more, seed, words);
  const out = join(folder, "out");
  const args = {
    eval: ["eval", data, "--model", model, "--out", out],
    lens: ["lens", ...paths, "--concept", "cat", "--model", model, "--out", out],
    train: ["train", "--preset", "full", "--model", model, "--data", data, "--out", out, ...training(more)],
  };
  const watched = watch(args[command]);
  watched.process.stdout?.resume();
  await looking(watched, { every, count }, () => done(out));
  return watched;
}

function training(steps: number): string[] {
  const settings = ["batchSize=2", "evalEvery=500", "checkpointEvery=1000", "logEvery=10"];
  return ["--steps", `${steps}`, ...settings.flatMap((setting) => ["--set", `train.${setting}`])];
}

async function looking(
  { process: child, look }: Watched,
  { every, count }: Pick<Soak, "every" | "count">,
  done: () => number,
): Promise<void> {
  const ended = once(child, "exit");
  for (let next = every; next <= count; ) {
    await Promise.race([ended, sleep(20)]);
    if (child.exitCode !== null) throw new Error(`the command ended early, with ${child.exitCode}`);
    const seen = done();
    if (seen < next) continue;
    await look(seen);
    next += every;
  }
  child.kill();
  await ended;
}

function answersIn(out: string): number {
  return linesIn(join(out, "answers.jsonl"));
}

function stepsIn(out: string): number {
  const path = join(out, "metrics.jsonl");
  if (!existsSync(path)) return 0;
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  return (JSON.parse(lines.at(-1) || "{}") as { step?: number }).step ?? 0;
}

/** Folders of pictures; they lie in a hidden folder beside `out` until all are there. */
function entriesIn(out: string): number {
  const places = readdirSync(dirname(out)).filter((name) => name.includes(basename(out)));
  return places.reduce((sum, name) => sum + readdirSync(join(dirname(out), name)).length, 0);
}

function linesIn(path: string): number {
  if (!existsSync(path) || statSync(path).size === 0) return 0;
  return readFileSync(path, "utf8").split("\n").length - 1;
}
