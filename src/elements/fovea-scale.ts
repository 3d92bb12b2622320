/**
 * The bar of a scale with its numbers: `<fovea-scale>`. Beside the bar the two ends and what is measured; with `full` all
 * numbers below it.
 */
import { css, html, LitElement } from "lit";
import type { ColourMapName } from "../lens/colour.ts";
import type { Scale, Tick } from "../lens/scale.ts";
import { controls } from "./controls.ts";
import { define } from "./define.ts";
import { tokens } from "./element-tokens.ts";
import { jsonAttribute } from "./json-attribute.ts";
import { inColours, type PlainScale, scaleFrom } from "./map/shown.ts";
import { gradientOf } from "./map/veil.ts";

/** The element `<fovea-scale>`: what the colours of a map stand for. */
export class FoveaScale extends LitElement {
  static override properties = {
    scale: { converter: jsonAttribute },
    ramp: {},
    full: { type: Boolean, reflect: true },
  };
  /** Default: probabilities. */
  declare scale: Scale | PlainScale | undefined;
  declare ramp: ColourMapName | undefined;
  declare full: boolean;

  /** How it looks. */
  static override styles = [
    tokens,
    controls,
    css`
      :host {
        font: var(--caption);
        color: var(--muted);
        font-variant-numeric: tabular-nums;
      }
      .line {
        display: flex;
        align-items: center;
        gap: var(--space-2);
        white-space: nowrap;
      }
      .bar {
        flex: 0 0 96px;
        height: 8px;
        border-radius: 2px;
        box-shadow: inset 0 0 0 8px var(--map-shade);
        print-color-adjust: exact;
      }
      :host([full]) .bar {
        flex: 1 1 auto;
      }
      .what {
        overflow: hidden;
        text-overflow: ellipsis;
      }
      .ticks {
        position: relative;
        height: 18px;
        margin-top: 2px;
      }
      .ticks span {
        position: absolute;
        transform: translateX(-50%);
        white-space: nowrap;
      }
      .ticks span[data-end="low"] {
        transform: none;
      }
      .ticks span[data-end="high"] {
        transform: translateX(-100%);
      }
    `,
  ];

  override render() {
    const scale = inColours(scaleFrom(this.scale ?? undefined), this.ramp);
    const bar = html`<span class="bar" .style=${`background: ${gradientOf(scale.colours)}`}></span>`;
    const ticks = [...scale.ticks].sort((a, b) => a.at - b.at);
    if (!this.full)
      return html`<div class="line" role="img" aria-label=${nameOf(scale, ticks)}>
        <span>${ticks[0]?.text}</span>${bar}<span>${ticks.at(-1)?.text}</span>
        <span class="what">${scale.label}</span>
      </div>`;
    return html`<div role="img" aria-label=${nameOf(scale, ticks)}>
      <div class="what">${scale.label}</div>
      <div class="line">${bar}</div>
      <div class="ticks">${spaced(ticks).map(tickText)}</div>
    </div>`;
  }
}

function nameOf({ label }: Scale, ticks: readonly Tick[]): string {
  return `${label}, from ${ticks[0]?.text} to ${ticks.at(-1)?.text}`;
}

function tickText({ at, text }: Tick) {
  const end = at < 0.02 ? "low" : at > 0.98 ? "high" : "";
  return html`<span data-end=${end} .style=${`left: ${(100 * at).toFixed(2)}%`}>${text}</span>`;
}

/** A letter's width as a part of a bar that is not wider than a map. */
const letter = 0.026;

/** Where a number begins and ends on the bar: the first and the last stay within it. */
function extent({ at, text }: Tick): [from: number, to: number] {
  const width = letter * (text.length + 1);
  if (at < 0.02) return [at, at + width];
  return at > 0.98 ? [at - width, at] : [at - width / 2, at + width / 2];
}

/** Leaves out numbers that would touch the one before or the last. */
function spaced(ticks: readonly Tick[]): readonly Tick[] {
  const last = ticks.at(-1);
  if (last === undefined) return [];
  const kept: Tick[] = [];
  let taken = Number.NEGATIVE_INFINITY;
  for (const tick of ticks.slice(0, -1)) {
    const [from, to] = extent(tick);
    if (from < taken || to > extent(last)[0]) continue;
    kept.push(tick);
    taken = to;
  }
  return [...kept, last];
}

declare global {
  interface HTMLElementTagNameMap {
    "fovea-scale": FoveaScale;
  }
}

define("fovea-scale", FoveaScale);
