/**
 * A whole lens result: `<fovea-lens>`. Chips choose a concept or the likeliest words, a slider and a strip of small maps
 * the layer; pointing at a patch reads its words at every layer, a click pins it. Several models stand side by side.
 *
 *     <fovea-lens src="#photo" data="#lens"></fovea-lens>      data: a list of results, as fovea lens writes them
 */
import { html, LitElement, nothing, type PropertyValues } from "lit";
import { controls } from "./controls.ts";
import { define } from "./define.ts";
import { tokens } from "./element-tokens.ts";
import "./fovea-compare.ts";
import type { FoveaMap } from "./fovea-map.ts";
import "./fovea-map.ts";
import "./fovea-scale.ts";
import "./fovea-words.ts";
import { jsonOf } from "./json-source.ts";
import { samePlace } from "./map/fit.ts";
import type { PictureSource } from "./map/paper.ts";
import {
  type LensView,
  layerName,
  layersOf,
  lensLine,
  lensMap,
  lensScale,
  patchPlace,
  patchRows,
  strongestPatch,
  surestMap,
} from "./views/lens-view.ts";
import { viewStyles } from "./views/view-styles.ts";

/** What is shown of all concepts: one of them, or the likeliest words. */
type Choice = number | "words";

/** The element `<fovea-lens>`: concepts, layers and words of a picture. */
export class FoveaLens extends LitElement {
  static override properties = {
    results: { attribute: false },
    data: {},
    picture: { attribute: false },
    src: {},
    choice: { state: true },
    at: { state: true },
    marked: { state: true },
    pins: { state: true },
  };
  /** One for each model. */
  declare results: readonly LensView[] | undefined;
  /** Instead of `results`: `#id` of a `<script type="application/json">` with the list. */
  declare data: string | undefined;
  declare picture: PictureSource | undefined;
  /** Instead of `picture`: an address, or `#id` of an `<img>`. */
  declare src: string | undefined;
  declare choice: Choice;
  /** Which layer, by its place in the list. */
  declare at: number | undefined;
  declare marked: number | undefined;
  declare pins: readonly number[];

  /** How it looks. */
  static override styles = [tokens, controls, viewStyles];

