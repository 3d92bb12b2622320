/** <studio-answers>: a cell's answers as pictures: what was asked, what is right, what each model said. */
import { css, html, LitElement, nothing, type PropertyValues } from "lit";
import { controls } from "../../../elements/controls.ts";
import { axisText } from "../data/filter.ts";
import { drawTile } from "../data/tile.ts";
import { type Answered, type AnsweredPage, type Board, type CellPage, type Said, type ShownAnswers, showns } from "./board.ts"; // biome-ignore format: one line
import type { BoardSource } from "./source.ts";

const COUNT = 24;
const SIDE = 320;

type Picture = { readonly bitmap: ImageBitmap } | { readonly failed: string };

export class Answers extends LitElement {
  static override properties = {
    source: { attribute: false },
    board: { attribute: false },
    cell: { attribute: false },
    shown: { attribute: false },
    page: { state: true },
    failed: { state: true },
    pictures: { state: true },
    length: { state: true },
  };
  declare source: BoardSource;
  declare board: Board;
  declare cell: { readonly row: number; readonly column: number };
  declare shown: ShownAnswers;
  declare page: AnsweredPage | undefined;
  declare failed: string | undefined;
  declare pictures: ReadonlyMap<number, Picture>;
  /** Answers that are asked for. */
  declare length: number;
  private loading: AbortController | undefined;

  static override styles = [
    controls,
    css`
      h2 {
        margin-bottom: var(--space-2);
      }
      .cards {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(100%, 220px), 1fr));
        gap: var(--space-6) var(--space-4);
        margin: var(--space-4) 0;
      }
      canvas {
        display: block;
        width: 100%;
        aspect-ratio: 1;
        background: var(--wash);
        border-radius: var(--radius);
      }
      .missing {
        padding: var(--space-4);
        aspect-ratio: 1;
        background: var(--wash);
        border-radius: var(--radius);
      }
      .question {
        margin-top: var(--space-1);
        overflow-wrap: anywhere;
      }
      dl {
        display: grid;
        grid-template-columns: minmax(0, 84px) minmax(0, 1fr);
        gap: 2px var(--space-2);
        margin: var(--space-1) 0 0;
      }
      dt {
        overflow: hidden;
        color: var(--muted);
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      dd {
        margin: 0;
        font: var(--figures);
        overflow-wrap: anywhere;
      }
      dd .outcome {
        font: var(--caption);
      }
    `,
  ];

  constructor() {
    super();
    this.length = COUNT;
    this.pictures = new Map();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.loading?.abort();
    this.forget();
  }

  private forget(): void {
    for (const picture of this.pictures.values()) if ("bitmap" in picture) picture.bitmap.close();
    this.pictures = new Map();
  }

  private get given(): CellPage {
    return { ...this.cell, shown: this.shown, from: 0, count: this.length };
  }

  override willUpdate(changed: PropertyValues<this>): void {
    const isOther = ["source", "board", "cell", "shown"].some((name) => changed.has(name as keyof Answers));
    if (isOther) {
      this.length = COUNT;
      this.page = undefined;
      this.forget();
    }
    if (isOther || changed.has("length")) void this.load(this.given);
  }

  private async load(given: CellPage): Promise<void> {
    this.loading?.abort();
    const controller = new AbortController();
    this.loading = controller;
    const { signal } = controller;
    this.failed = undefined;
    try {
      const page = await this.source.answers(given, signal);
      if (signal.aborted) return;
      this.page = page;
      for (const i of page.answered.keys())
        if (!this.pictures.has(i)) await this.loadPicture(given, i, signal);
    } catch (error) {
      if (!signal.aborted) this.failed = (error as Error).message;
    }
  }

  private async loadPicture(given: CellPage, i: number, signal: AbortSignal): Promise<void> {
    const picture = await this.source.picture(given, i, SIDE, signal).then(
      (bitmap): Picture => ({ bitmap }),
      (error: Error): Picture => ({ failed: error.message }),
    );
    if (signal.aborted) return;
    this.pictures = new Map([...this.pictures, [i, picture]]);
  }

  override updated(changed: PropertyValues<this>): void {
    if (!changed.has("pictures")) return;
    for (const canvas of this.renderRoot.querySelectorAll("canvas")) {
      const i = Number(canvas.dataset.i);
      const picture = this.pictures.get(i);
      const item = this.page?.answered[i]?.item;
      if (item === undefined || picture === undefined || !("bitmap" in picture) || canvas.dataset.of === item.id) continue; // biome-ignore format: one line
      canvas.dataset.of = item.id;
      const size = { width: item.width, height: item.height };
      drawTile(canvas, { bitmap: picture.bitmap, size }, item.regions);
    }
  }

  override render() {
    const { board, cell, page } = this;
    const name = board.rows[cell.row]?.label ?? "";
    const task = board.columns[cell.column]?.label ?? "";
    return html`<section aria-label="Answers">
      <h2>${name} on ${task}</h2>
      <div class="row" role="group" aria-label="Which answers">
        ${showns.map(
          (one) =>
            html`<button aria-pressed=${one === this.shown} @click=${() => this.choose(one)}>${one}</button>`,
        )}
        <span class="muted" role="status">${page === undefined ? "" : many(page.count)}</span>
      </div>
      ${this.failed === undefined ? nothing : html`<p class="wrong">${this.failed}</p>`}
      ${page?.count === 0 ? html`<p class="muted">None.</p>` : nothing}
      <div class="cards">${page?.answered.map((one, i) => this.card(one, i))}</div>
      ${
        page !== undefined && page.count > page.answered.length
          ? html`<button @click=${this.more}>show more</button>`
          : nothing
      }
    </section>`;
  }

  private more(): void {
    this.length = Math.min(192, this.length + COUNT);
  }

  private choose(shown: ShownAnswers): void {
    this.dispatchEvent(new CustomEvent("shown-change", { detail: { shown } }));
  }

  private card({ item, said }: Answered, i: number) {
    const picture = this.pictures.get(i);
    const axes = Object.entries(item.difficulty).map(([axis, value]) => `${axisText(axis)} ${value}`);
    return html`<article>
      ${
        picture !== undefined && "failed" in picture
          ? html`<p class="missing caption">${picture.failed}</p>`
          : html`<canvas data-i=${i} role="img" aria-label="the picture that was asked about"></canvas>`
      }
      <p class="question">${item.question}</p>
      <dl>
        <dt>right</dt>
        <dd>${item.answer}</dd>
        ${said.map((one, row) => (one === undefined ? nothing : this.said(one, this.board.rows[row]?.label ?? "")))}
      </dl>
      <p class="caption">${axes.join(", ")}</p>
    </article>`;
  }

  private said({ text, outcome, problem }: Said, label: string) {
    const isRight = outcome === "right";
    return html`<dt title=${label}>${shortName(label)}</dt>
      <dd title=${problem ?? ""}>
        ${text === "" ? "(nothing)" : text.length > 200 ? `${text.slice(0, 200)} …` : text}
        <span class="outcome ${isRight ? "right" : "wrong"}">${outcome === "unparsable" ? "not read" : outcome}</span>
      </dd>`;
  }
}

const many = (count: number) => `${count.toLocaleString("en-US")} ${count === 1 ? "answer" : "answers"}`;

/** The last part of a model's path. */
export function shortName(label: string): string {
  if (/^\w+:/.test(label)) return label;
  return label.replace(/\/+$/, "").split("/").at(-1) ?? label;
}

customElements.define("studio-answers", Answers);
