/** The page of a study: tables, learning curves, and what models of one seed say and show of the same pictures. */
import { escapeMarkup } from "../common/markup.ts";
import { elementPage } from "../elements/pages/page.ts";
import { sceneData, sceneSection } from "../eval/demo/html.ts";
import { style as demoStyle } from "../eval/demo/style.ts";
import { type LearningFigure, learningSvg } from "../harness/plots/learning-curves.ts";
import { pageTheme, seriesStyle } from "../harness/plots/palette.ts";
import type { ShownScenes } from "./pictures.ts";
import type { StudyReport } from "./report.ts";
import { headLines, type TitledTable, tablesOf } from "./table.ts";

const style = `${demoStyle}
${seriesStyle}
.numbers{border-collapse:collapse;font:var(--figures)}
.numbers :is(th,td){padding:6px 16px 6px 0;text-align:right;white-space:nowrap;border-bottom:1px solid var(--hairline)}
.numbers :is(th,td):first-child{text-align:left}
.curves svg{max-width:100%;height:auto}
`;

/** One page that needs nothing else; every text is escaped. */
export function studyPage(
  report: StudyReport,
  figure: LearningFigure,
  shown: ShownScenes | undefined,
): Promise<string> {
  const [first, second, ...others] = headLines(report);
  return elementPage({
    title: "Ablation",
    style,
    lead: escapeMarkup(`${first} ${second}`),
    beneath: `<ul>${others.map((line) => `<li>${escapeMarkup(line)}</li>`).join("")}</ul>`,
    sections: [
      ...tablesOf(report).map(tableSection),
      `<section class="curves"><h2>Learning curves</h2>${learningSvg(figure, pageTheme)}</section>`,
      ...sceneSections(shown),
    ],
    footer:
      "Intervals are 95 %: bootstrap over the pictures of all seeds, of pictures until a score over seeds too. Differences are paired by question.",
    data: Object.fromEntries(shown?.scenes.flatMap(sceneData) ?? []),
  });
}

function tableSection({ title, rows: [head, ...rows] }: TitledTable): string {
  const heads = head.map((text) => `<th scope="col">${escapeMarkup(text)}</th>`).join("");
  const body = rows.map(
    ([label, ...cells]) =>
      `<tr><th scope="row">${escapeMarkup(label)}</th>${cells.map((cell) => `<td>${escapeMarkup(cell)}</td>`).join("")}</tr>`,
  );
  return `<section><h2>${escapeMarkup(title)}</h2>
<div class="scroll" role="region" tabindex="0" aria-label="${escapeMarkup(title)}"><table class="numbers"><thead><tr>${heads}</tr></thead><tbody>${body.join("\n")}</tbody></table></div></section>`;
}

/** The first held-out pictures, unchosen, by the models of one seed. */
function sceneSections(shown: ShownScenes | undefined): string[] {
  if (shown === undefined) return [];
  const { models, seed, scenes } = shown;
  const names = models.map(({ label }) => label).join(", ");
  const head = `<section><h2>Side by side</h2><p class="quiet">${escapeMarkup(
    `The models of seed ${seed} after training, on the first held-out pictures, unchosen: ${names}.`,
  )}</p></section>`;
  return [head, ...scenes.map((scene, s) => sceneSection(scene, s, { models }))];
}
