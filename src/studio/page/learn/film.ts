/** The four watched pictures of a training at a moment, and what is said beside them. */
import { html, nothing, type TemplateResult } from "lit";
import "../../../elements/fovea-map.ts";
import type { PatchWord } from "../../../lens/logit-lens.ts";
import { linearScale, type Scale, shareScale } from "../../../lens/scale.ts";
import type { Moment, Watched, WatchedMaps } from "../../learn/messages.ts";
import { PROBES } from "../../learn/world.ts";
import type { Preview } from "./preview.ts";
import { momentAt, nameOf, steps, type TrainingState, timeOf } from "./training-state.ts";

/** What the maps show: the words of patches, or where answers look. */
export const views = ["words", "answers"] as const;
export type View = (typeof views)[number];

const probability = linearScale("probability", 0, 1);

export function scaleOf(view: View, { geometry: { grid } }: Watched): Scale {
  return view === "words" ? probability : shareScale(grid.rows * grid.columns);
}

/** One training as a row of pictures; `step`: at which; undefined: the newest. */
export function filmRow(
  state: TrainingState,
  view: View,
  step: number | undefined,
  preview: readonly Preview[],
): TemplateResult {
  const moment = momentAt(state, step);
  return html`<section
    class="film"
    aria-label=${nameOf(state)}
    .style=${`--model: var(--model-${state.letter})`}
  >
    <div class="head">
      <span class="letter" aria-hidden="true">${state.letter.toUpperCase()}</span>
      <h2>${nameOf(state)}</h2>
      <span class="caption figures when">${whenOf(moment)}</span>
    </div>
    <div class="pictures">${pictures(state, view, moment, preview)}</div>
  </section>`;
}

function whenOf(moment: Moment | undefined): string {
  if (moment === undefined) return "";
  return moment.step === 0 ? "before the first step" : `${steps(moment.step)}, ${timeOf(moment.seconds)}`;
}

function pictures(
  { watched }: TrainingState,
  view: View,
  moment: Moment | undefined,
  preview: readonly Preview[],
) {
  if (watched.length === 0) return emptyPictures(preview);
  return watched.map((one, i) => picture(one, view, moment?.maps[i]));
}

/** The pictures alone; grey squares until they are there. */
export function emptyPictures(preview: readonly Preview[]): TemplateResult[] {
  if (preview.length === 0) return Array.from({ length: PROBES }, () => html`<div class="empty"></div>`);
  return preview.map(
    ({ image, word, regions }) => html`<figure>
      <fovea-map still .picture=${image} .outlines=${regions} .label=${word}></fovea-map>
      <figcaption><b>${word}</b></figcaption>
    </figure>`,
  );
}

function picture(watched: Watched, view: View, maps: WatchedMaps | undefined) {
  const { image, word, regions, geometry } = watched;
  const values = view === "words" ? maps?.lens : maps?.attention;
  const map = values && { values, geometry, scale: scaleOf(view, watched) };
  return html`<figure>
    <fovea-map
      .picture=${image}
      .map=${map}
      .words=${view === "words" && maps ? wordsOf(maps) : undefined}
      .outlines=${regions}
      .label=${labelOf(watched, view)}
    ></fovea-map>
    <figcaption>${maps === undefined ? nothing : captionOf(word, view, maps)}</figcaption>
  </figure>`;
}

function labelOf({ word, question }: Watched, view: View): string {
  return view === "words" ? `where the patches say ${word}` : `where the answer to “${question}” looks`;
}

function wordsOf({ words, certainty }: WatchedMaps): PatchWord[][] {
  return words.map((token, n) => [{ token, id: n, probability: certainty[n] }]);
}

/** Two lines: what is asked of the picture, and its numbers. */
function captionOf(word: string, view: View, { on, off, answer, onTarget }: WatchedMaps) {
  return view === "words"
    ? html`<b>${word}</b>
        <span class="figures">${on.toFixed(2)} on it, ${off.toFixed(2)} elsewhere</span>`
    : html`<b>where is the ${word} ?</b>
        <span class="figures"
          >${answer === "" ? "no answer" : answer}, ${(100 * onTarget).toFixed(0)} % of it on the ${word}</span
        >`;
}
