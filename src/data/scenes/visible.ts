import type { MaskRegion } from "../../grounding/region.ts";
import type { Canvas } from "./paint.ts";

/** What shows of one thing: at least one pixel. */
export interface VisiblePart {
  readonly mask: MaskRegion;
  /** Pixels in the mask. */
  readonly area: number;
  /** Smallest box around the visible pixels. */
  readonly box: readonly [number, number, number, number];
  /** Mean position of the visible pixels. */
  readonly centre: readonly [x: number, y: number];
}

interface Gathered {
  counts: number[];
  /** End of the last run, in pixels counted column by column. */
  end: number;
  area: number;
  sumX: number;
  sumY: number;
  box: [number, number, number, number];
}

/** What shows of every thing on the canvas, by owner number; background and things wholly hidden are left out. */
export function visibleParts({ size, owner }: Canvas): Map<number, VisiblePart> {
  const gathered = new Map<number, Gathered>();
  for (let x = 0; x < size; x++)
    for (let y = 0; y < size; ) {
      const thing = owner[y * size + x];
      const start = y;
      while (y < size && owner[y * size + x] === thing) y++;
      if (thing !== 0) addRun(gathered, thing, x, start, y, size);
    }
  return new Map([...gathered].map(([thing, part]) => [thing, finished(part, size)]));
}

/** Adds pixels [start, end) of column x, joining a run that ends just before. */
function addRun(
  all: Map<number, Gathered>,
  thing: number,
  x: number,
  start: number,
  end: number,
  size: number,
) {
  let part = all.get(thing);
  if (part === undefined) {
    part = { counts: [], end: 0, area: 0, sumX: 0, sumY: 0, box: [x, start, x + 1, end] };
    all.set(thing, part);
  }
  const from = x * size + start;
  if (from === part.end && part.counts.length > 0) part.counts[part.counts.length - 1] += end - start;
  else part.counts.push(from - part.end, end - start);
  part.end = x * size + end;
  part.area += end - start;
  part.sumX += (end - start) * (x + 0.5);
  part.sumY += ((end - start) * (start + end)) / 2;
  part.box = [part.box[0], Math.min(part.box[1], start), x + 1, Math.max(part.box[3], end)];
}

function finished({ counts, end, area, sumX, sumY, box }: Gathered, size: number): VisiblePart {
  const rest = size * size - end;
  return {
    mask: { kind: "mask", size: [size, size], counts: rest > 0 ? [...counts, rest] : counts },
    area,
    box,
    centre: [sumX / area, sumY / area],
  };
}
