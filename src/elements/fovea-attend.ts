/**
 * A whole attention result: `<fovea-attend>`. The answer's tokens are buttons, layers a strip coloured by the share on the
 * image, heads a matrix; the map shows where the chosen token looks. Several models stand side by side.
 *
 *     <fovea-attend src="#photo" data="#attention"></fovea-attend>   data: a list of results, as fovea attend writes them
 */
import { css, html, LitElement, nothing, type PropertyValues } from "lit";
import { colourMaps } from "../lens/colour.ts";
import { formatShare } from "../lens/scale.ts";
import { controls } from "./controls.ts";
import { define } from "./define.ts";
import { tokens } from "./element-tokens.ts";
import "./fovea-compare.ts";
import "./fovea-heads.ts";
import "./fovea-map.ts";
import "./fovea-scale.ts";
import type { Head } from "./heads/matrix.ts";
import { jsonOf } from "./json-source.ts";
import type { PictureSource } from "./map/paper.ts";
import { flatColour, inkOn } from "./map/veil.ts";
import {
  type AttendingToken,
  type AttendView,
  attendLine,
  attendMap,
  attendScale,
  tokenName,
  tokensOf,
} from "./views/attend-view.ts";
import { viewStyles } from "./views/view-styles.ts";

/** The element `<fovea-attend>`: where each token of an answer looks. */
export class FoveaAttend extends LitElement {
  static override properties = {
    results: { attribute: false },
    data: {},
    picture: { attribute: false },
    src: {},
    token: { state: true },
    at: { state: true },
    heads: { state: true },
  };
  /** One for each model. */
  declare results: readonly AttendView[] | undefined;
  /** Instead of `results`: `#id` of a `<script type="application/json">` with the list. */
  declare data: string | undefined;
  declare picture: PictureSource | undefined;
  /** Instead of `picture`: an address, or `#id` of an `<img>`. */
  declare src: string | undefined;
  declare token: number;
  /** Which layer, by its place in the list; the last at first. */
  declare at: number | undefined;
  /** Whether the heads are open. */
  declare heads: boolean;

  /** How it looks. */
  static override styles = [
    tokens,
    controls,
    viewStyles,
    css`
      .answer {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--space-1);
        min-height: 28px;
        margin-bottom: var(--space-2);
      }
      .answer button {
        min-width: 28px;
        font: 400 12.5px/18px var(--mono);
        white-space: pre;
      }
      details {
        margin-top: var(--space-3);
      }
      summary {
        width: max-content;
        margin-bottom: var(--space-2);
        color: var(--muted);
        cursor: pointer;
      }
    `,
  ];

