/**
 * A folder that the visitor opened: its files stay where they are, rows are read from their place in the file and pictures
 * are decoded when they are shown.
 */
import { decodeImage } from "#pictures";
import { UserError } from "../../../common/errors.ts";
import { type Row, readRow, unreadColumns } from "../../../data/imagefolder/schema.ts";
import { freeName, type LabelEdits, mergedLine, type SavedLabels } from "./edits.ts";
import type { Filter } from "./filter.ts";
import { leftOut } from "./items.ts";
import type { PickedFile, PickedFolder } from "./picked.ts";
import type { DataSource, Item, Thumbnail } from "./source.ts";
import { type Found, type RowTable, rowTable } from "./table.ts";

/** Where a row's line stands in its file, in bytes; none for a picture without a row. */
interface Place {
  readonly start: number;
  readonly end: number;
}

interface Rows {
  readonly table: RowTable;
  readonly places: readonly (Place | undefined)[];
  /** By row, of pictures without a row of their own. */
  readonly names: readonly string[];
  readonly notices: readonly string[];
  readonly metadata?: PickedFile;
  /** The file of the rows as it was when they were read. */
  readonly read?: File;
}

/** Throws a `UserError` for a folder with neither rows nor pictures. */
export async function openFolderSource(folder: PickedFolder): Promise<DataSource> {
  const rows = await readRows(folder);
  const { table } = rows;
  const founds = new Map<string, Found>();
  const find = (filter: Filter) => {
    const key = JSON.stringify(filter);
    const found = founds.get(key) ?? table.find(filter);
    if (founds.size > 32) founds.clear();
    founds.set(key, found);
    return found;
  };
  return {
    name: folder.name,
    note: rows.metadata === undefined ? "pictures without labels yet" : `read from ${rows.metadata.path}`,
    count: table.length,
    notices: rows.notices,
    find: async (filter) => ({ count: find(filter).count, facets: find(filter).facets }),
    items: (filter, from, count) =>
      Promise.all(
        find(filter)
          .hits(from, count)
          .map(async ({ row, question }): Promise<Item> => {
            const item = { index: row, row: await rowAt(rows, row) };
            return question === undefined ? item : { ...item, question };
          }),
      ),
    async thumbnail({ row }, side): Promise<Thumbnail> {
      return thumbnailOf(await fileOf(folder, row), side);
    },
    picture: async ({ row }) => decodeImage(await fileOf(folder, row)),
    save: (edits) => save(folder, rows, edits),
  };
}

/** Browsers turn pictures upright by themselves. */
async function thumbnailOf(file: File, side: number): Promise<Thumbnail> {
  try {
    const whole = await createImageBitmap(file);
    const size = { width: whole.width, height: whole.height };
    const scale = side / Math.max(size.width, size.height);
    if (scale >= 1) return { bitmap: whole, size };
    const bitmap = await createImageBitmap(whole, {
      resizeWidth: Math.max(1, Math.round(size.width * scale)),
      resizeHeight: Math.max(1, Math.round(size.height * scale)),
      resizeQuality: "medium",
    });
    whole.close();
    return { bitmap, size };
  } catch (cause) {
    throw new UserError(`${file.name} is no picture that this browser reads`, { cause });
  }
}

