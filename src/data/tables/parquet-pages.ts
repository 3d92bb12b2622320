/** The pages of a column of parquet, opened with bounds before its decoder sees them. */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import type { ColumnMetaData } from "hyparquet";
import { getMaxDefinitionLevel, getMaxRepetitionLevel } from "hyparquet/src/schema.js";
import { compressors } from "hyparquet-compressors";
import { followDeltas, followRuns } from "./parquet-runs.ts";
import { type Fields, readStruct } from "./thrift.ts";

type SchemaPath = Parameters<typeof getMaxDefinitionLevel>[0];

/** What a column of a row group is. */
export interface Column {
  readonly meta: ColumnMetaData;
  readonly path: SchemaPath;
  /** The bytes of its pages. */
  readonly bytes: Uint8Array;
}

/** Values of a column of one row group, where its bytes are few; writers make groups of a million rows at most. */
const FEW = 2 ** 22;

/** Values for each byte beyond. */
const DENSE = 64;

/** Bytes of a page that may be packed as tightly as they like; above, pictures and texts are not packed so. */
const FREE = 2 ** 28;
const TIGHT = 100;

/**
 * The pages of a column, unpacked, in the order in which its decoder asks for them. Throws an error for a page that does
 * not hold what it says: more values than its bytes can mean, runs beyond its end, a size beyond reason.
 */
export function unpackedPages({ meta, path, bytes }: Column): Uint8Array[] {
  const pages: Uint8Array[] = [];
  const levels = { rep: getMaxRepetitionLevel(path), def: getMaxDefinitionLevel(path) };
  let left = FEW + DENSE * bytes.length;
  for (let at = 0; at < bytes.length - 1; ) {
    const { fields, end } = readStruct(bytes, at);
    const body = bytes.subarray(end, end + whole(fields, 3));
    if (body.length < whole(fields, 3)) throw new RangeError("a page that is cut off");
    at = end + body.length;
    const page: Page = { fields, body, meta, levels };
    const [first, , dictionary, second] = [5, 6, 7, 8].map((id) => fields.get(id) as Fields | undefined);
    left -= whole(second ?? first ?? dictionary ?? new Map(), 1);
    if (left < 0) throw new RangeError("more values than its bytes can hold");
    if (dictionary !== undefined) pages.push(unpack(page, body, whole(fields, 2)));
    else if (first !== undefined) pages.push(checkedPage(page, first));
    else if (second !== undefined) pages.push(...checkedPage2(page, second));
  }
  return pages;
}

interface Page {
  readonly fields: Fields;
  readonly body: Uint8Array;
  readonly meta: ColumnMetaData;
  readonly levels: { readonly rep: number; readonly def: number };
}

function whole(fields: Fields, id: number): number {
  const value = fields.get(id) ?? 0;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(`a length of ${typeof value === "number" ? value : "no number"}`);
}

function checkedPage(page: Page, head: Fields): Uint8Array {
  const bytes = unpack(page, page.body, whole(page.fields, 2));
  const count = whole(head, 1);
  let [at, values] = [0, count];
  for (const [level, most] of Object.entries(page.levels)) {
    if (most === 0) continue;
    const width = 32 - Math.clz32(most);
    const found = followRuns(bytes, at + 4, { width, count, wanted: most });
    if (level === "def") values = found;
    at += 4 + new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0, true);
  }
  followValues(bytes, at, values, whole(head, 2), page.meta.type);
  return bytes;
}

/** None where the decoder takes the page as it is. */
function checkedPage2({ fields, body, meta, levels }: Page, head: Fields): Uint8Array[] {
  const [count, nulls, def, rep] = [1, 2, 5, 6].map((id) => whole(head, id));
  if (nulls > count || def + rep > body.length) throw new RangeError("a page that is cut off");
  if (levels.rep > 0) followRuns(body, 0, { width: 32 - Math.clz32(levels.rep), count });
  if (levels.def > 0) followRuns(body, rep, { width: 32 - Math.clz32(levels.def), count });
  const isPacked = head.get(7) !== 0;
  const packed = body.subarray(def + rep);
  const bytes = isPacked ? unpack({ meta }, packed, whole(fields, 2) - def - rep) : packed;
  followValues(bytes, 0, count - nulls, whole(head, 4), meta.type);
  return isPacked ? [bytes] : [];
}

const encoding = { dictionary: 2, runs: 3, deltas: 5, lengths: 6, prefixes: 7, keys: 8 };

/** The most bytes that texts which begin like the one before them may become, of one page. */
const MOST_PREFIXED = 2 ** 28;

function followValues(bytes: Uint8Array, at: number, count: number, how: number, type: string): void {
  if (count === 0 || at >= bytes.length) return;
  const isFlags = type === "BOOLEAN";
  if ([encoding.dictionary, encoding.keys, encoding.runs].includes(how))
    followRuns(bytes, at + (isFlags ? 4 : 1), { width: isFlags ? 1 : bytes[at], count });
  if ([encoding.deltas, encoding.lengths, encoding.prefixes].includes(how)) {
    const end = followDeltas(bytes, at, count);
    if (how === encoding.prefixes) followDeltas(bytes, end, count);
  }
  if (how === encoding.prefixes && count * bytes.length > MOST_PREFIXED)
    throw new RangeError("a large page of the encoding DELTA_BYTE_ARRAY, which is not read");
}

function unpack({ meta: { codec } }: Pick<Page, "meta">, body: Uint8Array, size: number): Uint8Array {
  if (!(size >= 0) || (size > FREE && size > TIGHT * body.length))
    throw new RangeError(`a page of ${body.length} bytes that says it becomes ${size}`);
  if (size === 0) return new Uint8Array(0);
  const bound = { maxOutputLength: size };
  if (codec === "UNCOMPRESSED") return body;
  if (codec === "GZIP") return gunzipSync(body, bound);
  if (codec === "BROTLI") return brotliDecompressSync(body, bound);
  if (codec === "ZSTD") return zstdDecompressSync(body, bound);
  const other = compressors[codec];
  if (other === undefined) throw new RangeError(`the unknown compression ${codec}`);
  return other(body, size);
}
