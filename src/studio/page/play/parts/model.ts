/**
 * One model's column: what its patches say, where its answer looks, its answers and its scores. Event: `play-question` {at}.
 */
import { html, LitElement, nothing } from "lit";
import type { RgbImage } from "../../../../common/image.ts";
import { controls } from "../../../../elements/controls.ts";
import "../../../../elements/fovea-map.ts";
import type { Region } from "../../../../grounding/region.ts";
import { formatShare, linearScale, shareScale } from "../../../../lens/scale.ts";
import type { Slot } from "../../studio.ts";
import type { Followed } from "../follow.ts";
import type { PlayQuestion } from "../say/questions.ts";
import { fixedThreshold } from "../say/scores.ts";
import { type AnswerRow, answerRows, certainty, lookAt, patchWords, type Seen } from "../say/view.ts";
import { columnStyles } from "./model-styles.ts";
import { progressText } from "./progress.ts";
import { type Score, scoresOf } from "./score-rows.ts";

const probability = linearScale("probability", 0, 1);

export class PlayModel extends LitElement {
  static override properties = {
    model: { attribute: false },
    followed: { attribute: false },
    image: { attribute: false },
    questions: { attribute: false },
    questionAt: { type: Number },
    word: {},
    layer: { type: Number },
    isScene: { type: Boolean },
  };
  declare model: Slot;
  declare followed: Followed;
  /** Shown until the model has seen it. */
  declare image: RgbImage | undefined;
  declare questions: readonly PlayQuestion[];
  declare questionAt: number;
  declare word: string | undefined;
  /** Undefined: the last. */
  declare layer: number | undefined;
  /** Whether the truth is known. */
  declare isScene: boolean;

  static override styles = [controls, columnStyles];

  override render() {
    const { model, followed } = this;
    const { seen } = followed;
    return html`
      <header>
        <span class="letter" aria-hidden="true">${model.letter.toUpperCase()}</span>
        <h2><span class="seen">Model ${model.letter.toUpperCase()}: </span>${model.title}</h2>
        ${this.note()}
        <slot name="change"></slot>
      </header>
      ${this.problem()}
      <div class="maps">${this.wordsMap(seen)}${this.lookMap(seen)}</div>
      <div class="answers" role="group" aria-label="Answers of model ${model.letter.toUpperCase()}">
        ${this.rows(seen).map((row, at) => this.answerRow(row, at))}
      </div>
      ${this.isScene ? html`<dl class="scores">${scoresOf(seen, this.word, this.chosenText, this.threshold).map(scoreRow)}</dl>` : nothing}
    `;
  }

  private get threshold(): number {
    return this.model.model?.card.threshold ?? fixedThreshold;
  }

  /** The question that is looked at, as the model was asked last. */
  private get chosenText(): string | undefined {
    const asked = this.followed.seen?.asked.questions ?? this.questions;
    return (asked[this.questionAt] ?? asked[0])?.text;
  }

  /** What is said beside the title; until the model is open, what is being loaded. */
  private note() {
    const { failed, loading, model, note, letter } = this.model;
    if (failed !== undefined || model !== undefined) return html`<span class="caption note">${note}</span>`;
    return html`<span class="caption note loading">
      <progress
        aria-label="Loading model ${letter.toUpperCase()}"
        max=${loading?.total ?? 1}
        value=${loading?.total === undefined ? nothing : loading.done}
      ></progress>
      ${loading === undefined ? "opening" : progressText(loading)}
    </span>`;
  }

  /** Why nothing is said. */
  private problem() {
    const problem = this.model.failed ?? this.followed.failed;
    return problem === undefined ? nothing : html`<p class="state wrong">${problem}</p>`;
  }

