/** A value with its interval as a dot and a line on a scale from 0 to 1, its number beside it. */
import { css, html, nothing } from "lit";
import type { Estimate } from "../../../eval/statistics.ts";
import { interval, percent } from "./board.ts";

export const estimateStyle = css`
  .estimate {
    display: grid;
    grid-template-columns: minmax(72px, 1fr) 52px;
    gap: 0 var(--space-2);
    align-items: center;
    min-width: 150px;
  }
  .scale {
    position: relative;
    height: 18px;
    border-bottom: 1px solid var(--hairline);
  }
  .scale .span,
  .scale .dot,
  .scale .chance {
    position: absolute;
  }
  .scale .span {
    top: 8px;
    height: 2px;
    background: currentcolor;
    opacity: 0.55;
  }
  .scale .dot {
    top: 5px;
    width: 8px;
    height: 8px;
    margin-left: -4px;
    border-radius: 50%;
    background: currentcolor;
  }
  .scale .chance {
    top: 2px;
    bottom: 0;
    width: 0;
    border-left: 1px dashed var(--field);
  }
  .value {
    font: var(--figures);
    font-variant-numeric: tabular-nums;
    text-align: right;
    white-space: nowrap;
  }
`;

/** `chance`: what is reached without the picture, as a dashed line. */
export function estimateCell(estimate: Estimate, chance?: number) {
  const { value, low, high } = estimate;
  if (Number.isNaN(value) || value === null) return html`<span class="muted">–</span>`;
  return html`<span class="estimate" title="${percent(value)}, 95 % interval ${interval(estimate)}, of ${estimate.count}">
    <span class="scale" aria-hidden="true">
      ${chance === undefined ? nothing : html`<span class="chance" .style=${`left: ${100 * chance}%`}></span>`}
      <span class="span" .style=${`left: ${100 * low}%; right: ${100 - 100 * high}%`}></span>
      <span class="dot" .style=${`left: ${100 * value}%`}></span>
    </span>
    <span class="value">${percent(value)}</span>
    <span class="seen">, ${interval(estimate)}</span>
  </span>`;
}
