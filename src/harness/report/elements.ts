/** Pieces of pages: figures with intervals, legends, tables, long texts. */
import { escapeMarkup, measured } from "../../common/markup.ts";
import type { Estimate } from "../../eval/statistics.ts";
import { legendMark } from "../plots/legend.ts";
import { pageTheme, seriesClass } from "../plots/palette.ts";

/** "72.4 %" */
export function share(value: number): string {
  return Number.isFinite(value) ? `${(100 * value).toFixed(1)} %` : "–";
}

/** "70.1 to 74.5" */
export function spread({ low, high }: Estimate): string {
  return Number.isFinite(low) ? `${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)}` : "";
}

/** "12,345" */
export function count(value: number): string {
  return value.toLocaleString("en-GB");
}

/** A number with its interval below and, with the place of its model, a bar from 0 to 100 % in the model's colour. */
export function estimateHtml(estimate: Estimate, options: { slot?: number; best?: boolean } = {}): string {
  const { slot, best = false } = options;
  const figure = `<span class="figure${best ? " best" : ""}">${share(estimate.value)}</span>`;
  const interval = `<span class="interval">${spread(estimate)}</span>`;
  return `${figure}${interval}${slot === undefined ? "" : bar(estimate, slot)}`;
}

function bar({ value, low, high }: Estimate, slot: number): string {
  if (!Number.isFinite(value)) return "";
  const percent = (part: number) => 100 * Math.min(1, Math.max(0, part));
  const [left, width] = [percent(low), percent(high - low)];
  return `<div class="track" aria-hidden="true">\
<div class="fill ${seriesClass(slot)}" ${measured({ width: percent(value) })}></div>\
<div class="whisker" ${measured({ left, width })}></div></div>`;
}

/** The round key of a row in its colour. */
export function key(slot: number): string {
  return `<span class="key ${seriesClass(slot)}"></span>`;
}

export function legend(entries: readonly { label: string; slot: number | "baseline" }[]): string {
  const items = entries.map(
    ({ label, slot }) =>
      `<li><svg viewBox="-2 -7 22 14" aria-hidden="true">${legendMark(slot, pageTheme)}</svg>\
${escapeMarkup(shortName(label))}</li>`,
  );
  return `<ul class="legend">${items.join("")}</ul>`;
}

/** The first line of a table. */
export function tableHead(heads: readonly string[]): string {
  const cells = heads.map((head) => `<th scope="col">${escapeMarkup(head)}</th>`);
  return `<thead><tr>${cells.join("")}</tr></thead>`;
}

/** A table that scrolls sideways by itself, also from the keyboard. */
export function scrollTable(label: string, kind: string, content: string): string {
  return `<div class="scroll" role="region" tabindex="0" aria-label="${escapeMarkup(label)}">
<table class="${kind}">${content}</table></div>`;
}

/** A model's name; of one behind an address, the name first and the address small below it. */
export function modelName(label: string): string {
  const [, address, model] = /^(https?:\/\/[^#]+)#(.+)$/s.exec(label) ?? [];
  if (model === undefined) return `<span>${escapeMarkup(label)}</span>`;
  return `<span>${escapeMarkup(model)}<span class="interval address">${escapeMarkup(address)}</span></span>`;
}

/** The same on one line, for legends and lists. */
export function shortName(label: string): string {
  return label.replace(/^https?:\/\/[^#]+#/, "");
}

/** Most characters of an answer that are seen at once, and at all. */
const [shortLength, maxLength] = [120, 4000];

/** A text of a model, its end behind a click where it is long. */
export function longText(text: string): string {
  if (text.length <= shortLength) return escapeMarkup(text);
  const rest = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  const start = escapeMarkup(text.slice(0, shortLength));
  return `<details><summary>${start}…</summary>${escapeMarkup(rest)}</details>`;
}
