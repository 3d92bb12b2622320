/** What the pinned patches and the one under the cursor say, layer by layer, for each model. */
import { html, nothing } from "lit";
import type { ImageGeometry } from "../../../../common/image.ts";
import { samePlace } from "../../../../elements/map/fit.ts";
import type { PinnedWords, WordRow } from "../../../../elements/words/table.ts";
import { placeText } from "../../../../lens/findings.ts";
import type { LensResult } from "../../../../lens/logit-lens.ts";
import type { Column } from "../columns.ts";
import { idOf } from "../memo.ts";
import { readPatches } from "../patches.ts";
import { piecesText } from "../sentences.ts";
import type { LookView } from "../view.ts";
import { lensOf } from "../views.ts";

export function patchTables(view: LookView) {
  const { state, columns, set } = view;
  const shown = shownPatches(view);
  const onWord = (event: Event) =>
    set({ word: (event.target as HTMLInputElement).value.trim() || undefined });
  return html`<aside class="patches" aria-label="What patches say">
    <div class="row between">
      <h3>${headingOf(view, shown)}</h3>
      ${state.pins.length > 0 ? html`<button class="quiet" @click=${() => set({ pins: [] })}>unpin all</button>` : nothing}
    </div>
    <div class="row find">
      <label for="word">Find</label>
      <input id="word" .value=${state.word ?? ""} placeholder=${state.concept ?? "a word"} autocomplete="off"
        spellcheck="false" @change=${onWord} />
      <span class="caption">its rank ends each row</span>
    </div>
    ${
      shown.length === 0
        ? html`<p class="muted">Point at a patch, or move over the map with the arrow keys, and read here what it says at
            every layer. A click or Enter pins it; up to four pins stand side by side.</p>`
        : columns.map((column) => tableOf(column, shown, view))
    }
  </aside>`;
}

interface ShownPatch {
  readonly patch: number;
  /** "1", or "here" for the one under the cursor. */
  readonly name: string;
}

function shownPatches({ state: { pins }, hovered }: LookView): ShownPatch[] {
  return readPatches(pins, hovered).map((patch) => {
    const pin = pins.indexOf(patch);
    return { patch, name: pin < 0 ? "here" : `${pin + 1}` };
  });
}

function headingOf({ geometry }: LookView, shown: readonly ShownPatch[]): string {
  if (geometry === undefined || shown.length === 0) return "Patch";
  const place = (patch: number) => {
    const { columns } = geometry.grid;
    return placeText({ row: 1 + Math.floor(patch / columns), column: 1 + (patch % columns) });
  };
  if (shown.length === 1) return `Patch at ${place(shown[0].patch)}`;
  return shown.map(({ patch, name }) => `${name}: ${place(patch)}`).join(" · ");
}

function tableOf(column: Column, shown: readonly ShownPatch[], view: LookView) {
  const { state, geometry, memo } = view;
  const lens = lensOf(column, "before");
  if (lens === undefined || geometry === undefined) return nothing;
  const key = `table ${column.letter} ${idOf(lens)} ${state.word} ${shown.map(({ patch, name }) => `${name}:${patch}`)}`;
  const asked = column.words;
  const pins = memo(`${key} ${asked?.words[0]?.word} ${asked?.patches.map(({ patch }) => patch)}`, () =>
    shown.map(({ patch, name }) => ({ name, rows: rowsOf(column, lens, patch, view, geometry) })),
  );
  const pieces = asked?.words[0];
  const note = state.word && pieces ? piecesText(pieces.word, pieces.pieces) : undefined;
  return html`<div class="table" .style=${`--model: var(--model-${column.letter})`}>
    <div class="row"><span class="letter">${column.letter.toUpperCase()}</span>
      <span class="caption">${column.slot.title}</span></div>
    <fovea-words .pins=${pins as readonly PinnedWords[]} .word=${state.word ?? state.concept} .layer=${column.layer}
      .columns=${columnsIn(innerWidth, shown.length)}
      .label=${`words by layer, model ${column.letter.toUpperCase()}`}></fovea-words>
    ${note === undefined ? nothing : html`<p class="caption">${note}</p>`}
  </div>`;
}

/** Words of each patch side by side for which there is room beside the maps, or, in a narrow page, below them. */
export function columnsIn(width: number, patches: number): number {
  if (patches > 1) return width < 1180 && width > 760 && patches === 2 ? 3 : 1;
  if (width <= 760) return 2;
  return width < 1180 ? 5 : width < 1400 ? 2 : 3;
}

function rowsOf(
  column: Column,
  lens: LensResult,
  patch: number,
  { state }: LookView,
  geometry: ImageGeometry,
): WordRow[] {
  const own = samePlace(patch, geometry, lens.geometry);
  if (own === undefined) return [];
  const asked = state.word === undefined ? undefined : column.words?.patches.find((one) => one.patch === own);
  return lens.layers.map(({ layer, words, ranks }, l) => {
    const rank = state.word === undefined ? ranks[0]?.[own] : asked?.layers[l]?.asked[0]?.rank;
    return { layer, words: words[own] ?? [], ...(rank !== undefined && { rank }) };
  });
}
