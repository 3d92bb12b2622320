/**
 * The scene, large: its things are dragged, sized, turned, and reached by Tab.
 *
 * Events: `play-choose` {index?}, `play-place` {index, change, done}, `play-key` {index, key, shift}.
 */
import { css, html, LitElement, nothing, type PropertyValues, svg } from "lit";
import type { RgbImage } from "../../../../common/image.ts";
import type { CutOutSet } from "../../../../data/assets/cutout.ts";
import type { Placement } from "../../../../data/scenes/paint.ts";
import { controls } from "../../../../elements/controls.ts";
import { drawPicture } from "../../../../web/canvas.ts";
import { cornersOf, dragged, type Grip, knobOf, type Point, pinched, thingAt } from "../scene/handles.ts";
import { type SceneThing, sceneSize } from "../scene/scene.ts";

/** A drag that is going on: the thing as it was, and the fingers on it. */
interface Drag {
  readonly index: number;
  readonly grip: Grip;
  readonly placement: Placement;
  readonly from: Map<number, Point>;
  readonly to: Map<number, Point>;
  moved: boolean;
}

export class PlayStage extends LitElement {
  static override properties = {
    image: { attribute: false },
    things: { attribute: false },
    visible: { attribute: false },
    cutOuts: { attribute: false },
    chosen: { type: Number },
    smooth: { type: Boolean },
    label: {},
  };
  declare image: RgbImage | undefined;
  /** Of a scene, from the back to the front; none for other pictures. */
  declare things: readonly SceneThing[];
  /** For each thing whether anything of it shows. */
  declare visible: readonly boolean[];
  declare cutOuts: CutOutSet | undefined;
  declare chosen: number | undefined;
  /** Whether pixels are interpolated or stand as squares. */
  declare smooth: boolean;
  declare label: string;
  private drag: Drag | undefined;

  static override styles = [
    controls,
    css`
      .stage {
        position: relative;
        aspect-ratio: 1;
        border-radius: var(--radius);
        background: var(--wash);
        overflow: clip;
        overflow-clip-margin: 20px;
        user-select: none;
        -webkit-user-select: none;
        touch-action: pan-y;
      }
      canvas {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
        object-fit: contain;
        border-radius: var(--radius);
        image-rendering: pixelated;
      }
      canvas[data-smooth] {
        image-rendering: auto;
      }
      svg {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
        overflow: visible;
        pointer-events: none;
      }
      polygon,
      line {
        fill: none;
        vector-effect: non-scaling-stroke;
      }
      .under {
        stroke: #ffffff;
        stroke-width: 3;
        opacity: 0.85;
      }
      .over {
        stroke: #1b1b1a;
        stroke-width: 1.25;
      }
      .grip {
        fill: #ffffff;
        stroke: #1b1b1a;
        stroke-width: 1.25;
        vector-effect: non-scaling-stroke;
        pointer-events: all;
      }
      .size {
        cursor: nwse-resize;
      }
      .turn {
        cursor: grab;
      }
      .reach {
        fill: transparent;
        stroke: none;
        pointer-events: all;
      }
      .thing {
        position: absolute;
        min-height: 0;
        padding: 0;
        background: none;
        border: 0;
        pointer-events: none;
      }
      .thing:hover:not(:disabled) {
        background: none;
      }
      /* The handles are what shows where the keyboard is. */
      .thing:focus-visible {
        outline: none;
      }
      .stage:has(.thing:focus-visible) .over {
        stroke-width: 2.5;
      }
      .stage:has(.thing:focus-visible) .under {
        stroke-width: 5;
      }
    `,
  ];

  constructor() {
    super();
    this.things = [];
    this.visible = [];
    this.smooth = true;
    this.label = "scene";
  }

  override firstUpdated(): void {
    const stage = this.renderRoot.querySelector(".stage") as HTMLElement;
    stage.addEventListener("touchstart", (event) => this.onTouch(event), { passive: false });
  }

