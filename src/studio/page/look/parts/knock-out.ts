/** What is taken from the models: patches by brush or region, layers, heads; undone, cleared. */
import { html, nothing } from "lit";
import { idOf } from "../memo.ts";
import { cleared, patchesOf, struckText, withLayer } from "../patches.ts";
import { type From, froms, isStruck } from "../state.ts";
import type { LookView } from "../view.ts";

/** What each choice hides patches from, for people. */
const fromTexts: Readonly<Record<From, string>> = {
  answer: "the answer alone",
  text: "all text",
  all: "other patches too",
};

export function knockOut(view: LookView) {
  const { state, struck, brush, toggle, strike, undo, canUndo, columns } = view;
  if (columns.length === 0) return nothing;
  const none = state.question === undefined;
  return html`<section class="knock" aria-label="Knock out">
    <div class="row">
      <h2>Knock out</h2>
      <button aria-pressed=${brush} ?disabled=${none} @click=${() => toggle("brush")}>paint patches</button>
      ${regionButtons(view, none)}
      <label>hidden from
        <select ?disabled=${none} @change=${(event: Event) =>
          strike({ ...struck, from: (event.target as HTMLSelectElement).value as From })}>
          ${froms.map((from) => html`<option value=${from} ?selected=${from === struck.from}>${fromTexts[from]}</option>`)}
        </select></label>
      <label class="check"><input type="checkbox" .checked=${struck.only} ?disabled=${none || struck.patches.length === 0}
        @change=${(event: Event) => strike({ ...struck, only: (event.target as HTMLInputElement).checked })} />
        only these patches are seen</label>
      ${layerButtons(view, none)}
      <span class="row end">
        <button class="quiet" ?disabled=${!canUndo} @click=${undo}>undo</button>
        <button class="quiet" ?disabled=${!isStruck(struck)} @click=${() => strike(cleared(struck))}>clear</button>
      </span>
    </div>
    <p class="caption" role="status">${noteOf(view)}</p>
  </section>`;
}

function noteOf({ state, struck, brush }: LookView): string {
  if (state.question === undefined)
    return "Ask a question first: then see how the answer changes without parts of the picture.";
  if (isStruck(struck))
    return `Without ${struckText(struck)}. What is hidden gets no attention; nothing else of the model changes.`;
  if (brush)
    return "Drag over patches to hide them; drag over hidden ones to bring them back. Arrow keys and Enter do the same.";
  return "Hide patches, heads or layers from the model, and see its answer change.";
}

function regionButtons({ target, regions, geometry, struck, strike, memo }: LookView, none: boolean) {
  if (target === undefined || regions === undefined || geometry === undefined) return nothing;
  const patches = memo(`hidden ${idOf(regions)} ${idOf(geometry)}`, () => patchesOf(regions, geometry));
  return html`<button ?disabled=${none} @click=${() => strike({ ...struck, patches, only: false })}>hide the ${target}</button>
    <button ?disabled=${none} @click=${() => strike({ ...struck, patches, only: true })}>only the ${target}</button>`;
}

/** Whole layers: in small models each has a button, in large ones the layer that is shown has one. */
function layerButtons({ columns, struck, strike }: LookView, none: boolean) {
  const [{ card, attending }] = columns;
  const shown =
    card.attentionLayers.length <= 12 ? card.attentionLayers : [...new Set([...struck.layers, attending])];
  return html`<span class="row layers" role="group" aria-label="Knock out a layer’s attention to the image">
    <span class="muted">layer</span>
    ${shown.map(
      (layer) =>
        html`<button ?disabled=${none} aria-pressed=${struck.layers.includes(layer)} aria-label=${`layer ${layer}`}
          @click=${() => strike(withLayer(struck, layer))}>${layer}</button>`,
    )}</span>`;
}
