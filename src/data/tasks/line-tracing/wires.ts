import type { Random } from "../../../common/random.ts";
import { walkSteps } from "./braid.ts";

/**
 * Orthogonal wires: every line lies in a row and changes it at columns only. At a column the rows of the lines that
 * move are disjoint and at least one row apart, so that verticals neither touch nor overlap.
 */
export interface Wiring {
  /** Row of each line before the first column. */
  readonly start: readonly number[];
  readonly columns: readonly WireColumn[];
}

export interface WireColumn {
  /** Where lines go that change their row here; `crosses` are the lines whose rows the vertical crosses. */
  readonly moves: readonly Move[];
  /** The asked line turns back at this column to the one before, in the row `over`, and there leaves for its new row. */
  readonly loop?: { readonly over: number };
}

export interface Move {
  readonly line: number;
  readonly to: number;
  readonly crosses: readonly number[];
}

export interface WiringOptions {
  readonly tracks: number;
  /** Lines from this number on join no label. */
  readonly labelled: number;
  readonly rows: number;
  /** Labelled lines begin and end at least this many rows apart. */
  readonly labelRows: number;
  readonly crossings: number;
  readonly loops: number;
  readonly ends: readonly [from: number, to: number];
  readonly maxColumns: number;
}

interface State {
  /** Lines from the top row down, and the row of each line. */
  readonly order: number[];
  readonly row: number[];
  readonly columns: WireColumn[];
  readonly rows: number;
}

/** A random wiring whose line 0 crosses exactly `crossings` others and itself `loops` times; undefined: no room. */
export function wire(random: Random, options: WiringOptions): Wiring | undefined {
  const { tracks, crossings, ends, rows } = options;
  const others = random.shuffle(Array.from({ length: tracks - 1 }, (_, i) => i + 1));
  const order = [...others.slice(0, ends[0]), 0, ...others.slice(ends[0])];
  const start = labelRows(random, order, options);
  if (start === undefined) return undefined;
  const state: State = { order, row: [...start], columns: [], rows };
  const rate = 0.3 + 0.4 * random.uniform();
  const jumps = jumpsOf(random, walkSteps(random, tracks, crossings, ends));
  const idle = Math.max(0, 2 + random.integer(3) - jumps.length - options.loops);
  const events = [...Array<number>(options.loops).fill(Number.NaN), ...Array<number>(idle).fill(0)];
  for (const event of interleave(random, jumps, events)) {
    const act = () => (Number.isNaN(event) ? loop(random, state) : jump(random, state, event, rate));
    while (!act()) {
      if (state.columns.length > options.maxColumns || !settle(state, evenRows(state))) return undefined;
    }
  }
  const last = labelRows(random, state.order, options);
  if (last === undefined) return undefined;
  while (state.order.some((line) => state.row[line] !== last[line]))
    if (state.columns.length > options.maxColumns || !settle(state, last)) return undefined;
  return { start, columns: state.columns };
}

/** Steps of one direction become jumps over one line or over several at once. */
function jumpsOf(random: Random, steps: readonly number[]): number[] {
  const jumps: number[] = [];
  for (const step of steps) {
    const last = jumps.at(-1);
    const joins = last !== undefined && last * step > 0 && Math.abs(last) < 4 && random.uniform() < 0.6;
    if (joins) jumps[jumps.length - 1] = last + step;
    else jumps.push(step);
  }
  return jumps;
}

/** The first list in its order with the items of the second at random places. */
function interleave(random: Random, ordered: readonly number[], loose: readonly number[]): number[] {
  const result = [...ordered];
  for (const item of loose) result.splice(random.integer(result.length + 1), 0, item);
  return result;
}

/** Rows for the lines in their order, such that labels keep apart; spare rows are dealt out by chance. */
function labelRows(
  random: Random,
  order: readonly number[],
  { labelled, labelRows: least, rows }: WiringOptions,
): number[] | undefined {
  const result: number[] = [];
  let row = 0;
  let label = -least;
  const firsts = order.map((line) => {
    row = line < labelled ? Math.max(row, label + least) : row;
    if (line < labelled) label = row;
    return row++;
  });
  const spare = rows - row;
  if (spare < 0) return undefined;
  const shifts = order.map(() => random.integer(spare + 1)).sort((a, b) => a - b);
  order.forEach((line, rank) => {
    result[line] = firsts[rank] + shifts[rank];
  });
  return result;
}