  constructor() {
    super();
    this.choice = 0;
    this.pins = [];
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("data") && this.data !== undefined) this.results = jsonOf(this.data) as LensView[];
    if (!changed.has("results")) return;
    [this.at, this.marked, this.pins] = [undefined, undefined, []];
    this.choice = (this.results?.[0]?.concepts.length ?? 0) > 0 ? 0 : "words";
  }

  private get layers(): number[] {
    const [first] = this.results ?? [];
    return first === undefined ? [] : layersOf(first);
  }

  private get layerAt(): number {
    return Math.min(this.at ?? Number.POSITIVE_INFINITY, this.layers.length - 1);
  }

  override render() {
    const { results = [], layers } = this;
    if (results.length === 0 || layers.length === 0) return html`<p class="muted">Nothing to show.</p>`;
    return html`
      <div class="head">
        <div class="chips" role="group" aria-label="What is shown">${this.chips(results[0])}</div>
        ${this.slider(layers)}
        <fovea-scale .scale=${this.choice === "words" ? undefined : lensScale(results[0])}></fovea-scale>
      </div>
      ${results.length === 1 ? this.single(results[0]) : this.several(results)}
    `;
  }

  private chips({ concepts, words }: LensView) {
    const chip = (choice: Choice, text: string) =>
      html`<button aria-pressed="${choice === this.choice}" @click=${() => this.choose(choice)}>${text}</button>`;
    return [
      ...concepts.map(({ word }, k) => chip(k, word)),
      ...(words === undefined ? [] : [chip("words", "likeliest words")]),
    ];
  }

  private choose(choice: Choice): void {
    this.choice = choice;
  }

  private slider(layers: readonly number[]) {
    const { layerAt } = this;
    return html`<label class="layers"
      ><span>layer</span
      ><input
        type="range"
        min="0"
        max=${layers.length - 1}
        .value=${`${layerAt}`}
        aria-valuetext=${layerName(layers[layerAt])}
        @input=${(event: Event) => {
          this.at = Number((event.target as HTMLInputElement).value);
        }}
      /><output>${layerName(layers[layerAt])}</output></label
    >`;
  }

  private single(result: LensView) {
    return html`<div class="one">
        <div>${this.model(result)}</div>
        <div>${this.table(result)}</div>
      </div>
      ${this.strip(result)}`;
  }

  private several(results: readonly LensView[]) {
    const models = results.map(({ title, note }) => ({ title, note }));
    return html`<fovea-compare .models=${models}>
      ${results.map((result) => html`<div>${this.model(result)}${this.strip(result)}<div class="under">${this.table(result)}</div></div>`)}
    </fovea-compare>`;
  }

  private model(result: LensView) {
    const { choice, layerAt } = this;
    const isWords = choice === "words";
    const map = isWords ? surestMap(result, layerAt) : lensMap(result, choice, layerAt);
    const global = isWords ? undefined : lensMap(result, choice, layerAt, true);
    const name = `${isWords ? "likeliest words" : result.concepts[choice].word}, ${layerName(this.layers[layerAt])}, ${result.title}`;
    return html`<fovea-map
        class="map"
        reading
        .picture=${this.picture}
        .src=${this.src}
        .map=${map}
        .words=${result.words?.[layerAt]?.patches}
        .least=${isWords ? 0.3 : 2}
        .tiles=${result.tiles}
        .outlines=${isWords ? undefined : result.concepts[choice].regions}
        .pins=${this.pins.flatMap((pin) => this.own(pin, result) ?? [])}
        .marked=${this.own(this.marked, result)}
        label=${name}
        @fovea-hover=${this.onHover}
        @fovea-pin=${this.onPin}
      ></fovea-map>
      <p class="line">${isWords ? "" : lensLine(result, choice, layerAt)}</p>
      ${global === undefined ? nothing : this.global(global, name)}`;
  }

  private global(map: object, name: string) {
    return html`<div class="global">
      <h3>view of the whole picture</h3>
      <fovea-map .picture=${this.picture} .src=${this.src} .map=${map} label="${name}, whole picture"></fovea-map>
    </div>`;
  }

  private strip(result: LensView) {
    const { choice, layerAt, layers } = this;
    const map = (l: number) => (choice === "words" ? surestMap(result, l) : lensMap(result, choice, l));
    return html`<div class="strip ${layers.length > 12 ? "narrow" : ""}" role="group" aria-label="Layers of ${result.title}">
      ${layers.map(
        (layer, l) => html`<button
          aria-pressed="${l === layerAt}"
          aria-label=${layer === 0 ? `0, ${layerName(0)}` : layerName(layer)}
          @click=${() => {
            this.at = l;
          }}
        >
          <fovea-map still .picture=${this.picture} .src=${this.src} .map=${map(l)} label=${layerName(layer)}></fovea-map>
          ${layer}
        </button>`,
      )}
    </div>`;
  }

  private table(result: LensView) {
    if (result.words === undefined) return nothing;
    const k = this.choice === "words" ? undefined : this.choice;
    const word = k === undefined ? undefined : result.concepts[k].word;
    const layer = this.layers[this.layerAt];
    const { marked, pins } = this;
    const rowsAt = (patch: number) => patchRows(result, this.own(patch, result) ?? patch, k);
    if (pins.length > 1) {
      const named = pins.map((patch, i) => ({ name: `${i + 1}`, rows: rowsAt(patch) }));
      return html`<h3>words of the pinned patches by layer</h3>
        <fovea-words .pins=${named} .word=${word} .layer=${layer}></fovea-words>`;
    }
    const patch = marked ?? pins[0] ?? this.strongest(k ?? 0);
    const own = this.own(patch, result);
    if (patch === undefined || own === undefined) return nothing;
    return html`<h3>words at ${patchPlace(own, result.geometry)} by layer</h3>
      <fovea-words .rows=${rowsAt(patch)} .word=${word} .layer=${layer}></fovea-words>`;
  }

  /** Where the chosen concept is strongest, of all models, as a patch of the first one's grid. */
  private strongest(k: number): number | undefined {
    const { results = [], layerAt } = this;
    const best = results
      .map((result) => ({ result, patch: strongestPatch(result, k, layerAt) }))
      .map(({ result, patch }) => ({
        patch: patch === undefined ? undefined : samePlace(patch, result.geometry, results[0].geometry),
        at: patch === undefined ? 0 : lensScale(result).at(result.concepts[k].layers[layerAt].values[patch]),
      }));
    return best.reduce((a, b) => (b.at > a.at ? b : a)).patch;
  }

  /** A patch of the first model's grid in the grid of another: places are kept in the first one's. */
  private own(patch: number | undefined, { geometry }: LensView): number | undefined {
    const first = this.results?.[0]?.geometry;
    return patch === undefined || first === undefined ? undefined : samePlace(patch, first, geometry);
  }

  /** The other way: what a map tells of. */
  private ofFirst(event: Event, patch: number | undefined): number | undefined {
    const { geometry } = event.currentTarget as FoveaMap;
    const first = this.results?.[0]?.geometry;
    return patch === undefined || !geometry || !first ? undefined : samePlace(patch, geometry, first);
  }

  private onHover(event: CustomEvent<{ patch?: number }>): void {
    this.marked = this.ofFirst(event, event.detail.patch);
  }

  /** A click pins a patch, another one lets it go; the fourth takes the place of the first. */
  private onPin(event: CustomEvent<{ patch: number }>): void {
    const patch = this.ofFirst(event, event.detail.patch);
    if (patch === undefined) return;
    const others = this.pins.filter((one) => one !== patch);
    this.pins = others.length < this.pins.length ? others : [...others.slice(-2), patch];
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "fovea-lens": FoveaLens;
  }
}

define("fovea-lens", FoveaLens);
