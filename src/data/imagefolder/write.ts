/** Writes examples as a data set on disk. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeFileWhole, writeFolderWhole } from "../../common/files.ts";
import type { Example } from "../example.ts";
import { chunkMaker } from "./chunk.ts";

/** Examples that are written in one go. */
const chunkSize = 50;

/** Writes examples as an image folder, pictures as PNG; whole or not at all. */
export async function writeImageFolder(folder: string, examples: readonly Example[]): Promise<void> {
  const fill = async (temporary: string) => {
    await mkdir(join(temporary, "images"));
    const write = chunkMaker((index) => pictured(examples[index]), temporary);
    const lines: string[] = [];
    for (let start = 0; start < examples.length; start += chunkSize)
      lines.push(...(await write({ start, end: Math.min(examples.length, start + chunkSize) })).lines);
    await writeFileWhole(join(temporary, "metadata.jsonl"), `${lines.join("\n")}\n`);
  };
  await writeFolderWhole(folder, fill, { replace: true });
}

/** Without the drawing that an example may have besides its picture. */
function pictured({ id, image, questions, concepts }: Example): Example {
  return { id, image, questions, concepts };
}
