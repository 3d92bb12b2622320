/** Patches that touch and say the same word are one region, which carries the word once, at its middle. */
import { readable } from "../../lens/findings.ts";
import type { PatchWord } from "../../lens/logit-lens.ts";

/** A word, the patches that say it, and where it is written. */
export interface WordRegion {
  readonly word: string;
  /** Indexes in row order. */
  readonly patches: readonly number[];
  /** Mean of the word's probability over the patches. */
  readonly probability: number;
  /** Its middle in units of patches: (0.5, 0.5) is the first patch's. */
  readonly at: readonly [column: number, row: number];
  /** How many patches of the region lie side by side there, which is the room for the word. */
  readonly run: number;
}

/** Words under this probability are not written: the patch says nothing clearly. */
export const leastProbability = 0.3;

/**
 * The regions of a grid, largest first.
 *
 * @param words For each patch in row order its likeliest words, likeliest first.
 * @param least Smallest probability of a word that is written.
 */
export function wordRegions(
  words: readonly (readonly PatchWord[])[],
  grid: { readonly rows: number; readonly columns: number },
  least = leastProbability,
): WordRegion[] {
  const said = words.map(([likeliest]) => {
    if (likeliest === undefined || likeliest.probability < least) return undefined;
    return readable(likeliest.token);
  });
  const seen = new Uint8Array(said.length);
  const regions: WordRegion[] = [];
  for (const [start, word] of said.entries()) {
    if (word === undefined || seen[start] === 1) continue;
    const patches = connected(said, grid, start, seen);
    const sum = patches.reduce((total, patch) => total + words[patch][0].probability, 0);
    regions.push({ word, patches, probability: sum / patches.length, ...middleOf(patches, grid.columns) });
  }
  return regions.sort((a, b) => b.patches.length - a.patches.length || a.patches[0] - b.patches[0]);
}

/** The patches that say the word of `start` and are reached over sides of patches, in row order. */
function connected(
  said: readonly (string | undefined)[],
  { rows, columns }: { readonly rows: number; readonly columns: number },
  start: number,
  seen: Uint8Array,
): number[] {
  const found = [start];
  seen[start] = 1;
  for (let next = 0; next < found.length; next++) {
    const patch = found[next];
    const [row, column] = [Math.floor(patch / columns), patch % columns];
    for (const [r, c] of [
      [row - 1, column],
      [row + 1, column],
      [row, column - 1],
      [row, column + 1],
    ]) {
      const other = r * columns + c;
      if (r < 0 || c < 0 || r >= rows || c >= columns || seen[other] === 1) continue;
      if (said[other] !== said[patch]) continue;
      seen[other] = 1;
      found.push(other);
    }
  }
  return found.sort((a, b) => a - b);
}

/**
 * The place of a region that is nearest to its centre of mass and inside it: the middle of the run of patches there, so that
 * a word is never written over what other patches say.
 */
function middleOf(patches: readonly number[], columns: number): Pick<WordRegion, "at" | "run"> {
  const centre = (of: (patch: number) => number) =>
    patches.reduce((sum, patch) => sum + of(patch) + 0.5, 0) / patches.length;
  const [x, y] = [centre((patch) => patch % columns), centre((patch) => Math.floor(patch / columns))];
  const runs = runsOf(patches, columns);
  const off = ({ row, from, to }: Run) => {
    const across = x < from ? from - x : x > to ? x - to : 0;
    return Math.hypot(across, row + 0.5 - y) - 0.25 * Math.min(4, to - from);
  };
  const best = runs.reduce((a, b) => (off(b) < off(a) - 1e-9 ? b : a));
  return { at: [(best.from + best.to) / 2, best.row + 0.5], run: best.to - best.from };
}

interface Run {
  readonly row: number;
  readonly from: number;
  readonly to: number;
}

/** Neighbours in a row as one stretch [from, to) of columns; two equal ones above each other lie at the line between. */
function runsOf(patches: readonly number[], columns: number): Run[] {
  const runs: { row: number; from: number; to: number }[] = [];
  for (const patch of patches) {
    const [row, column] = [Math.floor(patch / columns), patch % columns];
    const last = runs.at(-1);
    if (last?.row === row && last.to === column) last.to = column + 1;
    else runs.push({ row, from: column, to: column + 1 });
  }
  return [...runs, ...between(runs)];
}

function between(runs: readonly Run[]): Run[] {
  return runs.flatMap((a) =>
    runs
      .filter((b) => b.row === a.row + 1 && Math.min(a.to, b.to) > Math.max(a.from, b.from))
      .map((b) => ({ row: a.row + 0.5, from: Math.max(a.from, b.from), to: Math.min(a.to, b.to) })),
  );
}
