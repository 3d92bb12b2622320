/** The sentence over the models, in type; what changes while something is dragged is read out only once it rests. */
import { css, html, LitElement, type PropertyValues } from "lit";
import { controls } from "../../../../elements/controls.ts";
import { plainText, type Span } from "../say/sentence.ts";

/** Milliseconds without a change after which the sentence is read out. */
const rest = 900;

export class PlaySentence extends LitElement {
  static override properties = {
    spans: { attribute: false },
    waiting: {},
    together: {},
    told: { state: true },
  };
  declare spans: readonly Span[] | undefined;
  /** What stands there until there is a sentence. */
  declare waiting: string;
  /** Below it, small: what the models have in common. */
  declare together: string | undefined;
  declare told: string;
  /** Stays until there is another. */
  private last: readonly Span[] | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  static override styles = [
    controls,
    css`
      p {
        min-height: 48px;
        max-width: 104ch;
        font: var(--sentence);
        text-wrap: pretty;
      }
      .together {
        min-height: 16px;
        margin-top: var(--space-1);
      }
      i {
        font-style: italic;
      }
      b {
        font-weight: 600;
      }
      .answer {
        font: 600 0.9em/1 var(--mono);
      }
      @media (max-width: 760px) {
        p {
          min-height: 96px;
        }
      }
    `,
  ];

  constructor() {
    super();
    this.waiting = "";
    this.told = "";
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("spans") || this.spans === undefined) return;
    this.last = this.spans;
    const text = plainText(this.spans);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.told = text;
    }, rest);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.timer);
  }

  override render() {
    const spans = this.spans ?? this.last;
    return html`<p aria-hidden=${spans === undefined ? "false" : "true"}>
        ${spans === undefined ? html`<span class="muted">${this.waiting}</span>` : spans.map(spanOf)}
      </p>
      <div class="caption together">${this.together}</div>
      <div class="seen" role="status">${this.told}</div>`;
  }
}

function spanOf({ text, kind, letter }: Span) {
  if (kind === "model") return html`<b .style=${`color: var(--model-${letter}-ink)`}>${text}</b>`;
  if (kind === "word") return html`<i>${text}</i>`;
  if (kind === "answer") return html`<span class="answer">${text}</span>`;
  return text.replaceAll(/(\d) %/g, "$1\u00a0%");
}

customElements.define("play-sentence", PlaySentence);
