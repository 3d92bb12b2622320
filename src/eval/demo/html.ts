import { escapeMarkup, measured } from "../../common/markup.ts";
import { elementPage } from "../../elements/pages/page.ts";
import { formatNumber } from "../../lens/scale.ts";
import type { Estimate } from "../statistics.ts";
import type {
  DemoReport,
  ReportBlock,
  ReportMap,
  ReportQuestion,
  ReportScene,
  ReportScore,
  ReportView,
} from "./report.ts";
import { style } from "./style.ts";

/** The report as one HTML page that needs nothing else: pictures and its own script inside, every text escaped. */
export function reportHtml(report: DemoReport): Promise<string> {
  return elementPage({
    title: report.title,
    style,
    lead: report.lead,
    beneath: modelList(report),
    sections: [
      report.scores.length > 0 ? scoreSection(report) : "",
      ...report.scenes.map((scene, s) => sceneSection(scene, s, report)),
    ],
    footer: escapeMarkup(report.footer),
    data: Object.fromEntries(report.scenes.flatMap(sceneData)),
  });
}

/** The letter of a model, in its colour. */
function letter(m: number): string {
  return `<span class="letter m${m + 1}">${"ABCD"[m] ?? ""}</span>`;
}

function modelList({ models }: DemoReport): string {
  const items = models.map(
    ({ label, folder, parameters }, m) =>
      `<li>${letter(m)}<b>${escapeMarkup(label)}</b>
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
  return `<div class="score">
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

/** A picture with the answers of models and what they show; `s`: its number on the page. */
export function sceneSection(scene: ReportScene, s: number, report: Pick<DemoReport, "models">): string {
  const id = `picture-${s}`;
  return `<section class="scene">
<div class="scene-head">
<figure class="photo">${image(scene.picture.address, scene.title, id)}</figure>
<div class="scene-text">
<h2>${escapeMarkup(scene.title)}</h2>
<p class="quiet">${escapeMarkup(scene.note)}</p>
${scene.questions.length > 0 ? questionTable(scene.questions, report) : ""}
</div>
</div>
${viewsOf(scene)
  .map((view, v) => viewSection(view, `scene-${s}-${v}`, id))
  .join("\n")}
</section>`;
}

/** What one element of the page shows: blocks of one kind, their results together. */
interface SceneView {
  readonly blocks: readonly ReportBlock[];
  readonly view?: ReportView;
}

/** Concepts are chips of one element, each question has its own. */
function viewsOf({ blocks }: ReportScene): SceneView[] {
  const lens = blocks.filter(({ view }) => view?.kind === "lens");
  const others = blocks.filter(({ view }) => view?.kind !== "lens");
  const together = lens.flatMap(({ view }) => (view?.kind === "lens" ? [view.results] : []));
  const results = (together[0] ?? []).map((first, m) => ({
    ...first,
    concepts: together.flatMap((of) => of[m].concepts),
  }));
  return [
    ...(lens.length > 0 ? [{ blocks: lens, view: { kind: "lens", results } as const }] : []),
    ...others.map((block) => ({ blocks: [block], view: block.view })),
  ];
}

/** The data of a scene's elements, by their ids. */
export function sceneData(scene: ReportScene, s: number): [string, unknown][] {
  return viewsOf(scene).flatMap(({ view }, v) =>
    view === undefined ? [] : [[`scene-${s}-${v}`, view.results] as [string, unknown]],
  );
}

/** An element with the blocks' pictures inside, which readers without a script see. */
function viewSection({ blocks, view }: SceneView, id: string, picture: string): string {
  const painted = blocks.map(blockSection).join("\n");
  if (view === undefined) return painted;
  const heads = blocks.map(
    ({ title, note }) => `${escapeMarkup(title)} <span class="quiet">${escapeMarkup(note)}</span>`,
  );
  const head = view.kind === "lens" ? `<h3 class="block-head">${heads.join("<br>")}</h3>\n` : "";
  return `<div class="block">${head}<fovea-${view.kind} src="#${picture}" data="#${id}">${painted}</fovea-${view.kind}></div>`;
}

function questionTable(questions: readonly ReportQuestion[], { models }: Pick<DemoReport, "models">): string {
  const withTruth = questions.some(({ truth }) => truth !== undefined);
  const head = ["question", ...(withTruth ? ["truth"] : []), ...models.map(({ label }) => label)].map(
    (text) => `<th>${escapeMarkup(text)}</th>`,
  );
  const rows = questions.map(({ question, truth, answers }) => {
    const said = answers.map(({ text, ended, right }) => {
      const mark = right === undefined ? "" : right ? "right" : "wrong";
      const sign = right === undefined ? "" : ` <span class="${mark}">${mark}</span>`;
      const words = `${text === "" ? "(nothing)" : text}${ended ? "" : " …"}`;
      return `<td><span class="chip">${escapeMarkup(words)}</span>${sign}</td>`;
    });
    const known = withTruth ? `<td>${escapeMarkup(truth ?? "")}</td>` : "";
    return `<tr><td>${escapeMarkup(question)}</td>${known}${said.join("")}</tr>`;
  });
  return `<div class="scroll"><table><thead><tr>${head.join("")}</tr></thead>
<tbody>${rows.join("\n")}</tbody></table></div>`;
}

function blockSection({ title, scale, rows }: ReportBlock): string {
  const drawn = rows.map(
    ({ model, maps }, m) => `<div class="row"><p class="row-name">${letter(m)}${escapeMarkup(model)}</p>
<div class="fallback">${maps.map(mapFigure).join("")}</div></div>`,
  );
  const { label, low, high } = scale;
  const ends = `colours: ${label}, from ${formatNumber(low)} (white) to ${formatNumber(high)} (deep red)`;
  return `<div><h3>${escapeMarkup(title)}</h3><p class="quiet small">${escapeMarkup(ends)}</p>
${drawn.join("\n")}
</div>`;
}

function mapFigure({ label, note, picture }: ReportMap): string {
  const caption = `${escapeMarkup(label)}<br><b>${escapeMarkup(note)}</b>`;
  return `<figure>${image(picture.address, `${label}: ${note}`)}<figcaption>${caption}</figcaption></figure>`;
}

function image(address: string, text: string, id?: string): string {
  const named = id === undefined ? "" : ` id="${id}"`;
  return `<img${named} src="${escapeMarkup(address)}" alt="${escapeMarkup(text)}">`;
}
