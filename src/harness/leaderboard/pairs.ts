import { holm, type McNemar } from "../../eval/significance.ts";
import type { Estimate } from "../../eval/statistics.ts";
import { compareRuns } from "../score/compare.ts";
import { mergedRun, type TableRow } from "./table.ts";

/** Two models on the questions that both were asked. */
export interface Pair {
  readonly a: string;
  readonly b: string;
  readonly items: number;
  readonly difference: Estimate;
  readonly mcNemar: McNemar;
  /** p after Holm's correction over all pairs of the page. */
  readonly adjusted: number;
}

/** Every pair of rows that shares questions, the row that stands higher first. */
export async function comparePairs(rows: readonly TableRow[]): Promise<Pair[]> {
  const merged = rows.map(mergedRun);
  const ids = merged.map(({ items }) => new Set(items.map(({ id }) => id)));
  const found = [];
  for (let i = 0; i < rows.length; i++)
    for (let j = i + 1; j < rows.length; j++) {
      if (!merged[i].items.some(({ id }) => ids[j].has(id))) continue;
      const { all } = await compareRuns(merged[i], merged[j]);
      found.push({ a: rows[i].label, b: rows[j].label, ...all });
    }
  const adjusted = holm(found.map(({ mcNemar }) => mcNemar.p));
  return found.map(({ a, b, items, difference, mcNemar }, i) => ({
    a,
    b,
    items,
    difference,
    mcNemar,
    adjusted: adjusted[i],
  }));
}
