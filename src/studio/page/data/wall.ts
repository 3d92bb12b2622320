/**
 * <studio-wall>: thumbnails of the items that meet a filter, however many; only those in view are elements. A list box:
 * arrow keys move the active item, Enter opens it (event `wall-open`, `{ at }`).
 */
import { css, html, LitElement, nothing, type PropertyValues } from "lit";
import { controls } from "../../../elements/controls.ts";
import type { Filter } from "./filter.ts";
import { type Pager, pager } from "./pager.ts";
import type { DataSource, Item } from "./source.ts";
import { type ThumbLoader, thumbLoader } from "./thumb-loader.ts";
import { drawTile, evidenceOf } from "./tile.ts";
import { itemByKey, scrollTo, type WallLayout, wallLayout, wallView } from "./wall-layout.ts";

const gap = 12;
const caption = 40;
/** Of thumbnails, in pixels. */
const side = 256;

export class Wall extends LitElement {
  static override properties = {
    source: { attribute: false },
    filter: { attribute: false },
    count: { attribute: false },
    at: { attribute: false },
    view: { state: true },
  };
  declare source: DataSource;
  declare filter: Filter;
  /** Items that meet the filter. */
  declare count: number;
  /** The active item. */
  declare at: number;
  declare view: { readonly width: number; readonly height: number; readonly top: number };
  private pager: Pager | undefined;
  private thumbs: ThumbLoader | undefined;
  private sizes: ResizeObserver | undefined;
  /** What each canvas shows, so that it is drawn once. */
  private readonly drawn = new WeakMap<HTMLCanvasElement, string>();

  static override styles = [
    controls,
    css`
      .scroller {
        position: relative;
        height: var(--wall-height, 70vh);
        min-height: 320px;
        overflow-y: auto;
        overflow-anchor: none;
        scrollbar-gutter: stable;
        overscroll-behavior: contain;
      }
      .all {
        position: relative;
      }
      .tiles {
        position: absolute;
        inset: 0 0 auto;
        display: grid;
        gap: 12px;
      }
      .tile {
        display: block;
        min-width: 0;
        cursor: pointer;
      }
      canvas {
        display: block;
        width: 100%;
        aspect-ratio: 1;
        background: var(--wash);
        border-radius: var(--radius);
      }
      .tile:hover canvas {
        outline: 1px solid var(--field);
        outline-offset: 1px;
      }
      .tile.active canvas {
        outline: 2px solid var(--ink);
        outline-offset: 2px;
      }
      .scroller:not(:focus) .tile.active canvas {
        outline-color: var(--field);
      }
      .text {
        height: 40px;
        padding-top: 4px;
        font: var(--caption);
      }
      .text div {
        overflow: hidden;
        white-space: nowrap;
        text-overflow: ellipsis;
      }
      .question {
        color: var(--muted);
      }
      .answer {
        font: var(--figures);
      }
    `,
  ];

