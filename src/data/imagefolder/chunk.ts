import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import type { Example } from "../example.ts";
import { exampleMaker } from "../tasks/examples.ts";
import { type CocoImage, cocoImage } from "./coco.ts";
import { loadSceneAssets, type SceneRecipe } from "./recipe.ts";
import { rowLine } from "./schema.ts";

/** Examples [start, end). */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** What the files beside the images need of some examples, in order. */
export interface Chunk {
  readonly lines: readonly string[];
  readonly coco: readonly CocoImage[];
  /** The task of every question. */
  readonly tasks: readonly string[];
}

/** A function that composes a range of examples and writes their images to `folder`/images. */
export async function chunkMaker(
  recipe: SceneRecipe,
  folder: string,
): Promise<(range: Range) => Promise<Chunk>> {
  const make = exampleMaker(await loadSceneAssets(recipe), { ...recipe.examples, split: recipe.split });
  const makeOne = async (index: number) => {
    const example = make(recipe.seed, index);
    // No split in the name: `datasets` would take it for a sign of one and leave metadata.jsonl out of it.
    const fileName = `images/${String(index).padStart(6, "0")}.png`;
    await writeFile(join(folder, fileName), await png(example));
    return { line: rowLine({ ...example, fileName }), coco: cocoImage(example, fileName), example };
  };
  return async ({ start, end }) => {
    const made = await Promise.all(Array.from({ length: end - start }, (_, i) => makeOne(start + i)));
    return {
      lines: made.map(({ line }) => line),
      coco: made.map(({ coco }) => coco),
      tasks: made.flatMap(({ example }) => example.questions.map(({ task }) => task)),
    };
  };
}

function png({ image: { width, height, data } }: Example): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 6 })
    .toBuffer();
}