  /** A finger on a thing drags it; beside all things it scrolls the page. */
  private onTouch(event: TouchEvent): void {
    const [touch] = event.changedTouches;
    if (this.cutOuts === undefined || touch === undefined) return;
    const point = this.toScene(touch.clientX, touch.clientY);
    const isHeld = this.drag !== undefined || gripOf(event) !== undefined;
    if (isHeld || thingAt(point, this.things, this.cutOuts) !== undefined) event.preventDefault();
  }

  override updated(changed: PropertyValues<this>): void {
    const canvas = this.renderRoot.querySelector("canvas");
    if (changed.has("image") && this.image !== undefined && canvas !== null) drawPicture(canvas, this.image);
  }

  override render() {
    const { things, cutOuts, chosen } = this;
    return html`<div
      class="stage"
      role="group"
      aria-label=${this.label}
     
      @pointerdown=${this.onDown}
      @pointermove=${this.onMove}
      @pointerup=${this.onUp}
      @pointercancel=${this.onUp}
      @keydown=${this.onKey}
    >
      <canvas ?data-smooth=${this.smooth} aria-hidden="true"></canvas>
      ${cutOuts === undefined ? nothing : things.map((_, i) => this.thingButton(i, cutOuts))}
      ${
        cutOuts === undefined || chosen === undefined || things[chosen] === undefined
          ? nothing
          : handlesOf(things[chosen], cutOuts)
      }
    </div>`;
  }

  /** What Tab reaches and screen readers name; the pointer goes through to the stage. */
  private thingButton(index: number, cutOuts: CutOutSet) {
    const corners = cornersOf(this.things[index], cutOuts);
    const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
    const [left, top] = [Math.max(0, Math.min(...xs)), Math.max(0, Math.min(...ys))];
    const percent = (value: number) => `${(100 * Math.max(0, value)) / sceneSize}%`;
    const width = Math.min(sceneSize, Math.max(...xs)) - left;
    const height = Math.min(sceneSize, Math.max(...ys)) - top;
    const place = `left: ${percent(left)}; top: ${percent(top)}; width: ${percent(width)}; height: ${percent(height)}`;
    return html`<button
      class="thing"
      data-index=${index}
      aria-label=${this.thingLabel(index)}
      aria-keyshortcuts="ArrowUp ArrowDown ArrowLeft ArrowRight Plus Minus [ ] F Delete PageUp PageDown"
      .style=${place}
      @focus=${() => this.choose(index)}
    ></button>`;
  }

  private thingLabel(index: number): string {
    const { name, placement } = this.things[index];
    const at = (value: number) => Math.round((100 * value) / sceneSize);
    const place = `${at(placement.centreX)} % from the left, ${at(placement.centreY)} % from the top`;
    const hidden = this.visible[index] === false ? ", hidden" : "";
    return `${name}, ${index + 1} of ${this.things.length} from the back, ${place}${hidden}`;
  }

  /** Moves the keyboard to a thing. */
  focusThing(index: number): void {
    void this.updateComplete.then(() =>
      this.renderRoot.querySelector<HTMLElement>(`[data-index="${index}"]`)?.focus(),
    );
  }

  /** A point of the page in pixels of the scene. */
  toScene(clientX: number, clientY: number): Point {
    const box = this.renderRoot.querySelector(".stage")!.getBoundingClientRect();
    return [((clientX - box.left) / box.width) * sceneSize, ((clientY - box.top) / box.height) * sceneSize];
  }

  private choose(index: number | undefined): void {
    if (index !== this.chosen) this.emit("play-choose", { index });
  }

