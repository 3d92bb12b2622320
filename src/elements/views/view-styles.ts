/** What the two views of whole results have in common: a head with choices, columns of models, a strip of layers. */
import { css } from "lit";

export const viewStyles = css`
  :host {
    container-type: inline-size;
  }
  .head {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--space-2) var(--space-4);
    margin-bottom: var(--space-3);
  }
  .head fovea-scale {
    margin-left: auto;
    max-width: 100%;
  }
  .chips {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--space-1) var(--space-2);
  }
  .one {
    display: grid;
    grid-template-columns: minmax(0, 380px) minmax(0, 1fr);
    gap: var(--space-6);
    align-items: start;
  }
  .map {
    max-width: 420px;
  }
  fovea-compare .map {
    max-width: 320px;
  }
  .line {
    min-height: 36px;
    margin: var(--space-2) 0;
    max-width: 60ch;
  }
  .global {
    max-width: 200px;
    margin-top: var(--space-3);
  }
  /* Text that is only heard must not reach out of what scrolls. */
  .strip {
    position: relative;
    display: flex;
    gap: var(--space-1);
    overflow-x: auto;
    padding: 3px;
    margin: var(--space-2) -3px 0;
  }
  .strip button {
    flex: 0 0 auto;
    min-height: 0;
    width: 72px;
    padding: 2px 2px 0;
    border-color: transparent;
    background: none;
    font: var(--caption);
    color: var(--muted);
    text-align: center;
  }
  .strip.narrow button {
    width: 44px;
  }
  .strip button[aria-pressed="true"] {
    background: none;
    border-color: var(--ink);
    color: var(--ink);
    font-weight: 600;
  }
  .strip .mean {
    display: block;
    height: 14px;
    border-radius: 2px;
    font: 400 10px/14px var(--mono);
    print-color-adjust: exact;
  }
  .layers {
    display: flex;
    align-items: center;
    gap: var(--space-2);
  }
  .layers input {
    flex: 1 1 auto;
    min-width: 0;
    max-width: 220px;
  }
  .layers output {
    min-width: 90px;
    color: var(--muted);
  }
  .under {
    margin-top: var(--space-4);
  }
  @container (max-width: 640px) {
    .one {
      grid-template-columns: minmax(0, 1fr);
    }
    .head fovea-scale {
      margin-left: 0;
    }
  }
  @media print {
    .layers {
      display: none;
    }
  }
`;