async function fileOf({ files }: PickedFolder, { fileName }: Row): Promise<File> {
  const found = files.get(fileName.replace(/^\.\//, ""));
  if (found === undefined) throw new UserError(`${fileName} is not in the folder that was opened`);
  return found.file();
}

const tables = ["metadata.jsonl"];
const unreadTables = ["metadata.csv", "metadata.parquet"];
const pictureEnds = /\.(png|jpe?g|webp|gif|avif)$/i;

async function readRows({ name, files }: PickedFolder): Promise<Rows> {
  const metadata = tables.map((table) => files.get(table)).find((file) => file !== undefined);
  if (metadata !== undefined) return readLines(metadata);
  const other = unreadTables.find((table) => files.has(table));
  if (other !== undefined)
    throw new UserError(`${other} is read by the server alone: fovea studio --data ${name}`);
  const names = [...files.keys()].filter((path) => pictureEnds.test(path)).sort();
  if (names.length === 0)
    throw new UserError(`${name}: holds neither metadata.jsonl nor pictures (PNG, JPEG, WebP, GIF, AVIF)`);
  const table = rowTable();
  for (const path of names) table.add(bareRow(path));
  return { table, names, places: [], notices: [] };
}

const bareRow = (name: string): Row => ({ fileName: name, id: name, questions: [], concepts: [] });

/** Lines that cannot be read, told by name. */
const MOST_NOTICES = 20;

async function readLines(metadata: PickedFile): Promise<Rows> {
  const [table, places, skipped] = [rowTable(), [] as Place[], [] as string[]];
  const unread = new Set<string>();
  let number = 0;
  const file = await metadata.file();
  for await (const { text, start, end } of linesIn(file)) {
    number++;
    if (text.trim() === "") continue;
    const parsed = parsedLine(text);
    const read = parsed === undefined ? { problem: "must be JSON" } : readRow(parsed);
    if ("row" in read) {
      table.add(read.row);
      places.push({ start, end });
      for (const column of unreadColumns(parsed)) unread.add(column);
    } else skipped.push(`${metadata.path}, line ${number}: ${read.problem}`);
  }
  if (table.length === 0)
    throw new UserError(`${metadata.path}: holds no line that can be read; ${skipped[0] ?? "it is empty"}`);
  const notices = [
    ...(skipped.length > 0 ? [leftOut(skipped.length)] : []),
    ...skipped.slice(0, MOST_NOTICES),
    ...(unread.size > 0 ? [`columns that are kept and not read: ${[...unread].join(", ")}`] : []),
  ];
  return { table, places, names: [], notices, metadata, read: file };
}

function parsedLine(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ""));
  } catch {
    return undefined;
  }
}

/** The lines of a file with their places in bytes, a part of the file at a time. */
async function* linesIn(file: Blob): AsyncGenerator<Place & { readonly text: string }> {
  const decoder = new TextDecoder();
  let rest = new Uint8Array();
  let at = 0; // Of the first byte of `rest`.
  const reader = file.stream().getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const bytes = new Uint8Array(rest.length + part.value.length);
    bytes.set(rest);
    bytes.set(part.value, rest.length);
    let start = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      yield { text: decoder.decode(bytes.subarray(start, end)), start: at + start, end: at + end };
      start = end + 1;
    }
    rest = bytes.slice(start);
    at += start;
  }
  if (rest.length > 0) yield { text: decoder.decode(rest), start: at, end: at + rest.length };
}

async function rowAt({ places, names, metadata, read: file }: Rows, index: number): Promise<Row> {
  const place = places[index];
  if (place === undefined || metadata === undefined) return bareRow(names[index]);
  const text = await (await asRead(metadata, file)).slice(place.start, place.end).text();
  const read = readRow(parsedLine(text));
  if ("row" in read) return read.row;
  throw changed(metadata);
}

/** Lines of a file that was changed stand elsewhere: edited labels would come to the wrong ones. */
async function asRead(metadata: PickedFile, read: File | undefined): Promise<File> {
  const file = await metadata.file();
  if (file.size === read?.size && file.lastModified === read.lastModified) return file;
  throw changed(metadata);
}

const changed = ({ path }: PickedFile) =>
  new UserError(`${path} has changed since it was opened; open the folder again`);

/** Into the folder where the browser may write there, else as a download. */
async function save(folder: PickedFolder, rows: Rows, edits: LabelEdits): Promise<SavedLabels> {
  const lines = await editedLines(rows, edits);
  const text = `${lines.join("\n")}\n`;
  const file = freeName(new Set(folder.files.keys()), rows.metadata !== undefined);
  await folder.write(file, text);
  return { file };
}

async function editedLines({ metadata, places, names, read }: Rows, edits: LabelEdits): Promise<string[]> {
  if (metadata === undefined)
    return names.map((name, index) => lineOf({ file_name: name }, edits.get(index)));
  const lines: string[] = [];
  const rowOf = new Map(places.map((place, row) => [place?.start, row]));
  for await (const { text, start } of linesIn(await asRead(metadata, read))) {
    const row = rowOf.get(start);
    if (row === undefined) continue; // It cannot be read, and stays in the old file.
    const edit = edits.get(row);
    lines.push(edit === undefined ? text.replace(/\r$/, "") : lineOf(parsedLine(text), edit));
  }
  return lines;
}

function lineOf(raw: unknown, edit: ReturnType<LabelEdits["get"]>): string {
  const line = raw as Record<string, unknown>;
  const merged = edit === undefined ? line : mergedLine(line, edit);
  const read = readRow(merged);
  if ("problem" in read) throw new UserError(`labels of ${String(line.file_name)}: ${read.problem}`);
  return JSON.stringify(merged);
}
