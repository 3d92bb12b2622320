/** Items as they go over the line: masks as COCO's text, which becomes run lengths again where a mask is drawn. */
import type { Row } from "../../../data/imagefolder/schema.ts";
import type { Region } from "../../../grounding/region.ts";
import { packedMask } from "../../../grounding/rle.ts";
import type { Item } from "./source.ts";

type RawRegion = Exclude<Region, { kind: "mask" }> | { kind: "mask"; size: [number, number]; counts: string };
type WithRegions<T> = Omit<T, "regions"> & { readonly regions: readonly RawRegion[] };

export interface RawItem extends Omit<Item, "row"> {
  readonly row: Omit<Row, "questions" | "concepts"> & {
    readonly questions: readonly WithRegions<Row["questions"][number]>[];
    readonly concepts: readonly WithRegions<Row["concepts"][number]>[];
  };
}

export function readItem({ row, ...item }: RawItem): Item {
  const { questions, concepts, ...rest } = row;
  const drawn = <T extends { readonly regions: readonly RawRegion[] }>(all: readonly T[]) =>
    all.map((one) => ({ ...one, regions: one.regions.map(regionOf) }));
  return { ...item, row: { ...rest, questions: drawn(questions), concepts: drawn(concepts) } };
}

function regionOf(raw: RawRegion): Region {
  return raw.kind === "mask" ? packedMask(raw.size, raw.counts) : raw;
}

/** "2 lines cannot be read and are left out:" */
export const leftOut = (count: number) =>
  count === 1 ? "1 line cannot be read and is left out:" : `${count} lines cannot be read and are left out:`;
