import { escapeMarkup } from "../../common/markup.ts";
import type { Estimate } from "../../eval/statistics.ts";
import { count, modelName, scrollTable, tableHead } from "../report/elements.ts";
import { shownP } from "../score/compare.ts";
import type { Pair } from "./pairs.ts";

/** Which differences between models are more than chance; empty for a single model. */
export function pairsSection(pairs: readonly Pair[]): string {
  if (pairs.length === 0) return "";
  const heads = ["", "A", "B", "questions", "A − B", "only A right", "only B right", "p", "p, corrected"];
  const content = `${tableHead(heads)}
<tbody>${pairs.map(pairRow).join("\n")}</tbody>`;
  return `<section>
<h2>Are the differences more than chance?</h2>
<p class="quiet small">On the questions that both models were asked: difference in accuracy with its 95 % \
paired bootstrap interval in points, McNemar’s exact test (two-sided), and its p after Holm’s correction \
over all pairs (${count(pairs.length)}); below 0.05 a difference counts as clear.</p>
${scrollTable("Pairs of models", "plain", content)}
</section>`;
}

function pairRow({ a, b, items, difference, mcNemar, adjusted }: Pair): string {
  const clear = adjusted < 0.05;
  const verdict = clear ? (difference.value > 0 ? "A is better" : "B is better") : "not clear";
  const cells = [
    count(items),
    points(difference),
    count(mcNemar.onlyA),
    count(mcNemar.onlyB),
    shownP(mcNemar.p),
    shownP(adjusted),
  ];
  return `<tr><td><span class="chip${clear ? " right" : ""}">${verdict}</span></td>\
<td class="name">${modelName(a)}</td><td class="name">${modelName(b)}</td>\
${cells.map((cell) => `<td class="figure">${escapeMarkup(cell)}</td>`).join("")}</tr>`;
}

function points({ value, low, high }: Estimate): string {
  const signed = (part: number) =>
    `${part > 0 ? "+" : part < 0 ? "−" : ""}${Math.abs(100 * part).toFixed(1)}`;
  return `${signed(value)} [${signed(low)}, ${signed(high)}]`;
}
