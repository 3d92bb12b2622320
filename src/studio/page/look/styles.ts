/** How Look is laid out. */
import { css } from "lit";

export const lookStyles = css`
  :host {
    --strip: 132px;
    --aside: clamp(320px, 34vw, 520px);
  }
  section,
  details {
    margin-top: var(--space-6);
    padding-top: var(--space-4);
    border-top: 1px solid var(--hairline);
  }
  .top {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--space-2) var(--space-4);
  }
  h1 {
    font: 600 15px/24px var(--sans);
    white-space: nowrap;
  }
  .scale {
    gap: var(--space-2) var(--space-6);
    margin-top: var(--space-3);
  }
  .scale .caption {
    flex: 1 1 200px;
  }
  fovea-scale {
    flex: 0 1 320px;
    min-width: 200px;
  }
  button.quiet:disabled {
    text-decoration: none;
    opacity: 0.6;
  }
  .between {
    justify-content: space-between;
  }
  .end {
    margin-left: auto;
    gap: var(--space-4);
  }
  .asking {
    display: flex;
    flex-wrap: wrap;
    gap: var(--space-2) var(--space-6);
    margin-top: var(--space-3);
  }
  .grow {
    flex: 1 1 320px;
  }
  .wide {
    flex: 1 1 200px;
    min-width: 0;
  }
  #concept {
    width: 148px;
  }
  .settings {
    gap: var(--space-2) var(--space-4);
    margin-top: var(--space-3);
  }
  label {
    display: inline-flex;
    align-items: center;
    gap: var(--space-2);
  }
  .slider input {
    width: 112px;
  }
  .cut {
    display: inline-block;
    min-width: 12ch;
    color: var(--ink);
  }
  .segments {
    gap: 0;
    flex-wrap: nowrap;
  }
  .segments button {
    border-radius: 0;
    margin-left: -1px;
  }
  .segments button:first-child {
    border-radius: var(--radius) 0 0 var(--radius);
    margin-left: 0;
  }
  .segments button:last-child {
    border-radius: 0 var(--radius) var(--radius) 0;
  }
  .sentence {
    margin-top: var(--space-4);
    min-height: 48px;
    font: var(--sentence);
    max-width: 100ch;
  }
  .main {
    display: grid;
    grid-template-columns: var(--strip) minmax(0, 1fr) var(--aside);
    gap: var(--space-6);
    margin-top: var(--space-3);
    align-items: start;
  }
  .strip p {
    margin-top: var(--space-2);
  }
  .layer {
    display: grid;
    grid-template-columns: 20px 1fr;
    gap: var(--space-2);
    min-height: 26px;
    padding: 0 4px;
    cursor: pointer;
    border-radius: var(--radius);
  }
  .layer .figures {
    text-align: right;
  }
  .layer:hover {
    background: var(--wash);
  }
  .layer:has(:checked) {
    background: var(--wash);
    color: var(--ink);
  }
  .layer:has(:checked) .figures {
    font-weight: 600;
  }
  .layer:has(:focus-visible) {
    outline: 2px solid var(--focus);
    outline-offset: 1px;
  }
  .bars {
    display: grid;
    gap: 2px;
  }
  .bars i {
    height: 4px;
    min-width: 1px;
    background: var(--model);
  }
  .maps,
  .columns {
    display: grid;
    grid-template-columns: minmax(0, 520px);
    gap: var(--space-6);
  }
  .maps[data-count="2"],
  .columns[data-count="2"],
  .maps[data-count="4"],
  .columns[data-count="4"] {
    grid-template-columns: repeat(2, minmax(0, 1fr));
  }
  .maps[data-count="3"],
  .columns[data-count="3"] {
    grid-template-columns: repeat(3, minmax(0, 1fr));
  }
  .model {
    margin: 0;
    padding: 0;
    border: 0;
    min-width: 0;
  }
  .model h2 {
    flex-wrap: nowrap;
    white-space: nowrap;
    overflow: hidden;
    min-height: 24px;
    margin-bottom: var(--space-2);
  }
  .model h2 .caption {
    overflow: hidden;
    text-overflow: ellipsis;
  }
  studio-model-menu {
    flex: none;
    margin-left: auto;
    font-weight: 400;
  }
  .model h2 .letter {
    flex: none;
  }
  .sides {
    display: grid;
    gap: var(--space-3);
  }
  .sides[data-count="2"] {
    grid-template-columns: repeat(2, minmax(0, 1fr));
  }
  figcaption {
    min-height: 32px;
    margin-top: var(--space-1);
  }
  .known {
    margin-top: var(--space-1);
    padding: 0;
    border: 0;
  }
  .global {
    width: 50%;
    margin-top: var(--space-2);
  }
  .patches {
    min-width: 0;
  }
  .find {
    flex-wrap: nowrap;
    margin: var(--space-2) 0 var(--space-3);
  }
  .find input {
    width: 112px;
  }
  .table {
    margin-top: var(--space-3);
  }
  .answer {
    min-width: 0;
  }
  .tokens {
    gap: var(--space-1);
  }
  .tokens .letter {
    margin-right: var(--space-1);
  }
  .line {
    min-height: 32px;
    margin-top: var(--space-1);
  }
  .which {
    width: 48px;
  }
  button.token {
    padding: 3px 7px;
    font: var(--figures);
  }
  button.token.question:not([aria-pressed="true"]) {
    color: var(--muted);
    border-color: transparent;
    background: none;
  }
  button.token.question:not([aria-pressed="true"]):hover {
    color: var(--ink);
    background: var(--wash);
  }
  .shares {
    display: grid;
    grid-template-columns: max-content minmax(0, 1fr);
    gap: 4px var(--space-3);
    margin: var(--space-3) 0;
    max-width: 440px;
  }
  dt {
    color: var(--muted);
  }
  dd {
    display: grid;
    grid-template-columns: 1fr 13ch;
    align-items: center;
    gap: var(--space-2);
    margin: 0;
  }
  dd .figures {
    text-align: right;
  }
  .track {
    height: 4px;
    background: var(--hairline);
  }
  .track i {
    display: block;
    height: 4px;
    background: var(--model);
  }
  .first {
    max-width: 400px;
    margin-top: var(--space-2);
  }
  .first td,
  .first th {
    white-space: nowrap;
  }
  .first td:not(:first-child),
  .first th:not(:first-child) {
    text-align: right;
  }
  .band {
    --small: 92px;
    display: grid;
    grid-template-columns: 18px minmax(0, 1fr);
    gap: var(--space-2);
    margin-top: var(--space-2);
  }
  .smalls {
    display: grid;
    grid-template-columns: repeat(auto-fill, var(--small, 92px));
    gap: var(--space-2);
    align-items: start;
  }
  .heads .smalls {
    --small: 72px;
    margin-top: var(--space-2);
  }
  button.small {
    padding: 2px;
    min-height: 0;
    border-color: transparent;
    background: none;
    text-align: center;
    font: var(--caption);
  }
  button.small .figures {
    font-size: 11px;
    white-space: nowrap;
  }
  button.small[aria-pressed="true"] {
    color: var(--ink);
    border-color: var(--ink);
    background: none;
  }
  .heads h3 {
    margin-top: var(--space-3);
  }
  .knock {
    margin: 0 0 var(--space-3);
    padding: 0 0 var(--space-3);
    border: 0;
    border-bottom: 1px solid var(--hairline);
  }
  .knock .row {
    gap: var(--space-2) var(--space-3);
  }
  .knock p {
    min-height: 16px;
    margin-top: var(--space-1);
  }
  .layers {
    gap: var(--space-1) !important;
  }
  .layers button {
    min-width: 28px;
    padding: 4px 6px;
  }
  summary {
    cursor: pointer;
  }
  summary h2 {
    display: inline;
  }
  details > :not(summary) {
    margin-top: var(--space-3);
  }
  fovea-curves {
    max-width: 640px;
  }
  .sentence-small {
    max-width: 80ch;
    margin-top: var(--space-2);
  }
  .empty {
    display: grid;
    justify-items: start;
    gap: var(--space-3);
    padding: var(--space-8) 0;
    max-width: 64ch;
  }
  .file input {
    display: none;
  }
  [data-drop] {
    outline: 2px dashed var(--field);
    outline-offset: 8px;
  }
  @media (max-width: 1180px) {
    .main {
      grid-template-columns: var(--strip) minmax(0, 1fr);
    }
    .patches {
      grid-column: 1 / -1;
    }
  }
  @media (max-width: 760px) {
    .main,
    .maps[data-count],
    .columns[data-count] {
      grid-template-columns: minmax(0, 1fr);
    }
    .patches {
      order: 1;
    }
    .sentence {
      font: var(--text);
    }
    .smalls {
      --small: 60px;
    }
    .find .caption {
      display: none;
    }
  }
`;
