import { basename } from "node:path";
import { type AsyncBuffer, asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { UserError } from "../../common/errors.ts";
import type { Placed } from "./placed.ts";

/** A parquet file: its columns, and its rows, one row group in memory at a time. */
export interface ParquetFile {
  readonly columns: readonly string[];
  /** Throws a `UserError` when a column is not there. */
  rows(columns: readonly string[]): AsyncGenerator<Placed>;
}

/** Opens a parquet file as `datasets` writes them; throws a `UserError` when it is none. */
export async function openParquet(path: string): Promise<ParquetFile> {
  const opened = await open(path).catch((cause) => {
    throw new UserError(`${path} cannot be read as parquet: ${cause.message}`, { cause });
  });
  const { file, metadata } = opened;
  const known = topLevel(metadata.schema.slice(1), metadata.schema[0].num_children ?? 0);
  return {
    columns: known,
    async *rows(columns) {
      if (!columns.every((name) => known.includes(name)))
        throw new UserError(`${path}: columns must be ${columns.join(", ")}, got ${known.join(", ")}`);
      let rowStart = 0;
      for (const group of metadata.row_groups) {
        const rowEnd = rowStart + Number(group.num_rows);
        const range = { file, metadata, compressors, columns: [...columns], rowStart, rowEnd, utf8: false };
        const rows = await parquetReadObjects(range);
        for (const [i, row] of rows.entries())
          yield { place: `${basename(path)}, row ${rowStart + i + 1}`, value: plain(row) };
        rowStart = rowEnd;
      }
    },
  };
}

async function open(path: string) {
  const file: AsyncBuffer = await asyncBufferFromFile(path);
  return { file, metadata: await parquetMetadataAsync(file) };
}

/** Names of the first level of a schema, which parquet lists depth first. */
function topLevel(rest: readonly { name: string; num_children?: number }[], count: number): string[] {
  const skip = (at: number): number => {
    let next = at + 1;
    for (let i = 0; i < (rest[at].num_children ?? 0); i++) next = skip(next);
    return next;
  };
  const names: string[] = [];
  for (let at = 0; names.length < count; at = skip(at)) names.push(rest[at].name);
  return names;
}

/** 64-bit integers as numbers: ids of published data are far below 2^53. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (ArrayBuffer.isView(value) || value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}
