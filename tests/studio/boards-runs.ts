/** Run folders as `fovea eval` writes them, over a folder of twelve pictures with a yes-no question each. */
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writePng } from "../../src/hub/image/image-file.ts";

export interface RunningBoards {
  /** The right answer to question i. */
  readonly answerOf: (i: number) => string;
  /** Writes `runs/NAME`; "yes" and "no" are read, other texts are not. */
  run(name: string, said: (i: number) => string, answered?: number): Promise<void>;
}

const names = Array.from({ length: 12 }, (_, i) => `p${i}`);
const answerOf = (i: number) => (i % 2 === 0 ? "yes" : "no");
const linesOf = (all: readonly object[]) => all.map((one) => `${JSON.stringify(one)}\n`).join("");

/** Writes `data` into a folder. */
export async function writeRuns(work: string): Promise<RunningBoards> {
  await mkdir(join(work, "data"));
  const image = { width: 32, height: 16, data: new Uint8Array(32 * 16 * 3).fill(9) };
  for (const name of names) await writePng(join(work, "data", `${name}.png`), image);
  const rows = names.map((id, i) => ({
    file_name: `${id}.png`,
    id,
    question: "is it ?",
    answer: answerOf(i),
  }));
  await writeFile(join(work, "data/metadata.jsonl"), linesOf(rows));
  return { answerOf, run: (name, said, answered) => writeRun(work, name, said, answered) };
}

async function writeRun(
  work: string,
  name: string,
  said: (i: number) => string,
  answered = names.length,
): Promise<void> {
  const folder = join(work, "runs", name);
  await mkdir(folder, { recursive: true });
  const rows = await readFile(join(work, "data/metadata.jsonl"));
  const record = {
    version: 1,
    model: `models/${name}`,
    family: "fovea",
    data: "../../data",
    dataHash: createHash("sha256").update(rows).digest("hex"),
    promptHash: "p",
    items: names.length,
    seed: 0,
  };
  const items = names.map((id, i) => ({
    id: `${id}/0`,
    task: "presence",
    image: `${id}.png`,
    width: 32,
    height: 16,
    question: "is it ?",
    answer: answerOf(i),
    answerType: "yes-no",
    regions: [],
    difficulty: { crossings: i % 3 },
  }));
  const answers = names.slice(0, answered).map((id, i) => {
    const text = said(i);
    const isRead = text === "yes" || text === "no";
    const parsed = isRead ? { type: "yes-no", value: text } : null;
    return { id: `${id}/0`, text, parsed, ...(!isRead && { problem: "neither yes nor no" }) };
  });
  await writeFile(join(folder, "run.json"), JSON.stringify(record));
  await writeFile(join(folder, "items.jsonl"), linesOf(items));
  await writeFile(join(folder, "answers.jsonl"), linesOf(answers));
}
