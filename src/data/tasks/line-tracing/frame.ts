import type { Random } from "../../../common/random.ts";

/**
 * Where things lie, in pixels, before the picture is turned: `u` runs from the starts to the ends, `v` across. Lines
 * run from u = `from` to u = `to`; labels stand at u = `startLabel` and `endLabel`.
 */
export interface Frame {
  readonly size: number;
  readonly stroke: number;
  /** Height of a capital letter. */
  readonly label: number;
  readonly startLabel: number;
  readonly endLabel: number;
  readonly from: number;
  readonly to: number;
  /** Lines stay within [margin, size - margin] across. */
  readonly margin: number;
}

/** A frame for so many labels a side; they are smaller where there are many. */
export function frameFor(size: number, stroke: number, labels: number): Frame {
  const margin = 1 + 0.01 * size;
  const label = Math.min(4 + 0.036 * size, (0.55 * (size - 2 * margin)) / labels);
  const side = margin + 0.5 * label;
  const reach = side + 0.85 * label + stroke;
  return {
    size,
    stroke,
    label,
    startLabel: side,
    endLabel: size - side,
    from: reach,
    to: size - reach,
    margin,
  };
}

/**
 * Evenly spaced places for labels near the heights where their lines run, `lead` pixels further on: as far apart as
 * chance says, but so that the way there is not too steep where that can be avoided.
 */
export function places(
  random: Random,
  { size, margin, label }: Frame,
  heights: readonly number[],
  lead: number,
): number[] {
  const count = heights.length;
  const room = size - 2 * margin;
  const [top, bottom] = [Math.min(...heights), Math.max(...heights)];
  const least = Math.max(1.6 * label, (0.8 * (bottom - top)) / (count - 1));
  const most = Math.min(room / count, Math.max(least, (bottom - top + 2.2 * lead) / (count - 1)));
  const step = Math.min(least, most) + Math.max(0, most - least) * random.uniform();
  const first = Math.max(margin + 0.5 * label, (top + bottom - step * (count - 1)) / 2);
  const shift = Math.min(0, size - margin - 0.5 * label - first - step * (count - 1));
  return Array.from({ length: count }, (_, i) => first + shift + i * step);
}
