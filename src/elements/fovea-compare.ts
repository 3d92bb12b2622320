/**
 * Models side by side: `<fovea-compare>`. Each child is a model's column, in order, with its letter and colour; maps in it
 * share one cursor. Where there is no room for two columns one swipes between them.
 *
 *     <fovea-compare models='[{"title": "NTP"}, {"title": "NTP + LLL", "note": "2,000 steps"}]'>
 *       <div><fovea-map ...></fovea-map></div>
 *       <div><fovea-map ...></fovea-map></div>
 *     </fovea-compare>
 */
import { css, html, LitElement, nothing } from "lit";
import { controls } from "./controls.ts";
import { define } from "./define.ts";
import { tokens } from "./element-tokens.ts";
import { jsonAttribute } from "./json-attribute.ts";
import { linkMaps } from "./link-maps.ts";

/** What stands above a column. */
export interface ComparedModel {
  readonly title: string;
  readonly note?: string;
}

const letters = ["a", "b", "c", "d"];

/** The element `<fovea-compare>`: columns of models with one cursor. */
export class FoveaCompare extends LitElement {
  static override properties = {
    models: { converter: jsonAttribute },
    columns: { state: true },
  };
  declare models: readonly ComparedModel[] | undefined;
  declare columns: number;
  private end: (() => void) | undefined;

  /** How it looks. */
  static override styles = [
    tokens,
    controls,
    css`
      :host {
        container-type: inline-size;
      }
      .columns {
        position: relative;
        display: grid;
        grid-template-columns: repeat(var(--columns), minmax(0, 1fr));
        gap: var(--space-6);
        align-items: start;
      }
      .column {
        min-width: 0;
      }
      .head {
        display: flex;
        align-items: center;
        gap: var(--space-2);
        min-height: 24px;
        margin-bottom: var(--space-2);
      }
      .note {
        font: var(--caption);
        color: var(--muted);
      }
      @container (max-width: 520px) {
        .columns {
          grid-template-columns: none;
          grid-auto-flow: column;
          grid-auto-columns: 88%;
          gap: var(--space-4);
          overflow-x: auto;
          scroll-snap-type: x mandatory;
        }
        .column {
          scroll-snap-align: start;
        }
      }
    `,
  ];

  constructor() {
    super();
    this.columns = 0;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.end = linkMaps(this);
    this.number();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.end?.();
  }

  /** Children get the slots of their columns, in order. */
  private number(): void {
    const children = [...this.children];
    for (const [i, child] of children.entries()) child.slot = `${i}`;
    this.columns = children.length;
  }

  override render() {
    const columns = Math.max(this.columns, this.models?.length ?? 0);
    return html`<div
        class="columns"
        tabindex="0"
        role="group"
        aria-label="Models side by side"
        .style=${`--columns: ${Math.max(1, columns)}`}
      >
        ${Array.from({ length: columns }, (_, i) => this.column(i))}
      </div>
      <slot @slotchange=${this.number}></slot>`;
  }

  private column(i: number) {
    const letter = letters[i % letters.length];
    const model = this.models?.[i];
    return html`<section class="column" .style=${`--model: var(--model-${letter})`}>
      <div class="head">
        <span class="letter">${letter.toUpperCase()}</span>
        ${model === undefined ? nothing : html`<h2>${model.title}</h2><span class="note">${model.note ?? ""}</span>`}
      </div>
      <slot name=${i}></slot>
    </section>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "fovea-compare": FoveaCompare;
  }
}

define("fovea-compare", FoveaCompare);
