/** A data folder that Studio shows: its rows as columns for filters, and each row when it is shown. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { opendir } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { UserError } from "../../../common/errors.ts";
import { leadsOut, pathInside } from "../../../common/inside.ts";
import {
  dataFolderOf,
  metadataFile,
  refuseFolder,
  splitFolders,
  tableRows,
} from "../../../data/imagefolder/metadata.ts";
import { type RowStore, rowStore } from "../../../data/imagefolder/row-store.ts";
import { type Row, readRow, unreadColumns } from "../../../data/imagefolder/schema.ts";
import type { Placed } from "../../../data/tables/placed.ts";
import { leftOut } from "../../page/data/items.ts";
import { type RowTable, rowTable } from "../../page/data/table.ts";

/** Where rows and their pictures lie. */
export interface DataPlace {
  /** How the page names it: "pets", "pets/test". */
  readonly name: string;
  /** As commands take it. */
  readonly path: string;
  /** Pictures are below it, by real path. */
  readonly folder: string;
  /** Undefined for a folder of pictures without rows. */
  readonly metadata?: string;
}

export interface OpenedData extends DataPlace {
  readonly store: RowStore;
  readonly table: RowTable;
  readonly notices: readonly string[];
  /** SHA-256 of the file that holds the rows, as it was read. */
  readonly hash?: string;
  /** How many lines were passed over before each row: a row's place among what `tableRows` gives. */
  readonly lineOf: readonly number[];
}

/** The data sets that a path holds: itself, or one for each of its splits. Throws a `UserError` for a path that is none. */
export async function dataPlaces(path: string): Promise<DataPlace[]> {
  const own = await metadataFile(path);
  const folder = dataFolderOf(path);
  const name = basename(path.replace(/[\\/]+$/, "")) || "data";
  if (own !== undefined) return [{ name, path, folder, metadata: own }];
  const splits = await splitFolders(path);
  if (splits.length > 0)
    return Promise.all(
      splits.map(async ({ split, folder }) => ({
        name: `${name}/${split}`,
        path: folder,
        folder,
        metadata: (await metadataFile(folder)) as string,
      })),
    );
  for await (const _ of pictureNames(path)) return [{ name, path, folder: path }];
  return refuseFolder(path);
}

/** Lines that cannot be read, told by name; more are counted. */
const MOST_NOTICES = 20;

/** Reads the rows. Lines that cannot be read are passed over and said; a file that cannot be read is a `UserError`. */
export async function openData(place: DataPlace): Promise<OpenedData> {
  const [store, table, lineOf] = [rowStore(), rowTable(), [] as number[]];
  const skipped: string[] = [];
  const unread = new Set<string>();
  const add = (row: Row, line: number) => {
    store.add(row);
    table.add(row);
    lineOf.push(line);
  };
  const skip = (place: string, problem: string) => void skipped.push(`${place}: ${problem}`);
  if (place.metadata === undefined)
    for await (const name of pictureNames(place.folder)) add(bareRow(name), lineOf.length);
  else {
    const path = await pathInside(
      place.folder,
      relative(place.folder, place.metadata),
      `data set ${place.path}`,
    );
    let line = -1;
    for await (const { place: at, value } of tableRows(path, ({ place, problem }) => skip(place, problem))) {
      line++;
      for (const column of unreadColumns(value)) unread.add(column);
      const read = rowInside(value);
      if ("row" in read) add(read.row, line);
      else skip(at, read.problem);
    }
  }
  if (store.length === 0)
    throw new UserError(
      `data set ${place.path}: holds no line that can be read; ${skipped[0] ?? "it is empty"}`,
    );
  const hash = place.metadata === undefined ? undefined : await hashOf(place.metadata);
  return { ...place, store, table, lineOf, notices: noticesOf(skipped, unread), ...(hash && { hash }) };
}

/** Without its file leading out: such a row names somebody else's file. */
export function rowInside(value: unknown) {
  const read = readRow(value);
  if ("row" in read && leadsOut(read.row.fileName))
    return {
      problem: `file_name must be a path within the folder, got ${JSON.stringify(read.row.fileName)}`,
    };
  return read;
}

function noticesOf(skipped: readonly string[], unread: ReadonlySet<string>): string[] {
  const more = skipped.length - MOST_NOTICES;
  return [
    ...(skipped.length > 0 ? [leftOut(skipped.length)] : []),
    ...skipped.slice(0, MOST_NOTICES),
    ...(more > 0 ? [`and ${more} more`] : []),
    ...(unread.size > 0 ? [`columns that are kept and not read: ${[...unread].join(", ")}`] : []),
  ];
}

export const bareRow = (name: string): Row => ({ fileName: name, id: name, questions: [], concepts: [] });

/** SHA-256 of a file. */
export async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}

/** Of a folder without rows. */
const MOST_PICTURES = 200_000;
const pictureEnds = /\.(png|jpe?g|webp|gif|tiff?|avif)$/i;

/** Picture files of a folder and the folders in it, by their names; links are passed over. */
async function* pictureNames(folder: string): AsyncGenerator<string> {
  const found: string[] = [];
  const waiting = [""];
  for (let at = waiting.pop(); at !== undefined && found.length < MOST_PICTURES; at = waiting.pop()) {
    const entries = await opendir(join(folder, at)).catch(() => undefined);
    if (entries === undefined) continue;
    for await (const entry of entries) {
      const name = at === "" ? entry.name : `${at}/${entry.name}`;
      if (entry.name.startsWith(".")) continue;
      if (entry.isDirectory()) waiting.push(name);
      else if (entry.isFile() && pictureEnds.test(entry.name)) found.push(name);
    }
  }
  yield* found.sort();
}

/** The lines of a data set as its file holds them now, in the order of `lineOf`. */
export async function* rawLines({ metadata, folder, store }: OpenedData): AsyncGenerator<Placed> {
  if (metadata === undefined) {
    for (const { fileName } of store.rows()) yield { place: fileName, value: { file_name: fileName } };
    return;
  }
  const path = await pathInside(folder, relative(folder, metadata), `data set ${folder}`);
  yield* tableRows(path, () => {});
}
