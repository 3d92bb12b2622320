import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { relative, resolve } from "node:path";
import { mustBe } from "../common/errors.ts";
import { pathInside } from "../common/inside.ts";
import { dataFolderOf, metadataFile } from "../data/imagefolder/metadata.ts";
import { pictureInside } from "../hub/image/picture-file.ts";
import type { RunRecord } from "./record.ts";

/** A run and its path. */
export interface RunPlace {
  readonly folder: string;
  readonly run: RunRecord;
}

const hashes = new WeakMap<RunRecord, Promise<string | undefined>>();

/**
 * The real path of a picture of a run. Which folder holds it stands in `run.json`, and its name in `items.jsonl`, which
 * a stranger may have written: the picture must lie in that folder, and the folder must hold the rows that were asked, as
 * their hash proves. Without that, a page made of somebody's run could show any picture of its reader. Throws a
 * `UserError`.
 */
export async function runPicture({ folder, run }: RunPlace, image: string): Promise<string> {
  const data = resolve(folder, run.data);
  const known = hashes.get(run) ?? rowsHash(data);
  hashes.set(run, known);
  const found = await known;
  if (found !== run.dataHash)
    throw mustBe(
      `run folder ${folder}`,
      "data",
      `the data that was asked, ${run.dataHash}`,
      found ?? "none",
      data,
    );
  return pictureInside(dataFolderOf(data), image);
}

/** SHA-256 of the file that holds the rows of a data folder, undefined where there is none. */
async function rowsHash(data: string): Promise<string | undefined> {
  const path = await metadataFile(data);
  if (path === undefined) return undefined;
  const hash = createHash("sha256");
  const folder = dataFolderOf(data);
  const real = await pathInside(folder, relative(folder, path), `data set ${data}`);
  for await (const chunk of createReadStream(real)) hash.update(chunk);
  return hash.digest("hex");
}
