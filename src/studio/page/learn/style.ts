/** How the room looks: settings, film, curves; one column under 760 px. */
import { css } from "lit";

export const style = css`
  .parts {
    display: flex;
    flex-wrap: wrap;
    gap: var(--space-2);
    margin-bottom: var(--space-4);
  }
  .learn {
    display: grid;
    grid-template-columns: minmax(240px, 280px) minmax(0, 1fr) minmax(200px, 300px);
    gap: var(--space-4) var(--space-6);
    align-items: start;
  }
  .settings > * + * {
    margin-top: var(--space-3);
  }
  fieldset {
    margin: 0;
    padding: 0;
    border: 0;
    min-width: 0;
  }
  legend {
    padding: 0;
    margin-bottom: var(--space-1);
    font: var(--caption);
    color: var(--muted);
  }
  .choice {
    display: inline-flex;
    align-items: center;
    gap: var(--space-2);
    min-height: 28px;
    color: var(--ink);
  }
  .choice input {
    margin: 0;
    accent-color: var(--ink);
  }
  fieldset .row {
    gap: 0 var(--space-4);
  }
  .loss {
    display: grid;
    grid-template-columns: 68px minmax(0, 1fr) 28px;
    align-items: center;
    column-gap: var(--space-2);
    padding: var(--space-1) 0 var(--space-2);
    border-bottom: 1px solid var(--hairline);
  }
  .loss .what {
    grid-column: 1 / -1;
  }
  .loss output {
    text-align: right;
  }
  .loss[data-off] .short,
  .loss[data-off] output {
    color: var(--muted);
  }
  .loss input[type="range"] {
    width: 100%;
    margin: 0;
  }
  summary {
    cursor: pointer;
    min-height: 24px;
    color: var(--muted);
  }
  .grid {
    display: grid;
    grid-template-columns: 1fr 104px;
    align-items: center;
    gap: var(--space-2);
    padding-top: var(--space-2);
  }
  .grid input,
  .grid select {
    width: 100%;
    min-width: 0;
  }
  .watch {
    color: var(--ink);
  }
  button.main {
    background: var(--ink);
    border-color: var(--ink);
    color: var(--ground);
  }
  button.main:hover:not(:disabled) {
    background: var(--ink);
    opacity: 0.85;
  }
  button.main:disabled {
    background: var(--wash);
    border-color: var(--hairline);
    color: var(--muted);
  }
  .state {
    min-height: 36px;
    font: var(--caption);
    color: var(--muted);
  }
  .state.wrong {
    color: var(--wrong);
  }
  .sentence {
    min-height: 72px;
    margin-bottom: var(--space-2);
    font: var(--sentence);
  }
  .bar {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: var(--space-2) var(--space-4);
    margin-bottom: var(--space-3);
  }
  .bar fovea-scale {
    flex: 0 1 320px;
  }
  .film + .film {
    margin-top: var(--space-4);
    padding-top: var(--space-4);
    border-top: 1px solid var(--hairline);
  }
  .head {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--space-1) var(--space-2);
    margin-bottom: var(--space-2);
  }
  .head .when {
    margin-left: auto;
  }
  .pictures {
    display: grid;
    grid-template-columns: repeat(4, minmax(0, 1fr));
    gap: var(--space-3);
  }
  .empty {
    aspect-ratio: 1;
    background: var(--wash);
    border-radius: var(--radius);
  }
  figcaption {
    min-height: 36px;
    margin-top: var(--space-1);
    font: var(--caption);
    color: var(--muted);
  }
  figcaption b {
    display: block;
    font-weight: 600;
    color: var(--ink);
  }
  figcaption .figures {
    font-size: 11.5px;
  }
  .scrub {
    display: grid;
    grid-template-columns: auto minmax(0, 1fr) auto;
    align-items: center;
    gap: var(--space-3);
    margin-top: var(--space-4);
  }
  .scrub input {
    width: 100%;
    margin: 0;
  }
  .scrub output {
    min-width: 132px;
    text-align: right;
  }
  .curves h3 {
    margin-bottom: var(--space-1);
    color: var(--muted);
  }
  .curves section + section {
    margin-top: var(--space-4);
  }
  @media (max-width: 1180px) {
    .learn {
      grid-template-columns: minmax(240px, 280px) minmax(0, 1fr);
    }
    .curves {
      grid-column: 1 / -1;
      display: grid;
      grid-template-columns: repeat(auto-fit, minmax(240px, 1fr));
      gap: var(--space-4);
    }
    .curves section + section {
      margin-top: 0;
    }
  }
  @media (max-width: 760px) {
    .learn {
      grid-template-columns: minmax(0, 1fr);
    }
    .pictures {
      grid-template-columns: repeat(2, minmax(0, 1fr));
    }
    .sentence {
      font: var(--text);
      min-height: 36px;
    }
  }
`;
