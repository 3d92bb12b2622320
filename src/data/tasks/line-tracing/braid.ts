/** Plans which lines change places, with exact numbers of crossings. */
import { BoundedCache } from "../../../common/bounded-cache.ts";
import type { Random } from "../../../common/random.ts";

/**
 * Lines as a braid: `tracks` lines lie side by side in ranks, and in each column some neighbours change places.
 * `swaps` holds the lower rank of each pair that does; `loop` says that the asked line crosses itself there.
 */
export interface Braid {
  /** Line at each rank before the first column; the asked line is line 0. */
  readonly start: readonly number[];
  readonly columns: readonly Column[];
}

export interface Column {
  readonly swaps: readonly number[];
  readonly loop: boolean;
}

export interface BraidOptions {
  readonly tracks: number;
  readonly crossings: number;
  readonly loops: number;
  /** First and last rank of the asked line. */
  readonly ends: readonly [from: number, to: number];
}

/** First and last rank of a line that meets `crossings` others: the first uniform, the last by {@link endRanks}. */
export function drawEnds(random: Random, tracks: number, crossings: number): BraidOptions["ends"] {
  const from = random.integer(tracks);
  return [from, draw(random, endRanks(tracks, crossings)[from])];
}

/** A random braid whose line 0 meets exactly `crossings` others on its way between its ends. */
export function braid(random: Random, { tracks, crossings, loops, ends: [from, to] }: BraidOptions): Braid {
  const steps = walkSteps(random, tracks, crossings, [from, to]);
  const idle = Math.max(0, 2 + random.integer(2) - crossings - loops);
  const events = random.shuffle([
    ...steps.map(() => "step"),
    ...Array<string>(loops).fill("loop"),
    ...Array<string>(idle).fill("idle"),
  ]);
  const rate = 0.3 + 0.3 * random.uniform();
  let rank = from;
  let step = 0;
  const columns = events.map((event): Column => {
    const next = event === "step" ? rank + steps[step++] : rank;
    const low = Math.min(rank, next);
    const taken = next === rank ? [] : [low];
    const loop = event === "loop";
    const room = loop ? 1 : 0; // A loop's neighbours keep still.
    const swaps = [...taken, ...otherSwaps(random, tracks, low - room, Math.max(rank, next) + room, rate)];
    rank = next;
    return { swaps, loop };
  });
  const others = random.shuffle(Array.from({ length: tracks - 1 }, (_, i) => i + 1));
  return { start: [...others.slice(0, from), 0, ...others.slice(from)], columns };
}

/** Disjoint neighbours beyond the ranks from `low` to `high`, each pair that is still free with chance `rate`. */
function otherSwaps(random: Random, tracks: number, low: number, high: number, rate: number): number[] {
  const swaps: number[] = [];
  const first = random.integer(2);
  for (let rank = 0; rank < tracks - 1; rank++) {
    if (rank + 1 >= low && rank <= high) continue;
    if (swaps.at(-1) === rank - 1) continue;
    if (rank % 2 === first && random.uniform() < 0.3) continue;
    if (random.uniform() < rate) swaps.push(rank);
  }
  return swaps;
}

/** Rank of each line before the first column and after each column: `ranks[column][line]`. */
export function ranksOf({ start, columns }: Braid): number[][] {
  const order = [...start];
  const ranks = () => {
    const result = Array<number>(order.length);
    for (let rank = 0; rank < order.length; rank++) result[order[rank]] = rank;
    return result;
  };
  const all = [ranks()];
  for (const { swaps } of columns) {
    for (const low of swaps) [order[low], order[low + 1]] = [order[low + 1], order[low]];
    all.push(ranks());
  }
  return all;
}

const kernels = new BoundedCache<string, readonly (readonly number[])[]>({ name: "end ranks", limit: 256 });

/**
 * Chances of the last rank given the first, `[from][to]`: as even as they can be. A line that meets c others moves by
 * at most c ranks and by an even number exactly when c is even; among those, rows and columns are scaled to equal sums
 * (Sinkhorn), so that a uniform first rank gives a uniform last one. Only for odd c and an odd number of tracks is
 * that impossible: the one parity class then has one rank more than the other.
 */
export function endRanks(tracks: number, crossings: number): readonly (readonly number[])[] {
  return kernels.getOrMakeNow(`${tracks}/${crossings}`, () => makeEndRanks(tracks, crossings));
}

function makeEndRanks(tracks: number, crossings: number): readonly (readonly number[])[] {
  const chances = Array.from({ length: tracks }, (_, i) =>
    Array.from({ length: tracks }, (_, j) =>
      Math.abs(i - j) <= crossings && (i + j + crossings) % 2 === 0 ? 1 : 0,
    ),
  );
  for (let round = 0; round < 200; round++) {
    for (let j = 0; j < tracks; j++) {
      let sum = 0;
      for (let i = 0; i < tracks; i++) sum += chances[i][j];
      for (let i = 0; i < tracks; i++) chances[i][j] /= sum;
    }
    for (const row of chances) {
      let sum = 0;
      for (let j = 0; j < tracks; j++) sum += row[j];
      for (let j = 0; j < tracks; j++) row[j] /= sum;
    }
  }
  return chances;
}

function draw(random: Random, chances: readonly number[]): number {
  let left = random.uniform();
  for (let i = 0; i < chances.length; i++) {
    left -= chances[i];
    if (left < 0 && chances[i] > 0) return i;
  }
  return chances.findLastIndex((chance) => chance > 0);
}

/** Steps of +1 and -1 from rank `from` to rank `to`, uniform among all such walks within the tracks. */
export function walkSteps(
  random: Random,
  tracks: number,
  count: number,
  [from, to]: readonly [number, number],
): number[] {
  const ways = waysTo(tracks, count, to);
  const steps: number[] = [];
  for (let rank = from, left = count; left > 0; left--) {
    const up = ways[left - 1][rank + 1] ?? 0;
    const down = ways[left - 1][rank - 1] ?? 0;
    const step = random.uniform() * (up + down) < up ? 1 : -1;
    steps.push(step);
    rank += step;
  }
  return steps;
}

/** `[steps][rank]`: how many walks of so many steps lead from the rank to `to`. */
function waysTo(tracks: number, count: number, to: number): number[][] {
  const ways: number[][] = [Array.from({ length: tracks }, (_, rank) => (rank === to ? 1 : 0))];
  for (let step = 1; step <= count; step++) {
    const last = ways[step - 1];
    ways.push(last.map((_, rank) => (last[rank - 1] ?? 0) + (last[rank + 1] ?? 0)));
  }
  return ways;
}
