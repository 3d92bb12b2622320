import { regionsBox } from "../../answers/boxes.ts";
import { escapeMarkup, measured } from "../../common/markup.ts";
import type { Region } from "../../grounding/region.ts";
import type { ItemRecord } from "../record.ts";
import type { AttentionView } from "./attention-views.ts";
import { key, longText } from "./elements.ts";
import { overlaySvg } from "./overlay.ts";
import type { ShownAnswer, ShownQuestion } from "./shown.ts";

/** Questions of a group as cards: the picture with its evidence, what was expected, and what every model said. */
export function cards(questions: readonly ShownQuestion[], names: readonly string[], group: string): string {
  return questions.map((question, i) => card(question, names, `${group}-${i}`)).join("\n");
}

function card(shown: ShownQuestion, names: readonly string[], photo: string): string {
  const { item, answers } = shown;
  const hasAttention = answers.some(({ attention }) => attention !== undefined);
  return `<article class="asked${hasAttention ? " looks" : ""}">
<p class="question">${escapeMarkup(item.question)}</p>
<div class="figures"${hasAttention ? " data-linked" : ""}>
<figure>${shot(shown, photo)}<figcaption>${expected(item)}</figcaption></figure>
${answers.map((answer) => answerFigure(answer, names[answer.slot], item, photo)).join("\n")}
</div>
<p class="facts">${escapeMarkup(`${item.task} · ${item.id}`)}</p>
</article>`;
}

function shot(shown: ShownQuestion, photo: string): string {
  const { item, picture } = shown;
  if (picture === undefined) return `<div class="missing">${escapeMarkup(item.image)} cannot be read</div>`;
  const small = Math.max(item.width, item.height) <= 160 ? ' class="small-picture"' : "";
  return `<div class="shot" ${fits(item)}><img id="${photo}"${small} src="${picture}" alt="The picture of the question" width="${item.width}" \
height="${item.height}">${overlaySvg(shown)}</div>`;
}

/** Most pixels of the page that a tall picture may take. */
const tallest = 420;

/** A tall picture is narrower than its column, whatever the page's width. */
function fits({ width, height }: ItemRecord): string {
  return measured({ widest: Math.round((tallest * width) / height) });
}

function expected({ answer, answerType, regions, width, height }: ItemRecord): string {
  const isPlace = answerType === "points" || answerType === "box";
  const text = isPlace && regions.length > 0 ? "the marked place" : answer || "nothing";
  return `<span class="quiet">expected</span> <span class="chip">${longText(text)}</span>\
<span class="interval">${evidenceNote(regions, width, height)}</span>`;
}

/** What the outline stands for; an outline that nobody can see is not spoken of as if it were there. */
function evidenceNote(regions: readonly Region[], width: number, height: number): string {
  if (regions.length === 0) return "the data marks no evidence";
  const seen = regions.filter((region) => {
    const box = regionsBox([region]);
    return box !== undefined && box[0] < width && box[1] < height && box[2] > 0 && box[3] > 0;
  });
  if (seen.length === 0) return "the marked evidence lies outside of the picture";
  return seen.length < regions.length
    ? `evidence dashed; ${regions.length - seen.length} of ${regions.length} places lie outside of the picture`
    : "evidence dashed";
}

function answerFigure(
  { attention, answer, outcome, slot }: ShownAnswer,
  name: string,
  item: ItemRecord,
  photo: string,
): string {
  const picture = attention === undefined ? "" : attentionMap(attention, name, item, photo);
  const share =
    attention?.onEvidence === undefined
      ? ""
      : `<span class="interval">looks: ${(100 * attention.onEvidence).toFixed(0)} % on the evidence</span>`;
  return `<figure>${picture}<figcaption>${key(slot)}<span class="quiet">${escapeMarkup(name)}</span> \
${chip(outcome, answer?.text, answer?.problem)}${share}</figcaption></figure>`;
}

/** The map as an element, and the painted one for readers without a script. */
function attentionMap(
  { picture, values, geometry }: AttentionView,
  name: string,
  item: ItemRecord,
  photo: string,
): string {
  const map = {
    values: values.map((value) => Number(value.toPrecision(3))),
    geometry,
    scale: { kind: "share", N: values.length },
  };
  const text = `Where ${name} looks`;
  return `<div class="shot" ${fits(item)}><fovea-map reading src="#${photo}" label="${escapeMarkup(text)}" \
map="${escapeMarkup(JSON.stringify(map))}"><img src="${picture}" alt="${escapeMarkup(text)}" width="${item.width}" \
height="${item.height}"></fovea-map></div>`;
}

const marks = {
  right: "right",
  wrong: "wrong",
  unparsable: "not read",
  unanswered: "no answer",
} as const;

function chip(outcome: ShownAnswer["outcome"], text = "", problem?: string): string {
  const said = outcome === "unanswered" ? "" : ` ${longText(text.trim() || "(nothing)")}`;
  const why = outcome === "unparsable" ? ` <i>(${escapeMarkup(problem ?? "not readable")})</i>` : "";
  return `<span class="chip ${outcome === "right" ? "right" : "wrong"}"><b>${marks[outcome]}</b>${said}${why}</span>`;
}
