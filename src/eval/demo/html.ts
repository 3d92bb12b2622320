import { escapeMarkup, htmlPage, measured } from "../../common/markup.ts";
import { formatNumber } from "../../lens/scale.ts";
import type { Estimate } from "../statistics.ts";
import type {
  DemoReport,
  ReportBlock,
  ReportMap,
  ReportQuestion,
  ReportScale,
  ReportScene,
  ReportScore,
} from "./report.ts";
import { style } from "./style.ts";

/** The report as one HTML page that needs nothing else: pictures inside, no scripts, every text escaped. */
export function reportHtml(report: DemoReport): string {
  return htmlPage({
    title: report.title,
    style,
    lead: report.lead,
    beneath: modelList(report),
    sections: [
      report.scores.length > 0 ? scoreSection(report) : "",
      ...report.scenes.map((scene) => sceneSection(scene, report)),
    ],
    footer: escapeMarkup(report.footer),
  });
}

function modelList({ models }: DemoReport): string {
  const items = models.map(
    ({ label, folder, parameters }, m) =>
      `<li><span class="key m${m + 1}"></span><b>${escapeMarkup(label)}</b>
<span class="quiet">${escapeMarkup(folder)} · ${(parameters / 1e6).toFixed(1)} M parameters</span></li>`,
  );
  return `<ul class="models">${items.join("")}</ul>`;
}

function scoreSection(report: DemoReport): string {
  return `<section>
<h2>Scores against the truth</h2>
<p class="quiet">${escapeMarkup(report.scoresNote)}</p>
<div class="scores">${report.scores.map((score) => scoreCard(score, report)).join("\n")}</div>
</section>`;
}

function scoreCard({ label, what, estimates, difference }: ReportScore, { models }: DemoReport): string {
  const bars = estimates.map((estimate, m) => bar(estimate, m, models[m].label));
  const change =
    difference === undefined ? "" : `<span class="change">${escapeMarkup(points(difference))}</span>`;
  return `<div class="card score">
<p class="score-name"><b>${escapeMarkup(label)}</b>${change}</p>
<p class="quiet small">${escapeMarkup(what)}</p>
${bars.join("\n")}
</div>`;
}

/** A bar from 0 to 100 % with the interval as a line over its end. */
function bar({ value, low, high }: Estimate, m: number, model: string): string {
  if (Number.isNaN(value)) return "";
  const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
  const whisker = { left: 100 * low, width: 100 * Math.max(0, high - low) };
  const text = `${model}: ${percent(value)}, 95 % interval ${percent(low)} to ${percent(high)}`;
  return `<div class="bar" title="${escapeMarkup(text)}">
<div class="track"><div class="fill m${m + 1}" ${measured({ width: 100 * value })}></div>
<div class="whisker" ${measured(whisker)}></div></div>
<span class="figure">${(100 * value).toFixed(1)} %</span>
</div>`;
}

function points({ value, low, high }: Estimate): string {
  const signed = (share: number) => `${share > 0 ? "+" : ""}${(100 * share).toFixed(1)}`;
  return Number.isNaN(value) ? "" : `${signed(value)} [${signed(low)}, ${signed(high)}]`;
}

function sceneSection(scene: ReportScene, report: DemoReport): string {
  return `<section class="card scene">
<div class="scene-head">
<figure class="main">${image(scene.picture.address, scene.title)}</figure>
<div class="scene-text">
<h2>${escapeMarkup(scene.title)}</h2>
<p class="quiet">${escapeMarkup(scene.note)}</p>
${scene.questions.length > 0 ? questionTable(scene.questions, report) : ""}
</div>
</div>
${scene.blocks.map(blockSection).join("\n")}
</section>`;
}

function questionTable(questions: readonly ReportQuestion[], { models }: DemoReport): string {
  const withTruth = questions.some(({ truth }) => truth !== undefined);
  const head = ["question", ...(withTruth ? ["truth"] : []), ...models.map(({ label }) => label)].map(
    (text) => `<th>${escapeMarkup(text)}</th>`,
  );
  const rows = questions.map(({ question, truth, answers }) => {
    const said = answers.map(({ text, ended, right }) => {
      const mark = right === undefined ? "" : right ? "right" : "wrong";
      const sign = right === undefined ? "" : right ? "✓ " : "✗ ";
      const words = `${sign}${text === "" ? "(nothing)" : text}${ended ? "" : " …"}`;
      return `<td><span class="chip ${mark}">${escapeMarkup(words)}</span></td>`;
    });
    const known = withTruth ? `<td>${escapeMarkup(truth ?? "")}</td>` : "";
    return `<tr><td>${escapeMarkup(question)}</td>${known}${said.join("")}</tr>`;
  });
  return `<div class="scroll"><table><thead><tr>${head.join("")}</tr></thead>
<tbody>${rows.join("\n")}</tbody></table></div>`;
}

function blockSection({ title, note, scale, rows }: ReportBlock): string {
  const drawn = rows.map(
    (
      { model, maps },
      m,
    ) => `<div class="row"><p class="row-name"><span class="key m${m + 1}"></span>${escapeMarkup(model)}</p>
<div class="maps">${maps.map(mapFigure).join("")}</div></div>`,
  );
  return `<div class="block">
<div class="block-head">
<h3>${escapeMarkup(title)} <span class="quiet">${escapeMarkup(note)}</span></h3>${scaleBar(scale)}
</div>
${drawn.join("\n")}
</div>`;
}

function mapFigure({ label, note, picture, smooth }: ReportMap): string {
  const kind = smooth ? ' class="smooth"' : "";
  const caption = `${escapeMarkup(label)}<br><b>${escapeMarkup(note)}</b>`;
  const drawn = image(picture.address, `${label}: ${note}`);
  return `<figure${kind}>${drawn}<figcaption>${caption}</figcaption></figure>`;
}

function image(address: string, text: string): string {
  return `<img src="${escapeMarkup(address)}" alt="${escapeMarkup(text)}">`;
}

/** The colours from left to right with the numbers at both ends. */
function scaleBar({ colours, label, low, high }: ReportScale): string {
  return `<div class="scale"><span>${escapeMarkup(label)}</span><span class="figure">${formatNumber(low)}</span>
<span class="ramp ${colours}"></span>
<span class="figure">${formatNumber(high)}</span></div>`;
}
