/** Curves as plain data: where their names stand, and what of them a table tells. */

/** One curve; NaN in y leaves a gap. */
export interface Series {
  readonly name: string;
  /** A CSS colour: "var(--model-a)". */
  readonly colour: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly dashed?: boolean;
}

/** The name of a curve at its end, moved so that names do not lie on each other. */
export interface EndLabel {
  readonly name: string;
  readonly colour: string;
  readonly x: number;
  /** Where the name stands, in units of y. */
  readonly y: number;
}

/**
 * Names at the ends of curves, at least `apart` (in units of y) from each other, as near to their curves as that leaves.
 *
 * @param range The plot's lowest and highest y; names stay inside.
 */
export function endLabels(
  series: readonly Series[],
  apart: number,
  range: readonly [number, number],
): EndLabel[] {
  const labels = series.flatMap(({ name, colour, points }) => {
    const last = points.findLast(([, y]) => Number.isFinite(y));
    return last === undefined ? [] : [{ name, colour, x: last[0], y: last[1] }];
  });
  const sorted = [...labels].sort((a, b) => a.y - b.y);
  for (let i = 1; i < sorted.length; i++) sorted[i].y = Math.max(sorted[i].y, sorted[i - 1].y + apart);
  const over = (sorted.at(-1)?.y ?? 0) - range[1];
  if (over > 0) {
    let ceiling = range[1];
    for (const label of sorted.reverse()) {
      label.y = Math.min(label.y, ceiling);
      ceiling = label.y - apart;
    }
  }
  return labels;
}

/** Lowest and highest finite y, with 0 where it is near; [0, 1] for curves without points. */
export function rangeOfSeries(series: readonly Series[]): [number, number] {
  const ys = series.flatMap(({ points }) => points.map(([, y]) => y)).filter(Number.isFinite);
  if (ys.length === 0) return [0, 1];
  let [low, high] = [ys[0], ys[0]];
  for (const y of ys) [low, high] = [Math.min(low, y), Math.max(high, y)];
  if (low > 0 && low < 0.5 * high) low = 0;
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

/** Rows of a table of at most `most` values of x: x, then each curve's y there. */
export function tableOf(series: readonly Series[], most = 12): { x: number; ys: (number | undefined)[] }[] {
  const all = [...new Set(series.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
  const rows = Math.min(most, all.length);
  const xs = Array.from(
    { length: rows },
    (_, i) => all[Math.round((i * (all.length - 1)) / Math.max(1, rows - 1))],
  );
  const at = series.map(({ points }) => new Map(points));
  return xs.map((x) => ({ x, ys: at.map((ys) => ys.get(x)) }));
}
