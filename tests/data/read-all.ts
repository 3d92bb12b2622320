import type { Example } from "../../src/data/example.ts";
import { openImageFolder } from "../../src/data/imagefolder/read.ts";

/** A small data set with all its pictures, or its first `limit` examples. */
export async function readImageFolder(folder: string, limit?: number): Promise<Example[]> {
  const { rows, example } = await openImageFolder(folder);
  return Promise.all(rows.slice(0, limit).map((_, index) => example(index)));
}
