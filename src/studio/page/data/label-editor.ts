/**
 * <studio-label-editor>: the labels of one picture changed by hand, with undo, and with proposals of the open models. Event
 * `labels-change`, `{ labels }`.
 */
import { html, LitElement, nothing, type PropertyValues } from "lit";
import type { RgbImage } from "../../../common/image.ts";
import { controls } from "../../../elements/controls.ts";
import type { Region } from "../../../grounding/region.ts";
import type { Slot } from "../studio.ts";
import type { EditedLabels } from "./edits.ts";
import "./label-canvas.ts";
import { placesText } from "./item-view.ts";
import { type Tool, tools } from "./label-canvas.ts";
import { labelEditorStyle } from "./label-editor-style.ts";
import {
  addConcept,
  addQuestion,
  addRegion,
  amend,
  begin,
  type History,
  record,
  redo,
  regionsOf,
  removeTarget,
  type Target,
  undo,
  unfinished,
  withConcept,
  withQuestion,
  withRegions,
} from "./labels.ts";
import { type Suggestion, suggest } from "./suggest.ts";

interface Proposal extends Suggestion {
  readonly slot: Slot;
}

export class LabelEditor extends LitElement {
  static override properties = {
    image: { attribute: false },
    labels: { attribute: false },
    slots: { attribute: false },
    history: { state: true },
    target: { state: true },
    chosen: { state: true },
    tool: { state: true },
    radius: { state: true },
    proposal: { state: true },
    said: { state: true },
  };
  declare image: RgbImage;
  /** Where editing begins; what it becomes is told by events. */
  declare labels: EditedLabels;
  /** The open models. */
  declare slots: readonly Slot[];
  declare history: History;
  declare target: Target | undefined;
  declare chosen: number | undefined;
  declare tool: Tool;
  declare radius: number;
  declare proposal: Proposal | undefined;
  /** What a model said of a word, or why it did not. */
  declare said: string | undefined;
  private typing = "";
  private asking: AbortController | undefined;

  static override styles = [controls, labelEditorStyle];

