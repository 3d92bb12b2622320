import type { Point } from "../../drawing/drawing.ts";

/** What makes a picture traceable. Distances are in stroke widths, between the middles of strokes. */
export interface TraceLimits {
  /** Least angle of a crossing, in degrees. */
  readonly angle: number;
  /** Least distance of two lines, or of two stretches of one, away from their crossings. */
  readonly apart: number;
  /** Least distance of two crossings. */
  readonly between: number;
}

/** A gap of one stroke between strokes, crossings of 25 degrees and two strokes of middle line between crossings. */
export const traceLimits: TraceLimits = { angle: 25, apart: 2, between: 2 };

/** A proper crossing of line `a` with line `b`; a self-crossing when they are the same. `angle` is in (0, 90] degrees. */
export interface Crossing {
  readonly a: number;
  readonly b: number;
  readonly at: Point;
  readonly angle: number;
}

export interface Traced {
  readonly crossings: readonly Crossing[];
  /** Why the lines cannot be followed without doubt; undefined when they can. */
  readonly problem: string | undefined;
}

/**
 * Finds every crossing of the drawn polylines and says whether each line can be followed without doubt: every
 * crossing is proper and not too shallow, no two crossings are close together (so no three lines meet in a point),
 * and away from crossings lines keep clear of each other and of themselves. Exact on the polylines as drawn, whoever
 * made them; `width` is the stroke's, in pixels.
 */
export function checkTraceable(
  lines: readonly (readonly Point[])[],
  width: number,
  limits: TraceLimits = traceLimits,
): Traced {
  const pieces = cut(lines, Math.max(2, 1.2 * width));
  const near = limits.apart * width;
  const { crossings, close } = meet(pieces, near);
  const problem =
    shallow(crossings, limits.angle) ??
    crowded(crossings, limits.between * width) ??
    touching(pieces, crossings, close, near);
  return { crossings, problem };
}

/** Short pieces of all lines, in flat arrays. `along` is the arc length from the line's start to the piece's middle. */
interface Pieces {
  readonly count: number;
  readonly longest: number;
  readonly line: number[];
  readonly x0: number[];
  readonly y0: number[];
  readonly x1: number[];
  readonly y1: number[];
  readonly along: number[];
}

function cut(lines: readonly (readonly Point[])[], longest: number): Pieces {
  const line: number[] = [];
  const [x0, y0, x1, y1, along]: number[][] = [[], [], [], [], []];
  for (let l = 0; l < lines.length; l++) {
    const points = lines[l];
    let arc = 0;
    for (let i = 1; i < points.length; i++) {
      const [ax, ay] = points[i - 1];
      const [bx, by] = points[i];
      const length = Math.sqrt((bx - ax) ** 2 + (by - ay) ** 2);
      if (length === 0) continue;
      const parts = Math.ceil(length / longest);
      for (let p = 0; p < parts; p++) {
        line.push(l);
        x0.push(p === 0 ? ax : ax + ((bx - ax) * p) / parts);
        y0.push(p === 0 ? ay : ay + ((by - ay) * p) / parts);
        x1.push(p === parts - 1 ? bx : ax + ((bx - ax) * (p + 1)) / parts);
        y1.push(p === parts - 1 ? by : ay + ((by - ay) * (p + 1)) / parts);
        along.push(arc + (length * (p + 0.5)) / parts);
      }
      arc += length;
    }
  }
  return { count: line.length, longest, line, x0, y0, x1, y1, along };
}

/**
 * Crossings, and pairs of pieces that come closer than `near` and are not neighbours on a line. Pieces lie in a grid
 * by their middles; its cells are so large that pieces closer than `near` lie in the same or in neighbouring cells.
 */
