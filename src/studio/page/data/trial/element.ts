/** <studio-trial>: line tracing to try oneself, against the shipped model of line tracing on the same pictures. */
import { css, html, LitElement, nothing, type PropertyValues, svg } from "lit";
import { paint } from "../../../../data/drawing/paint.ts";
import type { DrawnExample } from "../../../../data/tasks/drawn-examples.ts";
import { controls } from "../../../../elements/controls.ts";
import { openInPage } from "../../../models/in-page.ts";
import type { StudioModel } from "../../../models/model.ts";
import { estimateCell, estimateStyle } from "../../boards/estimate-cell.ts";
import type { Studio } from "../../studio.ts";
import { bitmapOf } from "../made-source.ts";
import { askAbout } from "../outcomes.ts";
import { regionView } from "../region-view.ts";
import { type End, endAt, endsOf, enlarged, type Level, levels, type Tried, trialMaker, trialScores, trialSentence, tried } from "./trial.ts"; // biome-ignore format: one line

const SEED = 1;
/** Of the picture as people see it, in pixels. */
const SIDE = 672;
const NAME = "the model";

export class Trial extends LitElement {
  static override properties = {
    studio: { attribute: false },
    level: { attribute: false },
    index: { state: true },
    own: { state: true },
    its: { state: true },
    modelState: { state: true },
    width: { state: true },
  };
  declare studio: Studio;
  declare level: Level;
  declare index: number;
  declare own: readonly Tried[];
  /** What the model said, of every picture that was shown. */
  declare its: readonly Tried[];
  /** "loading", "open", or why there is none. */
  declare modelState: string;
  declare width: number;
  private model: StudioModel | undefined;
  private item: DrawnExample | undefined;
  private make: ReturnType<typeof trialMaker> | undefined;
  private asking: AbortController | undefined;
  private sizes: ResizeObserver | undefined;