  constructor() {
    super();
    this.at = 0;
    this.view = { width: 0, height: 0, top: 0 };
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.sizes?.disconnect();
    this.end();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated) this.begin();
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("source") || changed.has("filter")) this.begin();
  }

  private begin(): void {
    this.end();
    this.pager = pager(this.source, this.filter, () => this.requestUpdate());
    this.thumbs = thumbLoader(this.source, side, () => this.requestUpdate());
  }

  private end(): void {
    this.pager?.close();
    this.thumbs?.close();
  }

  private get scroller(): HTMLElement {
    return this.renderRoot.querySelector(".scroller") as HTMLElement;
  }

  override firstUpdated(): void {
    this.sizes = new ResizeObserver(() => this.measure());
    this.sizes.observe(this.scroller);
    this.measure();
    if (this.at > 0) this.reveal();
  }

  private measure(): void {
    const { clientWidth: width, clientHeight: height, scrollTop: top } = this.scroller;
    if (width !== this.view.width || height !== this.view.height || top !== this.view.top)
      this.view = { width, height, top };
  }

  private get layout(): WallLayout {
    const { width } = this.view;
    return wallLayout({ width: width - 8, count: this.count, least: width < 500 ? 104 : 148, gap, caption });
  }

  private reveal(): void {
    const { height: viewHeight, top: scrollTop } = this.view;
    this.scroller.scrollTop = scrollTo(this.layout, { item: this.at, scrollTop, viewHeight, gap });
  }

  override updated(changed: PropertyValues<this>): void {
    if (changed.has("filter") && changed.get("filter") !== undefined) this.scroller.scrollTop = 0;
    for (const canvas of this.renderRoot.querySelectorAll("canvas")) this.paint(canvas);
  }

  private paint(canvas: HTMLCanvasElement): void {
    const item = this.pager?.item(Number(canvas.dataset.at));
    if (item === undefined) return;
    const found = this.thumbs?.get(item);
    const key = `${item.index} ${canvas.clientWidth} ${found !== undefined} ${devicePixelRatio}`;
    if (this.drawn.get(canvas) === key) return;
    this.drawn.set(canvas, key);
    if (found !== undefined && "thumbnail" in found) drawTile(canvas, found.thumbnail, evidenceOf(item));
    else canvas.width = 1;
  }

  override render() {
    const { layout, count } = this;
    const view = wallView(layout, { scrollTop: this.view.top, viewHeight: this.view.height, count, gap });
    if (this.view.width > 0) this.pager?.show(view.first, view.end);
    const places = Array.from({ length: Math.max(0, view.end - view.first) }, (_, i) => view.first + i);
    const items = places.flatMap((at) => this.pager?.item(at) ?? []);
    this.thumbs?.want(items);
    return html`
      <div
        class="scroller"
        role="listbox"
        aria-label="Pictures"
        tabindex="0"
        aria-activedescendant=${places.includes(this.at) ? `item-${this.at}` : nothing}
        @scroll=${this.measure}
        @keydown=${this.onKey}
      >
        <div class="all" role="presentation" .style=${`height: ${layout.height}px`}>
          <div
            class="tiles"
            role="presentation"
            .style=${`transform: translateY(${view.top}px); grid-template-columns: repeat(${layout.columns}, ${layout.tileWidth}px)`}
          >
            ${places.map((at) => this.tile(at))}
          </div>
        </div>
      </div>
    `;
  }

  private tile(at: number) {
    const item = this.pager?.item(at);
    const asked = item?.question === undefined ? undefined : item.row.questions[item.question];
    const failed = this.pager?.failed(at) ?? (item && failureOf(this.thumbs, item));
    return html`<div
      class="tile ${at === this.at ? "active" : ""}"
      role="option"
      id="item-${at}"
      aria-selected=${at === this.at}
      aria-posinset=${at + 1}
      aria-setsize=${this.count}
      aria-label=${item === undefined ? "loading" : spoken(item)}
      @click=${() => this.open(at)}
    >
      <canvas data-at=${at} width="1" height="1"></canvas>
      <div class="text">
        ${
          failed === undefined
            ? html`<div class="question">${asked?.question ?? item?.row.fileName ?? ""}</div>
              <div class="answer">${asked?.answer ?? wordsOf(item)}</div>`
            : html`<div class="wrong" title=${failed}>${failed}</div>`
        }
      </div>
    </div>`;
  }

  private open(at: number): void {
    this.at = at;
    this.dispatchEvent(new CustomEvent("wall-open", { detail: { at }, bubbles: true, composed: true }));
  }

  private onKey(event: KeyboardEvent): void {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.open(this.at);
      return;
    }
    const { layout } = this;
    const page = Math.max(1, Math.floor(this.view.height / (layout.tileHeight + gap)));
    const next = itemByKey(event.key, this.at, layout, this.count, page);
    if (next === undefined || this.count === 0) return;
    event.preventDefault();
    this.at = next;
    this.reveal();
  }
}

function failureOf(thumbs: ThumbLoader | undefined, item: Item): string | undefined {
  const found = thumbs?.get(item);
  return found !== undefined && "failed" in found ? found.failed : undefined;
}

function wordsOf(item: Item | undefined): string {
  const shown = item?.row.concepts.filter(({ regions }) => regions.length > 0) ?? [];
  return shown.map(({ word }) => word).join(", ");
}

function spoken(item: Item): string {
  const asked = item.question === undefined ? undefined : item.row.questions[item.question];
  return asked === undefined ? `${item.row.fileName}, ${wordsOf(item)}` : `${asked.question} ${asked.answer}`;
}

customElements.define("studio-wall", Wall);
