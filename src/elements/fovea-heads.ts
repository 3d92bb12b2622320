/**
 * All heads of a model at once: `<fovea-heads>`. Layers go downwards, heads across; a cell's colour is the head's share,
 * on a fixed scale from 0 to 1. The head under the cursor is drawn large where the page gives `mapOf` and a picture.
 *
 * Events: `fovea-head` {layer, head} on hover and focus; with `strikable` a click sends `fovea-head-strike`
 * {layer, head, struck}, the page keeps the list in `struck`.
 */
import { css, html, LitElement, nothing, type PropertyValues } from "lit";
import { linearScale } from "../lens/scale.ts";
import { controls } from "./controls.ts";
import { define } from "./define.ts";
import { tokens } from "./element-tokens.ts";
import "./fovea-map.ts";
import { type Head, headText, includes, isSame, numberStep, strongest } from "./heads/matrix.ts";
import { jsonAttribute } from "./json-attribute.ts";
import type { PictureSource } from "./map/paper.ts";
import type { PlainMap, ShownMap } from "./map/shown.ts";
import { flatColour } from "./map/veil.ts";
import { cellAfter } from "./words/table.ts";

const scale = linearScale("share", 0, 1);

/** The element `<fovea-heads>`: layers by heads. */
export class FoveaHeads extends LitElement {
  static override properties = {
    shares: { converter: jsonAttribute },
    layers: { converter: jsonAttribute },
    what: {},
    sinks: { converter: jsonAttribute },
    struck: { converter: jsonAttribute },
    strikable: { type: Boolean },
    chosen: { converter: jsonAttribute },
    mapOf: { attribute: false },
    picture: { attribute: false },
    src: {},
    label: {},
    hovered: { state: true },
    width: { state: true },
  };
  /** [L][H], 0 to 1. */
  declare shares: readonly ArrayLike<number>[] | undefined;
  /** The number of each row's layer; default from 1. */
  declare layers: readonly number[] | undefined;
  /** What the shares are of: "on the image". */
  declare what: string;
  /** Heads that look mostly at patches which draw attention whatever is asked. */
  declare sinks: readonly Head[] | undefined;
  declare struck: readonly Head[] | undefined;
  declare strikable: boolean;
  /** The head that the page shows: drawn large while none is pointed at. */
  declare chosen: Head | undefined;
  /** A head's map, to be drawn large. */
  declare mapOf: ((head: Head) => ShownMap | PlainMap | undefined) | undefined;
  declare picture: PictureSource | undefined;
  /** Instead of `picture`: an address, or `#id` of an `<img>`. */
  declare src: string | undefined;
  declare label: string;
  declare hovered: Head | undefined;
  declare width: number;
  private readonly sizes =
    typeof ResizeObserver === "undefined"
      ? undefined
      : new ResizeObserver(([{ contentRect }]) => {
          this.width = contentRect.width;
        });

  /** How it looks. */
  static override styles = [
    tokens,
    controls,
    css`
      .both {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-4);
        align-items: start;
      }
      .matrix {
        flex: 1 1 200px;
        min-width: 0;
        display: grid;
        gap: 1px;
        grid-template-columns: 24px repeat(var(--heads), minmax(3px, 24px));
        font: 400 10.5px/16px var(--mono);
        font-variant-numeric: tabular-nums;
        color: var(--muted);
      }
      .number {
        overflow: visible;
        text-align: center;
        white-space: nowrap;
      }
      .row {
        display: contents;
      }
      .layer {
        padding-right: 6px;
        text-align: right;
        align-self: center;
        line-height: 1;
      }
      .layer[data-current] {
        color: var(--ink);
        font-weight: 600;
      }
      .cell {
        position: relative;
        min-height: 0;
        aspect-ratio: 1;
        max-height: 24px;
        padding: 0;
        border: 0;
        border-radius: 1px;
        box-shadow: inset 0 0 0 24px var(--map-shade);
        print-color-adjust: exact;
      }
      .cell:hover,
      .cell[data-current] {
        outline: 2px solid var(--ink);
        outline-offset: 0;
        z-index: 1;
      }
      .cell[data-sink]::after {
        content: "";
        position: absolute;
        inset: 0 auto auto 0;
        border: 3px solid;
        border-color: #1b1b1a transparent transparent #1b1b1a;
      }
      .cell[data-struck] {
        background: repeating-linear-gradient(135deg, #1b1b1a 0 3px, #8b8a85 3px 5px) !important;
      }
      .large {
        flex: 0 1 220px;
        min-width: 160px;
      }
      .text {
        min-height: 32px;
        margin-top: var(--space-2);
        font: var(--caption);
        color: var(--muted);
      }
    `,
  ];

