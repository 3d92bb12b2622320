/** Where a data folder keeps its rows: `metadata.jsonl`, `.csv` or `.parquet`, at its root or in a folder a split. */
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { UserError } from "../../common/errors.ts";
import { csvRows } from "../tables/csv.ts";
import { jsonRows } from "../tables/lines.ts";
import { openParquet } from "../tables/parquet.ts";
import type { Placed, Unread } from "../tables/placed.ts";

/** Files that hold rows, the first that is there, as `datasets` names them. */
export const metadataFiles = ["metadata.jsonl", "metadata.csv", "metadata.parquet"] as const;

/** The splits, and the words by which `datasets` knows their folders. */
export const splitWords = {
  train: ["train", "training"],
  validation: ["validation", "valid", "dev", "val"],
  test: ["test", "testing", "eval", "evaluation"],
} as const;
export type SplitName = keyof typeof splitWords;
export const splitNames = Object.keys(splitWords) as SplitName[];

/** The split that a word stands for: "val" for validation. */
export function splitOf(word: string): SplitName | undefined {
  const lower = word.toLowerCase();
  return splitNames.find((name) => (splitWords[name] as readonly string[]).includes(lower));
}

/** The names of tables, by which a data set may be called itself: `pets/metadata.edited-1.jsonl`. */
const tableEnds = /\.(jsonl|csv|parquet)$/i;

/** The folder that the names of pictures are seen from: a folder itself, and the one that a table lies in. */
export function dataFolderOf(path: string): string {
  return tableEnds.test(path) ? dirname(path) : path;
}

/** The file of a folder that holds its rows, or the table that is named; undefined where there is none. */
export async function metadataFile(folder: string): Promise<string | undefined> {
  if (tableEnds.test(folder) && (await isFile(folder))) return folder;
  const names = await namesIn(folder);
  const found = metadataFiles.find((name) => names.includes(name));
  return found && join(folder, found);
}

/** The folders of a folder that are splits with rows of their own, in the order of {@link splitNames}. */
export async function splitFolders(folder: string): Promise<readonly { split: SplitName; folder: string }[]> {
  const found: { split: SplitName; folder: string }[] = [];
  for (const name of (await namesIn(folder)).sort()) {
    const split = splitOf(name);
    if (split !== undefined && (await metadataFile(join(folder, name))) !== undefined)
      found.push({ split, folder: join(folder, name) });
  }
  return found.sort((a, b) => splitNames.indexOf(a.split) - splitNames.indexOf(b.split));
}

/**
 * Which splits of a folder a run trains on and evaluates on: train, and validation or else test. None of a folder that
 * holds rows itself, or one split alone.
 */
export async function trainingSplits(
  folder: string,
): Promise<{ readonly training?: SplitName; readonly evaluation?: SplitName }> {
  if ((await metadataFile(folder)) !== undefined) return {};
  const names = (await splitFolders(folder)).map(({ split }) => split);
  if (names.length < 2 || !names.includes("train")) return {};
  return { training: "train", evaluation: names.includes("validation") ? "validation" : "test" };
}

/** Parquet files of a folder, or of its `data/`, as `datasets` uploads them: pictures are in their rows. */
export async function parquetFiles(folder: string): Promise<string[]> {
  const below = async (path: string) =>
    (await namesIn(path)).filter((name) => name.endsWith(".parquet")).map((name) => join(path, name));
  const own = await below(folder);
  return (own.length > 0 ? own : await below(join(folder, "data"))).sort();
}

/** The rows of a metadata file or of any table; a line that cannot be read is given to `onBad`. */
export async function* tableRows(path: string, onBad: (unread: Unread) => void): AsyncGenerator<Placed> {
  const rows = path.endsWith(".csv")
    ? csvRows(path, onBad)
    : path.endsWith(".parquet")
      ? parquetRows(path, onBad)
      : jsonRows(path, onBad);
  for await (const { place, value } of rows)
    try {
      yield { place, value: unpacked(value) };
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      onBad({ place, problem: error.message });
    }
}

async function* parquetRows(path: string, onBad: (unread: Unread) => void): AsyncGenerator<Placed> {
  const file = await openParquet(path);
  yield* file.rows(file.columns, onBad);
}

/** Columns that hold lists or objects: tables without such cells write them as JSON. */
const packed = ["questions", "concepts", "regions", "choices", "difficulty"];

function unpacked(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const texts = Object.entries(value).filter(
    ([key, cell]) => packed.includes(key) && typeof cell === "string",
  );
  if (texts.length === 0) return value;
  const parsed = texts.map(([key, cell]) => {
    try {
      return [key, JSON.parse(cell as string)] as const;
    } catch (cause) {
      throw new SyntaxError(`${key}: must be JSON: ${(cause as Error).message}`);
    }
  });
  return { ...value, ...Object.fromEntries(parsed) };
}

/** Throws a `UserError` that says what a folder without rows should hold. */
export async function refuseFolder(folder: string): Promise<never> {
  const isThere = await stat(folder).then(
    () => true,
    () => false,
  );
  const rule = `must hold ${metadataFiles.join(", ")}, or folders ${splitNames.join(", ")} that do`;
  if (!isThere) throw new UserError(`data set ${folder}: ${rule}; there is no such folder`);
  if ((await parquetFiles(folder)).length === 0) throw new UserError(`data set ${folder}: ${rule}`);
  const hint = `fovea data import imagefolder ${folder} --out NEW takes pictures out of parquet files`;
  throw new UserError(`data set ${folder}: ${rule}; ${hint}`);
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (facts) => facts.isFile(),
    () => false,
  );
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

/** The word of a path, or of a shard's name, that names a split: "train/a.png", "data/test-00000-of-00001.parquet". */
export function splitInPath(path: string): SplitName | undefined {
  const folders = path.split("/");
  const stem = basename(path).split(/[-_.]/)[0];
  for (const word of [...folders.slice(0, -1).reverse(), stem]) {
    const split = splitOf(word);
    if (split !== undefined) return split;
  }
  return undefined;
}
