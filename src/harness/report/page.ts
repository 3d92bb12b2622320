import { escapeMarkup } from "../../common/markup.ts";
import { elementPage } from "../../elements/pages/page.ts";
import { verdict } from "../score/brief.ts";
import type { Comparison, PairScores } from "../score/compare.ts";
import type { RunScores } from "../score/scores.ts";
import { cards } from "./cards.ts";
import { count, estimateHtml, key, scrollTable, tableHead } from "./elements.ts";
import { reportStyle } from "./page-style.ts";
import type { Change, ShownGroup } from "./shown.ts";

/** Everything that the page of one evaluation shows. */
export interface ReportPage {
  /** How people call the data. */
  readonly data: string;
  /** Which part of it was asked, in words; missing where it was all of it. */
  readonly part?: string;
  readonly pictures: number;
  /** Short names of the models: of two, the one that is held against comes first. */
  readonly names: readonly string[];
  readonly models: readonly string[];
  /** In the order of the names. */
  readonly scores: readonly RunScores[];
  /** Of the last model against the first. */
  readonly comparison?: Comparison;
  readonly groups: readonly ShownGroup[];
}

/** The evaluation as one page that needs nothing else: pictures and its own script inside, every text escaped. */
export function reportPage(page: ReportPage): Promise<string> {
  const title =
    page.comparison === undefined ? `${page.names[0]} on ${page.data}` : `What changed on ${page.data}`;
  return elementPage({
    title,
    style: reportStyle,
    lead: leadOf(page),
    beneath: modelList(page),
    sections: [scoreSection(page), page.groups.map((group) => groupSection(group, page)).join("\n")],
    footer: footerOf(page),
  });
}

function leadOf({ scores, pictures, part, data, comparison, names }: ReportPage): string {
  const asked = `${plural(scores[0].all.items, "question")} about ${plural(pictures, "picture")} of ${data}`;
  const which = part === undefined ? "" : ` (${part})`;
  const [first, second] = names;
  return comparison === undefined
    ? `${asked}${which}, answered by ${first}.`
    : `${asked}${which}, answered by ${first} and by ${second}. ${verdict(comparison.all, [second, first]).join(" ")}`;
}

const plural = (number: number, word: string) => `${count(number)} ${word}${number === 1 ? "" : "s"}`;

function modelList({ names, models, comparison }: ReportPage): string {
  const roles = comparison === undefined ? [""] : ["before", "after"];
  const items = names.map((name, slot) => {
    const path = models[slot] === name ? "" : ` <span class="quiet">${escapeMarkup(models[slot])}</span>`;
    const role = roles[slot] === "" ? "" : `<span class="quiet">${roles[slot]}</span> `;
    return `<li>${key(slot)}${role}<b>${escapeMarkup(name)}</b>${path}</li>`;
  });
  return `<ul class="models">${items.join("")}</ul>`;
}

function scoreSection({ names, scores, comparison }: ReportPage): string {
  const chance = scores[0].baselines.find(({ name }) => name === "blind");
  const tasks = scores[0].tasks.map(({ task }) => task);
  const heads = [
    "",
    "questions",
    ...names,
    ...(comparison ? ["change, points"] : []),
    ...(chance ? ["without the picture"] : []),
  ];
  const rows = [...tasks, ...(tasks.length > 1 ? [undefined] : [])].map((task) => {
    const own = scores.map(({ all, tasks: each }) => each.find((one) => one.task === task) ?? all);
    const cells = own.map(
      ({ accuracy }, slot) => `<td class="cell">${estimateHtml(accuracy, { slot })}</td>`,
    );
    const pair = task === undefined ? comparison?.all : comparison?.tasks.find((one) => one.task === task);
    const blind = task === undefined ? chance : chance?.tasks.find((one) => one.task === task);
    return `<tr${task === undefined ? ' class="total"' : ""}><th scope="row">${escapeMarkup(task ?? "all")}</th>\
<td>${count(own[0].items)}</td>${cells.join("")}${pair ? `<td class="cell">${changeHtml(pair)}</td>` : ""}\
${blind ? `<td class="quiet">${(100 * blind.accuracy.value).toFixed(1)} %</td>` : ""}</tr>`;
  });
  const content = `${tableHead(heads)}<tbody>${rows.join("\n")}</tbody>`;
  return `<section><h2>Right answers</h2>
<p class="quiet small">With 95 % intervals. An answer that could not be read counts as wrong.</p>
${scrollTable("Accuracy", "board outcome", content)}</section>`;
}

function changeHtml({ difference, mcNemar: { onlyA, onlyB } }: PairScores): string {
  const signed = (share: number) =>
    `${share > 0 ? "+" : share < 0 ? "−" : ""}${Math.abs(100 * share).toFixed(1)}`;
  const { value, low, high } = difference;
  return `<span class="figure"><b>${signed(value)}</b></span>\
<span class="interval">${signed(low)} to ${signed(high)}</span>\
<span class="interval">${onlyA} gained, ${onlyB} lost</span>`;
}

function titleOf(change: Change, { comparison, names }: ReportPage): string {
  if (comparison === undefined) return change === "right" ? "Answered rightly" : "Answered wrongly";
  const titles: Readonly<Record<Change, string>> = {
    gained: `Gained: only ${names[1]} is right`,
    lost: `Lost: only ${names[0]} is right`,
    wrong: "Wrong both times",
    right: "Right both times",
  };
  return titles[change];
}

function groupSection(group: ShownGroup, page: ReportPage): string {
  const { change, count: all, questions } = group;
  const some = questions.length < all ? `, ${questions.length} of them below, drawn by chance` : "";
  return `<section class="group">
<h2>${escapeMarkup(titleOf(change, page))}</h2>
<p class="quiet">${plural(all, "question")}${some}.</p>
<div class="cards">${cards(questions, page.names, change)}</div>
</section>`;
}

function footerOf({ groups, comparison }: ReportPage): string {
  const hasAttention = groups.some(({ questions }) =>
    questions.some(({ answers }) => answers.some(({ attention }) => attention)),
  );
  return [
    "Dashed white lines mark the evidence that the data names; crosses and boxes in a model's colour are its answer where the answer is a place.",
    ...(hasAttention
      ? [
          "“Where it looks” is the attention of the last layer over the picture just before the answer, the mean of all heads; clear is the even share or less, deep red all on one place, in steps of the logarithm; pointing at a patch reads its share, in both models at the same place.",
        ]
      : []),
    ...(comparison ? ["Significance is McNemar’s exact test over the same questions, two-sided."] : []),
    "Intervals are 95 %: Wilson for shares, bootstrap over pictures for changes.",
  ].join(" ");
}
