/**
 * What a patch says at every layer: `<fovea-words>`. Layers go downwards, its likeliest words across; a word stands out
 * in all its cells, so that one sees a meaning come and go. With `word` each row ends with that word's rank.
 *
 * Event: `fovea-word` {word, id, layer}, when a word is clicked.
 */
import { css, html, LitElement, nothing } from "lit";
import { controls } from "./controls.ts";
import { define } from "./define.ts";
import { tokens } from "./element-tokens.ts";
import { jsonAttribute } from "./json-attribute.ts";
import {
  cellAfter,
  columnsFor,
  type PinnedWords,
  type WordCell,
  type WordLine,
  type WordRow,
  wordLines,
} from "./words/table.ts";

/** The element `<fovea-words>`: the likeliest words of a patch, or of several, by layer. */
export class FoveaWords extends LitElement {
  static override properties = {
    rows: { converter: jsonAttribute },
    pins: { converter: jsonAttribute },
    word: {},
    columns: { type: Number },
    label: {},
    layer: { type: Number },
    hovered: { state: true },
    active: { state: true },
    width: { state: true },
  };
  /** Of one patch. */
  declare rows: readonly WordRow[] | undefined;
  /** Of several patches, side by side; instead of `rows`. */
  declare pins: readonly PinnedWords[] | undefined;
  /** The searched word: it stands out, and its rank ends each row. */
  declare word: string | undefined;
  /** Words in a row of each patch; default as many as there is room for. */
  declare columns: number | undefined;
  declare label: string;
  /** The layer that the page shows: its row is marked. */
  declare layer: number | undefined;
  declare hovered: string | undefined;
  /** The cell that has the table's place in the order of keys. */
  declare active: readonly [row: number, column: number];
  declare width: number;
  private readonly sizes =
    typeof ResizeObserver === "undefined"
      ? undefined
      : new ResizeObserver(([{ contentRect }]) => {
          this.width = Math.round(contentRect.width);
        });

  /** How it looks. */
  static override styles = [
    tokens,
    controls,
    css`
      .scroll {
        overflow-x: auto;
      }
      table {
        table-layout: fixed;
        min-width: calc(36px + var(--words) * 88px + var(--ranks) * 68px);
        font-variant-numeric: tabular-nums;
      }
      th,
      td {
        padding: 0;
        height: 28px;
        white-space: nowrap;
      }
      th.layer {
        width: 36px;
        padding-right: var(--space-2);
        text-align: right;
        font: var(--figures);
      }
      tr[aria-current] th.layer {
        color: var(--ink);
        font-weight: 600;
      }
      thead th,
      thead th.layer,
      thead th.rank {
        height: 20px;
        font: var(--caption);
      }
      thead th.rank {
        text-align: right;
      }
      thead th.pin {
        color: var(--ink);
        font-weight: 600;
      }
      td.first,
      th.first {
        padding-left: var(--space-3);
      }
      td button {
        position: relative;
        display: flex;
        align-items: baseline;
        justify-content: space-between;
        gap: var(--space-2);
        width: 100%;
        min-height: 27px;
        padding: 2px 8px 4px;
        border: 0;
        border-radius: 0;
        background: none;
        text-align: left;
      }
      td button:focus-visible {
        outline-offset: -2px;
      }
      td .text {
        flex: 0 1 auto;
        min-width: 0;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: pre;
      }
      td .number {
        font: 400 11.5px/16px var(--mono);
        color: var(--muted);
      }
      td .bar {
        position: absolute;
        left: 8px;
        right: 8px;
        bottom: 2px;
        height: 2px;
        background: linear-gradient(var(--muted) 0 0) 0 0 / var(--share) 100% no-repeat;
      }
      button[data-same] .text {
        font-weight: 600;
      }
      button[data-same] {
        background: var(--wash);
      }
      button[data-same] .bar {
        background: linear-gradient(var(--model, var(--ink)) 0 0) 0 0 / var(--share) 100% no-repeat;
      }
      td.rank {
        width: 68px;
        padding: 0 var(--space-1) 0 0;
        overflow: hidden;
        text-overflow: ellipsis;
        text-align: right;
        font: var(--figures);
      }
      td.rank[data-first] {
        font-weight: 600;
      }
    `,
  ];

