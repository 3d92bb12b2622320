/** How the editor of labels looks. */
import { css } from "lit";

export const labelEditorStyle = css`
  .both {
    display: grid;
    grid-template-columns:
      minmax(0, min(64%, calc((100vh - 250px) * var(--aspect, 1)))) minmax(300px, 460px);
    gap: var(--space-6);
    align-items: start;
  }
  .tools {
    margin-bottom: var(--space-3);
  }
  .gap {
    width: var(--space-3);
  }
  .target {
    display: grid;
    grid-template-columns: minmax(0, 1fr) auto;
    gap: var(--space-1) var(--space-2);
    padding: 8px 0 8px 10px;
    border-left: 2px solid transparent;
    border-bottom: 1px solid var(--hairline);
  }
  .target.active {
    background: var(--wash);
    border-left-color: var(--ink);
  }
  .fields {
    display: flex;
    gap: var(--space-1);
    min-width: 0;
  }
  .fields input {
    flex: 1 1 0;
    min-width: 0;
  }
  .fields input.answer {
    flex: 0 1 110px;
    font: var(--figures);
  }
  .below {
    grid-column: 1 / -1;
    display: flex;
    flex-wrap: wrap;
    gap: var(--space-1) var(--space-3);
    align-items: center;
  }
  section {
    margin-bottom: var(--space-4);
  }
  .proposal {
    grid-column: 1 / -1;
    margin: var(--space-1) 0;
    padding-left: 10px;
    border-left: 2px solid var(--model);
  }
  @media (max-width: 900px) {
    .both {
      grid-template-columns: minmax(0, 1fr);
    }
  }
`;