  constructor() {
    super();
    this.tool = "select";
    this.radius = 4;
    this.slots = [];
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("image"))
      this.radius = Math.max(1, Math.round(Math.max(this.image.width, this.image.height) / 40));
    if (!changed.has("labels")) return;
    this.history = begin(this.labels);
    const { concepts, questions } = this.labels;
    this.target = concepts.length > 0 ? { kind: "concept", at: 0 } : questions.length > 0 ? { kind: "question", at: 0 } : undefined; // biome-ignore format: one line
    this.forget();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.asking?.abort();
  }

  private forget(): void {
    this.asking?.abort();
    this.chosen = undefined;
    this.proposal = undefined;
    this.said = undefined;
  }

  private get now(): EditedLabels {
    return this.history.now;
  }

  private set(history: History): void {
    this.history = history;
    this.dispatchEvent(new CustomEvent("labels-change", { detail: { labels: history.now } }));
  }

  private step(next: EditedLabels): void {
    this.typing = "";
    this.set(record(this.history, next));
  }

  /** A field's letters are one step. */
  private type(field: string, next: EditedLabels): void {
    this.set(this.typing === field ? amend(this.history, next) : record(this.history, next));
    this.typing = field;
  }

  private turn(how: (history: History) => History): void {
    this.typing = "";
    this.chosen = undefined;
    this.set(how(this.history));
    const { target } = this;
    const { questions, concepts } = this.now;
    if (target !== undefined && target.at >= (target.kind === "question" ? questions : concepts).length)
      this.target = undefined;
  }

  private onKey(event: KeyboardEvent): void {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
    event.preventDefault();
    this.turn(event.shiftKey ? redo : undo);
  }

  override render() {
    const { image, target, now } = this;
    const regions = target === undefined ? [] : regionsOf(now, target);
    const others = [...now.questions, ...now.concepts].flatMap((one) =>
      one.regions === regions ? [] : one.regions,
    );
    const problem = unfinished(now);
    return html`<div @keydown=${this.onKey}>
      ${this.toolbar()}
      <div class="both" .style=${`--aspect: ${image.width / image.height}`}>
        <figure .style=${this.proposal === undefined ? "" : `--model: var(--model-${this.proposal.slot.letter})`}>
          <studio-label-canvas
            .image=${image}
            .regions=${regions}
            .others=${others}
            .proposal=${this.proposal?.mask === undefined ? [] : [this.proposal.mask]}
            .name=${target === undefined ? "" : nameOf(now, target)}
            .chosen=${this.chosen}
            .tool=${target === undefined ? "select" : this.tool}
            .radius=${this.radius}
            @regions-change=${this.onRegions}
            @region-choose=${this.onChoose}
          ></studio-label-canvas>
          <p class="caption">${this.help()}</p>
        </figure>
        <div>
          ${this.list("Words", "concept", now.concepts.length, "add a word", addConcept)}
          ${this.list("Questions", "question", now.questions.length, "add a question", addQuestion)}
          ${problem === undefined ? nothing : html`<p class="muted" role="status">${problem}</p>`}
        </div>
      </div>
    </div>`;
  }

  private help(): string {
    if (this.target === undefined) return "Add a word or a question; what is drawn belongs to it.";
    const texts: Readonly<Record<Tool, string>> = {
      select:
        "Drag to move, handles to resize. Arrow keys move by a pixel, with Shift they resize, with Ctrl by ten; Delete removes.",
      box: "Drag a box. Enter puts one in the middle.",
      point: "Click a place. Enter puts a point in the middle.",
      line: "Click point by point; a double click or Enter ends the line.",
      brush: "Paint over what belongs to it. Enter paints in the middle.",
      eraser: "Wipe off what does not belong to it.",
    };
    return texts[this.tool];
  }

  private toolbar() {
    const { past, future } = this.history;
    const isBrush = this.tool === "brush" || this.tool === "eraser";
    const most = Math.max(4, Math.round(Math.max(this.image.width, this.image.height) / 6));
    return html`<div class="row tools" role="toolbar" aria-label="Drawing">
      ${tools.map(
        (tool) =>
          html`<button aria-pressed=${tool === this.tool} @click=${() => (this.tool = tool)}>${tool}</button>`,
      )}
      <label class="row" ?hidden=${!isBrush}
        >width
        <input
          type="range"
          min="0.5"
          max=${most}
          step="0.5"
          .value=${String(this.radius)}
          @input=${(event: Event) => (this.radius = Number((event.target as HTMLInputElement).value))}
        />
        <span class="figures">${2 * this.radius} px</span></label
      >
      <span class="gap"></span>
      <button ?disabled=${past.length === 0} @click=${() => this.turn(undo)}>undo</button>
      <button ?disabled=${future.length === 0} @click=${() => this.turn(redo)}>redo</button>
    </div>`;
  }

  private list(
    title: string,
    kind: Target["kind"],
    count: number,
    adding: string,
    add: (labels: EditedLabels) => EditedLabels,
  ) {
    const addOne = () => {
      this.step(add(this.now));
      this.aim({ kind, at: count });
      void this.updateComplete.then(() =>
        this.renderRoot.querySelector<HTMLInputElement>(`#${kind}-${count}`)?.focus(),
      );
    };
    return html`<section>
      <h3>${title}</h3>
      ${Array.from({ length: count }, (_, at) => this.entry({ kind, at }))}
      <p><button class="quiet" @click=${addOne}>${adding}</button></p>
    </section>`;
  }

  private aim(target: Target): void {
    if (this.target?.kind === target.kind && this.target.at === target.at) return;
    this.target = target;
    this.forget();
  }

  private entry(target: Target) {
    const { kind, at } = target;
    const isActive = this.target?.kind === kind && this.target.at === at;
    const regions = regionsOf(this.now, target);
    const places =
      regions.length > 0 ? placesText(regions) : kind === "concept" ? "absent: no region" : "no evidence";
    const aim = () => this.aim(target);
    const remove = () => {
      this.step(removeTarget(this.now, target));
      this.target = undefined;
      this.forget();
    };
    return html`<div class="target ${isActive ? "active" : ""}" @focusin=${aim} @click=${aim}>
      <div class="fields">${kind === "concept" ? this.word(at) : this.question(at)}</div>
      <button class="quiet" aria-label="remove ${nameOf(this.now, target)}" @click=${remove}>remove</button>
      <div class="below">
        <span class="caption">${places}</span>
        ${isActive && kind === "concept" ? this.askers(at) : nothing}
      </div>
      ${isActive ? this.suggestion() : nothing}
    </div>`;
  }

  private word(at: number) {
    const { word } = this.now.concepts[at];
    const type = (event: Event) =>
      this.type(`word ${at}`, withConcept(this.now, at, { word: (event.target as HTMLInputElement).value }));
    return html`<input id="concept-${at}" aria-label="word" placeholder="a word, as in “duck”" .value=${word} @input=${type} />`;
  }

  private question(at: number) {
    const { question, answer } = this.now.questions[at];
    const type = (field: "question" | "answer") => (event: Event) =>
      this.type(
        `${field} ${at}`,
        withQuestion(this.now, at, { [field]: (event.target as HTMLInputElement).value }),
      );
    return html`<input id="question-${at}" aria-label="question" placeholder="question" .value=${question} @input=${type("question")} />
      <input class="answer" aria-label="answer" placeholder="answer" .value=${answer} @input=${type("answer")} />`;
  }

  private askers(at: number) {
    const word = this.now.concepts[at].word.trim();
    const open = this.slots.filter(({ model }) => model !== undefined);
    return open.map(
      (slot) =>
        html`<button class="quiet" ?disabled=${word === ""} @click=${() => this.ask(slot, word)}>
          suggest by ${slot.letter.toUpperCase()}
        </button>`,
    );
  }

  private async ask(slot: Slot, word: string): Promise<void> {
    this.forget();
    const controller = new AbortController();
    this.asking = controller;
    this.said = `${slot.title} looks for “${word}” …`;
    try {
      if (slot.model === undefined) return;
      const found = await suggest(slot.model, this.image, word, controller.signal);
      if (controller.signal.aborted) return;
      this.said = `${slot.title} ${found.sentence}`;
      this.proposal = { ...found, slot };
    } catch (error) {
      if (!controller.signal.aborted) this.said = refusal(slot, word, error as Error);
    }
  }

  private suggestion() {
    const { said, proposal } = this;
    if (said === undefined) return nothing;
    const { mask, box, point } = proposal ?? {};
    const take = (region: Region | undefined) => () => this.accept(region);
    return html`<div
      class="proposal"
      .style=${proposal === undefined ? "" : `--model: var(--model-${proposal.slot.letter})`}
    >
      <p role="status">${said}</p>
      ${
        mask === undefined
          ? nothing
          : html`<p class="row">
              <button @click=${take(mask)}>take the mask</button>
              <button @click=${take(box)}>take its box</button>
              <button @click=${take(point)}>take its likeliest point</button>
              <button class="quiet" @click=${this.forget}>discard</button>
            </p>`
      }
    </div>`;
  }

  private accept(region: Region | undefined): void {
    const { target } = this;
    if (target === undefined || region === undefined) return;
    const at = regionsOf(this.now, target).length;
    this.step(addRegion(this.now, target, region));
    this.forget();
    this.chosen = at;
    this.tool = region.kind === "mask" ? "brush" : "select";
  }

  private onRegions(event: CustomEvent<{ regions: readonly Region[]; chosen: number | undefined }>): void {
    const { target } = this;
    if (target === undefined) return;
    this.step(withRegions(this.now, target, event.detail.regions));
    this.chosen = event.detail.chosen;
  }

  private onChoose(event: CustomEvent<{ chosen: number | undefined }>): void {
    this.chosen = event.detail.chosen;
  }
}

/** A small vocabulary lacks most words; its list of them is no help here. */
function refusal({ title }: Slot, word: string, { message }: Error): string {
  return message.includes("made of words that") ? `${title} does not know the word “${word}”.` : message;
}

function nameOf({ questions, concepts }: EditedLabels, { kind, at }: Target): string {
  const text = kind === "question" ? questions[at]?.question : concepts[at]?.word;
  return text === undefined || text === "" ? `the new ${kind === "question" ? "question" : "word"}` : text;
}

customElements.define("studio-label-editor", LabelEditor);
