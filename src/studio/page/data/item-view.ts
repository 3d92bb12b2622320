/** <studio-item>: one item large: its picture with regions, its questions with answers, its words. */
import { css, html, LitElement, nothing, type PropertyValues, svg } from "lit";
import type { RgbImage } from "../../../common/image.ts";
import type { Question } from "../../../data/example.ts";
import { controls } from "../../../elements/controls.ts";
import type { Region } from "../../../grounding/region.ts";
import type { Slot } from "../studio.ts";
import { axisText } from "./filter.ts";
import { paintPicture } from "./made-source.ts";
import type { Answers } from "./outcomes.ts";
import { regionView } from "./region-view.ts";
import type { DataSource, Item } from "./source.ts";

/** What is pointed at: its regions are drawn strong, the others are left out. */
type Part = `question ${number}` | `concept ${number}` | "all";

export class ItemView extends LitElement {
  static override properties = {
    source: { attribute: false },
    item: { attribute: false },
    slots: { attribute: false },
    answers: { attribute: false },
    version: { attribute: false },
    chosen: { state: true },
    image: { state: true },
    failed: { state: true },
    width: { state: true },
  };
  declare source: DataSource;
  declare item: Item;
  declare slots: readonly Slot[];
  /** What the models said so far; `version` changes with it. */
  declare answers: Answers;
  declare version: number;
  declare chosen: Part;
  declare image: RgbImage | undefined;
  declare failed: string | undefined;
  /** Of the picture on the screen, in CSS pixels. */
  declare width: number;
  private sizes: ResizeObserver | undefined;
  private loading: AbortController | undefined;

  static override styles = [
    controls,
    css`
      .both {
        display: grid;
        grid-template-columns:
          minmax(0, min(64%, calc((100vh - 200px) * var(--aspect, 1)))) minmax(300px, 460px);
        gap: var(--space-6);
        align-items: start;
      }
      .picture {
        position: relative;
        background: var(--wash);
        border-radius: var(--radius);
      }
      canvas,
      svg {
        display: block;
        width: 100%;
      }
      svg {
        position: absolute;
        inset: 0;
        height: 100%;
        overflow: visible;
      }
      .halo,
      .line {
        fill: none;
        vector-effect: non-scaling-stroke;
      }
      .halo {
        stroke: rgb(255 255 255 / 0.9);
        stroke-width: 4px;
      }
      .line {
        stroke: rgb(20 20 19);
        stroke-width: 2px;
      }
      .halo-dot {
        fill: rgb(255 255 255 / 0.9);
      }
      .dot {
        fill: rgb(20 20 19);
      }
      .part {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 0 var(--space-3);
        width: 100%;
        padding: 6px 0 6px 10px;
        text-align: left;
        background: none;
        border: 0;
        border-left: 2px solid transparent;
        border-bottom: 1px solid var(--hairline);
        border-radius: 0;
      }
      button.part[aria-pressed="true"] {
        background: var(--wash);
        color: var(--ink);
        border-color: transparent transparent var(--hairline) var(--ink);
      }
      .part .answer {
        font: var(--figures);
      }
      .said {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-1) var(--space-4);
        min-height: 26px;
        padding: 4px 0 4px 12px;
        border-bottom: 1px solid var(--hairline);
      }
      .who {
        display: inline-flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--space-1) var(--space-2);
        overflow-wrap: anywhere;
      }
      .part .caption {
        grid-column: 1 / -1;
      }
      section {
        margin-bottom: var(--space-6);
      }
      @media (max-width: 900px) {
        .both {
          grid-template-columns: minmax(0, 1fr);
        }
      }
    `,
  ];

