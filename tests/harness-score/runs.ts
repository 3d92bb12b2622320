import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { onTestFinished } from "vitest";
import type { AnswerRecord, ItemRecord, RunRecord } from "../../src/harness/record.ts";
import type { RunFolder } from "../../src/harness/score/read.ts";

/** The rows of the data that the runs were asked on, as {@link writePictures} writes them. */
export const dataRows = `${JSON.stringify({ file_name: "images/0.png" })}\n`;

export const runRecord: RunRecord = {
  version: 1,
  model: "checkpoints/a",
  family: "generic",
  data: "../data",
  dataHash: createHash("sha256").update(dataRows).digest("hex"),
  promptHash: "p".repeat(64),
  items: 0,
  seed: 0,
};

export function item(i: number, change: Partial<ItemRecord> = {}): ItemRecord {
  return {
    id: `${i}/0`,
    task: "line-tracing",
    image: `images/${i}.png`,
    width: 20,
    height: 10,
    question: "which end ?",
    answer: "A",
    answerType: "label",
    choices: ["A", "B"],
    regions: [{ kind: "polyline", points: [[1, 1], [18, 8]] }], // biome-ignore format: one line
    difficulty: { crossings: i % 3, family: i % 2 === 0 ? "smooth" : "arcs" },
    ...change,
  };
}

export const label = ({ id }: ItemRecord, value: string): AnswerRecord => ({
  id,
  text: value,
  parsed: { type: "label", value },
});

export const yesNo = ({ id }: ItemRecord, value: string): AnswerRecord => ({
  id,
  text: value,
  parsed: { type: "yes-no", value },
});

export const unparsable = ({ id }: ItemRecord, text: string): AnswerRecord => ({
  id,
  text,
  parsed: null,
  problem: "no label was found",
});

export function runOf(
  items: readonly ItemRecord[],
  answers: readonly AnswerRecord[],
  change: Partial<RunRecord> = {},
): RunFolder {
  return { run: { ...runRecord, items: items.length, ...change }, items, answers };
}

/** A folder that is gone when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "fovea-scores-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a run folder as `fovea eval` does. */
export async function writeRun(folder: string, { run, items, answers }: RunFolder): Promise<string> {
  const lines = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "run.json"), JSON.stringify(run));
  await writeFile(join(folder, "items.jsonl"), lines(items));
  await writeFile(join(folder, "answers.jsonl"), lines(answers));
  return folder;
}

/** A data folder with the pictures of some items, all red. */
export async function writePictures(data: string, items: readonly ItemRecord[]): Promise<void> {
  await mkdir(join(data, "images"), { recursive: true });
  await writeFile(join(data, "metadata.jsonl"), dataRows);
  for (const { image, width, height } of items) {
    const create = { width, height, channels: 3, background: "#ff0000" } as const;
    await sharp({ create }).png().toFile(join(data, image));
  }
}
