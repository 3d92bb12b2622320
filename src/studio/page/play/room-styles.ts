/** How Play is laid out. */
import { css } from "lit";

export const roomStyles = css`
  .layout {
    display: grid;
    grid-template: "scene say" auto "bring say" 1fr / 316px minmax(0, 1fr);
    gap: var(--space-4) var(--space-6);
    max-width: 1680px;
  }
  .scene {
    grid-area: scene;
  }
  .bring {
    grid-area: bring;
  }
  .say {
    grid-area: say;
  }
  .scene,
  .bring {
    display: grid;
    gap: var(--space-4);
    align-content: start;
  }
  .tools {
    display: grid;
    gap: var(--space-2);
    margin-top: calc(var(--space-2) - var(--space-4));
  }
  .row.tight {
    flex-wrap: nowrap;
    gap: var(--space-1);
  }
  .row.tight button {
    flex: 1 1 auto;
    padding: 4px 6px;
  }
  .joined {
    display: flex;
  }
  .joined button {
    flex: 1 1 auto;
    min-width: 28px;
    padding: 4px 5px;
    border-radius: 0;
  }
  .joined button + button {
    margin-left: -1px;
  }
  .joined button:first-child {
    border-radius: var(--radius) 0 0 var(--radius);
  }
  .joined button:last-child {
    border-radius: 0 var(--radius) var(--radius) 0;
  }
  .joined button:focus-visible {
    z-index: 1;
  }
  .spread label {
    display: flex;
    align-items: center;
    gap: var(--space-1);
  }
  .spread input {
    width: 12px;
    height: 12px;
    margin: 0;
    accent-color: var(--ink);
  }
  .spread {
    display: flex;
    justify-content: space-between;
    align-items: baseline;
    gap: var(--space-2);
    min-height: 20px;
  }
  .ask input,
  .ask label {
    display: block;
    width: 100%;
  }
  .ask label {
    font: var(--caption);
    margin-bottom: var(--space-1);
  }
  details {
    font: var(--caption);
    color: var(--muted);
  }
  summary {
    cursor: pointer;
    width: max-content;
    text-decoration: underline;
    text-underline-offset: 3px;
  }
  .keys {
    display: grid;
    grid-template-columns: max-content 1fr;
    gap: 2px var(--space-3);
    margin: var(--space-2) 0 0;
  }
  .keys dd {
    margin: 0;
  }
  .models {
    position: relative;
    display: grid;
    grid-template-columns: repeat(var(--models, 2), minmax(0, 1fr));
    gap: var(--space-4) var(--space-6);
    align-items: start;
  }
  .say {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: var(--space-4);
    align-content: start;
  }
  .concept {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--space-2);
    padding-top: var(--space-3);
    border-top: 1px solid var(--hairline);
  }
  .concept fovea-scale {
    flex: none;
  }
  .scales {
    display: flex;
    flex-wrap: wrap;
    gap: var(--space-1) var(--space-4);
    margin-left: auto;
  }
  .chip {
    min-height: 26px;
    padding: 2px 12px;
    border-radius: 13px;
  }
  .problem {
    min-height: 0;
  }
  .which {
    display: none;
  }
  .foot {
    display: flex;
    flex-wrap: wrap;
    justify-content: space-between;
    gap: var(--space-1) var(--space-4);
    padding-top: var(--space-2);
    border-top: 1px solid var(--hairline);
  }
  .over {
    position: fixed;
    inset: 0;
    z-index: 2;
    display: grid;
    place-items: center;
    background: color-mix(in oklab, var(--ground) 80%, transparent);
    outline: 2px dashed var(--ink);
    outline-offset: -16px;
    font: var(--sentence);
    pointer-events: none;
  }
  @media (max-width: 1080px) and (min-width: 761px) {
    .models {
      grid-template-columns: minmax(0, 1fr);
    }
  }
  @media (max-width: 760px) {
    .layout {
      grid-template: "scene" auto "say" auto "bring" auto / minmax(0, 1fr);
    }
    .which {
      display: flex;
      gap: var(--space-2);
    }
    .models {
      grid-template-columns: none;
      grid-auto-flow: column;
      grid-auto-columns: 100%;
      gap: var(--space-4);
      overflow-x: auto;
      scroll-snap-type: x mandatory;
      overscroll-behavior-x: contain;
      scrollbar-width: none;
      padding: 3px;
      margin: -3px;
    }
    .models > * {
      scroll-snap-align: start;
      min-width: 0;
    }
    .scales {
      margin-left: 0;
    }
  }
`;
