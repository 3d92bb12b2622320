/** What is killed: the command, what must hold after a kill, and what a run that came to its end leaves. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { stringify } from "yaml";
import { openSafetensors } from "../../src/hub/weights/safetensors.ts";
import { openFakeHub } from "../../tests/hub/fake-hub.ts";
import { tinyRaw } from "../../tests/train/support.ts";

/** Runs a command to its end; throws where it fails. Gives its milliseconds. */
export type RunToEnd = (args: readonly string[], environment?: NodeJS.ProcessEnv) => Promise<number>;

export interface Subject {
  readonly name: string;
  readonly environment: NodeJS.ProcessEnv;
  /** About how many files and folders a run begins under a temporary name at its place. */
  readonly writes: number;
  /** Of a run that nobody kills. */
  reference(run: RunToEnd): Promise<{ readonly milliseconds: number; readonly result: string }>;
  /** Prepares a place. */
  begin?(place: string): Promise<void>;
  command(place: string): readonly string[];
  /** What is lost or damaged there; undefined where all is well. */
  damage(place: string): Promise<string | undefined>;
  /** A digest of everything that does not depend on the clock. */
  result(place: string): Promise<string>;
  close?(): Promise<void>;
}

const subjects: Readonly<Record<string, (out: string, run: RunToEnd) => Promise<Subject>>> = {
  train: (out) => training(out, false),
  "train-again": (out) => training(out, true),
  eval: evaluating,
  make: making,
  merge: merging,
  pull: pulling,
};

export const subjectNames: readonly string[] = Object.keys(subjects);

export async function openSubject(name: string, out: string, run: RunToEnd): Promise<Subject> {
  await mkdir(out, { recursive: true });
  return subjects[name](out, run);
}

/** SHA-256 of the files of a folder, by name; those that `skip` names are left out. */
async function digest(folder: string, skip: RegExp = /^$/): Promise<string> {
  const hash = createHash("sha256");
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = names
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
  for (const path of paths.sort()) {
    const name = path.slice(folder.length + 1);
    if (!skip.test(name)) hash.update(`${name}\0`).update(await readFile(path));
  }
  return hash.digest("hex");
}

/** The most checkpoints that a place has had. */
function highest() {
  const seen = new Map<string, number>();
  return (place: string, now: number) => {
    const before = seen.get(place) ?? 0;
    seen.set(place, Math.max(before, now));
    return before;
  };
}

async function brokenModel(folder: string): Promise<string | undefined> {
  for (const name of (await readdir(folder)).filter((name) => name.endsWith(".safetensors"))) {
    const file = await openSafetensors(join(folder, name)).catch((error: Error) => error);
    if (file instanceof Error) return file.message;
    for (const tensor of file.tensors.keys()) await file.read(tensor);
  }
  JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
  return undefined;
}

/** A run with a checkpoint after every step; `again`: one that is finished and writes its final model once more. */
async function training(out: string, again: boolean): Promise<Subject> {
  const config = join(out, "config.yaml");
  const train = { ...tinyRaw.train, steps: 24, checkpointEvery: 1, evalEvery: 8, keepLast: 2, prefetch: 2 };
  await writeFile(config, stringify({ ...tinyRaw, train }));
  const first = join(out, "reference");
  const steps = highest();
  const command = (place: string) => ["train", "--config", config, "--out", place, "--resume"];
  /** The card tells of the machine, its time and its commands. */
  const model = (place: string) => digest(join(place, "model"), /^README\.md$/);
  let finished = "";
  return {
    name: again ? "train-again" : "train",
    writes: again ? 6 : 40,
    environment: {},
    async reference(run) {
      const milliseconds = await run(command(first));
      finished = await model(first);
      return { milliseconds: again ? milliseconds / 2 : milliseconds, result: finished };
    },
    ...(again && { begin: (place: string) => cp(first, place, { recursive: true }) }),
    command,
    async damage(place) {
      const folder = join(place, "checkpoints");
      const names = await readdir(folder).catch((): string[] => []);
      const whole = names.filter((name) => /^step-\d+$/.test(name)).sort();
      for (const name of whole) {
        const broken = await brokenModel(join(folder, name)).catch((error: Error) => error.message);
        if (broken !== undefined) return broken;
        JSON.parse(await readFile(join(folder, name, "fovea-state.json"), "utf8"));
      }
      const last = Number(whole.at(-1)?.slice(5) ?? 0);
      const before = steps(place, last);
      if (last < before) return `step ${before} is lost, ${last} is there`;
      const isThere = existsSync(join(place, "model"));
      if (again && !isThere) return "the finished model is gone";
      return isThere && (await model(place)) !== finished ? "model/ is not the finished one" : undefined;
    },
    result: model,
  };
}

/** A model of some thousand parameters and scenes of its size. */
async function smallModel(
  out: string,
  run: RunToEnd,
): Promise<{ readonly model: string; readonly data: string }> {
  const [config, place, data] = ["small.yaml", "small", "scenes"].map((name) => join(out, name));
  await writeFile(config, stringify({ ...tinyRaw, train: { ...tinyRaw.train, steps: 2 } }));
  if (!existsSync(join(place, "model"))) await run(["train", "--config", config, "--out", place]);
  const scenes = ["--count", "20", "--names", "4", "--size", "64", "--grid", "2", "--objects", "1-2"];
  if (!existsSync(data)) await run(["data", "make", "scenes", ...scenes, "--out", data]);
  return { model: join(place, "model"), data };
}