  constructor() {
    super();
    this.what = "on the image";
    this.label = "heads by layer";
    this.strikable = false;
    this.width = 240;
  }

  override firstUpdated(): void {
    const matrix = this.renderRoot.querySelector(".matrix");
    if (matrix !== null) this.sizes?.observe(matrix);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.sizes?.disconnect();
  }

  private get rows(): readonly number[] {
    return this.layers ?? this.shares?.map((_, i) => i + 1) ?? [];
  }

  /** The head that is spoken of: pointed at, chosen, or else the strongest. */
  private get current(): Head | undefined {
    return this.hovered ?? this.chosen ?? strongest(this.shares ?? [], this.rows);
  }

  private shareOf({ layer, head }: Head): number {
    return this.shares?.[this.rows.indexOf(layer)]?.[head - 1] ?? Number.NaN;
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("shares") && this.hovered && !Number.isFinite(this.shareOf(this.hovered)))
      this.hovered = undefined;
  }

  override render() {
    const { shares, rows, current } = this;
    if (shares === undefined || shares.length === 0) return html`<p class="muted">No heads to show.</p>`;
    const heads = Math.max(...shares.map(({ length }) => length));
    const step = numberStep(heads, this.width - 24);
    const numbers = Array.from({ length: heads }, (_, h) =>
      h === 0 || (h + 1) % step === 0 ? `${h + 1}` : "",
    );
    return html`<div class="both">
      <div>
        <div
          class="matrix"
          role="group"
          aria-label=${this.label}
          .style=${`--heads: ${heads}`}
          @pointerleave=${() => this.point(undefined)}
          @keydown=${(event: KeyboardEvent) => this.onKey(event, heads)}
        >
          <span></span>${numbers.map((text) => html`<span class="number" aria-hidden="true">${text}</span>`)}
          ${rows.map((layer, r) => this.row(layer, shares[r], heads, current))}
        </div>
        <p class="text" aria-hidden="true">${current === undefined ? "" : this.text(current)}</p>
      </div>
      ${this.large(current)}
    </div>`;
  }

  private row(layer: number, shares: ArrayLike<number>, heads: number, current: Head | undefined) {
    const cells = Array.from({ length: heads }, (_, h) =>
      h < shares.length ? this.cell({ layer, head: h + 1 }, shares[h], current) : html`<span></span>`,
    );
    return html`<span class="layer" aria-hidden="true" ?data-current=${layer === current?.layer}>${layer}</span>${cells}`;
  }

  private cell(head: Head, share: number, current: Head | undefined) {
    const isCurrent = isSame(head, current);
    const isStruck = includes(this.struck, head);
    return html`<button
      class="cell"
      data-head="${head.layer} ${head.head}"
      tabindex=${isCurrent ? 0 : -1}
      aria-label=${this.text(head)}
      aria-pressed=${this.strikable ? `${isStruck}` : nothing}
      ?data-current=${isCurrent}
      ?data-struck=${isStruck}
      ?data-sink=${includes(this.sinks, head)}
      .style=${`background: ${flatColour(scale.colours, share)}`}
      @pointerenter=${() => this.point(head)}
      @focus=${() => this.point(head)}
      @click=${() => this.choose(head, isStruck)}
    ></button>`;
  }

  private text(head: Head): string {
    const [isSink, isStruck] = [includes(this.sinks, head), includes(this.struck, head)];
    return headText(head, this.shareOf(head), { what: this.what, isSink, isStruck });
  }

  private large(current: Head | undefined) {
    const map = current && this.mapOf?.(current);
    if (map === undefined || current === undefined) return nothing;
    return html`<div class="large">
      <fovea-map .picture=${this.picture} .src=${this.src} .map=${map} label=${this.text(current)}></fovea-map>
    </div>`;
  }

  private point(head: Head | undefined): void {
    if (isSame(head, this.hovered) || head === this.hovered) return;
    this.hovered = head;
    if (head !== undefined) this.send("fovea-head", head);
  }

  private choose(head: Head, isStruck: boolean): void {
    if (this.strikable) this.send("fovea-head-strike", { ...head, struck: !isStruck });
    else this.send("fovea-head-choose", head);
  }

  private onKey(event: KeyboardEvent, heads: number): void {
    const { current, rows } = this;
    if (current === undefined) return;
    const at = [rows.indexOf(current.layer), current.head - 1] as const;
    const next = cellAfter(event.key, at, rows.length, heads);
    if (next === undefined) return;
    event.preventDefault();
    const name = `${rows[next[0]]} ${next[1] + 1}`;
    this.renderRoot.querySelector<HTMLElement>(`[data-head="${name}"]`)?.focus();
  }

  private send(name: string, detail: object): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "fovea-heads": FoveaHeads;
  }
}

define("fovea-heads", FoveaHeads);