function evenRows({ order, rows }: State): number[] {
  const result: number[] = [];
  order.forEach((line, rank) => {
    result[line] = Math.floor(((rank + 0.5) * rows) / order.length);
  });
  return result;
}

/** One column in which lines move towards their wanted rows as far as no two verticals meet; false: none can. */
function settle(state: State, wanted: readonly number[]): boolean {
  const { order, row } = state;
  const moves: Move[] = [];
  let floor = -1; // The lowest row that lines above have taken, before or after their move.
  order.forEach((line, rank) => {
    const below = rank + 1 < order.length ? row[order[rank + 1]] : state.rows;
    const to = Math.max(floor + 1, Math.min(wanted[line], below - 1));
    floor = Math.max(row[line], to);
    if (to !== row[line]) moves.push({ line, to, crosses: [] });
  });
  apply(state, { moves });
  return moves.length > 0;
}

function apply({ row, columns }: State, column: WireColumn): void {
  for (const { line, to } of column.moves) row[line] = to;
  columns.push(column);
}

/**
 * The asked line jumps over so many lines, down for a positive number; others jump over a neighbour at the same column
 * where they keep clear. False where there is no free row to land in.
 */
function jump(random: Random, state: State, over: number, rate: number): boolean {
  const { order, row } = state;
  const moves: Move[] = [];
  const rank = order.indexOf(0);
  if (over !== 0) {
    const move = landing(random, state, rank, over);
    if (move === undefined) return false;
    moves.push(move);
  }
  const busy = moves.length > 0 ? [row[0], moves[0].to] : [row[0], row[0]];
  const spans = [[Math.min(...busy), Math.max(...busy)]];
  for (const line of random.shuffle(order.filter((line) => line !== 0))) {
    if (random.uniform() > rate) continue;
    const at = order.indexOf(line);
    const step = random.uniform() < 0.5 ? 1 : -1;
    if (order[at + step] === undefined || order[at + step] === 0) continue;
    const move = landing(random, state, at, step);
    if (move === undefined) continue;
    const touched = [row[line], move.to, ...move.crosses.map((other) => row[other])];
    const [top, bottom] = [Math.min(...touched), Math.max(...touched)];
    if (spans.some(([from, to]) => top <= to + 1 && bottom >= from - 1)) continue;
    spans.push([top, bottom]);
    moves.push(move);
  }
  apply(state, { moves });
  order.sort((a, b) => row[a] - row[b]);
  return true;
}

/** A move of the line at a rank to a free row beyond so many others, not right beside any line. */
function landing(random: Random, { order, row, rows }: State, rank: number, over: number): Move | undefined {
  const to = rank + over;
  const low = over > 0 ? row[order[to]] : to > 0 ? row[order[to - 1]] : -1;
  const high = over < 0 ? row[order[to]] : to + 1 < order.length ? row[order[to + 1]] : rows;
  if (high - low < 2) return undefined;
  const crosses = over > 0 ? order.slice(rank + 1, to + 1) : order.slice(to, rank);
  return { line: order[rank], to: low + 1 + random.integer(high - low - 1), crosses };
}

/**
 * Two columns: the asked line passes the first, turns at the second, comes back in the row `over` beyond its own, and
 * at the first goes through its own row to its new one. False where its neighbours are too near.
 */
function loop(random: Random, state: State): boolean {
  const { order, row, rows } = state;
  const rank = order.indexOf(0);
  const above = rank > 0 ? row[order[rank - 1]] : -1;
  const below = rank + 1 < order.length ? row[order[rank + 1]] : rows;
  const [up, down] = [row[0] - above - 1, below - row[0] - 1];
  if (up < 1 || down < 1) return false;
  const rise = 1 + random.integer(Math.min(3, up));
  const fall = 1 + random.integer(Math.min(3, down));
  const [over, to] = random.uniform() < 0.5 ? [row[0] - rise, row[0] + fall] : [row[0] + fall, row[0] - rise];
  apply(state, { moves: [] });
  apply(state, { moves: [{ line: 0, to, crosses: [] }], loop: { over } });
  return true;
}
