/** Reads a data set on disk: `datasets.load_dataset("imagefolder")` reads the same folder. */
import { basename, relative } from "node:path";
import { BoundedCache, type BoundedCacheOptions } from "../../common/bounded-cache.ts";
import { mustBe, UserError } from "../../common/errors.ts";
import type { RgbImage } from "../../common/image.ts";
import { leadsOut, pathInside } from "../../common/inside.ts";
import { pictureInside, pictureSize, readImage } from "../../hub/image/image-file.ts";
import type { Example, ExampleRef } from "../example.ts";
import { checkRegions, countTiny, tinyWarning } from "../regions.ts";
import {
  dataFolderOf,
  metadataFile,
  refuseFolder,
  type SplitName,
  splitFolders,
  tableRows,
} from "./metadata.ts";
import { type RowStore, rowStore } from "./row-store.ts";
import { type Row, readRow, unreadColumns } from "./schema.ts";

/** A data set on disk: its rows, and the images when they are asked for. */
export interface ImageFolder {
  /** File names of rows are relative to it. */
  readonly folder: string;
  /** The file that holds the rows. */
  readonly metadata: string;
  /** The split that was read, of a folder that has several. */
  readonly split?: SplitName;
  readonly rows: readonly Row[];
  /** Columns that nobody reads, by name. */
  readonly unread: readonly string[];
  /** Reads image `index` and gives the whole example. */
  example(index: number): Promise<Example>;
}

/** Which rows of a folder are meant. */
export interface FolderOptions {
  /** Of a folder whose folders train, validation or test hold rows of their own. */
  readonly split?: SplitName;
}

/**
 * Opens a folder that holds `metadata.jsonl`, `.csv` or `.parquet`, one of its tables by its own name
 * (`pets/metadata.edited-1.jsonl`), or a split of a folder that has them in folders; every mistake in it is a `UserError`
 * with file, line and field.
 */
export async function openImageFolder(folder: string, options: FolderOptions = {}): Promise<ImageFolder> {
  const { store, ...opened } = await openRows(folder, options);
  const rows = [...store.rows()];
  return { ...opened, rows, example: (index) => readExample(opened.folder, rows[index]) };
}

/** An {@link ImageFolder} whose rows are held as bytes. */
interface OpenedRows extends Omit<ImageFolder, "rows" | "example"> {
  readonly store: RowStore;
}

async function openRows(given: string, { split }: FolderOptions = {}): Promise<OpenedRows> {
  const folder = dataFolderOf(given);
  const own = split === undefined ? await metadataFile(given) : undefined;
  const part = own === undefined ? await partOf(given, split) : undefined;
  const path = own ?? ((await metadataFile(part!.folder)) as string);
  const prefix = part === undefined ? "" : `${basename(part.folder)}/`;
  await pathInside(folder, relative(folder, path), `data set ${folder}`);
  return { folder, metadata: path, ...(await readRows(path, prefix)), ...(part && { split: part.split }) };
}

/** The folder of a split; the only one where none is named. */
async function partOf(folder: string, split: SplitName | undefined) {
  const all = await splitFolders(folder);
  const found = split === undefined ? all : all.filter((part) => part.split === split);
  if (found.length === 1) return found[0];
  if (all.length === 0 && split === undefined) return refuseFolder(folder);
  const names = all.map((part) => part.split).join(", ") || "none";
  if (split !== undefined) throw mustBe(`data set ${folder}`, "split", `one of its folders, ${names}`, split);
  const hint = `name one, as in ${found[0].folder}`;
  throw new UserError(`data set ${folder}: holds the splits ${names}; ${hint}`);
}

async function readRows(path: string, prefix: string): Promise<Pick<OpenedRows, "store" | "unread">> {
  const store = rowStore();
  const unread = new Set<string>();
  const fail = ({ place, problem }: { place: string; problem: string }) => {
    throw new UserError(`${inFull(path, place)}: ${problem}`);
  };
  for await (const { place, value } of tableRows(path, fail)) {
    for (const column of unreadColumns(value)) unread.add(column);
    const parsed = parseRow(value, inFull(path, place));
    const row = prefix === "" ? parsed : below(prefix, parsed);
    if (leadsOut(row.fileName))
      throw mustBe(inFull(path, place), "file_name", "a path within the folder", parsed.fileName);
    store.add(row);
  }
  if (store.length === 0) throw mustBe("data set", path, "a file with at least one line", "an empty file");
  return { store, unread: [...unread] };
}

/** "metadata.jsonl, line 3" with the path of the file. */
function inFull(path: string, place: string): string {
  return `${path}${place.slice(basename(path).length)}`;
}

