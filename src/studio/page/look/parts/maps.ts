/** The picture of each model with what lies over it; with a knock-out, before and after side by side. */
import { html, nothing } from "lit";
import { samePlace } from "../../../../elements/map/fit.ts";
import { tokenText } from "../../../../lens/attention-findings.ts";
import { leavesOut } from "../../../../lens/findings.ts";
import type { LensResult } from "../../../../lens/logit-lens.ts";
import { formatShare } from "../../../../lens/scale.ts";
import type { Slot } from "../../studio.ts";
import { type Column, hiddenPatches, knockOutOf } from "../columns.ts";
import { cutMask, isReversed, valueAt } from "../cut.ts";
import { layerText } from "../layers.ts";
import { idOf } from "../memo.ts";
import { mapOf } from "../shares.ts";
import { isStruck, type LookState } from "../state.ts";
import type { LookView } from "../view.ts";
import { attendedLayer, lensOf, type MapView, relevantToken, type Side } from "../views.ts";
import { maskText } from "./choices.ts";

export function maps(view: LookView) {
  return html`<div class="maps" data-count=${view.slots.length}>${view.slots.map((slot) => oneModel(slot, view))}</div>`;
}

function oneModel(slot: Slot, view: LookView) {
  const column = view.columns.find(({ letter }) => letter === slot.letter);
  return html`<section class="model" aria-label=${slot.title} data-letter=${slot.letter}
    .style=${`--model: var(--model-${slot.letter})`}>
    <h2 class="row"><span class="letter">${slot.letter.toUpperCase()}</span> ${slot.title}
      <span class="caption">${slot.note}</span>
      <studio-model-menu .studio=${view.studio} letter=${slot.letter}></studio-model-menu></h2>
    ${column === undefined ? waiting(slot, view) : bodyOf(column, view)}
  </section>`;
}

/** The place of a model that is not open: the picture, so that nothing jumps, and how far it is. */
function waiting({ loading, failed }: Slot, { picture }: LookView) {
  const share = loading?.total ? ` ${formatShare(loading.done / loading.total)}` : "";
  const text = failed ?? `opening${loading ? `: ${loading.what}${share}` : " …"}`;
  return html`<fovea-map still .picture=${picture.image} label="picture"></fovea-map>
    <p class=${failed ? "wrong" : "muted"} role="status">${text}</p>`;
}

function bodyOf(column: Column, view: LookView) {
  const { struck } = view;
  const split = isStruck(struck);
  const sides: readonly Side[] = split ? ["before", "after"] : ["before"];
  return html`<div class="sides" data-count=${sides.length}>
      ${sides.map((side) => sideOf(column, side, view, split))}
    </div>
    ${unknownNote(column, view)}
    ${column.failed.map((line) => html`<p class="wrong" role="status">${line}</p>`)}`;
}

/** Of a concept that the model's vocabulary cannot write; a small vocabulary's words can be read there. */
function unknownNote({ lens }: Column, { state }: LookView) {
  if (lens?.unknown === undefined || state.over !== "concept") return nothing;
  const [, known] = lens.unknown.split("; it knows ");
  return html`<div class="note"><p class="wrong">“${state.concept}” is no word that this model can write.</p>
    ${known === undefined ? nothing : html`<details class="known"><summary class="muted">words that it knows</summary><p class="muted">${known}</p></details>`}</div>`;
}

function sideOf(column: Column, side: Side, view: LookView, split: boolean) {
  const { picture, state, memo } = view;
  const shown = view.mapOf(column, side);
  const label = labelOf(column, side, view);
  return html`<figure>
    ${split ? html`<h3>${side === "before" ? "as it is" : "knocked out"}</h3>` : nothing}
    <fovea-map
      reading
      .picture=${picture.image}
      .map=${shown.map ?? view.mapOf(column, "before").map}
      .tiles=${shown.tiles}
      .words=${shown.words}
      .outlines=${outlinesOf(view)}
      .marked=${markedIn(column, view)}
      .pins=${pinsIn(column, view)}
      .struck=${side === "after" || view.brush ? struckIn(column, view) : undefined}
      .threshold=${thresholdOf(view)}
      .opacity=${state.opacity}
      .brush=${view.brush}
      .label=${label}
      ?busy=${column.busy}
    ></fovea-map>
    ${globalMap(shown, view, label)}
    <figcaption class="caption">${memo(`caption ${label} ${side} ${captionKey(column, view)}`, () => captionOf(column, side, shown, view))}</figcaption>
  </figure>`;
}

function captionKey({ lens, look, after, relevance, relevanceAfter }: Column, { state }: LookView): string {
  return JSON.stringify([state, idOf(lens), idOf(look), idOf(after), idOf(relevance), idOf(relevanceAfter)]);
}

/** Of a picture in tiles: the view of the whole picture has a map of its own. */
function globalMap({ global }: MapView, { picture, state }: LookView, label: string) {
  if (global === undefined) return nothing;
  return html`<div class="global"><h3>view of the whole picture</h3>
    <fovea-map reading .picture=${picture.image} .map=${global} .opacity=${state.opacity}
      .label=${`${label}, view of the whole picture`} data-global></fovea-map></div>`;
}

