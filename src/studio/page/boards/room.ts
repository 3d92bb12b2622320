/** Boards: models by tasks, each value with its interval; a click on one opens what the model got wrong, as pictures. */
import { css, html, nothing } from "lit";
import { controls } from "../../../elements/controls.ts";
import { axisText } from "../data/filter.ts";
import type { PickedFolder } from "../data/picked.ts";
import { Picking } from "../data/picking.ts";
import { Room } from "../room.ts";
import type { Setup } from "../studio.ts";
import "./answers.ts";
import { shortName } from "./answers.ts";
import { type Board, type BoardAxis, type BoardRow, boardSentence, isBest, type ShownAnswers, showns } from "./board.ts"; // biome-ignore format: one line
import { estimateCell, estimateStyle } from "./estimate-cell.ts";
import { type BoardSource, openedBoards, serverBoards } from "./source.ts";

export class BoardsRoom extends Room {
  static override properties = {
    ...Room.properties,
    source: { state: true },
    board: { state: true },
    failed: { state: true },
    busy: { state: true },
  };
  declare source: BoardSource | undefined;
  declare board: Board | undefined;
  declare failed: string | undefined;
  declare busy: boolean;

  private readonly picking = new Picking(this, { mode: "read", open: (read) => this.openOwn(read) });

  static override styles = [
    controls,
    estimateStyle,
    css`
      .sentence {
        font: var(--sentence);
        margin: var(--space-3) 0 var(--space-2);
      }
      .scroll {
        position: relative; /* What is for ears alone stays within it. */
        overflow-x: auto;
        margin-bottom: var(--space-4);
      }
      .scroll table {
        width: auto;
        min-width: min(100%, 480px);
      }
      th[scope="row"] {
        position: sticky;
        left: 0;
        min-width: 84px;
        max-width: 260px;
        padding-right: var(--space-3);
        background: var(--ground);
        color: var(--ink);
        overflow-wrap: anywhere;
        z-index: 1;
      }
      .chance-row th[scope="row"],
      .chance-row td {
        color: var(--muted);
      }
      td.figures {
        text-align: right;
      }
      div.cell {
        padding: 2px 9px;
      }
      details,
      section {
        margin-top: var(--space-4);
      }
      studio-answers {
        margin-top: var(--space-6);
      }
      button.cell {
        display: block;
        width: 100%;
        padding: 2px 8px;
        background: none;
        border-color: transparent;
        text-align: left;
      }
      button.cell[aria-pressed="true"] {
        background: var(--wash);
        border-color: var(--ink);
        color: var(--ink);
      }
      .best .value {
        font-weight: 600;
      }
      .empty {
        max-width: 640px;
      }
      .empty p {
        margin-bottom: var(--space-3);
      }
      code {
        font: var(--figures);
        overflow-wrap: anywhere;
      }
      details p {
        overflow-wrap: anywhere;
      }
    `,
  ];

  constructor() {
    super();
    this.busy = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const { setup } = this.studio as { readonly setup: Setup & { readonly boards?: unknown } };
    if (setup.server && setup.boards !== undefined && this.source === undefined)
      void this.take(serverBoards());
  }

  private async take(source: BoardSource): Promise<void> {
    this.busy = true;
    this.failed = undefined;
    try {
      this.board = await source.board();
      this.source = source;
    } catch (error) {
      this.failed = (error as Error).message;
    }
    this.busy = false;
  }

  override render() {
    const { source, board } = this;
    return html`
      <h1 class="seen">Boards</h1>
      <div class="row">
        <button @click=${this.picking.openFolder}>open a folder of runs</button>
        <input class="seen folder" type="file" webkitdirectory aria-label="A folder of runs" tabindex="-1" @change=${this.picking.openFiles} />
        ${source === undefined ? nothing : html`<button @click=${() => this.take(source)}>read again</button>`}
        <span class="caption">${source?.name ?? ""}</span>
      </div>
      ${this.failed === undefined ? nothing : html`<p class="wrong" role="alert">${this.failed}</p>`}
      ${board === undefined || source === undefined ? this.empty() : this.table(source, board)}
    `;
  }

  private empty() {
    if (this.busy) return html`<p class="muted" role="status">Reading and scoring the runs.</p>`;
    return html`<div class="empty">
      <p class="sentence">No runs yet.</p>
      <p>
        A run is a folder that <code>fovea eval</code> writes: what a model was asked, and what it said. Open a folder that
        holds some, or drop it here; it is read in this page and sent nowhere. Where the data that was asked lies in the same
        folder, the pictures are shown too.
      </p>
      <p><code>fovea eval line-tracing --model checkpoints/line-tracing --out out/evals/small</code></p>
      <p><code>fovea studio --boards out/evals</code></p>
    </div>`;
  }

  private table(source: BoardSource, board: Board) {
    const { address } = this.studio;
    const row = Number(address.get("row") ?? -1);
    const column = Number(address.get("column") ?? -1);
    const isCell = board.rows[row]?.cells[column] !== undefined;
    const shown = showns.find((one) => one === address.get("shown")) ?? "wrong";
    return html`
      <p class="sentence" role="status">${boardSentence(board)}</p>
      ${board.columns.length === 0 ? nothing : this.rows(board, row, column)}
      ${this.apart(board)}
      ${isCell ? this.axes(board, column) : nothing}
      ${
        isCell
          ? html`<studio-answers
              .source=${source}
              .board=${board}
              .cell=${this.cellOf(row, column)}
              .shown=${shown}
              @shown-change=${(event: CustomEvent<{ shown: ShownAnswers }>) => address.set({ shown: event.detail.shown })}
            ></studio-answers>`
          : board.columns.length === 0
            ? nothing
            : html`<p class="muted">Choose a value to see what was answered, as pictures.</p>`
      }
    `;
  }