  constructor() {
    super();
    this.token = 0;
    this.heads = true;
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("data") && this.data !== undefined) this.results = jsonOf(this.data) as AttendView[];
    if (changed.has("results")) [this.token, this.at] = [0, undefined];
  }

  override render() {
    const { results = [] } = this;
    if (results.length === 0) return html`<p class="muted">Nothing to show.</p>`;
    const models = results.map(({ title, note }) => ({ title, note }));
    const [first] = results;
    const isOne = results.length === 1;
    return html`
      <div class="head">
        <span><span class="muted">where the answer looks</span> ${first.question}</span>
        <fovea-scale .scale=${attendScale(first)}></fovea-scale>
      </div>
      ${
        isOne
          ? this.single(first)
          : html`<fovea-compare .models=${models}>
              ${results.map((result) => html`<div>${this.answer(result)}${this.map(result)}${this.strip(result)}${this.matrix(result)}</div>`)}
            </fovea-compare>`
      }
    `;
  }

  private single(result: AttendView) {
    return html`<div class="one">
      <div>${this.answer(result)}${this.map(result)}</div>
      <div>${this.strip(result)}${this.matrix(result)}</div>
    </div>`;
  }

  private place(result: AttendView): { t: number; l: number } {
    const t = Math.min(this.token, tokensOf(result).length - 1);
    const layers = tokensOf(result)[t]?.layers.length ?? 0;
    return { t, l: Math.min(this.at ?? Number.POSITIVE_INFINITY, layers - 1) };
  }

  private answer(result: AttendView) {
    const { right, ended = true, prompt = [], tokens, title } = result;
    return html`${
      prompt.length === 0
        ? nothing
        : html`<div class="answer" role="group" aria-label="Tokens of the prompt of ${title}">
              <span class="muted">asked</span>
              ${prompt.map((token, i) => this.button(result, token, tokens.length + i))}
            </div>`
    }
      <div class="answer" role="group" aria-label="Tokens of the answer of ${title}">
        <span class="muted">answers</span>
        ${tokens.map((token, i) => this.button(result, token, i))}
        ${ended ? nothing : html`<span class="muted">… (no end in its room)</span>`}
        ${right === undefined ? nothing : html`<span class=${right ? "right" : "wrong"}>${right ? "right" : "wrong"}</span>`}
      </div>`;
  }

  private button(result: AttendView, token: AttendingToken, i: number) {
    const choose = () => {
      this.token = i;
    };
    return html`<button aria-pressed="${i === this.place(result).t}" @click=${choose}>${tokenName(token)}</button>`;
  }

  private map(result: AttendView) {
    const { t, l } = this.place(result);
    const map = attendMap(result, t, l);
    const global = attendMap(result, t, l, { global: true });
    const layer = tokensOf(result)[t]?.layers[l]?.layer;
    const token = tokensOf(result)[t];
    const name = `where “${token === undefined ? "" : tokenName(token)}” looks, layer ${layer}, ${result.title}`;
    return html`<fovea-map
        class="map"
        reading
        .picture=${this.picture}
        .src=${this.src}
        .map=${map}
        .tiles=${result.tiles}
        .outlines=${result.regions}
        label=${name}
      ></fovea-map>
      <p class="line">${attendLine(result, t, l)}</p>
      ${
        global === undefined
          ? nothing
          : html`<div class="global">
              <h3>view of the whole picture</h3>
              <fovea-map .picture=${this.picture} .src=${this.src} .map=${global} label="${name}, whole picture"></fovea-map>
            </div>`
      }`;
  }

  private strip(result: AttendView) {
    const { t, l } = this.place(result);
    const layers = tokensOf(result)[t]?.layers ?? [];
    const cell = (share: number) =>
      `background: ${flatColour(colourMaps.heat, share)}; color: ${inkOn(colourMaps.heat, share)}`;
    return html`<h3>share on the image by layer</h3>
      <div class="strip narrow" role="group" aria-label="Layers of ${result.title}">
        ${layers.map(
          ({ layer, share }, i) => html`<button
            aria-pressed="${i === l}"
            @click=${() => {
              this.at = i;
            }}
          >
            <span class="mean" aria-hidden="true" .style=${cell(share)}>${Math.round(100 * share)}</span
            ><span class="seen">layer </span>${layer}<span class="seen">: ${formatShare(share)} on the image</span>
          </button>`,
        )}
      </div>`;
  }

  private matrix(result: AttendView) {
    const { t } = this.place(result);
    const layers = tokensOf(result)[t]?.layers ?? [];
    if (!layers.every(({ headShares }) => headShares !== undefined)) return nothing;
    const mapOf = ({ layer, head }: Head) => {
      const l = layers.findIndex((one) => one.layer === layer);
      return attendMap(result, t, l, { head: head - 1 });
    };
    return html`<details ?open=${this.heads} @toggle=${this.onToggle}>
      <summary>heads</summary>
      <fovea-heads
        .shares=${layers.map(({ headShares }) => headShares ?? [])}
        .layers=${layers.map(({ layer }) => layer)}
        .mapOf=${mapOf}
        .picture=${this.picture}
        .src=${this.src}
        label="Heads of ${result.title} by layer"
      ></fovea-heads>
    </details>`;
  }

  private onToggle(event: Event): void {
    this.heads = (event.target as HTMLDetailsElement).open;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "fovea-attend": FoveaAttend;
  }
}

define("fovea-attend", FoveaAttend);
