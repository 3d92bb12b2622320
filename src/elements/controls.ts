/** How buttons, fields, chips and tables look: for the shadow roots of all elements and rooms. */
import { css } from "lit";

/** Goes into the `styles` of an element. */
export const controls = css`
  :host {
    display: block;
    color: var(--ink);
    font: var(--text);
  }
  :host([hidden]),
  [hidden] {
    display: none !important;
  }
  * {
    box-sizing: border-box;
  }
  h1,
  h2,
  h3,
  p,
  figure {
    margin: 0;
  }
  h2 {
    font: 600 13px/18px var(--sans);
  }
  h3 {
    font: 400 11.5px/16px var(--sans);
    color: var(--muted);
  }
  a {
    color: inherit;
    text-underline-offset: 3px;
  }
  button,
  input,
  select,
  textarea {
    font: inherit;
    color: inherit;
  }
  button,
  select,
  input:not([type="range"], [type="checkbox"], [type="radio"], [type="color"]) {
    min-height: 28px;
    padding: 4px 10px;
    background: var(--surface);
    border: 1px solid var(--hairline);
    border-radius: var(--radius);
  }
  input:not([type="range"], [type="checkbox"], [type="radio"], [type="color"]),
  select {
    border-color: var(--field);
  }
  button:hover:not(:disabled, [aria-pressed="true"], [aria-selected="true"]) {
    background: var(--wash);
  }
  button:disabled {
    color: var(--muted);
    cursor: default;
  }
  button[aria-pressed="true"],
  button[aria-selected="true"],
  button[aria-current]:not([aria-current="false"]) {
    background: var(--ink);
    border-color: var(--ink);
    color: var(--ground);
  }
  button.quiet {
    min-height: 24px;
    padding: 2px 0;
    background: none;
    border: 0;
    color: var(--muted);
    text-decoration: underline;
    text-underline-offset: 3px;
  }
  :focus-visible {
    outline: 2px solid var(--focus);
    outline-offset: 2px;
  }
  input[type="range"] {
    accent-color: var(--ink);
  }
  label,
  .muted {
    color: var(--muted);
  }
  .caption {
    font: var(--caption);
    color: var(--muted);
  }
  .figures {
    font: var(--figures);
    font-variant-numeric: tabular-nums;
  }
  .right {
    color: var(--right);
  }
  .wrong {
    color: var(--wrong);
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--space-2);
  }
  .letter {
    display: inline-grid;
    place-content: center;
    width: 18px;
    height: 18px;
    border-radius: var(--radius);
    font: 600 11px/1 var(--sans);
    color: var(--on-model);
    background: var(--model, var(--muted));
  }
  table {
    border-collapse: collapse;
    width: 100%;
  }
  th {
    font-weight: 400;
    text-align: left;
    color: var(--muted);
  }
  th,
  td {
    padding: 5px 12px 5px 0;
    border-bottom: 1px solid var(--hairline);
  }
  .seen {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
`;
