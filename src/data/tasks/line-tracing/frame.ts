import type { Random } from "../../../common/random.ts";

/**
 * Where things lie, in pixels, before the picture is turned: `u` runs from the starts to the ends, `v` across. Lines
 * run from u = `from` to u = `to`; labels stand at `startLabel` and `endLabel`, at the heights `starts` and `ends`.
 */
export interface Frame {
  readonly size: number;
  readonly stroke: number;
  readonly label: number;
  readonly startLabel: number;
  readonly endLabel: number;
  readonly from: number;
  readonly to: number;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  /** Lines stay within [margin, size - margin] across. */
  readonly margin: number;
}

/** `labels` evenly spaced places a side; `label` is the height of a capital, smaller where places are narrow. */
export function frame(random: Random, size: number, stroke: number, labels: number): Frame {
  const margin = 1 + 0.01 * size;
  const room = size - 2 * margin;
  const label = Math.min(3 + 0.05 * size, (0.55 * room) / labels);
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
    starts: places(random, labels, margin, room),
    ends: places(random, labels, margin, room),
    margin,
  };
}

/** Evenly spaced, over a part of the room that is larger for more places. */
function places(random: Random, count: number, margin: number, room: number): number[] {
  const part = 1 - (0.6 * random.uniform()) / count;
  const shift = (1 - part) * room * random.uniform();
  return Array.from({ length: count }, (_, i) => margin + shift + ((i + 0.5) / count) * part * room);
}