  private onDown(event: PointerEvent): void {
    const { cutOuts, things, drag } = this;
    if (cutOuts === undefined || event.button !== 0) return;
    const point = this.toScene(event.clientX, event.clientY);
    if (drag !== undefined) {
      drag.from.set(event.pointerId, point);
      drag.to.set(event.pointerId, point);
      return;
    }
    const grip = gripOf(event);
    const index = grip === undefined ? thingAt(point, things, cutOuts) : this.chosen;
    this.choose(index);
    if (index === undefined) return;
    event.preventDefault();
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    const points = () => new Map([[event.pointerId, point]]);
    const { placement } = things[index];
    this.drag = { index, grip: grip ?? "body", placement, from: points(), to: points(), moved: false };
    this.focusThing(index);
  }

  private onMove(event: PointerEvent): void {
    const { drag } = this;
    if (drag === undefined || !drag.to.has(event.pointerId)) return;
    drag.to.set(event.pointerId, this.toScene(event.clientX, event.clientY));
    drag.moved = true;
    this.place(drag, false);
  }

  private onUp(event: PointerEvent): void {
    const { drag } = this;
    if (drag === undefined || !drag.to.has(event.pointerId)) return;
    if (drag.moved) this.place(drag, drag.to.size === 1);
    const change = changeOf(drag);
    drag.from.delete(event.pointerId);
    drag.to.delete(event.pointerId);
    if (drag.to.size === 0) this.drag = undefined;
    // The finger that stays goes on from where the thing is now.
    else this.drag = { ...drag, placement: { ...drag.placement, ...change }, from: new Map(drag.to) };
  }

  private place(drag: Drag, done: boolean): void {
    this.emit("play-place", { index: drag.index, change: changeOf(drag), done });
  }

  private onKey(event: KeyboardEvent): void {
    const { chosen } = this;
    if (chosen === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const detail = { index: chosen, key: event.key, shift: event.shiftKey, taken: false };
    this.emit("play-key", detail);
    if (detail.taken) event.preventDefault();
  }

  private emit(name: string, detail: object): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

function gripOf(event: Event): Grip | undefined {
  const name = (event.target as Element).getAttribute?.("data-grip");
  return name === "size" || name === "turn" ? name : undefined;
}

function changeOf({ placement, grip, from, to }: Drag): Partial<Placement> {
  const [before, after] = [[...from.values()], [...to.values()]];
  if (before.length >= 2) return pinched(placement, [before[0], before[1]], [after[0], after[1]]);
  return dragged(placement, grip, before[0], after[0]);
}

/** The box with four corners and a knob, in pixels of the scene; grips keep their size on screen. */
function handlesOf(thing: SceneThing, cutOuts: CutOutSet) {
  const corners = cornersOf(thing, cutOuts);
  const points = corners.map((corner) => corner.join(",")).join(" ");
  const knob = knobOf(thing, cutOuts, 4);
  const middle = [(corners[0][0] + corners[1][0]) / 2, (corners[0][1] + corners[1][1]) / 2];
  const stem = (kind: string) =>
    svg`<line class=${kind} x1=${middle[0]} y1=${middle[1]} x2=${knob[0]} y2=${knob[1]}></line>`;
  return html`<svg viewBox="0 0 ${sceneSize} ${sceneSize}" aria-hidden="true">
    <polygon class="under" points=${points}></polygon>${stem("under")}
    <polygon class="over" points=${points}></polygon>${stem("over")}
    ${corners.map(
      ([x, y]) => svg`
        <circle class="reach size" data-grip="size" cx=${x} cy=${y} r="3"></circle>
        <rect class="grip size" data-grip="size" x=${x - 0.9} y=${y - 0.9} width="1.8" height="1.8"></rect>`,
    )}
    <circle class="reach turn" data-grip="turn" cx=${knob[0]} cy=${knob[1]} r="3"></circle>
    <circle class="grip turn" data-grip="turn" cx=${knob[0]} cy=${knob[1]} r="1.1"></circle>
  </svg>`;
}

customElements.define("play-stage", PlayStage);

declare global {
  interface HTMLElementTagNameMap {
    "play-stage": PlayStage;
  }
}