function labelOf({ letter, layer, attending }: Column, side: Side, { state }: LookView): string {
  const what = {
    concept: state.concept ?? "picture",
    words: "likeliest words",
    attention: "attention",
    relevance: "relevance",
  }[state.over];
  const at = state.over === "attention" ? attending : layer;
  return `${what}, layer ${at}, model ${letter.toUpperCase()}${side === "after" ? ", knocked out" : ""}`;
}

function outlinesOf({ state, shown, regions }: LookView) {
  return { concept: shown, words: undefined, attention: regions, relevance: regions }[state.over];
}

export function ownGrid(column: Column) {
  return (column.lens?.lens ?? column.look)?.geometry;
}

function markedIn(column: Column, { hovered, geometry }: LookView): number | undefined {
  const own = ownGrid(column);
  if (hovered === undefined || geometry === undefined || own === undefined) return undefined;
  return samePlace(hovered, geometry, own);
}

/** The patch of a model's grid at each pin. */
export function pinsIn(column: Column, { state, geometry, memo }: LookView): readonly number[] {
  const own = ownGrid(column);
  if (geometry === undefined || own === undefined) return [];
  return memo(`pins ${column.letter} ${state.pins} ${own.grid.rows} ${own.grid.columns}`, () =>
    state.pins.flatMap((pin) => samePlace(pin, geometry, own) ?? []),
  );
}

function struckIn(column: Column, { struck, geometry, columns, memo }: LookView): readonly number[] {
  const own = ownGrid(column);
  if (geometry === undefined || own === undefined) return [];
  return memo(
    `struck ${column.letter} ${JSON.stringify(struck)} ${own.grid.rows} ${own.grid.columns}`,
    () => {
      const depths = { first: columns[0].card.layers, own: column.card };
      return hiddenPatches(knockOutOf(struck, column.letter, { first: geometry, own }, depths), own);
    },
  );
}

export function thresholdOf({ state, shared }: LookView): number | undefined {
  if (state.over !== "concept" || state.cut === undefined || shared === undefined) return undefined;
  return valueAt(shared.scale, state.cut, shared.ends);
}

function captionOf(column: Column, side: Side, shown: MapView, view: LookView): string {
  const { state, shown: known } = view;
  if (state.over === "attention") return attentionCaption(column, side, view);
  if (state.over === "relevance") return relevanceCaption(column, side, view);
  const lens = lensOf(column, side);
  if (lens === undefined) return "";
  const where = `${layerText(column.layer, column.card.layers)}${tokensNote(lens, state.over)}`;
  if (state.over === "words" || lens.concepts.length === 0 || shown.map === undefined)
    return `${where} · ${gridNote(lens)}`;
  const threshold = thresholdOf(view);
  if (threshold === undefined || view.shared === undefined) return `${where} · ${gridNote(lens)}`;
  const options = { reversed: isReversed(view.shared.ends), ...(known && { regions: known }) };
  const { share, iou } = cutMask(shown.map.values, shown.map.geometry, threshold, options);
  return `${where} · ${maskText(share, iou)}`;
}

/** A word that the tokenizer cuts is read as the mean of its tokens. */
function tokensNote({ concepts }: LensResult, over: LookState["over"]): string {
  const tokens = concepts[0]?.ids.length ?? 1;
  return over === "concept" && tokens > 1 ? ` · mean of the word’s ${tokens} tokens` : "";
}

/** "8 × 8 patches", the model's own grid, and what of the picture it leaves out. */
function gridNote({ geometry, tiles }: Pick<LensResult, "geometry" | "tiles">): string {
  const { rows, columns } = geometry.grid;
  const cut = tiles.rows * tiles.columns > 1 ? ` in ${tiles.rows} × ${tiles.columns} tiles` : "";
  return `${rows} × ${columns} patches${cut}${leavesOut(geometry) ? "; hatched: not seen by the model" : ""}`;
}

function relevanceCaption(column: Column, side: Side, { state }: LookView): string {
  const token = relevantToken(column, side, state);
  if (token === undefined) return state.question === undefined ? "no question yet" : "";
  const of = state.token?.of === "question" ? "; a question’s own tokens have none" : "";
  return `what mattered for “${tokenText(token)}”, through all layers${of} · ${formatShare(token.share)} of it on the image`;
}

function attentionCaption(column: Column, side: Side, { state }: LookView): string {
  const layer = attendedLayer(column, side, state);
  if (layer === undefined) return state.question === undefined ? "no question yet" : "";
  const [, share] = mapOf(layer, state.head);
  const heads = layer.headShares.length;
  const missing = state.head !== undefined && state.head > heads;
  const which =
    state.head === undefined
      ? "mean of the heads"
      : missing
        ? `it has ${heads} heads: their mean`
        : `head ${state.head}`;
  return `${layerText(column.attending, column.card.layers)}, ${which} · ${formatShare(share)} of the attention on the image`;
}
