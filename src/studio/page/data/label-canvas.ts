/**
 * <studio-label-canvas>: a picture whose regions are drawn and changed by hand: boxes, points, lines and masks. Events:
 * `regions-change` (`{ regions, chosen }`) once a change is done, `region-choose` (`{ chosen }`).
 */
import { html, LitElement, nothing, type PropertyValues, svg } from "lit";
import type { RgbImage } from "../../../common/image.ts";
import { controls } from "../../../elements/controls.ts";
import type { MaskRegion, Region } from "../../../grounding/region.ts";
import { decodeMask } from "../../../grounding/rle.ts";
import { painted } from "./brush.ts";
import {
  arrow,
  boxBetween,
  dragged,
  grab,
  type Handle,
  handlesOf,
  moved,
  type Point,
  regionText,
  resized,
} from "./geometry.ts";
import { labelCanvasStyle } from "./label-canvas-style.ts";
import { paintPicture } from "./made-source.ts";
import { regionView } from "./region-view.ts";

export const tools = ["select", "box", "point", "line", "brush", "eraser"] as const;
export type Tool = (typeof tools)[number];

/** What the pointer is doing; `from` and `to` in pixels of the picture. */
type Gesture =
  | { readonly kind: "box"; readonly from: Point; readonly to: Point }
  | { readonly kind: "stroke"; readonly points: readonly Point[] }
  | {
      readonly kind: "drag";
      readonly at: number;
      readonly handle?: Handle;
      readonly from: Point;
      readonly to: Point;
    };

export class LabelCanvas extends LitElement {
  static override properties = {
    image: { attribute: false },
    regions: { attribute: false },
    others: { attribute: false },
    proposal: { attribute: false },
    name: { attribute: false },
    chosen: { attribute: false },
    tool: { attribute: false },
    radius: { attribute: false },
    gesture: { state: true },
    line: { state: true },
    width: { state: true },
  };
  declare image: RgbImage;
  /** Those that can be changed. */
  declare regions: readonly Region[];
  /** Of other questions and words: drawn faintly. */
  declare others: readonly Region[];
  /** What a model proposes. */
  declare proposal: readonly Region[];
  /** What the regions belong to: "duck". */
  declare name: string;
  declare chosen: number | undefined;
  declare tool: Tool;
  /** Of the brush, in pixels of the picture. */
  declare radius: number;
  declare gesture: Gesture | undefined;
  /** A line that is being drawn, point by point. */
  declare line: readonly Point[];
  declare width: number;
  private sizes: ResizeObserver | undefined;

  static override styles = [controls, labelCanvasStyle];

  constructor() {
    super();
    this.others = [];
    this.proposal = [];
    this.line = [];
    this.width = 0;
    this.tool = "select";
    this.radius = 4;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.sizes?.disconnect();
  }

