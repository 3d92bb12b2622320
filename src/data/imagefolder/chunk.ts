import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sharp } from "../../hub/image/decoders.ts";
import { drawingPng } from "../drawing/png.ts";
import { drawingSvg } from "../drawing/svg.ts";
import type { Example } from "../example.ts";
import { sixDigits } from "../numbering.ts";
import type { DrawnExample } from "../tasks/drawn-examples.ts";
import { type CocoImage, cocoImage } from "./coco.ts";
import { countQuestions, emptyTally, type Tally } from "./distributions.ts";
import type { MakeOne } from "./recipe.ts";
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
  readonly tally: Tally;
  /** Files that were written, with their SHA-256. */
  readonly sums: readonly (readonly [file: string, sum: string])[];
}

/** A function that makes a range of examples and writes their images to `folder`/images, their drawings to svg/. */
export function chunkMaker(make: MakeOne, folder: string): (range: Range) => Promise<Chunk> {
  return async ({ start, end }) => {
    const tally = emptyTally();
    const makeOne = async (index: number) => {
      const example = make(index);
      countQuestions(tally, example.questions);
      // No split in the name: `datasets` would take it for a sign of one and leave metadata.jsonl out of it.
      const name = sixDigits(index);
      const fileName = `images/${name}.png`;
      const sums = await writeAll(folder, await filesOf(example, name));
      return { line: rowLine({ ...example, fileName }), coco: cocoImage(example, fileName), sums };
    };
    const made = await Promise.all(Array.from({ length: end - start }, (_, i) => makeOne(start + i)));
    return {
      lines: made.map(({ line }) => line),
      coco: made.map(({ coco }) => coco),
      tally,
      sums: made.flatMap(({ sums }) => sums),
    };
  };
}

type Content = readonly [file: string, bytes: Buffer];

async function filesOf(example: Example | DrawnExample, name: string): Promise<Content[]> {
  if ("drawing" in example)
    return [
      [`images/${name}.png`, drawingPng(example.image)],
      [`svg/${name}.svg`, Buffer.from(drawingSvg(example.drawing))],
    ];
  return [[`images/${name}.png`, await photoPng(example)]];
}

async function writeAll(folder: string, files: readonly Content[]) {
  await Promise.all(files.map(([file, bytes]) => writeFile(join(folder, file), bytes)));
  return files.map(([file, bytes]) => [file, createHash("sha256").update(bytes).digest("hex")] as const);
}

function photoPng({ image: { width, height, data } }: Example): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 6 })
    .toBuffer();
}