  constructor() {
    super();
    this.label = "words of the patch by layer";
    this.active = [0, 0];
    this.width = 640;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.sizes?.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.sizes?.disconnect();
  }

  override render() {
    const pins = this.pins ?? (this.rows ? [{ name: "", rows: this.rows }] : []);
    const columns = this.columns ?? columnsFor(pins, this.width, this.word !== undefined);
    const lines = wordLines(pins, columns);
    if (lines.length === 0) return html`<p class="muted">Point at a patch to read its words.</p>`;
    return html`<div class="scroll">
      <table aria-label=${this.label} .style=${`--words: ${columns * pins.length}; --ranks: ${this.word === undefined ? 0 : pins.length}`} @keydown=${(event: KeyboardEvent) => this.onKey(event, lines.length, columns * pins.length)}>
        <thead>
          <tr>
            <th scope="col" class="layer">layer</th>
            ${pins.map(({ name }, i) => this.heads(name, columns, i > 0))}
          </tr>
        </thead>
        <tbody @pointerleave=${() => this.hover(undefined)}>${lines.map((line, r) => this.line(line, r, columns))}</tbody>
      </table>
    </div>`;
  }

  private heads(name: string, columns: number, isLater: boolean) {
    const title = name === "" ? "likeliest words" : name;
    const rank =
      this.word === undefined ? nothing : html`<th scope="col" class="rank">rank of ${this.word}</th>`;
    return html`<th scope="colgroup" colspan=${columns} class="pin ${isLater ? "first" : ""}">${title}</th>${rank}`;
  }

  private line({ layer, pins }: WordLine, r: number, columns: number) {
    return html`<tr aria-current=${layer === this.layer ? "true" : nothing}>
      <th scope="row" class="layer">${layer}</th>
      ${pins.map(
        (
          { cells, rank },
          p,
        ) => html`${cells.map((cell, c) => this.cell(cell, layer, r, p * columns + c, p > 0 && c === 0))}
          ${this.word === undefined ? nothing : html`<td class="rank" ?data-first=${rank === "1st"}>${rank ?? "–"}</td>`}`,
      )}
    </tr>`;
  }

  private cell(cell: WordCell | undefined, layer: number, r: number, c: number, isFirst: boolean) {
    const { active, word, hovered } = this;
    if (cell === undefined) return html`<td class=${isFirst ? "first" : ""}></td>`;
    const isSame = cell.word === hovered || cell.word === word;
    const isActive = active[0] === r && active[1] === c;
    return html`<td class=${isFirst ? "first" : ""}>
      <button
        tabindex=${isActive ? 0 : -1}
        data-cell="${r} ${c}"
        ?data-same=${isSame}
        @click=${() => this.choose(cell, layer)}
        @pointerenter=${() => this.hover(cell.word)}
        @focus=${() => {
          this.active = [r, c];
          this.hover(cell.word);
        }}
        @blur=${() => this.hover(undefined)}
      >
        <span class="text" title=${cell.word}>${cell.word}</span><span class="number">${cell.number}</span>
        <span class="bar" aria-hidden="true" .style=${`--share: ${(100 * cell.probability).toFixed(1)}%`}></span>
      </button>
    </td>`;
  }

  private hover(word: string | undefined): void {
    this.hovered = word;
  }

  private choose({ word, id }: WordCell, layer: number): void {
    this.dispatchEvent(
      new CustomEvent("fovea-word", { detail: { word, id, layer }, bubbles: true, composed: true }),
    );
  }

  private onKey(event: KeyboardEvent, rows: number, columns: number): void {
    const next = cellAfter(event.key, this.active, rows, columns);
    const button = next && this.renderRoot.querySelector<HTMLElement>(`[data-cell="${next[0]} ${next[1]}"]`);
    if (!button) return;
    event.preventDefault();
    button.focus();
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "fovea-words": FoveaWords;
  }
}

define("fovea-words", FoveaWords);
