/** A word's maps at every layer of one model, small; each is the button of its layer. Event: `play-layer` {layer}. */
import { css, html, LitElement, nothing } from "lit";
import type { RgbImage } from "../../../../common/image.ts";
import { controls } from "../../../../elements/controls.ts";
import "../../../../elements/fovea-map.ts";
import { formatProbability, linearScale } from "../../../../lens/scale.ts";
import type { Slot } from "../../studio.ts";
import { mapsOf, type Seen } from "../say/view.ts";

const probability = linearScale("probability", 0, 1);

export class PlayLayers extends LitElement {
  static override properties = {
    model: { attribute: false },
    seen: { attribute: false },
    image: { attribute: false },
    word: {},
    layer: { type: Number },
  };
  declare model: Slot;
  declare seen: Seen | undefined;
  declare image: RgbImage | undefined;
  declare word: string | undefined;
  /** Undefined: the last. */
  declare layer: number | undefined;

  static override styles = [
    controls,
    css`
      .line {
        display: flex;
        gap: var(--space-2);
        align-items: flex-start;
      }
      .strip {
        flex: 1;
        display: grid;
        grid-auto-flow: column;
        grid-auto-columns: minmax(44px, 1fr);
        gap: var(--space-2);
        min-height: 84px;
        padding: 3px;
        margin: -3px;
        overflow-x: auto;
        scrollbar-width: thin;
      }
      button {
        display: block;
        min-width: 0;
        min-height: 0;
        padding: 0;
        background: none;
        border: 0;
        font: var(--caption);
        color: var(--muted);
        text-align: center;
        font-variant-numeric: tabular-nums;
      }
      button:hover:not(:disabled) {
        background: none;
        color: var(--ink);
      }
      button[aria-pressed="true"] {
        background: none;
        color: var(--ink);
        font-weight: 600;
      }
      button[aria-pressed="true"] fovea-map {
        outline: 2px solid var(--ink);
        outline-offset: 1px;
        border-radius: var(--radius);
      }
      .number {
        display: block;
        margin-top: 4px;
      }
      p {
        min-height: 84px;
      }
    `,
  ];

  override render() {
    const { model, seen, word } = this;
    return html`<div class="line">
      <span class="letter" aria-hidden="true">${model.letter.toUpperCase()}</span>
      ${word === undefined ? nothing : this.strip(seen, word)}
    </div>`;
  }

  private strip(seen: Seen | undefined, word: string) {
    const maps = seen && mapsOf(seen, word);
    const letter = this.model.letter.toUpperCase();
    if (seen?.glance.unknown.includes(word))
      return html`<p class="caption">Model ${letter} has no word for ${word}.</p>`;
    const count = maps?.length ?? (this.model.model?.card.layers ?? 4) + 1;
    return html`<div class="strip" role="group" aria-label=${`${word} by layer, model ${letter}`}>
      ${Array.from({ length: count }, (_, layer) => this.one(seen, maps?.[layer], layer, count - 1))}
    </div>`;
  }

  private one(seen: Seen | undefined, values: Float32Array | undefined, layer: number, last: number) {
    const map = seen && values && { values, geometry: seen.glance.lens.geometry, scale: probability };
    const isChosen = layer === Math.min(this.layer ?? last, last);
    const peak = values === undefined ? "" : `, at most ${formatProbability(Math.max(...values))}`;
    const name = layer === 0 ? "decoder’s input" : `layer ${layer}`;
    return html`<button
      aria-pressed=${isChosen}
      aria-label=${`${name}${peak}`}
      title=${`${name}${peak}`}
      @click=${() => this.choose(layer === last ? undefined : layer)}
    >
      <fovea-map
        still
        aria-hidden="true"
        label=${name}
        .picture=${seen?.asked.image ?? this.image}
        .map=${map}
        ?busy=${map === undefined}
      ></fovea-map>
      <span class="number" aria-hidden="true">${layer}</span>
    </button>`;
  }

  private choose(layer: number | undefined): void {
    this.dispatchEvent(new CustomEvent("play-layer", { detail: { layer }, bubbles: true, composed: true }));
  }
}

customElements.define("play-layers", PlayLayers);