  private wordsMap(seen: Seen | undefined) {
    const words = seen && patchWords(seen, this.layer);
    const last = (seen?.glance.lens.layers.length ?? 1) - 1;
    const layer = Math.min(this.layer ?? last, last);
    const map = seen &&
      words && { values: certainty(words), geometry: seen.glance.lens.geometry, scale: probability };
    return html`<figure>
      <figcaption>
        <span>What its patches say</span>
        <span class="caption">${words === undefined ? "" : `${layerText(layer, last)}, up to ${upTo(words)}`}</span>
      </figcaption>
      <fovea-map
        reading
        label=${`What the patches of model ${this.model.letter.toUpperCase()} say`}
        .picture=${seen?.asked.image ?? this.image}
        .map=${map}
        .words=${words}
        .least=${this.threshold}
        ?busy=${seen === undefined}
      ></fovea-map>
    </figure>`;
  }

  private lookMap(seen: Seen | undefined) {
    const question = this.chosenText;
    const at = seen && question !== undefined ? lookAt(seen, question, this.layer) : undefined;
    const map = at && {
      values: at.look.map,
      geometry: at.answer.geometry,
      scale: shareScale(at.look.map.length),
    };
    return html`<figure>
      <figcaption>
        <span>Where its answer looks</span>
        <span class="caption">${at === undefined ? "" : `${formatShare(at.look.share)} on image`}</span>
      </figcaption>
      <fovea-map
        reading
        label=${`Where the answer of model ${this.model.letter.toUpperCase()} to “${question ?? ""}” looks`}
        .picture=${seen?.asked.image ?? this.image}
        .map=${map}
        .outlines=${this.targetOf(seen, question)}
        ?busy=${seen === undefined}
      ></fovea-map>
    </figure>`;
  }

  private targetOf(seen: Seen | undefined, question: string | undefined): readonly Region[] {
    return seen?.asked.questions.find(({ text }) => text === question)?.regions ?? [];
  }

  /** What was asked of the newest picture; the rows stand before the answers come. */
  private rows(seen: Seen | undefined): AnswerRow[] {
    const known = seen === undefined ? [] : answerRows(seen);
    return this.questions.map((question, i) => {
      const same = known.find((row) => row.question.text === question.text) ?? known[i];
      return same ?? { question, verdict: "open" };
    });
  }

  private answerRow({ question, answer, verdict }: AnswerRow, at: number) {
    const isChosen = at === this.questionAt || (at === 0 && this.questionAt >= this.questions.length);
    const said = answer === undefined ? "" : answer.answer === "" ? "(nothing)" : answer.answer;
    const unknown =
      this.followed.seen?.glance.answers.find((one) => one.question === question.text)?.unknown ?? [];
    return html`<button class="answer" aria-pressed=${isChosen} @click=${() => this.choose(at)}>
      <span class="question">${question.text}</span>
      <span class="figures said">${said}${answer === undefined || answer.ended ? "" : "…"}</span>
      ${
        unknown.length > 0
          ? html`<span class="caption" title=${`It has no word for ${unknown.join(", ")}`}>no word: ${unknown.join(", ")}</span>`
          : this.verdict(question, verdict, answer !== undefined)
      }
    </button>`;
  }

  private verdict({ open }: PlayQuestion, verdict: AnswerRow["verdict"], isAnswered: boolean) {
    if (!this.isScene || !isAnswered) return html`<span></span>`;
    if (verdict === "open")
      return html`<span class="caption open" title=${open ?? ""}>${open ?? "not judged"}</span>`;
    return html`<span class=${verdict}>${verdict}</span>`;
  }

  private choose(at: number): void {
    this.dispatchEvent(new CustomEvent("play-question", { detail: { at }, bubbles: true, composed: true }));
  }
}

function layerText(layer: number, last: number): string {
  if (layer === last) return "last layer";
  return layer === 0 ? "input" : `layer ${layer}`;
}

/** The highest probability of all patches' words. */
function upTo(words: ReturnType<typeof patchWords>): string {
  return Math.max(0, ...certainty(words)).toFixed(2);
}

function scoreRow({ name, value, what, detail }: Score) {
  const known = value !== undefined;
  return html`<div title=${what}>
    <dt>${name}</dt>
    <dd>
      <span class="bar" aria-hidden="true"><span .style=${`width: ${100 * (value ?? 0)}%`}></span></span>
      <span class="figures">${known ? value.toFixed(2) : html`<span class="caption">${detail}</span>`}</span>
    </dd>
  </div>`;
}

customElements.define("play-model", PlayModel);
