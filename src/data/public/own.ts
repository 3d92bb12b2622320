import { stat } from "node:fs/promises";
import { relative } from "node:path";
import { z } from "zod";
import { mustBe } from "../../common/errors.ts";
import { pathInside } from "../../common/inside.ts";
import {
  metadataFile,
  parquetFiles,
  refuseFolder,
  type SplitName,
  splitFolders,
  splitInPath,
  splitOf,
  tableRows,
} from "../imagefolder/metadata.ts";
import { rowSchema, unreadColumns } from "../imagefolder/schema.ts";
import type { Placed } from "../tables/placed.ts";
import type { Picture, PublicFormat, PublicRow, Source } from "./format.ts";
import { pictureFacts, pictureFinder, sourceFiles } from "./pictures.ts";
import { attempt, checked, countUnread, idOf, noteUnread } from "./rows.ts";
import { inPixels } from "./units.ts";

/** A folder of pictures with `metadata.jsonl`, as this project and `datasets` have it. */
export const imageFolder: PublicFormat = {
  description: "a folder with metadata.jsonl, .csv or .parquet, with splits in folders, or of parquet files",
  path: "a folder",
  origin: "given by the maker",
  options: ["split", "boxes"],
  async *read(source) {
    const all = await folderFiles(source.path);
    const splits = new Set(all.map(({ split }) => split));
    const files = all.filter(({ split }) => split === undefined || isWanted(split, source));
    if (files.length === 0)
      throw mustBe(source.path, "split", `one of ${[...splits].join(", ")}`, source.options.split);
    for (const { file, root, split } of files) {
      const images = source.images ?? root;
      for await (const row of readOwn(file, { ...source, images }, split)) {
        const isOne = splits.size < 2 || row.split === undefined;
        yield isOne
          ? row
          : { ...row, questions: row.questions.map((one) => withSplit(one, row.split as string)) };
      }
    }
    if (source.options.split === undefined && splits.size > 1)
      source.tally.note(
        `splits: ${[...splits].join(", ")}, in each question's difficulty; --split takes one`,
      );
  },
};

/** One's own questions, one object a line or a list of them, with paths of pictures. */
export const jsonLines: PublicFormat = {
  description: "one's own JSONL with paths of pictures",
  path: "data.jsonl",
  origin: "given by the maker",
  options: ["boxes"],
  async *read(source) {
    for (const file of await sourceFiles(source.path, [".jsonl", ".json"])) yield* readOwn(file, source);
  },
};

interface TableFile {
  readonly file: string;
  /** Names of pictures are relative to it. */
  readonly root: string;
  readonly split?: SplitName;
}

/** The tables of a folder: its own, those of its splits, or its parquet files; or the one table that is given. */
async function folderFiles(path: string): Promise<TableFile[]> {
  if (await isFile(path)) return [{ file: path, root: parentOf(path) }];
  const inside = async (file: string) => {
    await pathInside(path, relative(path, file), file);
    return file;
  };
  const own = await metadataFile(path);
  if (own !== undefined) return [{ file: await inside(own), root: path }];
  const splits = await splitFolders(path);
  const tables = await Promise.all(
    splits.map(async ({ split, folder }) => ({
      file: await inside((await metadataFile(folder)) as string),
      root: folder,
      split,
    })),
  );
  if (tables.length > 0) return tables;
  const shards = await parquetFiles(path);
  if (shards.length === 0) return refuseFolder(path);
  for (const shard of shards) await inside(shard);
  return shards.map((file) => {
    const split = splitInPath(file.slice(path.length));
    return { file, root: path, ...(split !== undefined && { split }) };
  });
}

/** Whether `--split`, by any word that `datasets` knows for it, takes a split. */
function isWanted(split: SplitName | undefined, { options }: Source): boolean {
  return options.split === undefined || (splitOf(options.split) ?? options.split) === split;
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (facts) => facts.isFile(),
    () => false,
  );
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/"))) || ".";
}

/** A picture within a row, as `datasets` stores it. */
const stored = z.object({ bytes: z.instanceof(Uint8Array).nullish(), path: z.string().nullish() });

interface OwnRow extends PublicRow {
  readonly split?: SplitName;
}

async function* readOwn(file: string, source: Source, split?: SplitName): AsyncGenerator<OwnRow> {
  const { tally, options } = source;
  const find = pictureFinder({ ...source, path: file });
  const pictures = new Map<string, Picture>();
  const columns = new Set<string>();
  const named = withFileNames(tableRows(file, countUnread(tally)), pictures, columns);
  for await (const { place, value } of checked(named, rowSchema, tally)) {
    const { fileName, id, questions, concepts } = value;
    const inside = pictures.get(place);
    pictures.delete(place);
    const own = split ?? splitInPath(fileName);
    if (!isWanted(own, source)) {
      tally.leaveOut("rows of another split");
      continue;
    }
    const picture = inside ?? (await attempt(place, tally, () => find(fileName)));
    if (picture === undefined) continue;
    const row = { place, id, picture, questions, concepts, ...(own && { split: own }) };
    const { boxes = "real" } = options;
    const scaled =
      boxes === "real"
        ? row
        : await attempt(place, tally, async () => inPixels(row, boxes, await pictureFacts(picture)));
    if (scaled !== undefined) yield scaled;
  }
  noteUnread(tally, columns);
}

/**
 * Rows with `file_name`, which may be called `image` too. An image within the row is put into `pictures` by the row's
 * place; names of columns that nobody reads into `columns`.
 */
async function* withFileNames(
  rows: AsyncIterable<Placed>,
  pictures: Map<string, Picture>,
  columns: Set<string>,
): AsyncGenerator<Placed> {
  for await (const { place, value } of rows) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      yield { place, value };
      continue;
    }
    const { image, ...rest } = value as Record<string, unknown>;
    const { data } = stored.safeParse(image);
    const own = { ...rest } as Record<string, unknown>;
    if (own.file_name == null && data !== undefined) own.file_name = data.path ?? idOf(place);
    else if (own.file_name == null) own.file_name = image;
    else if (image !== undefined && data === undefined) own.image = image;
    if (data?.bytes) pictures.set(place, { bytes: data.bytes });
    for (const column of unreadColumns(own)) columns.add(column);
    yield { place, value: own };
  }
}

function withSplit<T extends { readonly difficulty?: Readonly<Record<string, number | string>> }>(
  question: T,
  split: string,
): T {
  return { ...question, difficulty: { ...question.difficulty, split } };
}
