import type { Point } from "../../drawing/drawing.ts";

/**
 * Polylines cut into short straight pieces, in flat arrays; those of a line follow one another. `along` is the arc
 * length from the line's start to the piece's own.
 */
export interface Pieces {
  readonly count: number;
  /** The length of the longest. */
  readonly longest: number;
  readonly line: Int32Array;
  readonly x0: Float64Array;
  readonly y0: Float64Array;
  readonly x1: Float64Array;
  readonly y1: Float64Array;
  readonly along: Float64Array;
  readonly length: Float64Array;
}

/** Buffers that every call fills anew: pictures come by the thousand. */
let buffers: Omit<Pieces, "count" | "longest"> = makeBuffers(2048);

function makeBuffers(size: number): typeof buffers {
  const floats = () => new Float64Array(size);
  const line = new Int32Array(size);
  return { line, x0: floats(), y0: floats(), x1: floats(), y1: floats(), along: floats(), length: floats() };
}

/** Pieces of at most a length; they are valid until the next call. */
export function cut(lines: readonly (readonly Point[])[], most: number): Pieces {
  const count = countPieces(lines, most);
  if (count > buffers.line.length) buffers = makeBuffers(2 * count);
  const { line, x0, y0, x1, y1, along, length } = buffers;
  let longest = 0;
  let at = 0;
  for (let l = 0; l < lines.length; l++) {
    const points = lines[l];
    let arc = 0;
    for (let i = 1; i < points.length; i++) {
      const ax = points[i - 1][0];
      const ay = points[i - 1][1];
      const bx = points[i][0];
      const by = points[i][1];
      const whole = Math.sqrt((bx - ax) * (bx - ax) + (by - ay) * (by - ay));
      const parts = Math.ceil(whole / most);
      for (let p = 0; p < parts; p++) {
        const last = p === parts - 1;
        line[at] = l;
        x0[at] = p === 0 ? ax : x1[at - 1];
        y0[at] = p === 0 ? ay : y1[at - 1];
        x1[at] = last ? bx : ax + ((bx - ax) * (p + 1)) / parts;
        y1[at] = last ? by : ay + ((by - ay) * (p + 1)) / parts;
        along[at] = arc + (whole * p) / parts;
        length[at] = whole / parts;
        at++;
      }
      if (parts > 0) longest = Math.max(longest, whole / parts);
      arc += whole;
    }
  }
  return { ...buffers, count, longest };
}

function countPieces(lines: readonly (readonly Point[])[], longest: number): number {
  let count = 0;
  for (const points of lines)
    for (let i = 1; i < points.length; i++) {
      const ax = points[i - 1][0];
      const ay = points[i - 1][1];
      const bx = points[i][0];
      const by = points[i][1];
      count += Math.ceil(Math.sqrt((bx - ax) * (bx - ax) + (by - ay) * (by - ay)) / longest);
    }
  return count;
}

/**
 * Calls `visit` once for each two pieces that may come as close as `near`. Pieces lie by their middles in a grid of
 * cells so large that such two are in the same or in neighbouring cells.
 */
export function eachNear(pieces: Pieces, near: number, visit: (i: number, j: number) => void): void {
  const { count, length, longest } = pieces;
  const { heads, next, cellOf, xs, ys, columns } = grid(pieces, longest + near);
  const steps = [0, 1, columns - 1, columns, columns + 1];
  for (let i = 0; i < count; i++) {
    const x = xs[i];
    const y = ys[i];
    const most = near + length[i] / 2 + 1e-6;
    const cell = cellOf[i];
    for (let s = 0; s < 5; s++) {
      for (let j = s === 0 ? next[i] : heads[cell + steps[s]]; j >= 0; j = next[j]) {
        const dx = x - xs[j];
        const dy = y - ys[j];
        const reach = most + length[j] / 2;
        if (dx * dx + dy * dy <= reach * reach) visit(i, j);
      }
    }
  }
}

let gridBuffers = makeGrid(0, 0);

function makeGrid(cells: number, count: number) {
  const ints = (size: number) => new Int32Array(size);
  const [xs, ys] = [new Float64Array(count), new Float64Array(count)];
  return { heads: ints(cells), next: ints(count), cellOf: ints(count), xs, ys };
}

/** Linked lists of the pieces of each cell, with an empty border of cells, and middles; valid until the next call. */
function grid({ count, x0, y0, x1, y1 }: Pieces, cell: number) {
  if (gridBuffers.next.length < count) gridBuffers = makeGrid(gridBuffers.heads.length, 2 * count);
  const { next, cellOf, xs, ys } = gridBuffers;
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < count; i++) {
    const x = (x0[i] + x1[i]) / 2;
    const y = (y0[i] + y1[i]) / 2;
    xs[i] = x;
    ys[i] = y;
    if (x < left) left = x;
    if (x > right) right = x;
    if (y < top) top = y;
    if (y > bottom) bottom = y;
  }
  const columns = count === 0 ? 0 : Math.floor((right - left) / cell) + 3;
  const cells = count === 0 ? 0 : columns * (Math.floor((bottom - top) / cell) + 3);
  if (gridBuffers.heads.length < cells) gridBuffers = { ...gridBuffers, heads: new Int32Array(2 * cells) };
  const heads = gridBuffers.heads.fill(-1, 0, cells);
  for (let i = 0; i < count; i++) {
    const column = Math.floor((xs[i] - left) / cell) + 1;
    const row = Math.floor((ys[i] - top) / cell) + 1;
    const at = row * columns + column;
    cellOf[i] = at;
    next[i] = heads[at];
    heads[at] = i;
  }
  return { heads, next, cellOf, xs, ys, columns };
}

/** The point of a piece at an arc length, which may lie a little beyond its ends. */
export function pointAt({ x0, y0, x1, y1, along, length }: Pieces, i: number, arc: number): Point {
  const t = (arc - along[i]) / length[i];
  return [x0[i] + t * (x1[i] - x0[i]), y0[i] + t * (y1[i] - y0[i])];
}

/** Squared distance of two straight pieces a-b and c-d that do not cross. */
export function apart(
  ax: number,
  ay: number,
  bx: number,
  by: number,
  cx: number,
  cy: number,
  dx: number,
  dy: number,
): number {
  return Math.min(
    toPiece(ax, ay, cx, cy, dx, dy),
    toPiece(bx, by, cx, cy, dx, dy),
    toPiece(cx, cy, ax, ay, bx, by),
    toPiece(dx, dy, ax, ay, bx, by),
  );
}

/** Squared distance of (x, y) from the straight piece a-b. */
export function toPiece(x: number, y: number, ax: number, ay: number, bx: number, by: number): number {
  const ux = bx - ax;
  const uy = by - ay;
  const square = ux * ux + uy * uy;
  const t = Math.max(0, Math.min(1, square > 0 ? ((x - ax) * ux + (y - ay) * uy) / square : 0));
  const dx = x - ax - t * ux;
  const dy = y - ay - t * uy;
  return dx * dx + dy * dy;
}
