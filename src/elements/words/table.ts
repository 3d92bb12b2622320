/** What a patch says at every layer, as rows and columns of a table. */
import { ordinal, readable } from "../../lens/findings.ts";
import type { PatchWord } from "../../lens/logit-lens.ts";
import { formatProbability } from "../../lens/scale.ts";

/** What one patch says at one layer. */
export interface WordRow {
  readonly layer: number;
  /** Likeliest first. */
  readonly words: readonly PatchWord[];
  /** Place of the searched word among all of the vocabulary, 1 for the likeliest. */
  readonly rank?: number;
}

/** A pinned patch: its name above its columns, and its rows. */
export interface PinnedWords {
  readonly name: string;
  readonly rows: readonly WordRow[];
}

/** One cell: a word, its probability as text, and as a share of the cell's bar. */
export interface WordCell {
  readonly word: string;
  readonly id: number;
  readonly number: string;
  readonly probability: number;
}

/** A line of the table: a layer, and for each pin its cells (as many as there are columns) and the searched word's rank. */
export interface WordLine {
  readonly layer: number;
  readonly pins: readonly { readonly cells: readonly (WordCell | undefined)[]; readonly rank?: string }[];
}

/** Widths of a column of words, of the ranks, and of the layers' numbers, in CSS pixels. */
const [wordWidth, rankWidth, layerWidth] = [104, 68, 36];

/** Words in a row of each pin that a width has room for, as far as there are words: at least one, at most five. */
export function columnsFor(pins: readonly PinnedWords[], width: number, hasRanks: boolean): number {
  const count = Math.max(1, pins.length);
  const room = (width - layerWidth) / count - (hasRanks ? rankWidth : 0);
  const longest = Math.max(0, ...pins.flatMap(({ rows }) => rows.map(({ words }) => words.length)));
  return Math.max(1, Math.min(5, longest, Math.floor(room / wordWidth)));
}

/** The lines of all layers that some pin has, downwards. */
export function wordLines(pins: readonly PinnedWords[], columns: number): WordLine[] {
  const layers = [...new Set(pins.flatMap(({ rows }) => rows.map(({ layer }) => layer)))].sort(
    (a, b) => a - b,
  );
  return layers.map((layer) => ({
    layer,
    pins: pins.map(({ rows }) => {
      const row = rows.find((one) => one.layer === layer);
      const cells = Array.from({ length: columns }, (_, c) => cellOf(row?.words[c]));
      return { cells, ...(row?.rank !== undefined && { rank: ordinal(row.rank) }) };
    }),
  }));
}

function cellOf(word: PatchWord | undefined): WordCell | undefined {
  if (word === undefined) return undefined;
  const { token, id, probability } = word;
  const text = token === "" ? `(no token ${id})` : readable(token);
  return { word: text, id, number: shortNumber(probability), probability };
}

/** Two digits after the point, in the room that a cell has. */
function shortNumber(probability: number): string {
  if (probability > 0 && probability < 0.01) return "<0.01";
  return probability >= 0.995 ? formatProbability(probability) : probability.toFixed(2);
}

/** Where an arrow leads from a cell, within the table. */
export function cellAfter(
  key: string,
  [row, column]: readonly [number, number],
  rows: number,
  columns: number,
): [row: number, column: number] | undefined {
  const moves: Readonly<Record<string, readonly [number, number]>> = {
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
    Home: [0, -columns],
    End: [0, columns],
    PageUp: [-rows, 0],
    PageDown: [rows, 0],
  };
  const move = moves[key];
  if (move === undefined) return undefined;
  const inside = (value: number, length: number) => Math.min(length - 1, Math.max(0, value));
  return [inside(row + move[0], rows), inside(column + move[1], columns)];
}
