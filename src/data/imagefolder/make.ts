import { mkdir, open } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { writeFileWhole, writeFolderWhole } from "../../common/files.ts";
import { vocabulary } from "../tasks/registry.ts";
import { dataCard } from "./card.ts";
import { type Chunk, chunkMaker } from "./chunk.ts";
import { type CocoImage, cocoFile } from "./coco.ts";
import { workerPool } from "./pool.ts";
import { loadSceneAssets, type SceneRecipe } from "./recipe.ts";

export interface MakeOptions {
  /** Processes to compose on; the bytes do not depend on it. One for every 500 images, at most the processors. */
  readonly workers?: number;
  /** Replaces an existing folder. */
  readonly replace?: boolean;
  readonly onProgress?: (done: number) => void;
}

/** What was made. */
export interface MadeScenes {
  readonly folder: string;
  readonly images: number;
  readonly questions: Readonly<Record<string, number>>;
  readonly names: number;
}

/** Images that are composed and written in one go. */
const chunkSize = 50;

/** Writes a data set of scenes that `datasets.load_dataset("imagefolder")` and `pycocotools` read; whole or not at all. */
export async function makeScenes(
  recipe: SceneRecipe,
  folder: string,
  options: MakeOptions = {},
): Promise<MadeScenes> {
  const { cutOuts } = await loadSceneAssets(recipe); // Mistakes in the recipe come up before anything is written.
  const questions: Record<string, number> = {};
  const fill = async (temporary: string) => {
    await mkdir(join(temporary, "images"));
    const images = await writeRows(recipe, temporary, options, questions);
    const { scene, ...rest } = recipe.examples;
    const words = vocabulary({ names: cutOuts.names, ...rest, ...(scene?.grid && { grid: scene.grid }) });
    await writeFileWhole(
      join(temporary, "annotations.json"),
      cocoFile(images, cutOuts.names, "Fovea scenes"),
    );
    await writeFileWhole(
      join(temporary, "README.md"),
      dataCard(recipe, { names: cutOuts.names, words: words.length, questions }),
    );
  };
  await writeFolderWhole(folder, fill, { replace: options.replace ?? false });
  return { folder, images: recipe.count, questions, names: cutOuts.names.length };
}

/** Composes every chunk, in any order on the workers, and writes their rows in order. */
async function writeRows(
  recipe: SceneRecipe,
  folder: string,
  options: MakeOptions,
  questions: Record<string, number>,
): Promise<CocoImage[]> {
  const images: CocoImage[] = [];
  const file = await open(join(folder, "metadata.jsonl"), "w");
  try {
    for await (const { lines, coco, tasks } of chunksOf(recipe, folder, options.workers)) {
      await file.write(`${lines.join("\n")}\n`);
      images.push(...coco);
      for (const task of tasks) questions[task] = (questions[task] ?? 0) + 1;
      options.onProgress?.(images.length);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return images;
}

async function* chunksOf(recipe: SceneRecipe, folder: string, given?: number): AsyncGenerator<Chunk> {
  const workers = given ?? Math.min(availableParallelism(), Math.ceil(recipe.count / 500));
  const starts = Array.from({ length: Math.ceil(recipe.count / chunkSize) }, (_, i) => i * chunkSize);
  const ranges = starts.map((start) => ({ start, end: Math.min(recipe.count, start + chunkSize) }));
  if (workers > 1) return yield* workerPool(recipe, folder, ranges, workers);
  const make = await chunkMaker(recipe, folder);
  for (const range of ranges) yield await make(range);
}
