/** Makes a data set by a recipe, on several threads, with the same bytes on every machine. */
import { createHash } from "node:crypto";
import { mkdir, open, readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { writeFileWhole, writeFolderWhole } from "../../common/files.ts";
import { vocabulary } from "../tasks/registry.ts";
import { drawnCard, sceneCard } from "./card.ts";
import { type Chunk, chunkMaker } from "./chunk.ts";
import { type CocoImage, cocoFile } from "./coco.ts";
import { addTally, distributionsSvg, emptyTally, questionCounts, type Tally } from "./distributions.ts";
import { workerPool } from "./pool.ts";
import {
  type DrawnRecipe,
  isDrawn,
  type MakeOne,
  openRecipe,
  type Recipe,
  type SceneRecipe,
} from "./recipe.ts";

/** How a data set is made, whatever is in it. */
export interface MakeOptions {
  /** Threads to make images on; the bytes do not depend on it. One for every 500 images, at most the processors. */
  readonly workers?: number;
  /** Replaces an existing folder. */
  readonly replace?: boolean;
  readonly onProgress?: (done: number) => void;
}

/** What was made. */
export interface MadeData {
  readonly folder: string;
  readonly images: number;
  readonly questions: Readonly<Record<string, number>>;
  /** SHA-256 of the file SHA256SUMS, which holds that of every image, drawing and of metadata.jsonl. */
  readonly hash: string;
}

/** Images that are made and written in one go. */
const chunkSize = 50;

/**
 * Writes a data set that `datasets.load_dataset("imagefolder")` reads, scenes also `pycocotools`; whole or not at all.
 */
export async function makeData(recipe: Recipe, folder: string, options: MakeOptions = {}): Promise<MadeData> {
  const opened = await openRecipe(recipe); // Mistakes in the recipe come up before anything is written.
  let made: { tally: Tally; hash: string } | undefined;
  const fill = async (temporary: string) => {
    await mkdir(join(temporary, "images"));
    if (isDrawn(recipe)) await mkdir(join(temporary, "svg"));
    const written = await writeRows(recipe, opened.make, temporary, options);
    const hash = await writeSums(temporary, written.sums);
    await writeFileWhole(join(temporary, "distributions.svg"), distributionsSvg(written.tally));
    await (isDrawn(recipe)
      ? describeDrawn(recipe, temporary, written, hash)
      : describeScenes(recipe, opened.names, temporary, written));
    made = { tally: written.tally, hash };
  };
  await writeFolderWhole(folder, fill, { replace: options.replace ?? false });
  const { tally, hash } = made!;
  return { folder, images: recipe.count, questions: questionCounts(tally), hash };
}

type Written = Awaited<ReturnType<typeof writeRows>>;

function describeDrawn(recipe: DrawnRecipe, folder: string, { tally }: Written, hash: string): Promise<void> {
  return writeFileWhole(join(folder, "README.md"), drawnCard(recipe, questionCounts(tally), hash));
}

async function describeScenes(
  recipe: SceneRecipe,
  names: readonly string[],
  folder: string,
  { images, tally }: Written,
): Promise<void> {
  const { scene, ...rest } = recipe.examples;
  const words = vocabulary({ names, ...rest, ...(scene?.grid && { grid: scene.grid }) });
  await writeFileWhole(join(folder, "annotations.json"), cocoFile(images, names, "Fovea scenes"));
  const facts = { names, words: words.length, questions: questionCounts(tally) };
  await writeFileWhole(join(folder, "README.md"), sceneCard(recipe, facts));
}

/** Makes every chunk, in any order on the workers, and writes their rows in order. */
async function writeRows(recipe: Recipe, make: MakeOne, folder: string, options: MakeOptions) {
  const images: CocoImage[] = [];
  const sums: (readonly [file: string, sum: string])[] = [];
  const tally = emptyTally();
  const file = await open(join(folder, "metadata.jsonl"), "w");
  try {
    for await (const chunk of chunksOf(recipe, make, folder, options.workers)) {
      await file.write(`${chunk.lines.join("\n")}\n`);
      images.push(...chunk.coco);
      sums.push(...chunk.sums);
      addTally(tally, chunk.tally);
      options.onProgress?.(images.length);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { images, sums, tally };
}

/** The file that holds the SHA-256 of the others. */
const sumsFile = "SHA256SUMS";

/** The hash of a set that is there already, see {@link MadeData.hash}; that of nothing where it has no sums. */
export async function madeHash(folder: string): Promise<string> {
  return sha256(await readFile(join(folder, sumsFile)).catch(() => ""));
}

/** Writes the sums, as `sha256sum --check` reads them, and returns their own sum. */
async function writeSums(folder: string, sums: Written["sums"]): Promise<string> {
  const rows = ["metadata.jsonl", sha256(await readFile(join(folder, "metadata.jsonl")))] as const;
  const text = [rows, ...sums].map(([file, sum]) => `${sum}  ${file}\n`).join("");
  await writeFileWhole(join(folder, sumsFile), text);
  return sha256(text);
}

function sha256(bytes: Buffer | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Threads of their own open the recipe again: pictures are too many to hand over. */
async function* chunksOf(
  recipe: Recipe,
  make: MakeOne,
  folder: string,
  given?: number,
): AsyncGenerator<Chunk> {
  const workers = given ?? Math.min(availableParallelism(), Math.ceil(recipe.count / 500));
  const starts = Array.from({ length: Math.ceil(recipe.count / chunkSize) }, (_, i) => i * chunkSize);
  const ranges = starts.map((start) => ({ start, end: Math.min(recipe.count, start + chunkSize) }));
  if (workers > 1) return yield* workerPool(recipe, folder, ranges, workers);
  const makeChunk = chunkMaker(make, folder);
  for (const range of ranges) yield await makeChunk(range);
}
