import { escapeMarkup } from "../../common/markup.ts";
import { elementPage } from "../../elements/pages/page.ts";
import { count, estimateHtml, key, modelName, scrollTable, share, tableHead } from "../report/elements.ts";
import { pageStyle } from "./page-style.ts";
import type { Pair } from "./pairs.ts";
import { pairsSection } from "./pairs-section.ts";
import type { Table, TableRow } from "./table.ts";
import { type TaskPart, taskSection } from "./task-section.ts";

/** Everything that the page shows. */
export interface Leaderboard {
  readonly title: string;
  readonly table: Table;
  /** By column. */
  readonly tasks: readonly TaskPart[];
  readonly pairs: readonly Pair[];
}

/** The leaderboard as one page that needs nothing else: no scripts, pictures inside, every text escaped. */
export function leaderboardHtml({ title, table, tasks, pairs }: Leaderboard): Promise<string> {
  return elementPage({
    title,
    style: pageStyle,
    lead: leadOf(table),
    sections: [
      table.columns.length > 0 ? boardSection(table) : "",
      unfinishedSection(table),
      tasks.map((task, place) => taskSection(table, place, task)).join("\n"),
      pairsSection(pairs),
    ],
    footer:
      "Intervals are 95 %: Wilson for shares, bootstrap over pictures for means and differences. " +
      "The same numbers are in leaderboard.json beside this page, the plots as SVG and PNG in the folder plots.",
  });
}

function leadOf({ rows, columns }: Table): string {
  if (columns.length === 0) return "No run is finished yet.";
  const items = columns.reduce((sum, column) => sum + column.items, 0);
  const models = `${rows.length} ${rows.length === 1 ? "model" : "models"}`;
  const tasks = `${columns.length} ${columns.length === 1 ? "task" : "tasks"}`;
  const asked = `${models} on ${tasks}, ${count(items)} questions.`;
  return `${asked} Every model is held against what can be answered without looking at the picture.`;
}

function boardSection(table: Table): string {
  const { columns, rows, baselines } = table;
  const several = columns.length > 1;
  const paid = rows.some(({ cost }) => cost !== null);
  const counted = rows.some(({ tokens }) => tokens.input !== null || tokens.output !== null);
  const heads = [
    "model",
    ...(several ? ["average of tasks"] : []),
    ...columns.map(({ label }) => label),
    "unparsable",
    ...(counted ? ["tokens in / out"] : []),
    ...(paid ? ["cost, list price"] : []),
  ];
  const empty = "<td></td>".repeat(heads.length - 1 - columns.length - (several ? 1 : 0));
  const chance = baselines.map(({ name, cells }) => {
    const own = cells.map((cell) => `<td class="cell">${estimateHtml(cell)}</td>`).join("");
    return `<tr class="chance"><th scope="row">${name}</th>${several ? "<td></td>" : ""}${own}${empty}</tr>`;
  });
  const content = `${tableHead(heads)}
<tbody>${rows.map((row, place) => boardRow(table, row, place, heads)).join("\n")}</tbody>
<tbody>${chance.join("\n")}</tbody>`;
  return `<section>
<h2>Accuracy</h2>
<p class="quiet small">Share of right answers with its 95 % interval. An answer that could not be read \
counts as wrong. Without the picture: blind knows the question and how often each answer \
was right elsewhere, random draws an answer, majority always gives the most frequent one.</p>
${scrollTable("Accuracy by model and task", "board", content)}
</section>`;
}

/** Runs with open questions stand apart: what they answered so far is no sample of all. */
function unfinishedSection({ unfinished }: Table): string {
  if (unfinished.length === 0) return "";
  const rows = unfinished.map(
    ({ model, folder, answered, items }) =>
      `<tr><th scope="row">${modelName(model)}</th><td>${count(answered)} of ${count(items)}</td>\
<td class="quiet">${escapeMarkup(folder)}</td></tr>`,
  );
  const content = `${tableHead(["model", "answered", "run folder"])}<tbody>${rows.join("\n")}</tbody>`;
  return `<section>
<h2>Not finished</h2>
<p class="quiet small">These runs still have questions without an answer. They are neither ranked nor tested \
against others; the command that began a run goes on with it.</p>
${scrollTable("Unfinished runs", "board", content)}
</section>`;
}

function boardRow(table: Table, row: TableRow, place: number, heads: readonly string[]): string {
  const cells = row.cells.map((cell, c) => {
    if (cell === undefined) return '<td class="quiet">–</td>';
    const best = isBest(table, c, cell.scores.accuracy.value);
    const some = cell.scores.items < table.columns[c].items;
    const fewer = some ? `<span class="interval">of ${count(cell.scores.items)} questions</span>` : "";
    return `<td class="cell">${estimateHtml(cell.scores.accuracy, { slot: place, best })}${fewer}</td>`;
  });
  const { average, tokens, cost } = row;
  const averaged = average === undefined ? "–" : estimateHtml(average, { slot: place });
  const more: Readonly<Record<string, string>> = {
    "average of tasks": `<td class="cell">${averaged}</td>`,
    unparsable: `<td>${shareOf(row.unparsable, row.items)}</td>`,
    "tokens in / out": `<td>${tokenCount(tokens.input)} / ${tokenCount(tokens.output)}</td>`,
    "cost, list price": `<td>${cost === null ? "–" : `$${cost.toFixed(2)}`}</td>`,
  };
  const tail = heads.slice(1 + Number(heads[1] === "average of tasks") + row.cells.length);
  return `<tr><th scope="row"><div class="who-cell"><span class="rank">${place + 1}</span>${key(place)}\
${modelName(row.label)}</div></th>\
${heads[1] === "average of tasks" ? more["average of tasks"] : ""}${cells.join("")}\
${tail.map((head) => more[head]).join("")}</tr>`;
}

function isBest({ rows }: Table, column: number, value: number): boolean {
  return rows.every(({ cells }) => !((cells[column]?.scores.accuracy.value ?? -1) > value));
}

function shareOf(part: number, whole: number): string {
  return part === 0 ? "0" : `${share(part / whole)}<span class="interval">${count(part)} answers</span>`;
}

const tokenCount = (value: number | null) => (value === null ? "–" : count(value));
