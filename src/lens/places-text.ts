/**
 * Patches and heads as people write them in options and addresses, counted from 1: `3:5` is row 3, column 5, `3:5-8,4:5` are
 * five patches; `2:1` is head 1 of layer 2, `3` alone is all of layer 3.
 */
import type { ImageGeometry } from "../common/image.ts";
import type { HeadPlace, KnockOut } from "./knock-out.ts";

type Grid = ImageGeometry["grid"];

/** Places in row order from 0 -> text: runs along rows together, `3:5-8,4:5`. */
export function patchesText(patches: readonly number[], { columns }: Grid): string {
  const runs: { row: number; first: number; last: number }[] = [];
  for (const patch of [...new Set(patches)].sort((a, b) => a - b)) {
    const [row, column] = [1 + Math.floor(patch / columns), 1 + (patch % columns)];
    const run = runs.at(-1);
    if (run?.row === row && run.last === column - 1) run.last = column;
    else runs.push({ row, first: column, last: column });
  }
  return runs
    .map(({ row, first, last }) => `${row}:${first === last ? first : `${first}-${last}`}`)
    .join(",");
}

/** Text -> places in row order from 0, each once; undefined for a text that is none, or that leaves the grid. */
export function patchesOf(text: string, { rows, columns }: Grid): number[] | undefined {
  const places = new Set<number>();
  for (const part of text.split(",")) {
    const [row, column, ...more] = part.split(":").map(rangeOf);
    if (row === undefined || column === undefined || more.length > 0) return undefined;
    if (row.last > rows || column.last > columns) return undefined;
    for (let r = row.first; r <= row.last; r++)
      for (let c = column.first; c <= column.last; c++) places.add((r - 1) * columns + c - 1);
  }
  return [...places].sort((a, b) => a - b);
}

/** `3` or `3-5`, from 1; undefined for anything else. */
function rangeOf(text: string): { first: number; last: number } | undefined {
  const found = /^\s*(\d{1,6})(?:-(\d{1,6}))?\s*$/.exec(text);
  if (found === null) return undefined;
  const [first, last] = [Number(found[1]), Number(found[2] ?? found[1])];
  return first >= 1 && first <= last ? { first, last } : undefined;
}

/** Heads and whole layers as text: `2:1,3`. */
export function headsText({ heads = [], layers = [] }: Pick<KnockOut, "heads" | "layers">): string {
  return [...heads.map(({ layer, head }) => `${layer}:${head}`), ...layers.map(String)].join(",");
}

/** Text -> heads and whole layers; undefined for a text that is none. */
export function headsOf(text: string): { heads: HeadPlace[]; layers: number[] } | undefined {
  const heads: HeadPlace[] = [];
  const layers: number[] = [];
  for (const part of text.split(",")) {
    const [layer, head, ...more] = part.split(":").map(rangeOf);
    if (layer === undefined || more.length > 0 || (part.includes(":") && head === undefined))
      return undefined;
    for (let l = layer.first; l <= layer.last; l++)
      if (head === undefined) layers.push(l);
      else for (let h = head.first; h <= head.last; h++) heads.push({ layer: l, head: h });
  }
  return { heads, layers };
}
