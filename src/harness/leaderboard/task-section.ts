import { escapeMarkup } from "../../common/markup.ts";
import { type AxisPlot, axisName, drawnSeries, plotSvg } from "../plots/axis-plot.ts";
import { maxSeries, pageTheme } from "../plots/palette.ts";
import {
  count,
  estimateHtml,
  key,
  legend,
  longText,
  modelName,
  scrollTable,
  share,
  shortName,
  spread,
  tableHead,
} from "../report/elements.ts";
import { overlaySvg } from "../report/overlay.ts";
import { taskDetails } from "../score/lines.ts";
import type { ExampleAnswer, FailureExample } from "./examples.ts";
import type { Table } from "./table.ts";

/** What a task shows below the table. */
export interface TaskPart {
  readonly plots: readonly AxisPlot[];
  readonly examples: readonly FailureExample[];
}

/** Plots that are seen at once; the others are behind a click. */
const plotsShown = 4;
const plotSize = { width: 440, height: 250 };

export function taskSection(table: Table, place: number, { plots, examples }: TaskPart): string {
  const column = table.columns[place];
  return `<section>
<h2>${escapeMarkup(column.label)}</h2>
<p class="quiet small">${count(column.items)} questions</p>
${detailTable(table, place)}
${plotPart(plots)}
${examplePart(
  examples,
  plots.map(({ axis }) => axis),
)}
</section>`;
}

/** Metrics that the kind of answer adds to accuracy; empty where it adds none. */
function detailTable({ rows, columns }: Table, place: number): string {
  const known = rows.flatMap(({ cells, label }, slot) => {
    const cell = cells[place];
    const details = cell === undefined ? [] : taskDetails(cell.scores);
    return details.length === 0 ? [] : [{ label, slot, details }];
  });
  if (known.length === 0) return "";
  const heads = ["model", ...known[0].details.map(([name]) => name)];
  const body = known.map(
    ({ label, slot, details }) =>
      `<tr><th scope="row"><div class="who-cell">${key(slot)}${modelName(label)}</div></th>\
${details.map(([, estimate]) => `<td class="cell">${estimateHtml(estimate)}</td>`).join("")}</tr>`,
  );
  const content = `${tableHead(heads)}
<tbody>${body.join("\n")}</tbody>`;
  return scrollTable(`More on ${columns[place].label}`, "board", content);
}

function plotPart(plots: readonly AxisPlot[]): string {
  if (plots.length === 0) return "";
  const [shown, others] = [plots.slice(0, plotsShown), plots.slice(plotsShown)];
  const entries = new Map(plots.flatMap((plot) => drawnSeries(plot).map((one) => [one.label, one] as const)));
  const left = new Set(plots.flatMap(({ series }) => series.map(({ label }) => label))).size - entries.size;
  const more = `<details><summary>${others.length} more ${others.length === 1 ? "axis" : "axes"}</summary>
<div class="plots">${others.map(plotFigure).join("\n")}</div></details>`;
  return `<div class="part">
<h3>Accuracy by difficulty${left > 0 ? ` <span class="quiet">the best ${maxSeries} models</span>` : ""}</h3>
${legend([...entries.values()])}
<div class="plots">${shown.map(plotFigure).join("\n")}</div>
${others.length > 0 ? more : ""}
<details><summary>the same as numbers</summary>${plots.map(plotTable).join("\n")}</details>
</div>`;
}

function plotFigure(plot: AxisPlot): string {
  const title = `<h3>by ${escapeMarkup(axisName(plot.axis))}</h3>`;
  return `<figure>${title}${plotSvg(plot, pageTheme, plotSize)}</figure>`;
}

function plotTable({ axis, series }: AxisPlot): string {
  const labels = [...new Set(series.flatMap(({ strata }) => strata.map(({ label }) => label)))];
  const heads = [axisName(axis), ...series.map(({ label }) => shortName(label))];
  const body = labels.map((label) => {
    const cells = series.map(({ strata }) => {
      const found = strata.find((stratum) => stratum.label === label);
      if (found === undefined) return "<td>–</td>";
      const { accuracy } = found;
      const note = `<span class="interval">${spread(accuracy)} · ${count(accuracy.count)}</span>`;
      return `<td>${share(accuracy.value)}${note}</td>`;
    });
    return `<tr><th scope="row">${escapeMarkup(label)}</th>${cells.join("")}</tr>`;
  });
  const content = `${tableHead(heads)}
<tbody>${body.join("\n")}</tbody>`;
  return scrollTable(`Accuracy by ${axisName(axis)}`, "board", content);
}

function examplePart(examples: readonly FailureExample[], axes: readonly string[]): string {
  if (examples.length === 0) return "";
  const marked = examples.some(({ item }) => item.regions.length > 0);
  const toggle =
    '<label class="toggle"><input type="checkbox" checked> show where the evidence is (dashed)</label>';
  return `<div class="part">
<div class="part-head"><h3>Questions that models got wrong <span class="quiet">drawn by chance</span></h3>
${marked ? toggle : ""}</div>
<div class="examples">${examples.map((example) => exampleFigure(example, axes)).join("\n")}</div>
</div>`;
}

function exampleFigure(example: FailureExample, axes: readonly string[]): string {
  const { item, picture, answers } = example;
  const shot =
    picture === undefined
      ? `<div class="missing">${escapeMarkup(item.image)} is not there</div>`
      : `<img src="${escapeMarkup(picture)}" alt="Picture of the question" \
width="${item.width}" height="${item.height}">${overlaySvg(example)}`;
  const facts = axes
    .filter((axis) => Object.hasOwn(item.difficulty, axis))
    .slice(0, 6)
    .map((axis) => [axis, item.difficulty[axis]] as const)
    .map(([axis, value]) => `${axisName(axis)} ${typeof value === "number" ? shortNumber(value) : value}`);
  const expected = item.answer === "" ? "as marked" : item.answer;
  return `<article class="example">
<div class="shot">${shot}</div>
<p class="question">${escapeMarkup(item.question)}</p>
<ul class="said"><li><span class="who">expected</span><span class="chip">${longText(expected)}</span></li>
${answers.map(answerLine).join("\n")}</ul>
<p class="facts">${escapeMarkup(facts.join(" · "))}</p>
</article>`;
}

const shortNumber = (value: number) => String(Number(value.toPrecision(3)));

function answerLine({ label, slot, answer, outcome }: ExampleAnswer): string {
  const sign = outcome === "right" ? "✓ " : "✗ ";
  const note = outcome === "unparsable" ? ` <i>(${escapeMarkup(answer?.problem ?? "not readable")})</i>` : "";
  const text = outcome === "unanswered" ? "(no answer)" : answer?.text.trim() || "(nothing)";
  const who = `<span class="who" title="${escapeMarkup(label)}">${escapeMarkup(shortName(label))}</span>`;
  const mark = outcome === "right" ? "right" : "wrong";
  return `<li>${key(slot)}${who}<span class="chip ${mark}">${longText(`${sign}${text}`)}${note}</span></li>`;
}
