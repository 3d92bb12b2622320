import type { Random } from "../../../common/random.ts";
import type { Point } from "../../drawing/drawing.ts";
import type { Frame } from "./frame.ts";
import { type WireColumn, type WiringOptions, wire } from "./wires.ts";

export interface OrthogonalOptions
  extends Pick<WiringOptions, "tracks" | "labelled" | "crossings" | "loops" | "ends"> {
  readonly frame: Frame;
}

/** Rows and columns are at least this many strokes apart. */
const pitch = 2.6;

/** Lines of level and upright pieces, line 0 first, as points (u, v); undefined where chance left no room. */
export function orthogonalLines(random: Random, options: OrthogonalOptions): Point[][] | undefined {
  const { frame, tracks, labelled } = options;
  const room = frame.size - 2 * frame.margin - Math.max(frame.stroke, frame.label);
  const rows = Math.min(4 * tracks + 3, 1 + Math.floor(room / (pitch * frame.stroke)));
  const step = room / (rows - 1);
  const run = frame.to - frame.from;
  const wiring = wire(random, {
    ...options,
    rows,
    labelRows: Math.ceil((1.3 * frame.label) / step),
    maxColumns: Math.floor(run / (pitch * frame.stroke)) - 1,
  });
  if (wiring === undefined) return undefined;
  const heights = Array.from({ length: rows }, (_, row) => (frame.size - room) / 2 + row * step);
  const across = columnsAcross(random, frame, wiring.columns.length);
  return wiring.start.map((row, line) => {
    const extent = extentOf(random, wiring.columns, line, line < labelled);
    return draw(wiring.columns, across, heights, { line, row, extent, frame });
  });
}

/** Where columns stand along u: evenly, and moved a little where there is room. */
function columnsAcross(random: Random, { from, to, stroke }: Frame, count: number): number[] {
  const step = (to - from) / (count + 1);
  const slack = Math.max(0, Math.min(0.4 * step, step - pitch * stroke));
  return Array.from({ length: count }, (_, i) => from + (i + 1) * step + slack * (random.uniform() - 0.5));
}

/** First and last column of a line, in halves between columns; lines without labels keep what crosses line 0. */
function extentOf(
  random: Random,
  columns: readonly WireColumn[],
  line: number,
  labelled: boolean,
): readonly [number, number] {
  const count = columns.length;
  if (labelled) return [-1, count];
  const meets = columns.flatMap(({ moves }, i) =>
    moves.some((move) => move.line === 0 && move.crosses.includes(line)) ? [i] : [],
  );
  const latest = Math.min(meets[0] ?? count, Math.floor(0.4 * count));
  const earliest = Math.max(meets.at(-1) ?? 0, Math.ceil(0.6 * count) - 1);
  return [random.integer(latest + 1) - 0.5, count - 0.5 - random.integer(count - earliest)];
}

function draw(
  columns: readonly WireColumn[],
  across: readonly number[],
  heights: readonly number[],
  given: {
    readonly line: number;
    readonly row: number;
    readonly extent: readonly [number, number];
    readonly frame: Frame;
  },
): Point[] {
  const { line, extent, frame } = given;
  let row = given.row;
  const at = (column: number) => {
    if (column < 0) return column === -1 ? frame.from : (frame.from + across[0]) / 2;
    const [before, after] = [across[Math.floor(column)], across[Math.ceil(column)] ?? frame.to];
    return column >= columns.length ? frame.to : (before + after) / 2;
  };
  const points: Point[] = [];
  columns.forEach(({ moves, loop }, i) => {
    const move = moves.find((move) => move.line === line);
    if (points.length === 0 && i > extent[0]) points.push([at(extent[0]), heights[row]]);
    if (move === undefined || i > extent[1]) return;
    if (points.length > 0) {
      if (loop !== undefined)
        points.push(
          [across[i], heights[row]],
          [across[i], heights[loop.over]],
          [across[i - 1], heights[loop.over]],
          [across[i - 1], heights[move.to]],
        );
      else points.push([across[i], heights[row]], [across[i], heights[move.to]]);
    }
    row = move.to;
  });
  points.push([at(extent[1]), heights[row]]);
  return points;
}
