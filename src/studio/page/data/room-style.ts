/** How the data room looks. */
import { css } from "lit";

export const roomStyle = css`
  :host {
    --wall-height: calc(100vh - 230px);
  }
  .sources {
    margin-bottom: var(--space-3);
  }
  .sentence {
    font: var(--sentence);
    min-height: 24px;
    margin-bottom: var(--space-2);
  }
  studio-filter {
    margin-bottom: var(--space-4);
  }
  .steps {
    justify-content: space-between;
    margin-bottom: var(--space-3);
  }
  .saved {
    min-height: 46px;
    margin-bottom: var(--space-3);
    overflow-wrap: anywhere;
    padding: var(--space-2) var(--space-3);
    border: 1px solid var(--hairline);
    border-radius: var(--radius);
  }
  .spread {
    margin-left: auto;
  }
  details {
    margin-bottom: var(--space-3);
    color: var(--muted);
  }
  details p {
    overflow-wrap: anywhere;
  }
`;
