/**
 * Which rows of a folder go into one batch: rows of one shape class, so that little of a batch is padding.
 *
 *     rows, shuffled anew for each epoch:   c a b a | b c a a | b a ...
 *     cut into windows:                    (c a b a   b c a a) (b a ...
 *     a window's rows by class, in twos:   [a a] [a a] [b b] [c c]
 *     its batches, shuffled:               [b b] [a a] [c c] [a a]
 *
 * All of it follows from the seed and the batch's place in the run, so that a run that goes on sees what an
 * uninterrupted one would; to make a batch, only the rows of its window are looked at.
 */
import { inBatches } from "../../common/in-batches.ts";
import { random } from "../../common/random.ts";

export interface OrderOptions {
  /** Number of rows. */
  readonly rows: number;
  readonly batchSize: number;
  readonly seed: number;
  /** The class of a row's shape, larger for longer rows. */
  classOf(row: number): Promise<number>;
}

/** Batches of a window, of as many as one pass over the rows has where those are fewer. */
export const WINDOW = 128;

/** The rows of batch `index`, from 0 on, without end. */
export function batchOrder({ rows, batchSize, seed, classOf }: OrderOptions) {
  const size = Math.max(1, Math.min(WINDOW, Math.floor(rows / batchSize)));
  const rowAt = epochs(rows, seed);
  const windowOf = remembered(async (window: number) => {
    const first = window * size * batchSize;
    const own = Array.from({ length: size * batchSize }, (_, i) => rowAt(first + i));
    const batches = grouped(own, await inBatches(own, classOf), batchSize);
    return batches.length === 1 ? batches[0] : random("window", seed, window).shuffle(batches.flat());
  });
  return async (index: number): Promise<readonly number[]> => {
    const batches = await windowOf(Math.floor(index / size));
    return batches[index % size];
  };
}

/** The first `count` rows in batches, those of one class together. */
export async function firstBatches(
  count: number,
  { rows, batchSize, classOf }: Omit<OrderOptions, "seed">,
): Promise<readonly (readonly number[])[]> {
  const own = Array.from({ length: count }, (_, i) => i % rows);
  return grouped(own, await inBatches(own, classOf), batchSize).flat();
}

/** The row at a place of the stream: every epoch has all rows, in an order of its own. */
function epochs(rows: number, seed: number): (place: number) => number {
  const all = Array.from({ length: rows }, (_, i) => i);
  const orderOf = remembered((epoch: number) => random("epoch", seed, epoch).shuffle(all));
  return (place) => orderOf(Math.floor(place / rows))[place % rows];
}

/** The last two answers: neighbouring windows may share an epoch, and batches are asked for in order. */
function remembered<T>(make: (key: number) => T): (key: number) => T {
  const known = new Map<number, T>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    if (known.size > 1) known.delete(known.keys().next().value as number);
    const made = make(key);
    known.set(key, made);
    return made;
  };
}

/** Batches by class, those of several classes last: one list for each class. Rows of a class stay in their order. */
function grouped(rows: readonly number[], classes: readonly number[], batchSize: number): number[][][] {
  const byClass = Map.groupBy(rows.keys(), (i) => classes[i]);
  const left: number[] = [];
  const whole = [...byClass.keys()]
    .sort((a, b) => a - b)
    .map((name) => {
      const own = (byClass.get(name) ?? []).map((i) => rows[i]);
      const full = own.length - (own.length % batchSize);
      left.push(...own.slice(full));
      return cut(own.slice(0, full), batchSize);
    });
  return [...whole, cut(left, batchSize)].filter((batches) => batches.length > 0);
}

function cut(rows: readonly number[], batchSize: number): number[][] {
  const count = Math.ceil(rows.length / batchSize);
  return Array.from({ length: count }, (_, i) => rows.slice(i * batchSize, (i + 1) * batchSize));
}