  static override styles = [
    controls,
    estimateStyle,
    css`
      .both {
        display: grid;
        grid-template-columns: minmax(0, min(56%, calc(100vh - 250px))) minmax(300px, 480px);
        gap: var(--space-6);
        align-items: start;
      }
      .picture {
        position: relative;
        cursor: pointer;
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
        pointer-events: none;
      }
      .halo,
      .line {
        fill: none;
        vector-effect: non-scaling-stroke;
      }
      .halo {
        stroke: rgb(255 255 255 / 0.9);
        stroke-width: 7px;
      }
      .line {
        stroke: rgb(20 20 19);
        stroke-width: 3px;
      }
      .question {
        font: var(--sentence);
        margin: var(--space-3) 0 var(--space-2);
      }
      .ends button {
        min-width: 40px;
        font: var(--figures);
      }
      table,
      .caption {
        margin-top: var(--space-2);
      }
      .verdict {
        min-height: 52px;
        margin: var(--space-3) 0;
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
    this.index = 0;
    this.own = [];
    this.its = [];
    this.modelState = "loading";
    this.width = 0;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.openModel();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.asking?.abort();
    this.sizes?.disconnect();
    void this.model?.close();
    this.model = undefined;
  }

  private async openModel(): Promise<void> {
    try {
      const model = await openInPage({
        worker: new URL("worker.js", document.baseURI),
        assets: new URL(this.studio.setup.assets, document.baseURI).href,
        source: { address: new URL("models/line-tracing/", document.baseURI).href },
        device: "wasm",
        threads: 1,
      });
      if (!this.isConnected) return void model.close();
      this.model = model;
      this.modelState = "open";
      void this.ask();
    } catch {
      this.modelState = "The model of line tracing is not at hand here: you play alone.";
    }
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("level")) {
      this.make = trialMaker(this.level);
      this.index = 0;
      this.own = [];
      this.its = [];
    }
    if (changed.has("level") || changed.has("index")) {
      this.item = this.make?.(SEED, this.index);
      void this.ask();
    }
  }

  override firstUpdated(): void {
    const picture = this.renderRoot.querySelector(".picture") as HTMLElement;
    this.sizes = new ResizeObserver(() => {
      this.width = picture.clientWidth;
    });
    this.sizes.observe(picture);
  }

  override updated(changed: PropertyValues<this>): void {
    if (changed.has("level") || changed.has("index")) void this.paint();
  }

  private async paint(): Promise<void> {
    const { item } = this;
    const canvas = this.renderRoot.querySelector("canvas");
    if (item === undefined || canvas === null) return;
    const image = paint(enlarged(item.drawing, Math.max(1, Math.round(SIDE / item.drawing.width))));
    const bitmap = await bitmapOf(image, image.width);
    if (this.item === item) {
      [canvas.width, canvas.height] = [image.width, image.height];
      canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
    }
    bitmap.close();
  }

  /** The model answers what is shown; the easy pictures alone are of the kind that it knows. */
  private async ask(): Promise<void> {
    const { item, model, index, level } = this;
    if (item === undefined || model === undefined || level !== "easy") return;
    if (this.its.some((one) => one.index === index)) return;
    this.asking?.abort();
    const controller = new AbortController();
    this.asking = controller;
    try {
      const [found] = await askAbout(model, item.image, item.questions, controller.signal);
      if (!controller.signal.aborted) this.its = [...this.its, tried(index, item.questions[0], found.text)];
    } catch (error) {
      if (!controller.signal.aborted) this.modelState = (error as Error).message;
    }
  }

  private get mine(): Tried | undefined {
    return this.own.find(({ index }) => index === this.index);
  }

  private answer(label: string): void {
    const { item } = this;
    if (item === undefined || this.mine !== undefined) return;
    this.own = [...this.own, tried(this.index, item.questions[0], label)];
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLButtonElement>(".next")?.focus());
  }

  private next(): void {
    this.index++;
    void this.updateComplete.then(() =>
      this.renderRoot.querySelector<HTMLButtonElement>(".ends button")?.focus(),
    );
  }

  private onClick(event: MouseEvent): void {
    const { item } = this;
    if (item === undefined) return;
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const scale = item.drawing.width / box.width;
    const at = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale] as const;
    const end = endAt(endsOf(item), at, 0.08 * item.drawing.width);
    if (end !== undefined) this.answer(end.label);
  }

  private onKey(event: KeyboardEvent): void {
    if (this.item === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const end = endsOf(this.item).find(({ label }) => label.toLowerCase() === event.key.toLowerCase());
    if (end !== undefined) this.answer(end.label);
  }

  override render() {
    const { item } = this;
    if (item === undefined) return nothing;
    const { width, height } = item.drawing;
    const [question] = item.questions;
    const unit = this.width > 0 ? width / this.width : 1;
    const ends = endsOf(item);
    return html`<div @keydown=${this.onKey}>
      <div class="row">${(Object.keys(levels) as Level[]).map((level) => this.levelButton(level))}</div>
      <p class="question" id="question">${this.index + 1}. ${question.question}</p>
      <div class="both">
        <div class="picture" @click=${this.onClick}>
          <canvas role="img" aria-labelledby="question" .style=${`aspect-ratio: ${width} / ${height}`}></canvas>
          ${
            this.mine === undefined
              ? nothing
              : svg`<svg viewBox="0 0 ${width} ${height}" aria-hidden="true">
                  ${question.regions.map((region) => regionView(region, "plain", unit))}
                </svg>`
          }
        </div>
        <div>
          <div class="row ends" role="group" aria-label="The end that it reaches">
            ${ends.map((end) => this.endButton(end))}
          </div>
          <div class="verdict" role="status">${this.verdict(question.answer)}</div>
          ${this.scores()}
        </div>
      </div>
    </div>`;
  }

  private levelButton(level: Level) {
    const texts = { easy: "2 or 3 lines, up to 2 crossings", hard: "up to 10 lines, up to 12 crossings" };
    const choose = () => this.studio.address.set({ level });
    return html`<button aria-pressed=${level === this.level} @click=${choose}>${texts[level]}</button>`;
  }

  private endButton({ label }: End) {
    const { mine } = this;
    return html`<button
      ?disabled=${mine !== undefined && mine.answer !== label}
      aria-pressed=${mine?.answer === label}
      @click=${() => this.answer(label)}
    >
      ${label}
    </button>`;
  }

  private verdict(answer: string) {
    const { mine } = this;
    if (mine === undefined)
      return html`<span class="muted">Click the end in the picture, choose it here, or type its letter.</span>`;
    const its = this.its.find(({ index }) => index === this.index);
    const word = (isRight: boolean) =>
      html`<span class=${isRight ? "right" : "wrong"}>${isRight ? "right" : "wrong"}</span>`;
    return html`<p>
        It ends at <span class="figures">${answer}</span>. You said <span class="figures">${mine.answer}</span>: ${word(mine.isRight)}.
        ${its === undefined ? nothing : html`The model said <span class="figures">${its.answer}</span>: ${word(its.isRight)}.`}
      </p>
      <p><button class="next" @click=${this.next}>next</button></p>`;
  }

  private scores() {
    const own = trialScores(this.own);
    const seen = new Set(this.own.map(({ index }) => index));
    const its = trialScores(this.its.filter(({ index }) => seen.has(index)));
    const hasModel = this.level === "easy" && this.modelState === "open";
    const empty = html`<span class="muted">–</span>`;
    const row = (
      name: string,
      mine: typeof own.all | undefined,
      model: typeof own.all | undefined,
    ) => html`<tr>
      <th scope="row">${name}</th>
      <td>${mine === undefined || mine.count === 0 ? empty : estimateCell(mine)}</td>
      <td class="figures">${mine?.count ?? 0}</td>
      ${hasModel ? html`<td>${model === undefined || model.count === 0 ? empty : estimateCell(model)}</td>` : nothing}
    </tr>`;
    return html`
      <p>${trialSentence(own, hasModel ? its : undefined, NAME)}</p>
      <table>
        <thead>
          <tr>
            <th scope="col">crossings</th>
            <th scope="col">you</th>
            <th scope="col">answers</th>
            ${hasModel ? html`<th scope="col">${NAME}</th>` : nothing}
          </tr>
        </thead>
        <tbody>
          ${[...own.byCrossings].map(([crossings, mine]) => row(String(crossings), mine, its.byCrossings.get(crossings)))}
          ${row("all", own.all, its.all)}
        </tbody>
      </table>
      <p class="caption">
        Shares of right answers with 95 % intervals.
        ${
          this.level === "hard"
            ? "No model that is here can be asked these: the shipped one was trained on the others. A run of fovea eval line-tracing stands in Boards, by crossings too."
            : this.modelState === "open"
              ? "The model is checkpoints/line-tracing (1.4 M parameters, next token, logit lens and attention losses), trained on other pictures of this kind; it sees this drawing at 64 pixels."
              : this.modelState === "loading"
                ? "The model is being opened."
                : this.modelState
        }
      </p>
    `;
  }
}

customElements.define("studio-trial", Trial);
