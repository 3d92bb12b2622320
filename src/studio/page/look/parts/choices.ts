/** What is asked, what lies over the picture, and how it is drawn. */
import { html, nothing } from "lit";
import { valueText } from "../../../../lens/findings.ts";
import type { LensSpace } from "../../../../lens/logit-lens.ts";
import { lensSpaces } from "../../../../lens/logit-lens.ts";
import { formatShare } from "../../../../lens/scale.ts";
import { valueAt } from "../cut.ts";
import { whereIs } from "../start.ts";
import { type LookState, layersOver, type Over, type Ramp, ramps } from "../state.ts";
import type { LookView } from "../view.ts";

const overTitles: Readonly<Record<Over, string>> = {
  concept: "concept",
  words: "words",
  attention: "attention",
  relevance: "relevance",
};

const textIn = (event: Event) => (event.target as HTMLInputElement).value.trim() || undefined;
const numberIn = (event: Event) => (event.target as HTMLInputElement).valueAsNumber;

/** Concept and question, with what is known to show as buttons. */
export function asking({ state, picture, set }: LookView) {
  const choose = (concept: string | undefined) => set({ concept, ...followed(state, concept) });
  const words = [...new Set((picture.truth ?? []).map(({ word }) => word))];
  return html`<div class="asking">
    <div class="row">
      <label for="concept">Concept</label>
      <input id="concept" .value=${state.concept ?? ""} placeholder="a word, such as cat" autocomplete="off"
        spellcheck="false" @change=${(event: Event) => choose(textIn(event))} />
      ${words.map((word) => {
        const chosen = word === state.concept;
        return html`<button aria-pressed=${chosen} @click=${() => choose(word)}>${word}</button>`;
      })}
    </div>
    <div class="row grow">
      <label for="question">Question</label>
      <input id="question" class="wide" .value=${state.question ?? ""} placeholder="where is the cat ?"
        autocomplete="off" @change=${(event: Event) =>
          set({
            question: textIn(event),
            token: undefined,
            over: textIn(event) && state.over !== "relevance" ? "attention" : state.over,
          })} />
    </div>
  </div>`;
}

/** A question that asks where the concept is asks after the new one. */
function followed({ concept, question }: LookState, next: string | undefined): Partial<LookState> {
  if (next === undefined || question === undefined || question !== whereIs(concept)) return {};
  return { question: whereIs(next), token: undefined };
}

/** What lies over the picture, and its scale. */
export function settings(view: LookView) {
  const { state, set } = view;
  const isLens = state.over === "concept";
  return html`<div class="settings row">
    <div class="row segments" role="group" aria-label="Over the picture">
      ${layersOver.map(
        (over) =>
          html`<button aria-pressed=${over === state.over} @click=${() => set({ over })}>${overTitles[over]}</button>`,
      )}
    </div>
    ${
      isLens
        ? html`<label>value
            <select @change=${(event: Event) => set({ space: textIn(event) as LensSpace, cut: undefined })}>
              ${lensSpaces.map((space) => html`<option ?selected=${space === state.space}>${space}</option>`)}
            </select></label>`
        : nothing
    }
    <label>colours
      <select @change=${(event: Event) => set({ ramp: textIn(event) as Ramp })}>
        ${ramps.map((ramp) => html`<option ?selected=${ramp === state.ramp}>${ramp}</option>`)}
      </select></label>
    ${scaleChoice(view)}
    <label class="slider">opacity
      <input type="range" min="0" max="1" step="0.05" .value=${`${state.opacity}`}
        @input=${(event: Event) => set({ opacity: numberIn(event) })} /></label>
    ${isLens ? cutChoice(view) : nothing}
  </div>`;
}

function scaleChoice({ state, set }: LookView) {
  if (state.over === "words" || state.over === "relevance") return nothing;
  const fixed = state.over === "concept" && (state.space === "rank" || state.space === "logit");
  if (fixed) return nothing;
  return html`<label>scale
    <select @change=${(event: Event) => set({ own: textIn(event) === "own" })}>
      <option value="fixed" ?selected=${!state.own}>fixed</option>
      <option value="own" ?selected=${state.own}>own</option>
    </select></label>`;
}

function cutChoice({ state, shared, set }: LookView) {
  const { cut } = state;
  const at = cut === undefined || shared === undefined ? undefined : valueAt(shared.scale, cut, shared.ends);
  return html`<label class="slider">threshold
      <input type="range" min="0" max="1" step="0.01" .value=${`${cut ?? 0}`}
        aria-valuetext=${at === undefined ? "none" : valueText(state.space, at)}
        @input=${(event: Event) => set({ cut: numberIn(event) || undefined })} />
      <output class="figures cut">${at === undefined ? "none" : valueText(state.space, at)}</output></label>`;
}

/** The share of an image that a mask covers, for a caption. */
export function maskText(share: number, iou: number | undefined): string {
  const part = `mask ${formatShare(share)} of the picture`;
  return iou === undefined ? part : `${part}, IoU ${iou.toFixed(2)}`;
}
