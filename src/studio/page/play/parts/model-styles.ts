/** How a model's column looks. */
import { css } from "lit";

export const columnStyles = css`
  :host {
    position: relative;
    container-type: inline-size;
  }
  header {
    display: flex;
    align-items: center;
    gap: var(--space-2);
    min-height: 24px;
    margin-bottom: var(--space-2);
  }
  header h2,
  .note {
    white-space: nowrap;
    overflow: hidden;
    text-overflow: ellipsis;
  }
  header slot {
    display: block;
    margin-left: auto;
  }
  .maps {
    display: grid;
    grid-template-columns: repeat(2, minmax(0, 1fr));
    gap: var(--space-4);
  }
  figcaption {
    display: flex;
    justify-content: space-between;
    gap: var(--space-2);
    min-height: 20px;
    white-space: nowrap;
  }
  figcaption .caption {
    overflow: hidden;
    text-overflow: ellipsis;
    line-height: 18px;
    font-variant-numeric: tabular-nums;
  }
  .state {
    margin-bottom: var(--space-2);
  }
  progress {
    width: 64px;
    margin-right: var(--space-1);
    vertical-align: 2px;
    height: 4px;
    appearance: none;
    border: 0;
    background: var(--hairline);
  }
  progress::-webkit-progress-bar {
    background: var(--hairline);
  }
  progress::-webkit-progress-value {
    background: var(--model);
  }
  progress::-moz-progress-bar {
    background: var(--model);
  }
  .answers {
    border-top: 1px solid var(--hairline);
  }
  .answer {
    display: grid;
    grid-template-columns: minmax(0, 1fr) minmax(56px, auto) 112px;
    align-items: center;
    gap: var(--space-2);
    width: 100%;
    min-height: 32px;
    padding: 2px 0 2px var(--space-2);
    text-align: left;
    background: none;
    border: 0;
    border-bottom: 1px solid var(--hairline);
    border-radius: 0;
  }
  button.answer[aria-pressed="true"] {
    color: var(--ink);
    background: var(--wash);
    border-color: var(--hairline);
    box-shadow: inset 2px 0 var(--model);
  }
  .answer:focus-visible {
    outline-offset: -2px;
  }
  .question {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .said {
    font-weight: 600;
  }
  .answer > :last-child {
    padding-right: var(--space-2);
    text-align: right;
    white-space: nowrap;
    overflow: hidden;
    text-overflow: ellipsis;
  }
  .scores {
    display: grid;
    gap: var(--space-1);
    margin: var(--space-3) 0 0;
  }
  .scores > div,
  dd {
    display: flex;
    align-items: center;
    gap: var(--space-3);
    min-height: 18px;
  }
  dt {
    flex: none;
    width: 120px;
    color: var(--muted);
  }
  dd {
    flex: 1;
    margin: 0;
  }
  .bar {
    flex: 1;
    height: 6px;
    border-radius: 2px;
    background: var(--hairline);
    overflow: hidden;
  }
  .bar span {
    display: block;
    height: 100%;
    background: var(--model);
  }
  dd .figures {
    flex: none;
    min-width: 56px;
    text-align: right;
  }
  header h2 {
    flex: none;
    max-width: 72%;
  }
  .note {
    flex: 0 1 auto;
    min-width: 0;
  }
  @container (max-width: 440px) {
    figcaption {
      display: block;
    }
    figcaption span {
      display: block;
    }
    .maps {
      gap: var(--space-2);
    }
    .answer {
      grid-template-columns: minmax(0, 1fr) minmax(48px, auto) 84px;
    }
  }
`;
