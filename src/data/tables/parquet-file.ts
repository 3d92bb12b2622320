/** Parquet files, read by hyparquet within bounds of our own. */
import { basename } from "node:path";
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadata,
  parquetReadObjects,
  parquetSchema,
} from "hyparquet";
import { getTreePath } from "hyparquet/src/schema.js";
import { mustBe, UserError } from "../../common/errors.ts";
import { openRegular, readAt } from "../../common/inside.ts";
import { unpackedPages } from "./parquet-pages.ts";
import type { Placed, Unread } from "./placed.ts";
import { sizeUpTo } from "./size.ts";
import { readStruct } from "./thrift.ts";

/** A parquet file: its columns, and its rows, one row group in memory at a time. */
export interface ParquetFile {
  readonly columns: readonly string[];
  /**
   * Rows of a group that is damaged, and a row of more text than the file can mean, are given to `onBad`. Throws a
   * `UserError` when a column is not there.
   */
  rows(columns: readonly string[], onBad: (unread: Unread) => void): AsyncGenerator<Placed>;
}

type RowGroup = FileMetaData["row_groups"][number];

/** Opens a parquet file as `datasets` writes them; throws a `UserError` when it is none. */
export async function openParquetFile(path: string): Promise<ParquetFile> {
  const opened = await open(path).catch((cause) => {
    throw new UserError(`${path} cannot be read as parquet: ${oneLine(cause)}`, { cause });
  });
  const { file, metadata, columns: known } = opened;
  return {
    columns: known,
    async *rows(columns, onBad) {
      if (!columns.every((name) => known.includes(name)))
        throw new UserError(`${path}: columns must be ${columns.join(", ")}, got ${known.join(", ")}`);
      let [before, left] = [0, MOST_TEXT + TEXT_A_BYTE * file.byteLength];
      for (const group of metadata.row_groups) {
        const start = before;
        before += Number(group.num_rows);
        const rows = await groupRows(file, metadata, group, columns).catch((cause: Error) => {
          const place = `${basename(path)}, rows ${start + 1} to ${before}`;
          onBad({ place, problem: `damaged: ${oneLine(cause)}`, rows: before - start });
          return [];
        });
        for (const [i, row] of rows.entries()) {
          const place = `${basename(path)}, row ${start + i + 1}`;
          left = Math.max(-1, left - sizeUpTo(row, Math.max(0, left)));
          const value = left < 0 ? undefined : shallow(row);
          if (value !== undefined) yield { place, value };
          else onBad({ place, problem: left < 0 ? repeated : `values must stand at most ${DEEPEST} deep` });
        }
      }
    },
  };
}

const repeated = "must hold what the file holds, got texts that are in it over and over";

/** Characters of all rows, and those for each byte of the file: texts of a dictionary are in the file once. */
const MOST_TEXT = 2 ** 26;
const TEXT_A_BYTE = 64;

async function open(path: string) {
  const file = await bufferOf(path);
  const metadata = await readFooter(file);
  const columns = topLevel(metadata.schema);
  const rows = metadata.row_groups.reduce((sum, group) => sum + rowsOf(group), 0);
  const most = MOST_ROWS + ROWS_A_BYTE * file.byteLength;
  if (rows > most)
    throw new RangeError(`it says it has ${rows} rows, more than ${file.byteLength} bytes can hold`);
  return { file, metadata, columns };
}

/** Rows of a file, where its bytes are few, and those for each byte of it. */
const MOST_ROWS = 2 ** 22;
const ROWS_A_BYTE = 8;

function rowsOf({ num_rows }: RowGroup): number {
  const rows = Number(num_rows);
  if (Number.isSafeInteger(rows) && rows >= 0) return rows;
  throw new RangeError(`a group of ${num_rows} rows`);
}

async function bufferOf(path: string): Promise<AsyncBuffer> {
  const first = await openRegular(path);
  const { size } = await first.stat();
  await first.close();
  const slice = async (start: number, end = size): Promise<ArrayBuffer> => {
    const length = Math.max(0, Math.min(end, size) - start);
    const file = await openRegular(path);
    try {
      const bytes = await readAt(file, start, length);
      if (bytes.length < length) throw new RangeError("a file that is cut off");
      return bytes.buffer;
    } finally {
      await file.close();
    }
  };
  return { byteLength: size, slice };
}

/** The largest footer that is read, in bytes: that of ten thousand row groups has fifteen million. */
const MOST_FOOTER = 2 ** 26;

