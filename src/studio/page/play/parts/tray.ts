/**
 * The things that can be put into the scene: searched by name, dragged in or added by a click.
 *
 * Events: `play-add` {name}, `play-carry` {name, clientX, clientY, phase: "move" | "drop" | "cancel"}.
 */
import { css, html, LitElement, type PropertyValues } from "lit";
import type { CutOutSet } from "../../../../data/assets/cutout.ts";
import { controls } from "../../../../elements/controls.ts";
import { knownNames } from "../scene/cut-out-files.ts";
import { found } from "./found.ts";
import { drawThumbnail } from "./thumbnail.ts";

/** Pixels that a pointer moves before a click becomes a drag. */
const slop = 6;

export class PlayTray extends LitElement {
  static override properties = {
    cutOuts: { attribute: false },
    full: { type: Boolean },
    sought: { state: true },
  };
  declare cutOuts: CutOutSet | undefined;
  /** The scene holds as much as it may. */
  declare full: boolean;
  declare sought: string;
  private carried:
    | { readonly name: string; readonly x: number; readonly y: number; moved: boolean }
    | undefined;

  static override styles = [
    controls,
    css`
      label {
        display: block;
        font: var(--caption);
        margin-bottom: var(--space-1);
      }
      input {
        width: 100%;
      }
      .things {
        display: grid;
        grid-template-columns: repeat(6, 1fr);
        grid-auto-rows: 48px;
        gap: var(--space-1);
        height: 152px;
        margin: var(--space-2) -4px 0;
        padding: 2px 4px;
        overflow-y: auto;
        scrollbar-width: thin;
        align-content: start;
      }
      .things button {
        display: grid;
        place-items: center;
        min-height: 0;
        padding: 4px;
        touch-action: pan-y;
        cursor: grab;
        border-color: transparent;
        background: none;
      }
      .things button:hover:not(:disabled) {
        border-color: var(--hairline);
        background: var(--surface);
      }
      canvas {
        width: 36px;
        height: 36px;
        pointer-events: none;
      }
      button:disabled canvas {
        opacity: 0.4;
      }
      .none {
        grid-column: 1 / -1;
      }
    `,
  ];

  constructor() {
    super();
    this.full = false;
    this.sought = "";
  }

  override render() {
    const names = this.cutOuts?.names ?? [];
    const shown = found(names, this.sought);
    return html`
      <label for="search">Drag one in</label>
      <input
        id="search"
        type="search"
        autocomplete="off"
        placeholder=${`search ${names.length} things`}
        .value=${this.sought}
        @input=${(event: Event) => {
          this.sought = (event.target as HTMLInputElement).value;
        }}
        @keydown=${this.onSearchKey}
      />
      <div class="things" role="group" aria-label="Things to put into the scene">
        ${shown.map((name) => this.thing(name))}
        ${shown.length === 0 ? html`<p class="none caption">Nothing is called that.</p>` : ""}
      </div>
    `;
  }

  private thing(name: string) {
    const isKnown = (this.cutOuts?.names.indexOf(name) ?? 0) < knownNames;
    const title = isKnown ? name : `${name} (the two that come with Fovea have no word for it)`;
    return html`<button
      title=${title}
      aria-label=${`add ${title}`}
      data-name=${name}
      ?disabled=${this.full}
      @pointerdown=${(event: PointerEvent) => this.onDown(event, name)}
      @pointermove=${this.onMove}
      @pointerup=${this.onUp}
      @pointercancel=${this.onCancel}
      @click=${(event: MouseEvent) => this.onClick(event, name)}
    >
      <canvas aria-hidden="true" data-picture=${name}></canvas>
    </button>`;
  }

  override updated(changed: PropertyValues<this>): void {
    if (!changed.has("cutOuts") && !changed.has("sought")) return;
    for (const canvas of this.renderRoot.querySelectorAll("canvas")) {
      const picture = this.cutOuts?.pictures.get(canvas.dataset.picture ?? "")?.[0];
      if (picture !== undefined) drawThumbnail(canvas, picture);
    }
  }

  private onSearchKey(event: KeyboardEvent): void {
    if (event.key !== "Enter") return;
    const [first] = found(this.cutOuts?.names ?? [], this.sought);
    if (first !== undefined && !this.full) this.emit("play-add", { name: first });
  }

  private onDown(event: PointerEvent, name: string): void {
    if (event.button !== 0 || this.full) return;
    this.carried = { name, x: event.clientX, y: event.clientY, moved: false };
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
  }

  private onMove(event: PointerEvent): void {
    const { carried } = this;
    if (carried === undefined) return;
    if (!carried.moved && Math.hypot(event.clientX - carried.x, event.clientY - carried.y) < slop) return;
    carried.moved = true;
    this.carry(event, "move");
  }

  private onUp(event: PointerEvent): void {
    if (this.carried?.moved) this.carry(event, "drop");
  }

  private onCancel(event: PointerEvent): void {
    if (this.carried?.moved) this.carry(event, "cancel");
    this.carried = undefined;
  }

  private onClick(_: MouseEvent, name: string): void {
    const wasCarried = this.carried?.moved === true;
    this.carried = undefined;
    if (!wasCarried) this.emit("play-add", { name });
  }

  private carry({ clientX, clientY }: PointerEvent, phase: "move" | "drop" | "cancel"): void {
    this.emit("play-carry", { name: this.carried?.name, clientX, clientY, phase });
  }

  private emit(name: string, detail: object): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

customElements.define("play-tray", PlayTray);