  override firstUpdated(): void {
    const picture = this.renderRoot.querySelector(".picture") as HTMLElement;
    this.sizes = new ResizeObserver(() => {
      this.width = picture.clientWidth;
    });
    this.sizes.observe(picture);
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("tool") || changed.has("image") || changed.has("name")) this.line = [];
  }

  override updated(changed: PropertyValues<this>): void {
    if (changed.has("image")) void this.paint();
    if (changed.has("regions") || changed.has("chosen") || changed.has("image")) this.fill();
  }

  private async paint(): Promise<void> {
    const { image } = this;
    const canvas = this.renderRoot.querySelector<HTMLCanvasElement>("canvas.pixels");
    if (canvas !== null) await paintPicture(canvas, image);
  }

  /** The chosen mask is filled, so that holes in it are seen. */
  private fill(): void {
    const canvas = this.renderRoot.querySelector<HTMLCanvasElement>("canvas.fill");
    const region = this.chosen === undefined ? undefined : this.regions[this.chosen];
    if (canvas === null) return;
    const isMask = region?.kind === "mask" && this.fits(region);
    [canvas.width, canvas.height] = isMask ? [this.image.width, this.image.height] : [1, 1];
    const context = canvas.getContext("2d");
    if (!isMask || context === null) return;
    const pixels = context.createImageData(canvas.width, canvas.height);
    for (const [i, value] of decodeMask(region).entries())
      if (value === 1) pixels.data.set([255, 255, 255, 255], 4 * i);
    context.putImageData(pixels, 0, 0);
  }

  private fits({ size: [height, width] }: MaskRegion): boolean {
    return height === this.image.height && width === this.image.width;
  }

  private get unit(): number {
    return this.width > 0 ? this.image.width / this.width : 1;
  }

  private at(event: PointerEvent): Point {
    const box = (this.renderRoot.querySelector(".picture") as HTMLElement).getBoundingClientRect();
    return [(event.clientX - box.left) * this.unit, (event.clientY - box.top) * this.unit];
  }

  private change(regions: readonly Region[], chosen: number | undefined): void {
    this.dispatchEvent(new CustomEvent("regions-change", { detail: { regions, chosen } }));
  }

  private choose(chosen: number | undefined): void {
    if (chosen !== this.chosen) this.dispatchEvent(new CustomEvent("region-choose", { detail: { chosen } }));
  }

  private add(region: Region): void {
    this.change([...this.regions, region], this.regions.length);
  }

  private replace(at: number, region: Region | undefined): void {
    const regions = this.regions.flatMap((one, i) => (i !== at ? [one] : region ? [region] : []));
    this.change(regions, region === undefined ? undefined : at);
  }

  private onDown(event: PointerEvent): void {
    if (event.button !== 0) return;
    const at = this.at(event);
    const { tool } = this;
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    if (tool === "box") this.gesture = { kind: "box", from: at, to: at };
    else if (tool === "brush" || tool === "eraser") this.gesture = { kind: "stroke", points: [at] };
    else if (tool === "point") this.addPoint(at);
    else if (tool === "line") this.line = [...this.line, this.snapped(at)];
    else {
      const held = grab(this.regions, this.chosen, at, 8 * this.unit);
      this.choose(held?.region);
      if (held !== undefined) {
        const { region, handle } = held;
        this.gesture = { kind: "drag", at: region, from: at, to: at, ...(handle && { handle }) };
      }
    }
  }

  private onMove(event: PointerEvent): void {
    const { gesture } = this;
    if (gesture === undefined) return;
    const at = this.at(event);
    this.gesture =
      gesture.kind === "stroke" ? { ...gesture, points: [...gesture.points, at] } : { ...gesture, to: at };
  }

  private onUp(): void {
    const { gesture, image } = this;
    this.gesture = undefined;
    if (gesture === undefined) return;
    if (gesture.kind === "box") {
      const far = Math.hypot(gesture.to[0] - gesture.from[0], gesture.to[1] - gesture.from[1]);
      if (far > 3 * this.unit) this.add(boxBetween(gesture.from, gesture.to, image));
    } else if (gesture.kind === "stroke") this.stroke(gesture.points);
    else {
      const next = this.draggedRegion(gesture);
      if (regionText(next) !== regionText(this.regions[gesture.at])) this.replace(gesture.at, next);
    }
  }

  private draggedRegion({ at, handle, from, to }: Extract<Gesture, { kind: "drag" }>): Region {
    const region = this.regions[at];
    return handle === undefined
      ? moved(region, [to[0] - from[0], to[1] - from[1]], this.image)
      : dragged(region, handle, to, this.image);
  }

  /** Onto the chosen mask, the last one, or a new one. */
  private stroke(points: readonly Point[]): void {
    const isMask = (at: number | undefined) => at !== undefined && this.regions[at]?.kind === "mask";
    const last = this.regions.findLastIndex((region) => region.kind === "mask");
    const at = isMask(this.chosen) ? this.chosen : last < 0 ? undefined : last;
    const erases = this.tool === "eraser";
    const old = at === undefined ? undefined : (this.regions[at] as MaskRegion);
    if (old !== undefined && !this.fits(old)) return;
    if (old === undefined && erases) return;
    const mask = painted(old, { points, radius: this.radius, erases }, this.image);
    if (at !== undefined) this.replace(at, mask);
    else if (mask !== undefined) this.add(mask);
  }

  private snapped([x, y]: Point): Point {
    const clamp = (value: number, side: number) =>
      Math.min(side - 0.5, Math.max(0, Math.round(2 * value) / 2));
    return [clamp(x, this.image.width), clamp(y, this.image.height)];
  }

  /** Points of one target are one region. */
  private addPoint(at: Point): void {
    const known = this.regions.findIndex(({ kind }) => kind === "points");
    const old = this.regions[known];
    if (old?.kind !== "points") this.add({ kind: "points", points: [this.snapped(at)] });
    else this.replace(known, { ...old, points: [...old.points, this.snapped(at)] });
  }

  private endLine(): void {
    const { line } = this;
    this.line = [];
    if (line.length > 1) this.add({ kind: "polyline", points: line });
  }

  private onKey(event: KeyboardEvent): void {
    const { tool, chosen } = this;
    if (event.key === "Escape") {
      this.line = [];
      this.choose(undefined);
    } else if (event.key === "Enter" && this.line.length > 0) this.endLine();
    else if (event.key === "Enter" && tool !== "select") this.addInMiddle();
    else if (chosen === undefined || this.regions[chosen] === undefined) return;
    else if (event.key === "Delete" || event.key === "Backspace") this.replace(chosen, undefined);
    else {
      const way = arrow(event.key, event.ctrlKey || event.metaKey);
      if (way === undefined) return;
      const change = event.shiftKey ? resized : moved;
      this.replace(chosen, change(this.regions[chosen], way, this.image));
    }
    event.preventDefault();
  }

  /** By keyboard: a region in the middle, to be moved by arrow keys. */
  private addInMiddle(): void {
    const { width, height } = this.image;
    const [x, y] = [width / 2, height / 2];
    const { tool } = this;
    if (tool === "box") this.add(boxBetween([0.75 * x, 0.75 * y], [1.25 * x, 1.25 * y], this.image));
    else if (tool === "point") this.addPoint([x, y]);
    else if (tool === "line")
      this.add({ kind: "polyline", points: [this.snapped([0.75 * x, y]), this.snapped([1.25 * x, y])] }); // biome-ignore format: one line
    else this.stroke([[x, y]]);
  }

  override render() {
    const { image, gesture, unit, chosen } = this;
    const { width, height } = image;
    const smooth = unit > 0.5;
    const drawn = this.regions.map((region, i) =>
      gesture?.kind === "drag" && gesture.at === i ? this.draggedRegion(gesture) : region,
    );
    const held = chosen === undefined ? undefined : drawn[chosen];
    return html`<div
      class="picture ${this.tool}"
      .style=${`aspect-ratio: ${width} / ${height}`}
      role="group"
      aria-label="Picture: draw regions of ${this.name}"
      tabindex="0"
      @pointerdown=${this.onDown}
      @pointermove=${this.onMove}
      @pointerup=${this.onUp}
      @pointercancel=${this.cancel}
      @dblclick=${this.endLine}
      @keydown=${this.onKey}
    >
      <canvas class="pixels" .style=${`image-rendering: ${smooth ? "auto" : "pixelated"}`}></canvas>
      <canvas class="fill"></canvas>
      ${svg`<svg viewBox="0 0 ${width} ${height}">
        <g class="faint" aria-hidden="true">${this.others.map((region) => regionView(region, "plain", unit))}</g>
        ${drawn.map((region, i) => this.focusable(region, i))}
        <g aria-hidden="true">${this.proposal.map((region) => regionView(region, "proposed", unit))}</g>
        ${held === undefined ? nothing : handlesOf(held).map(({ at }) => this.handle(at))}
        ${this.inProgress()}
      </svg>`}
    </div>`;
  }

  private cancel(): void {
    this.gesture = undefined;
  }

  /** Tab goes from one to the next. */
  private focusable(region: Region, i: number) {
    const isChosen = i === this.chosen;
    return svg`<g
      tabindex="0" role="button" aria-pressed=${isChosen}
      aria-label="${regionText(region)} of ${this.name}"
      @focus=${() => this.choose(i)}
    >${regionView(region, isChosen ? "chosen" : "plain", this.unit)}</g>`;
  }

  private handle([x, y]: Point) {
    const side = 8 * this.unit;
    return svg`<rect class="handle" x=${x - side / 2} y=${y - side / 2} width=${side} height=${side}></rect>`;
  }

  private inProgress() {
    const { gesture, line, unit } = this;
    if (gesture?.kind === "box")
      return regionView(boxBetween(gesture.from, gesture.to, this.image), "chosen", unit);
    if (gesture?.kind === "stroke") {
      const [first] = gesture.points;
      const path = `M${[first, ...gesture.points].map((point) => point.join(" ")).join("L")}`;
      return svg`<path class="stroke ${this.tool === "eraser" ? "erases" : ""}" d=${path} stroke-width=${Math.max(1, 2 * this.radius)}></path>`;
    }
    if (line.length === 0) return nothing;
    return svg`${line.length > 1 ? regionView({ kind: "polyline", points: line }, "chosen", unit) : nothing}
      ${line.map((at) => this.handle(at))}`;
  }
}

customElements.define("studio-label-canvas", LabelCanvas);