async function readFooter(file: AsyncBuffer): Promise<FileMetaData> {
  if (file.byteLength < 12) throw new RangeError("a file that is cut off");
  const end = new DataView(await file.slice(file.byteLength - 8, file.byteLength));
  if (end.getUint32(4, true) !== 0x31524150) throw new RangeError("it does not end in PAR1");
  const length = end.getUint32(0, true);
  if (length > Math.min(MOST_FOOTER, file.byteLength - 12))
    throw new RangeError(`a footer of ${length} bytes`);
  const footer = await file.slice(file.byteLength - 8 - length, file.byteLength);
  readStruct(new Uint8Array(footer, 0, length), 0);
  return parquetMetadata(footer, { geoparquet: false });
}

/** Columns of a file, and their depth in one another. */
const MOST_COLUMNS = 10_000;
const DEEPEST = 32;

/** Names of the first level of a schema, which parquet lists depth first. */
function topLevel(schema: FileMetaData["schema"]): string[] {
  if (schema.length === 0 || schema.length > MOST_COLUMNS) throw new RangeError(`${schema.length} columns`);
  const [names, open]: [string[], number[]] = [[], []]; // `open`: how many children are to come, by depth.
  for (const [i, { name, num_children: children = 0 }] of schema.entries()) {
    if (typeof name !== "string" || !(children >= 0) || (i > 0 && open.length === 0) || open.length > DEEPEST)
      throw new RangeError("columns that do not fit each other");
    if (open.length === 1) names.push(name);
    if (open.length > 0) open[open.length - 1]--;
    if (children > 0) open.push(children);
    while (open.at(-1) === 0) open.pop();
  }
  if (open.length > 0) throw new RangeError("columns that do not fit each other");
  return names;
}

/** Bytes of a row group, unpacked. */
const MOST_UNPACKED = 2 ** 32;

/** The rows of one group. Its pages are unpacked with bounds first; the decoder is handed them, and asks in their order. */
async function groupRows(
  file: AsyncBuffer,
  metadata: FileMetaData,
  group: RowGroup,
  columns: readonly string[],
): Promise<Record<string, unknown>[]> {
  const tree = parquetSchema(metadata);
  const codecs: Record<string, () => Uint8Array> = {};
  const chosen: RowGroup["columns"] = [];
  let unpacked = 0;
  for (const column of group.columns) {
    const { meta_data: meta, file_path } = column;
    if (meta === undefined || file_path) throw new RangeError("a column of another file");
    if (!columns.includes(meta.path_in_schema[0])) continue;
    const pages = unpackedPages({
      meta,
      path: getTreePath(tree, meta.path_in_schema),
      bytes: await columnBytes(file, meta),
    });
    unpacked += pages.reduce((sum, { length }) => sum + length, 0);
    if (unpacked > MOST_UNPACKED)
      throw mustBe("row group", "size", `at most ${MOST_UNPACKED} bytes`, unpacked);
    const codec = `CHECKED ${chosen.length}`;
    let next = 0;
    codecs[codec] = () => pages[next++];
    chosen.push({ ...column, meta_data: { ...meta, codec: codec as typeof meta.codec } });
  }
  return parquetReadObjects({
    file,
    metadata: { ...metadata, row_groups: [{ ...group, columns: chosen }], num_rows: group.num_rows },
    compressors: codecs,
    columns: [...columns],
    rowStart: 0,
    rowEnd: Number(group.num_rows),
    utf8: false,
  });
}

async function columnBytes(
  file: AsyncBuffer,
  meta: NonNullable<RowGroup["columns"][number]["meta_data"]>,
): Promise<Uint8Array> {
  const start = Number(meta.dictionary_page_offset || meta.data_page_offset);
  const size = Number(meta.total_compressed_size);
  if (!(start >= 0 && size >= 0 && start + size <= file.byteLength))
    throw new RangeError(`a column at ${start} of ${size} bytes, in a file of ${file.byteLength}`);
  return new Uint8Array(await file.slice(start, start + size));
}

function oneLine({ message }: Error): string {
  return message.replaceAll(/\s+/g, " ").slice(0, 300);
}

/** {@link plain}, undefined for a row that is deeper than columns are: JSON in a cell may be of any depth. */
function shallow(row: unknown): unknown {
  try {
    return plain(row, DEEPEST);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** 64-bit integers as numbers: ids of published data are far below 2^53. */
function plain(value: unknown, deepest: number): unknown {
  if (deepest < 0) throw new RangeError("too deep");
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map((item) => plain(item, deepest - 1));
  if (ArrayBuffer.isView(value) || value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item, deepest - 1)]));
}