  constructor() {
    super();
    this.chosen = "all";
    this.width = 0;
    this.slots = [];
    this.version = 0;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.sizes?.disconnect();
    this.loading?.abort();
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("item")) return;
    this.chosen = this.item.question === undefined ? "all" : `question ${this.item.question}`;
    void this.load(this.item);
  }

  private async load(item: Item): Promise<void> {
    this.loading?.abort();
    const controller = new AbortController();
    this.loading = controller;
    this.failed = undefined;
    try {
      const image = await this.source.picture(item, controller.signal);
      if (controller.signal.aborted) return;
      this.image = image;
      this.dispatchEvent(new CustomEvent("item-picture", { detail: { item, image } }));
      await this.updateComplete;
      await this.paint(image);
    } catch (error) {
      if (!controller.signal.aborted) this.failed = (error as Error).message;
    }
  }

  private async paint(image: RgbImage): Promise<void> {
    const canvas = this.renderRoot.querySelector("canvas");
    if (canvas !== null) await paintPicture(canvas, image);
  }

  override firstUpdated(): void {
    const picture = this.renderRoot.querySelector(".picture") as HTMLElement;
    this.sizes = new ResizeObserver(() => {
      this.width = picture.clientWidth;
    });
    this.sizes.observe(picture);
  }

  private get shown(): readonly Region[] {
    const { questions, concepts } = this.item.row;
    const [kind, at] = this.chosen.split(" ");
    if (kind === "question") return questions[Number(at)]?.regions ?? [];
    if (kind === "concept") return concepts[Number(at)]?.regions ?? [];
    return [...questions, ...concepts].flatMap(({ regions }) => regions);
  }

  override render() {
    const { image, item } = this;
    const { width = 1, height = 1 } = image ?? {};
    const unit = this.width > 0 ? width / this.width : 1;
    const smooth = this.width > 0 && this.width / width < 2;
    return html`<div class="both" .style=${`--aspect: ${width / height}`}>
      <figure>
        <div class="picture" .style=${`aspect-ratio: ${width} / ${height}`}>
          <canvas .style=${`image-rendering: ${smooth ? "auto" : "pixelated"}`} role="img" aria-label=${item.row.fileName}></canvas>
          ${
            image === undefined
              ? nothing
              : svg`<svg viewBox="0 0 ${width} ${height}" aria-hidden="true">
                  ${this.shown.map((region) => regionView(region, "plain", unit))}
                </svg>`
          }
        </div>
        ${this.failed === undefined ? nothing : html`<p class="wrong">${this.failed}</p>`}
        <p class="caption">${item.row.fileName}${image === undefined ? "" : `, ${width} × ${height} pixels`}</p>
      </figure>
      <div>${this.questions()} ${this.concepts()}</div>
    </div>`;
  }

  private questions() {
    const { questions } = this.item.row;
    return html`<section>
      <h3>Questions</h3>
      ${questions.length === 0 ? html`<p class="muted">None.</p>` : nothing}
      ${questions.map((one, i) => [
        this.partButton(`question ${i}`, one.question, one.answer, factsOf(one)),
        this.said(i),
      ])}
    </section>`;
  }

  /** What each open model answers, and whether that is right. */
  private said(question: number) {
    const open = this.slots.filter(({ model }) => model !== undefined);
    if (open.length === 0) return nothing;
    return html`<div class="said">
      ${open.map(({ letter, title }) => {
        const found = this.answers.get(this.item, question, letter);
        return html`<span class="who" .style=${`--model: var(--model-${letter})`} title=${title}>
          <span class="letter">${letter.toUpperCase()}</span>
          ${
            found === undefined
              ? html`<span class="muted">…</span>`
              : "failed" in found
                ? html`<span class="muted">${found.failed}</span>`
                : html`<span class="figures">${found.text === "" ? "(nothing)" : found.text}</span>
                    <span class=${found.outcome} title=${found.problem ?? ""}>${found.outcome}</span>`
          }
        </span>`;
      })}
    </div>`;
  }

  private concepts() {
    const { concepts } = this.item.row;
    return html`<section>
      <h3>Words</h3>
      ${concepts.length === 0 ? html`<p class="muted">None.</p>` : nothing}
      ${concepts.map(({ word, regions }, i) =>
        this.partButton(`concept ${i}`, word, regions.length === 0 ? "absent" : placesText(regions), ""),
      )}
    </section>`;
  }

  private partButton(part: Part, text: string, answer: string, facts: string) {
    const choose = () => {
      this.chosen = this.chosen === part ? "all" : part;
    };
    return html`<button class="part" aria-pressed=${this.chosen === part} @click=${choose}>
      <span>${text}</span><span class="answer">${answer}</span>
      ${facts === "" ? nothing : html`<span class="caption">${facts}</span>`}
    </button>`;
  }
}

/** "line-tracing, crossings 3, lines 4; evidence: 1 line" */
export function factsOf({ task, difficulty = {}, regions }: Question): string {
  const axes = Object.entries(difficulty).map(([axis, value]) => `${axisText(axis)} ${value}`);
  const evidence = regions.length === 0 ? "no evidence" : `evidence: ${placesText(regions)}`;
  return `${[task, ...axes].join(", ")}; ${evidence}`;
}

const kindNames: Readonly<Record<Region["kind"], readonly [one: string, many: string]>> = {
  box: ["box", "boxes"],
  mask: ["mask", "masks"],
  points: ["point", "points"],
  polyline: ["line", "lines"],
};

/** "2 masks, 1 box" */
export function placesText(regions: readonly Region[]): string {
  const counts = new Map<Region["kind"], number>();
  for (const region of regions) {
    const many = region.kind === "points" ? region.points.length : 1;
    counts.set(region.kind, (counts.get(region.kind) ?? 0) + many);
  }
  return [...counts].map(([kind, count]) => `${count} ${kindNames[kind][count === 1 ? 0 : 1]}`).join(", ");
}

customElements.define("studio-item", ItemView);
