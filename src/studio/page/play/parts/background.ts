/** The scene's background: colours, and painted kinds with another seed at each click. Event: `play-background` {chosen}. */
import { css, html, LitElement, nothing, type PropertyValues } from "lit";
import type { CutOutSet } from "../../../../data/assets/cutout.ts";
import type { Rgb } from "../../../../data/scenes/background.ts";
import { paintPlaced } from "../../../../data/scenes/placed.ts";
import { controls } from "../../../../elements/controls.ts";
import { drawPicture } from "../../../../web/canvas.ts";
import {
  type ChosenBackground,
  type PaintedKind,
  type PlayScene,
  paintedKinds,
  withEdits,
} from "../scene/scene.ts";

const colours: readonly (readonly [name: string, colour: Rgb])[] = [
  ["sky", [186, 218, 240]],
  ["rose", [240, 206, 198]],
  ["meadow", [124, 168, 104]],
  ["sand", [240, 214, 138]],
  ["white", [255, 255, 255]],
  ["black", [32, 32, 32]],
];

export class PlayBackground extends LitElement {
  static override properties = { scene: { attribute: false } };
  declare scene: PlayScene | undefined;

  static override styles = [
    controls,
    css`
      .caption {
        margin-bottom: var(--space-1);
      }
      .row {
        gap: var(--space-1);
      }
      button,
      .own {
        position: relative;
        width: 28px;
        height: 28px;
        min-height: 0;
        padding: 0;
        border: 1px solid var(--hairline);
        border-radius: var(--radius);
        overflow: hidden;
      }
      button[aria-pressed="true"] {
        outline: 2px solid var(--ink);
        outline-offset: 1px;
        border-color: var(--ground);
      }
      canvas {
        display: block;
        width: 100%;
        height: 100%;
      }
      .own {
        display: grid;
        place-items: center;
        color: var(--muted);
        cursor: pointer;
      }
      .own:focus-within {
        outline: 2px solid var(--focus);
        outline-offset: 2px;
      }
      .own input {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
        opacity: 0;
        cursor: pointer;
      }
    `,
  ];

  override render() {
    const { scene } = this;
    if (scene === undefined) return nothing;
    const chosen = scene.choice.edits?.background;
    return html`
      <div class="caption" id="title">Background</div>
      <div class="row" role="group" aria-labelledby="title">
        ${colours.map(([name, colour]) => this.swatch(name, { kind: "colour", colour }, chosen))}
        ${paintedKinds.map((kind) => this.swatch(kind, { kind, seed: seedOf(kind, chosen) }, chosen))}
        <label class="own" title="a colour of your own"
          >+<input
            type="color"
            aria-label="a colour of your own"
            .value=${chosen?.kind === "colour" ? hex(chosen.colour) : "#8899aa"}
            @input=${(event: Event) => this.choose({ kind: "colour", colour: rgb((event.target as HTMLInputElement).value) })}
        /></label>
      </div>
    `;
  }

  private swatch(name: string, background: ChosenBackground, chosen: ChosenBackground | undefined) {
    const isChosen = isSame(background, chosen);
    const isPainted = background.kind !== "colour";
    const label = isPainted ? `${name}, another one at each click` : name;
    return html`<button
      title=${label}
      aria-label=${label}
      aria-pressed=${isChosen}
      @click=${() => this.choose(isChosen && isPainted ? next(background) : background)}
    >
      <canvas aria-hidden="true" .background=${background}></canvas>
    </button>`;
  }

  override updated(changed: PropertyValues<this>): void {
    const { scene } = this;
    if (!changed.has("scene") || scene === undefined) return;
    for (const canvas of this.renderRoot.querySelectorAll("canvas")) {
      const { background } = canvas as HTMLCanvasElement & { background: ChosenBackground };
      if (isSame(background, drawn.get(canvas))) continue;
      drawn.set(canvas, background);
      const { placed } = withEdits(scene, { objects: [], background });
      drawPicture(
        canvas,
        paintPlaced({ cutOuts: nothingCut }, { ...placed, noise: { ...placed.noise, deviation: 0 } }).image,
      );
    }
  }

  private choose(chosen: ChosenBackground): void {
    this.dispatchEvent(
      new CustomEvent("play-background", { detail: { chosen }, bubbles: true, composed: true }),
    );
  }
}

const drawn = new WeakMap<HTMLCanvasElement, ChosenBackground>();
const nothingCut: CutOutSet = { names: [], pictures: new Map() };

function seedOf(kind: PaintedKind, chosen: ChosenBackground | undefined): number {
  return chosen?.kind === kind ? chosen.seed : 1;
}

function next(background: ChosenBackground): ChosenBackground {
  return background.kind === "colour" ? background : { ...background, seed: (background.seed + 1) % 65536 };
}

function isSame(a: ChosenBackground, b: ChosenBackground | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

const hex = (colour: Rgb) => `#${colour.map((value) => value.toString(16).padStart(2, "0")).join("")}`;

function rgb(text: string): Rgb {
  const at = (start: number) => Number.parseInt(text.slice(start, start + 2), 16);
  return [at(1), at(3), at(5)];
}

customElements.define("play-background", PlayBackground);