function meet(pieces: Pieces, near: number): { crossings: Crossing[]; close: number[] } {
  const { count, line, x0, y0, x1, y1, along, longest } = pieces;
  const cell = longest + near;
  const { heads, next, columns, cellOf } = grid(pieces, cell);
  const crossings: Crossing[] = [];
  const close: number[] = [];
  const steps = [0, 1, columns - 1, columns, columns + 1];
  for (let i = 0; i < count; i++) {
    const mx = x0[i] + x1[i];
    const my = y0[i] + y1[i];
    for (let s = 0; s < 5; s++) {
      for (let j = s === 0 ? next[i] : heads[cellOf[i] + steps[s]]; j >= 0; j = next[j]) {
        const dx = mx - x0[j] - x1[j];
        const dy = my - y0[j] - y1[j];
        if (dx * dx + dy * dy > 4 * cell * cell) continue;
        const gap = line[i] === line[j] ? Math.abs(along[i] - along[j]) : Infinity;
        if (gap <= 1.01 * longest) continue; // Neighbours on a line share an end.
        const crossing = cross(pieces, i, j);
        if (crossing !== undefined) crossings.push(crossing);
        else if (gap > 2 * near + longest && distance(pieces, i, j) < near) close.push(i, j);
      }
    }
  }
  return { crossings, close };
}

/** Linked lists of the pieces of each cell, with an empty border of cells. */
function grid({ count, x0, y0, x1, y1 }: Pieces, cell: number) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < count; i++) {
    const x = (x0[i] + x1[i]) / 2;
    const y = (y0[i] + y1[i]) / 2;
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  const columns = Math.floor((right - left) / cell) + 3;
  const rows = Math.floor((bottom - top) / cell) + 3;
  const heads = new Int32Array(columns * rows).fill(-1);
  const next = new Int32Array(count);
  const cellOf = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const column = Math.floor(((x0[i] + x1[i]) / 2 - left) / cell) + 1;
    const row = Math.floor(((y0[i] + y1[i]) / 2 - top) / cell) + 1;
    const at = row * columns + column;
    cellOf[i] = at;
    next[i] = heads[at];
    heads[at] = i;
  }
  return { heads, next, columns, cellOf };
}

/** Where pieces i and j cross. A piece's end on the other's line counts as right of it, so a knot is met once. */
function cross({ line, x0, y0, x1, y1 }: Pieces, i: number, j: number): Crossing | undefined {
  const ux = x1[i] - x0[i];
  const uy = y1[i] - y0[i];
  const vx = x1[j] - x0[j];
  const vy = y1[j] - y0[j];
  const a = ux * (y0[j] - y0[i]) - uy * (x0[j] - x0[i]);
  const b = ux * (y1[j] - y0[i]) - uy * (x1[j] - x0[i]);
  if (a >= 0 === b >= 0) return undefined;
  const c = vx * (y0[i] - y0[j]) - vy * (x0[i] - x0[j]);
  const d = vx * (y1[i] - y0[j]) - vy * (x1[i] - x0[j]);
  if (c >= 0 === d >= 0) return undefined;
  const sine = Math.abs(ux * vy - uy * vx) / Math.sqrt((ux * ux + uy * uy) * (vx * vx + vy * vy));
  if (sine < 1e-9) return undefined; // On one straight line: they may overlap, but they do not cross.
  const t = c / (c - d);
  return {
    a: Math.min(line[i], line[j]),
    b: Math.max(line[i], line[j]),
    at: [x0[i] + t * ux, y0[i] + t * uy],
    angle: (Math.asin(Math.min(1, sine)) * 180) / Math.PI,
  };
}

/** Distance of two pieces that do not cross. */
function distance({ x0, y0, x1, y1 }: Pieces, i: number, j: number): number {
  return Math.sqrt(
    Math.min(
      toPiece(x0[i], y0[i], x0[j], y0[j], x1[j], y1[j]),
      toPiece(x1[i], y1[i], x0[j], y0[j], x1[j], y1[j]),
      toPiece(x0[j], y0[j], x0[i], y0[i], x1[i], y1[i]),
      toPiece(x1[j], y1[j], x0[i], y0[i], x1[i], y1[i]),
    ),
  );
}

