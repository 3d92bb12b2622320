/** From a task's name or a folder to the data that is asked. */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../common/cache-folder.ts";
import { mustBe } from "../common/errors.ts";
import { type Benchmark, benchmarkOf, hasFrozenBytes } from "../data/imagefolder/benchmark.ts";
import { madeHash, makeData } from "../data/imagefolder/make.ts";
import { metadataFile, splitFolders } from "../data/imagefolder/metadata.ts";
import { benchmarkTaskNames } from "../data/tasks/world.ts";

export interface EvaluationData {
  readonly folder: string;
  /** How people call it: the benchmark's name or the folder's. */
  readonly name: string;
}

/**
 * What `fovea eval` is pointed at: a task's frozen benchmark, made once into the cache folder, or an image folder. A
 * folder with the name of a task is meant by `./NAME`. Throws a `UserError` when it is neither.
 */
export async function evaluationData(
  target: string,
  onMake?: (name: string, count: number) => Making,
): Promise<EvaluationData> {
  if (!benchmarkTaskNames.includes(target)) {
    const folder = await rowsFolder(target);
    if (folder !== undefined) return { folder, name: nameOf(target, folder) };
    const rule = `a folder with metadata.jsonl, or one of ${benchmarkTaskNames.join(", ")}`;
    throw mustBe("eval", "TASK or FOLDER", rule, target);
  }
  const benchmark = benchmarkOf(target);
  const { name, recipe } = benchmark;
  const folder = join(cacheFolder(), "benchmarks", name);
  // Folders appear whole or not at all: one that is there is finished.
  if (!(await exists(join(folder, "metadata.jsonl")))) {
    const making = onMake?.(name, recipe.count);
    const made = makeData(recipe, folder, making === undefined ? {} : { onProgress: making.at });
    await made.finally(making?.end);
  }
  await compareHash(folder, benchmark);
  return { folder, name };
}

/** Where the progress of making a benchmark is shown. */
export interface Making {
  readonly at: (done: number) => void;
  readonly end: () => void;
}

/** A benchmark is the same bytes for everybody; see `MadeData.hash`. */
async function compareHash(folder: string, benchmark: Benchmark): Promise<void> {
  const found = await madeHash(folder);
  if (!hasFrozenBytes(benchmark, found))
    throw mustBe(
      `benchmark ${folder}`,
      "hash",
      `${benchmark.hash}`,
      found,
      "remove the folder to have it made again",
    );
}

/** The folder itself where it holds rows, else the first of its splits in the order that evaluation wants. */
async function rowsFolder(folder: string): Promise<string | undefined> {
  if ((await metadataFile(folder)) !== undefined) return folder;
  const parts = await splitFolders(folder);
  const wanted = ["test", "validation", "train"].flatMap((split) =>
    parts.filter((part) => part.split === split),
  );
  return wanted[0]?.folder;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** "pets", or "pets/test" for a split of it. */
function nameOf(target: string, folder: string): string {
  return folder === target ? lastName(target) : `${lastName(target)}/${lastName(folder)}`;
}

function lastName(folder: string): string {
  return folder.replace(/\/+$/, "").split("/").at(-1) || "data";
}
