/** What a run began with, as hashes: arms that share them differ in nothing but what they learn from. */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { writeFileWhole } from "../common/files.ts";
import { readIfThere } from "../common/inside.ts";
import { parseJson } from "../common/json.ts";
import type { Batch } from "../losses/batch.ts";
import type { MadeBatch } from "../train/batches/run-data.ts";
import { type RunRecord, startSchema } from "./record.ts";

/** Batches whose hash is kept. */
export const hashedBatches = 3;

/** Hashes of what a run began with, kept in its folder: one that goes on does not see its first batches again. */
export async function openStart(path: string) {
  const text = await readIfThere(path);
  const checked = startSchema.safeParse(text === undefined ? undefined : parseJson(text, path));
  const found: RunRecord["start"] = checked.data ?? { params: "", batches: [] };
  return { found, keep: () => writeFileWhole(path, `${JSON.stringify(found)}\n`) };
}

/** Processor, cores and Node. */
export function machineName(): string {
  return `${cpus()[0]?.model.trim() ?? "unknown processor"}, ${cpus().length} cores, Node ${process.version}`;
}

/** Of all weights in a model's folder. */
export async function weightsHash(folder: string): Promise<string> {
  const hash = createHash("sha256");
  const files = (await readdir(folder)).filter((name) => name.endsWith(".safetensors")).sort();
  for (const name of files)
    for await (const chunk of createReadStream(join(folder, name), { highWaterMark: 1 << 20 }))
      hash.update(chunk);
  return hash.digest("hex");
}

/** Of a step's examples and arrays. */
export function batchHash(made: readonly MadeBatch[]): string {
  const hash = createHash("sha256");
  for (const { ids, batch } of made) {
    hash.update(JSON.stringify(ids));
    for (const name of hashedArrays) hashArray(hash, batch[name].data);
  }
  return hash.digest("hex");
}

const hashedArrays = [
  "pixelValues",
  "inputIds",
  "answerIds",
  "conceptIds",
] as const satisfies (keyof Batch)[];

function hashArray(hash: Hash, { buffer, byteOffset, byteLength }: ArrayBufferView): void {
  hash.update(new Uint8Array(buffer, byteOffset, byteLength));
}