/** Squared distance of (x, y) from the piece a-b. */
function toPiece(x: number, y: number, ax: number, ay: number, bx: number, by: number): number {
  const ux = bx - ax;
  const uy = by - ay;
  const t = Math.max(0, Math.min(1, ((x - ax) * ux + (y - ay) * uy) / (ux * ux + uy * uy)));
  return (x - ax - t * ux) ** 2 + (y - ay - t * uy) ** 2;
}

function shallow(crossings: readonly Crossing[], least: number): string | undefined {
  const found = crossings.find(({ angle }) => angle < least);
  return found && `lines ${found.a} and ${found.b} cross at ${found.angle.toFixed(1)} degrees`;
}

function crowded(crossings: readonly Crossing[], least: number): string | undefined {
  for (let i = 0; i < crossings.length; i++)
    for (let j = 0; j < i; j++) {
      const [x, y] = crossings[i].at;
      const [p, q] = crossings[j].at;
      if ((x - p) ** 2 + (y - q) ** 2 < least * least)
        return `two crossings lie together at ${show(crossings[i].at)}`;
    }
  return undefined;
}

/**
 * A pair of close pieces is excused where both lie about a crossing of their lines: within the distance at which two
 * straight lines of its angle are `near` apart, and a quarter more.
 */
function touching(
  { line, x0, y0, x1, y1 }: Pieces,
  crossings: readonly Crossing[],
  close: readonly number[],
  near: number,
): string | undefined {
  for (let k = 0; k < close.length; k += 2) {
    const [i, j] = [close[k], close[k + 1]];
    const [a, b] = [Math.min(line[i], line[j]), Math.max(line[i], line[j])];
    const excused = crossings.some((crossing) => {
      if (crossing.a !== a || crossing.b !== b) return false;
      const [x, y] = crossing.at;
      const reach = (1.25 * near) / Math.sin((crossing.angle * Math.PI) / 180);
      const within = (p: number) => toPiece(x, y, x0[p], y0[p], x1[p], y1[p]) <= reach * reach;
      return within(i) && within(j);
    });
    if (!excused) return `lines ${a} and ${b} come too close at ${show([x0[i], y0[i]])}`;
  }
  return undefined;
}

const show = ([x, y]: Point) => `${x.toFixed(1)} ${y.toFixed(1)}`;

export interface LabelPlace {
  readonly line: number;
  readonly end: 0 | 1;
  readonly centre: Point;
}

/**
 * Why the labels, discs of diameter `size` and a third more, do not show where each line begins and ends; undefined
 * when they do. No stroke touches a label, and each labelled end is at least half as far again from any other label as
 * from its own.
 */
export function checkLabels(
  lines: readonly (readonly Point[])[],
  width: number,
  labels: readonly LabelPlace[],
  size: number,
): string | undefined {
  const clear = (0.66 * size + width / 2) ** 2;
  for (const label of labels) {
    const [x, y] = label.centre;
    const points = lines[label.line];
    const own = squared(points[label.end === 0 ? 0 : points.length - 1], label.centre);
    for (const other of labels)
      if (
        other !== label &&
        squared(other.centre, points[label.end === 0 ? 0 : points.length - 1]) < 2.25 * own
      )
        return `line ${label.line} ends between labels at ${show(label.centre)}`;
    for (const line of lines)
      for (let i = 1; i < line.length; i++) {
        const [[ax, ay], [bx, by]] = [line[i - 1], line[i]];
        if (toPiece(x, y, ax, ay, bx, by) < clear)
          return `a line runs over the label at ${show(label.centre)}`;
      }
  }
  return undefined;
}

const squared = ([x, y]: Point, [p, q]: Point) => (x - p) ** 2 + (y - q) ** 2;
