/** Regions as outlines: straight lines in pixels of the original picture. */
import type { MaskRegion, Region } from "../../../grounding/region.ts";

type Point = readonly [x: number, y: number];

/** What is drawn of a region: closed or open lines, and points. */
export interface Outline {
  readonly lines: readonly (readonly Point[])[];
  readonly points: readonly Point[];
}

/** `most`: samples along the longer side of a mask; finer ones are looked at only so often. */
export function outlineOf(region: Region, most = 256): Outline {
  if (region.kind === "points") return { lines: [], points: region.points };
  if (region.kind === "polyline") return { lines: [region.points], points: [] };
  if (region.kind === "mask") return { lines: maskEdges(region, most), points: [] };
  const [x0, y0, x1, y1] = region.box;
  const corners: Point[] = [[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]; // biome-ignore format: corners
  return { lines: [corners], points: [] };
}

/** The borders between what a mask holds and what it does not, as runs along rows and columns. */
export function maskEdges(mask: MaskRegion, most: number): Point[][] {
  const [height, width] = mask.size;
  const step = Math.max(1, Math.ceil(Math.max(width, height) / most));
  const [columns, rows] = [Math.max(1, Math.floor(width / step)), Math.max(1, Math.floor(height / step))];
  const cells = sampled(mask, step, columns, rows);
  const at = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < columns && y < rows && cells[y * columns + x] === 1;
  // The last cell reaches to the border.
  const x = (column: number) => (column === columns ? width : column * step);
  const y = (row: number) => (row === rows ? height : row * step);
  const across = runs(rows + 1, columns, (line, i) => at(i, line - 1) !== at(i, line)).map(
    ([line, from, to]): Point[] => [
      [x(from), y(line)],
      [x(to), y(line)],
    ],
  );
  const down = runs(columns + 1, rows, (line, i) => at(line - 1, i) !== at(line, i)).map(
    ([line, from, to]): Point[] => [
      [x(line), y(from)],
      [x(line), y(to)],
    ],
  );
  return [...across, ...down];
}

/** Stretches of each line where `isEdge` holds. */
function runs(lines: number, length: number, isEdge: (line: number, i: number) => boolean) {
  const found: [line: number, from: number, to: number][] = [];
  for (let line = 0; line < lines; line++)
    for (let i = 0; i < length; i++) {
      if (!isEdge(line, i)) continue;
      const from = i;
      while (i < length && isEdge(line, i)) i++;
      found.push([line, from, i]);
    }
  return found;
}

/** A mask looked at in the middle of every `step` x `step` pixels: time by its runs and samples, not by its pixels. */
function sampled({ size, counts }: MaskRegion, step: number, columns: number, rows: number): Uint8Array {
  const [height] = size;
  const cells = new Uint8Array(columns * rows);
  const middle = step >> 1;
  let at = 0;
  for (const [i, count] of counts.entries()) {
    if (i % 2 === 1 && count > 0)
      markRun(cells, { from: at, to: at + count, height, step, middle, columns, rows });
    at += count;
  }
  return cells;
}

interface Run {
  readonly from: number;
  readonly to: number;
  readonly height: number;
  readonly step: number;
  readonly middle: number;
  readonly columns: number;
  readonly rows: number;
}

function markRun(cells: Uint8Array, { from, to, height, step, middle, columns, rows }: Run): void {
  const last = Math.floor((to - 1) / height);
  for (let x = Math.floor(from / height); x <= last; x++) {
    if (x % step !== middle) continue;
    const column = (x - middle) / step;
    const top = Math.max(0, from - x * height);
    const bottom = Math.min(height, to - x * height);
    for (let row = Math.max(0, Math.ceil((top - middle) / step)); row < rows; row++) {
      if (row * step + middle >= bottom) break;
      if (column < columns) cells[row * columns + column] = 1;
    }
  }
}