async function evaluating(out: string, run: RunToEnd): Promise<Subject> {
  const { model, data } = await smallModel(out, run);
  const command = (place: string) => ["eval", data, "--model", model, "--out", place];
  const lines = async (place: string) => {
    const text = await readFile(join(place, "answers.jsonl"), "utf8").catch(() => "");
    return text
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { id: string; text: string });
  };
  const answered = highest();
  const result = async (place: string) => {
    const answers = (await lines(place)).map(({ id, text }) => `${id}\0${text}`).sort();
    const { all } = JSON.parse(await readFile(join(place, "scores.json"), "utf8"));
    return createHash("sha256")
      .update(JSON.stringify([answers, all]))
      .digest("hex");
  };
  return {
    name: "eval",
    writes: 5,
    environment: {},
    async reference(run) {
      const place = join(out, "reference");
      return { milliseconds: await run(command(place)), result: await result(place) };
    },
    command,
    async damage(place) {
      const now = (await lines(place)).length;
      const before = answered(place, now);
      return now < before ? `${before} answers were there, now ${now}` : undefined;
    },
    result,
  };
}

/** A data set that is made again and again over the one that is there. */
async function making(out: string): Promise<Subject> {
  const made = (place: string) => join(place, "data");
  const command = (place: string) => [
    "data",
    "make",
    "line-intersection",
    "--count",
    "120",
    "--workers",
    "2",
    "--replace",
    "--out",
    made(place),
  ];
  const first = join(out, "reference");
  let finished = "";
  return {
    name: "make",
    writes: 1,
    environment: {},
    async reference(run) {
      const milliseconds = await run(command(first));
      finished = await digest(made(first));
      return { milliseconds, result: finished };
    },
    begin: (place) => cp(first, place, { recursive: true }),
    command,
    async damage(place) {
      const now = await digest(made(place)).catch((error: Error) => error.message);
      return now === finished ? undefined : `the data set is not whole: ${now}`;
    },
    result: (place) => digest(made(place)),
  };
}

async function merging(out: string, run: RunToEnd): Promise<Subject> {
  const { model, data } = await smallModel(out, run);
  const adapter = join(out, "adapter");
  const settings = ["train.steps=2", "train.checkpointEvery=0", "train.evalEvery=0", "train.batchSize=2"];
  const sets = settings.flatMap((setting) => ["--set", setting]);
  if (!existsSync(adapter))
    await run(["train", "--preset", "lora", "--model", model, "--data", data, "--out", adapter, ...sets]);
  const merged = (place: string) => join(place, "merged");
  const command = (place: string) => ["merge", join(adapter, "model"), "--out", merged(place)];
  /** The card names the folder. */
  const result = (place: string) => digest(merged(place), /^README\.md$/);
  let finished = "";
  return {
    name: "merge",
    writes: 1,
    environment: {},
    async reference(run) {
      const place = join(out, "reference");
      const milliseconds = await run(command(place));
      finished = await result(place);
      return { milliseconds, result: finished };
    },
    begin: async (place) => void (await mkdir(place, { recursive: true })),
    command,
    async damage(place) {
      if (!existsSync(merged(place))) return undefined;
      const isWhole = (await result(place)) === finished;
      await rm(merged(place), { recursive: true }); // It was ended when it had done its work: another refuses to write over that.
      return isWhole ? undefined : "the merged model is not whole";
    },
    result,
  };
}

async function pulling(): Promise<Subject> {
  const weights = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * 7919) % 251));
  const files = {
    "config.json": Buffer.from('{"model_type": "llava"}\n'),
    "chat_template.jinja": Buffer.from("{{ messages }}"),
    "tokenizer.json": Buffer.from("{}"),
    "model.safetensors": weights,
  };
  const commit = "0123456789abcdef0123456789abcdef01234567";
  const hub = await openFakeHub({ name: "someone/small", commit, refs: { main: commit }, files });
  const { HF_TOKEN: _, ...clean } = process.env;
  const cacheOf = (place: string) => ({ ...clean, HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: resolve(place) });
  return pullSubject(files, cacheOf, hub.close);
}

type Files = Readonly<Record<string, Buffer>>;

/** Each place is a cache of its own, which the environment names. */
function pullSubject(
  files: Files,
  cacheOf: (place: string) => NodeJS.ProcessEnv,
  close: () => Promise<void>,
): Subject {
  const environment: NodeJS.ProcessEnv = {};
  const use = (place: string) => Object.assign(environment, cacheOf(place));
  const wrong = async (place: string, mayLack: boolean) => {
    const snapshots = join(place, "models--someone--small", "snapshots");
    const [commit = "none"] = await readdir(snapshots).catch((): string[] => []);
    for (const [name, bytes] of Object.entries(files)) {
      const found = await readFile(join(snapshots, commit, name)).catch(() => undefined);
      if (found === undefined ? !mayLack : !found.equals(bytes)) return `${name} is not whole`;
    }
    return undefined;
  };
  return {
    name: "pull",
    writes: 2,
    environment,
    async reference(run) {
      const place = await mkdtemp(join(tmpdir(), "fovea-hub-"));
      use(place);
      return { milliseconds: await run(["pull", "someone/small"], environment), result: "whole" };
    },
    async begin(place) {
      await mkdir(place, { recursive: true });
      use(place);
    },
    command: () => ["pull", "someone/small"],
    damage: (place) => wrong(place, true),
    result: async (place) => (await wrong(place, false)) ?? "whole",
    close,
  };
}