function below(prefix: string, row: Row): Row {
  const { fileName, id } = row;
  return { ...row, fileName: prefix + fileName, id: id === fileName ? prefix + id : id };
}

/** How {@link readExampleRefs} reads a folder. */
export interface ReadOptions extends FolderOptions {
  /** Told what the maker of the data should know, a line each: columns that nobody reads, regions that look wrong. */
  readonly onNotice?: (line: string) => void;
}

/**
 * The examples of a data set with their pictures unread: opening reads the rows alone, and the headers of a few
 * pictures whose regions are checked. Pictures are decoded when an example is loaded; the last ones are kept, as
 * `PICTURES_KEPT` says. Loading throws a `UserError` for a region that does not lie in its picture.
 */
export async function readExampleRefs(
  given: string,
  { onNotice, ...options }: ReadOptions = {},
): Promise<readonly ExampleRef[]> {
  const opened = await openRows(given, options);
  const { folder, store } = opened;
  const pictures = new BoundedCache<string, RgbImage>(PICTURES_KEPT);
  const picture = (name: string) => pictures.getOrMake(name, () => readPicture(folder, name));
  const refs = Array.from({ length: store.length }, (_, i): ExampleRef => {
    const { id, fileName } = store.get(i);
    return {
      id,
      picture: fileName,
      get questions() {
        return store.get(i).questions;
      },
      get concepts() {
        return store.get(i).concepts;
      },
      size: async () => pictureSize(await pictureInside(folder, fileName)),
      load: async () => withPicture(folder, store.get(i), await picture(fileName)),
    };
  });
  for (const line of [...notices({ ...opened, rows: store.rows() }), ...(await checkSample(folder, refs))])
    onNotice?.(line);
  return refs;
}

/** Decoded pictures that are kept for the next question about them. */
const PICTURES_KEPT: BoundedCacheOptions<string, RgbImage> = {
  name: "pictures",
  limit: 16_384,
  maxBytes: 128 * 2 ** 20,
  size: ({ data }) => data.length,
};

/** Pictures whose headers are read at the start, spread over the set. */
const SAMPLE = 32;

/** What can be said of rows without their pictures. */
export function notices({
  metadata,
  rows,
  unread,
}: Pick<ImageFolder, "metadata" | "unread"> & { readonly rows: Iterable<Row> }): string[] {
  const tiny = tinyWarning(countTiny(rows));
  return [
    ...(unread.length > 0 ? [`${metadata}: columns that are not read: ${unread.join(", ")}`] : []),
    ...(tiny === undefined ? [] : [`${metadata}: ${tiny}`]),
  ];
}

/** Throws for a region outside of its picture in a sample of the examples; says how many reach beyond the border. */
async function checkSample(folder: string, refs: readonly ExampleRef[]): Promise<string[]> {
  const placed = refs.filter((ref) =>
    [...ref.questions, ...ref.concepts].some(({ regions }) => regions.length > 0),
  );
  const step = Math.max(1, Math.floor(placed.length / SAMPLE));
  const sample = placed.filter((_, i) => i % step === 0).slice(0, SAMPLE);
  const found = await Promise.all(sample.map(async (ref) => problemsOf(folder, ref, await ref.size())));
  const partly = found.flat().filter(({ misfit }) => misfit === "partly");
  if (partly.length === 0) return [];
  const many = `${partly.length} regions of ${sample.length} pictures looked at`;
  return [`data set ${folder}: ${many} reach beyond the border; what lies in the picture counts`];
}

/** The lesser problems of an example's regions; throws a `UserError` for one that cannot be used. */
function problemsOf(
  folder: string,
  example: Omit<Row, "fileName">,
  size: Parameters<typeof checkRegions>[2],
) {
  const problems = checkRegions(example.questions, example.concepts, size);
  const fatal = problems.find(({ isFatal }) => isFatal);
  if (fatal !== undefined) throw new UserError(`data set ${folder}, example ${example.id}: ${fatal.message}`);
  return problems;
}

function parseRow(value: unknown, place: string): Row {
  const read = readRow(value);
  if ("row" in read) return read.row;
  throw new UserError(`${place}: ${read.problem}`, { cause: read.cause });
}

async function readExample(folder: string, row: Row): Promise<Example> {
  return withPicture(folder, row, await readPicture(folder, row.fileName));
}

async function readPicture(folder: string, name: string): Promise<RgbImage> {
  return readImage(await pictureInside(folder, name));
}

function withPicture(folder: string, row: Row, image: RgbImage): Example {
  problemsOf(folder, row, image);
  const { id, questions, concepts } = row;
  return { id, image, questions, concepts };
}