  private cell = { row: -1, column: -1 };

  /** The same value as long as it is the same cell. */
  private cellOf(row: number, column: number) {
    if (this.cell.row !== row || this.cell.column !== column) this.cell = { row, column };
    return this.cell;
  }

  private rows(board: Board, row: number, column: number) {
    const { columns, rows, baselines } = board;
    const chance = columns.map((_, c) => Math.max(...baselines.map(({ cells }) => cells[c].value)));
    const several = columns.length > 1;
    const open = (r: number, c: number) => () =>
      this.studio.address.set({ row: String(r), column: String(c) }, { step: true });
    const cellView = (one: BoardRow, r: number, c: number) => {
      const cell = one.cells[c];
      if (cell === undefined) return html`<td class="muted">not asked</td>`;
      return html`<td class=${isBest(board, r, c) ? "best" : ""}>
        <button
          class="cell"
          aria-pressed=${r === row && c === column}
          @click=${open(r, c)}
        >
          <span class="seen">${one.label} on ${columns[c].label}: </span>${estimateCell(cell.accuracy, chance[c])}
          <span class="seen">, show the answers</span>
        </button>
      </td>`;
    };
    return html`<div class="scroll" tabindex="0" role="region" aria-label="Accuracy by model and task">
      <table>
        <thead>
          <tr>
            <th scope="col">model</th>
            ${several ? html`<th scope="col">average of tasks</th>` : nothing}
            ${columns.map(({ label, items }) => html`<th scope="col">${label} <span class="caption">${items.toLocaleString("en-US")} questions</span></th>`)}
            <th scope="col">not read</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (one, r) =>
              html`<tr>
                <th scope="row" title=${one.label}>${shortName(one.label)}</th>
                ${several ? html`<td>${one.average === undefined ? html`<span class="muted">–</span>` : estimateCell(one.average)}</td>` : nothing}
                ${columns.map((_, c) => cellView(one, r, c))}
                <td class="figures">${one.unparsable}</td>
              </tr>`,
          )}
          ${baselines.map(
            ({ name, cells }) =>
              html`<tr class="chance-row">
                <th scope="row">${name}</th>
                ${several ? html`<td></td>` : nothing}
                ${cells.map((one) => html`<td><div class="cell">${estimateCell(one)}</div></td>`)}
                <td></td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    <p class="caption">
      Share of right answers with its 95 % interval, from 0 to 1; an answer that cannot be read counts as wrong. Dashed: the
      best of blind, random and majority, which see no picture.
    </p>`;
  }

  private apart({ unfinished, skipped }: Board) {
    if (unfinished.length + skipped.length === 0) return nothing;
    const many = unfinished.length + skipped.length;
    return html`<details>
      <summary>${many} ${many === 1 ? "folder is" : "folders are"} not in the table</summary>
      ${unfinished.map(
        ({ model, folder, answered, items }) =>
          html`<p class="caption">${folder}: ${model} has answered ${answered} of ${items} questions.</p>`,
      )}
      ${skipped.map(({ folder, problem }) => html`<p class="caption">${folder}: ${problem}</p>`)}
    </details>`;
  }

  /** Accuracy along an axis of difficulty, the models side by side. */
  private axes(board: Board, column: number) {
    const all = board.axes[column] ?? [];
    if (all.length === 0) return nothing;
    const wanted = this.studio.address.get("axis");
    const chosen = all.find(({ axis }) => axis === wanted) ?? all[0];
    const choose = (event: Event) =>
      this.studio.address.set({ axis: (event.target as HTMLSelectElement).value });
    return html`<section>
      <label class="row"
        >${board.columns[column].label} by
        <select @change=${choose}>
          ${all.map(({ axis }) => html`<option value=${axis} ?selected=${axis === chosen.axis}>${axisText(axis)}</option>`)}
        </select></label
      >
      ${axisTable(chosen)}
    </section>`;
  }

  private async openOwn(read: () => Promise<PickedFolder>): Promise<void> {
    this.busy = true;
    this.failed = undefined;
    try {
      await this.take(await openedBoards(await read()));
    } catch (error) {
      this.failed = (error as Error).message;
      this.busy = false;
    }
  }
}

function axisTable({ series }: BoardAxis) {
  const values = [
    ...new Map(series.flatMap(({ strata }) => strata.map((one) => [one.label, one.value]))).keys(),
  ];
  const at = (strata: BoardAxis["series"][number]["strata"], label: string) =>
    strata.find((one) => one.label === label)?.accuracy;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Accuracy by difficulty">
    <table>
      <thead>
        <tr>
          <th scope="col"><span class="seen">value</span></th>
          ${series.map(({ label }) => html`<th scope="col" title=${label}>${shortName(label)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${values.map(
          (value) =>
            html`<tr>
              <th scope="row" class="figures">${value}</th>
              ${series.map(({ strata }) => {
                const found = at(strata, value);
                return html`<td>${found === undefined ? html`<span class="muted">–</span>` : estimateCell(found)}</td>`;
              })}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

customElements.define("studio-boards", BoardsRoom);
