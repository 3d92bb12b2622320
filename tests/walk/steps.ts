/** What a new user does with a model and thirty own photos, command by command as the documents print them. */
import { execFile } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { copyBase } from "./bases.ts";
import { writePhotos } from "./pictures.ts";

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

export interface WalkOptions {
  /** Folder of a model to start from. */
  readonly base: string;
  /** A folder that is not there yet, or empty: everything is written into it. */
  readonly folder: string;
  /** Of the training; the preset's own when left out. */
  readonly steps?: number;
  /** Called with every command before it runs. */
  readonly onCommand?: (line: string) => void;
}

/** A command as it ended. */
export interface Ran {
  readonly line: string;
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What came of the walk. */
export interface Walked {
  readonly ran: readonly Ran[];
  /** The `--json` of an evaluation by every spelling of its command; all are to be equal. */
  readonly spelled: readonly unknown[];
  /** By id, the answers of the adapter and of the merged model to every question. */
  readonly adapter: ReadonlyMap<string, string>;
  readonly merged: ReadonlyMap<string, string>;
}

/** Walks the whole way; a command that fails does not end it, so that one run tells of all that is broken. */
export async function walk({ base: model, folder, steps, onCommand }: WalkOptions): Promise<Walked> {
  await mkdir(folder, { recursive: true });
  await copyBase(model, join(folder, "base"));
  await writePhotos(join(folder, "my-data"));
  const ran: Ran[] = [];
  const fovea = async (...words: string[]) => {
    onCommand?.(shown(words));
    const one = await run(words, folder);
    ran.push(one);
    return one;
  };
  const base = "base";
  await fovea("eval", "my-data", "--model", base);
  const stepped = steps === undefined ? [] : ["--steps", String(steps)];
  await fovea("train", "--preset", "lora", "--model", base, "--data", "my-data", "--out", "run", ...stepped);
  await fovea("eval", "my-data", "--model", "run/model", "--against", base, "--html", "changed.html");
  await fovea("lens", "my-data/photo-03.jpg", "--concept", "apple", "--model", "run/model", "--out", "lens");
  const question = ["--question", "What is on the left?"];
  await fovea("attend", "my-data/photo-03.jpg", ...question, "--model", "run/model", "--out", "attend");
  await fovea(
    "segment",
    "my-data/photo-03.jpg",
    "--concept",
    "apple",
    "--model",
    "run/model",
    "--out",
    "segment",
  );
  await fovea("merge", "run/model", "--out", "merged");
  const all = ["--split", "all", "--json"];
  await fovea("eval", "my-data", "--model", "run/model", "--out", "adapter-run", ...all);
  const spelled = [
    await fovea("eval", "my-data", "--model", "merged", "--out", "merged-run", "--json"),
    await fovea("eval", "--data", "my-data", "--model", "merged", "--out", "merged-again", "--json"),
    await fovea("eval", "--model=merged", "--data=./my-data/", "--out=merged-third", "--json"),
  ];
  await fovea("eval", "my-data", "--model", "merged", "--out", "merged-all", ...all);
  return {
    ran,
    spelled: spelled.map(({ stdout }) => numbersOf(stdout)),
    adapter: await answersOf(join(folder, "adapter-run")),
    merged: await answersOf(join(folder, "merged-all")),
  };
}

function run(words: readonly string[], cwd: string): Promise<Ran> {
  const { promise, resolve } = Promise.withResolvers<Ran>();
  const options = { cwd, maxBuffer: 1 << 26 };
  const child = execFile(process.execPath, [main, ...words], options, (_, stdout, stderr) =>
    resolve({ line: shown(words), code: child.exitCode ?? 1, stdout, stderr }),
  );
  return promise;
}

const shown = (words: readonly string[]) =>
  `npx fovea ${words.map((word) => (/[\s?]/.test(word) ? JSON.stringify(word) : word)).join(" ")}`;

/** What an evaluation found, without the places of its files. */
function numbersOf(stdout: string): unknown {
  try {
    const { folder: _, run: __, ...numbers } = JSON.parse(stdout);
    return numbers;
  } catch {
    return stdout; // The command failed: its exit code says so.
  }
}

async function answersOf(runFolder: string): Promise<Map<string, string>> {
  const text = await readFile(join(runFolder, "answers.jsonl"), "utf8").catch(() => "");
  const lines = text.split("\n").filter((line) => line !== "");
  return new Map(lines.map((line) => JSON.parse(line)).map(({ id, text: said }) => [id, said]));
}
