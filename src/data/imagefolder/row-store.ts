import type { Region } from "../../grounding/region.ts";
import { compressCounts, packedMask } from "../../grounding/rle.ts";
import type { Row } from "./schema.ts";

/** Rows of a data set, held as bytes: as objects, 100,000 rows with masks take gigabytes. */
export interface RowStore {
  readonly length: number;
  add(row: Row): void;
  /** Row `index`, made anew unless it was the last that was asked for. */
  get(index: number): Row;
  /** All rows, one after the other. */
  rows(): Iterable<Row>;
}

/** Bytes that are set aside at a time. */
const CHUNK = 2 ** 20;

export function rowStore(): RowStore {
  const packed: Buffer[] = [];
  let free = Buffer.alloc(0);
  let last: { readonly index: number; readonly row: Row } | undefined;
  const keep = (bytes: Buffer) => {
    if (bytes.length > free.length) free = Buffer.allocUnsafeSlow(Math.max(CHUNK, bytes.length));
    bytes.copy(free);
    packed.push(free.subarray(0, bytes.length));
    free = free.subarray(bytes.length);
  };
  const get = (index: number): Row => {
    if (last?.index !== index) last = { index, row: unpack(packed[index]) };
    return last.row;
  };
  return {
    get,
    *rows() {
      for (const index of packed.keys()) yield get(index);
    },
    get length() {
      return packed.length;
    },
    add: (row) => keep(Buffer.from(JSON.stringify(withRegions(row, compressed)))),
  };
}

function unpack(bytes: Buffer): Row {
  return withRegions(JSON.parse(bytes.toString("utf8")) as Row, expanded);
}

function withRegions({ questions, concepts, ...row }: Row, change: (region: Region) => unknown): Row {
  const changed = <T extends { readonly regions: readonly Region[] }>(all: readonly T[]): T[] =>
    all.map((one) => ({ ...one, regions: one.regions.map(change) }) as T);
  return { ...row, questions: changed(questions), concepts: changed(concepts) };
}

/** A mask as it is held. */
interface CompressedMask {
  readonly kind: "mask";
  readonly size: readonly [height: number, width: number];
  readonly counts: string;
}

function compressed(region: Region): Region | CompressedMask {
  if (region.kind !== "mask") return region;
  return { kind: "mask", size: region.size, counts: compressCounts(region.counts) };
}

function expanded(region: Region | CompressedMask): Region {
  if (region.kind !== "mask") return region;
  const { counts, size, kind } = region;
  return typeof counts === "string" ? packedMask(size, counts) : { kind, size, counts };
}
