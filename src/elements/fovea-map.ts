/**
 * A map over a picture: `<fovea-map>`.
 *
 *     map.picture = picture; map.map = { values, geometry, scale }; map.words = layer.words;
 *     <fovea-map label="cat" src="scene.png" map='{"values": [[0, 0.9], [0, 0.1]]}'></fovea-map>
 *
 * Events: `fovea-hover` {patch?}, `fovea-pin` {patch}, and with `brush` `fovea-brush` {patches, done}.
 */
import { css, html, LitElement, nothing, type PropertyValues } from "lit";
import type { ImageGeometry } from "../common/image.ts";
import type { Region } from "../grounding/region.ts";
import type { ColourMapName } from "../lens/colour.ts";
import type { PatchWord } from "../lens/logit-lens.ts";
import { controls } from "./controls.ts";
import { define } from "./define.ts";
import { tokens } from "./element-tokens.ts";
import { jsonAttribute } from "./json-attribute.ts";
import { type Contour, contourAt } from "./map/contour.ts";
import { mapDescription, patchText } from "./map/describe.ts";
import { drawMap, veilPixels } from "./map/draw.ts";
import { fitOf, patchAfter, patchUnder } from "./map/fit.ts";
import { loadPicture, type PictureSource, paperOf, sizeOf } from "./map/paper.ts";
import { leastProbability, type WordRegion, wordRegions } from "./map/regions.ts";
import { inColours, mapFrom, type PlainMap, type ShownMap } from "./map/shown.ts";

/** The element `<fovea-map>`: a map of patches over a picture. */
export class FoveaMap extends LitElement {
  static override properties = {
    picture: { attribute: false },
    src: {},
    map: { converter: jsonAttribute },
    words: { converter: jsonAttribute },
    least: { type: Number },
    outlines: { converter: jsonAttribute },
    tiles: { converter: jsonAttribute },
    marked: { type: Number },
    pins: { converter: jsonAttribute },
    struck: { converter: jsonAttribute },
    threshold: { type: Number },
    opacity: { type: Number },
    ramp: {},
    label: {},
    still: { type: Boolean, reflect: true },
    brush: { type: Boolean },
    reading: { type: Boolean },
    busy: { type: Boolean, reflect: true },
    loaded: { state: true },
    said: { state: true },
  };
  /** Its pixels, or a picture of the page. */
  declare picture: PictureSource | undefined;
  /** Instead of `picture`: an address, or `#id` of an `<img>`. Without either, an `<img>` between the tags is taken. */
  declare src: string | undefined;
  declare map: ShownMap | PlainMap | undefined;
  /** For each patch its likeliest words: regions that say one word carry it once. */
  declare words: readonly (readonly PatchWord[])[] | undefined;
  /** Words under this probability are not written. */
  declare least: number;
  /** Known regions, dashed; in pixels of the original picture. */
  declare outlines: readonly Region[] | undefined;
  declare tiles: { readonly rows: number; readonly columns: number } | undefined;
  /** The patch under the cursor. */
  declare marked: number | undefined;
  declare pins: readonly number[] | undefined;
  /** Patches that are taken from the model. */
  declare struck: readonly number[] | undefined;
  /** Drawn as the border of the mask that a cut there gives. */
  declare threshold: number | undefined;
  /** Of the map over the picture, 0 to 1. */
  declare opacity: number;
  /** Instead of the scale's own colours. */
  declare ramp: ColourMapName | undefined;
  /** What the map shows, for those who hear it. */
  declare label: string;
  /** A picture alone: nothing to point at. */
  declare still: boolean;
  /** Dragging paints patches. */
  declare brush: boolean;
  /** A line below with the place and the number of the patch under the cursor. */
  declare reading: boolean;
  declare busy: boolean;
  declare loaded: PictureSource | undefined;
  declare said: string;

  private shown: ShownMap | undefined;
  private regions: readonly WordRegion[] = [];
  private contour: Contour | undefined;
  private paper: OffscreenCanvas | undefined;
  private veil: { canvas: OffscreenCanvas; pixels: ImageData } | undefined;
  private readonly sizes: ResizeObserver | undefined;
  private stroke: Set<number> | undefined;

  /** How it looks. */
  static override styles = [
    tokens,
    controls,
    css`
      :host {
        position: relative;
      }
      .map {
        position: relative;
        line-height: 0;
        border-radius: var(--radius);
        overflow: clip;
        background: var(--wash);
        -webkit-tap-highlight-color: transparent;
      }
      .map[data-mapped]::after {
        content: "";
        position: absolute;
        inset: 0;
        background: var(--map-shade);
        pointer-events: none;
      }
      .map:focus-visible {
        outline-offset: 2px;
      }
      :host([still]) .map {
        pointer-events: none;
      }
      .map[data-brush] {
        touch-action: none;
        cursor: crosshair;
      }
      canvas {
        display: block;
        width: 100%;
        height: 100%;
      }
      :host([busy]) canvas {
        opacity: 0.55;
      }
      .reading {
        min-height: 16px;
        margin-top: var(--space-1);
        font: var(--caption);
        color: var(--muted);
        font-variant-numeric: tabular-nums;
        overflow: hidden;
        white-space: nowrap;
        text-overflow: ellipsis;
      }
      slot {
        display: none;
      }
      slot.shown {
        display: block;
      }
    `,
  ];

  constructor() {
    super();
    this.least = leastProbability;
    this.opacity = 1;
    this.label = "map";
    this.still = false;
    this.brush = false;
    this.reading = false;
    this.busy = false;
    this.said = "";
    this.sizes = typeof ResizeObserver === "undefined" ? undefined : new ResizeObserver(() => this.draw());
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated) this.watch();
    this.emit("fovea-map-here", {});
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.sizes?.disconnect();
  }

  override firstUpdated(): void {
    this.watch();
    if (this.picture === undefined && this.src === undefined) void this.takeOwnImage();
  }

  /** How the shown map lies on its picture. */
  get geometry(): ImageGeometry | undefined {
    return this.shown?.geometry;
  }

  private watch(): void {
    const canvas = this.renderRoot.querySelector("canvas");
    if (canvas !== null) this.sizes?.observe(canvas);
  }

  private get shownPicture(): PictureSource | undefined {
    return this.picture ?? this.loaded;
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("src") && this.src !== undefined) void this.load(this.src);
    const picture = this.shownPicture;
    if (changed.has("map") || changed.has("ramp") || changed.has("loaded") || changed.has("picture"))
      this.readMap(picture);
    if (changed.has("words") || changed.has("map") || changed.has("least")) this.readWords();
    if (changed.has("threshold") || changed.has("map")) this.readContour();
    if (changed.has("picture") || changed.has("loaded") || changed.has("map"))
      this.readPicture(changed, picture);
  }

  private readMap(picture: PictureSource | undefined): void {
    const size = picture && sizeOf(picture);
    this.shown = this.map && mapFrom(this.map, size);
    if (this.shown === undefined) return;
    this.shown = { ...this.shown, scale: inColours(this.shown.scale, this.ramp) };
    const { rows, columns } = this.shown.geometry.grid;
    if (this.veil?.canvas.width !== columns || this.veil.canvas.height !== rows)
      this.veil = { canvas: new OffscreenCanvas(columns, rows), pixels: new ImageData(columns, rows) };
    veilPixels(this.shown, this.veil.pixels);
    this.veil.canvas.getContext("2d")!.putImageData(this.veil.pixels, 0, 0);
  }

  private readWords(): void {
    const { shown, words } = this;
    this.regions = shown && words ? wordRegions(words, shown.geometry.grid, this.least) : [];
  }

  private readContour(): void {
    const { shown, threshold } = this;
    this.contour = undefined;
    if (shown === undefined || threshold === undefined) return;
    const { values, geometry, scale } = shown;
    // Of ranks the lowest are the most.
    const sign = scale.at(1) > scale.at(2) ? -1 : 1;
    const signed = sign === 1 ? values : Array.from(values, (value) => -value);
    this.contour = contourAt(signed, geometry.grid, sign * threshold);
  }

  private readPicture(changed: PropertyValues<this>, picture: PictureSource | undefined): void {
    const hadMap = changed.has("map") && changed.get("map") !== undefined;
    const same = !changed.has("picture") && !changed.has("loaded") && hadMap === (this.map !== undefined);
    if (same && this.paper !== undefined) return;
    this.paper = picture && paperOf(picture, this.map !== undefined);
  }

  override render() {
    const { still, label, shown, marked } = this;
    const { width, height } = this.size;
    return html`
      <div
        class="map"
        role=${still ? "img" : "application"}
        aria-roledescription=${still ? nothing : "map of patches"}
        aria-label=${label}
        aria-describedby="what"
        aria-busy=${this.busy ? "true" : nothing}
        tabindex=${still ? nothing : 0}
        ?data-brush=${this.brush}
        ?data-mapped=${shown !== undefined}
        @pointermove=${this.onMove}
        @pointerdown=${this.onDown}
        @pointerup=${this.onUp}
        @pointercancel=${this.onUp}
        @pointerleave=${this.onLeave}
        @click=${this.onClick}
        @keydown=${this.onKey}
      >
        <canvas aria-hidden="true" .style=${`aspect-ratio: ${width} / ${height}`}></canvas>
      </div>
      <slot></slot>
      <div id="what" hidden>${mapDescription(shown, this.regions)}</div>
      ${still ? nothing : html`<div class="seen" role="status">${this.said}</div>`}
      ${this.reading ? html`<div class="reading" aria-hidden="true">${this.readingText(marked)}</div>` : nothing}
    `;
  }

  private get size() {
    const picture = this.shownPicture;
    return this.shown?.geometry.original ?? (picture ? sizeOf(picture) : { width: 1, height: 1 });
  }

  private readingText(marked: number | undefined): string {
    if (this.shown === undefined) return "";
    return marked === undefined ? "" : patchText(this.shown, marked, this.words);
  }

  override updated(): void {
    this.draw();
  }

  private draw(): void {
    const canvas = this.renderRoot.querySelector("canvas");
    const box = canvas?.getBoundingClientRect();
    if (canvas === null || box === undefined || box.width === 0) return;
    const ratio = globalThis.devicePixelRatio || 1;
    const [width, height] = [Math.round(box.width * ratio), Math.round(box.height * ratio)];
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    drawMap(canvas.getContext("2d")!, {
      fit: fitOf({ width, height }, this.size, ratio),
      picture: this.paper,
      map: this.shown,
      veil: this.veil?.canvas,
      opacity: this.opacity,
      regions: this.regions,
      font: getComputedStyle(this).fontFamily,
      tiles: this.tiles,
      outlines: this.outlines ?? [],
      contour: this.contour,
      struck: this.struck ?? [],
      pins: this.pins ?? [],
      marked: this.marked,
    });
  }

  private async load(address: string): Promise<void> {
    try {
      const image = await loadPicture(address);
      if (this.src === address) this.loaded = image;
    } catch {
      this.emit("fovea-error", { message: `map: no picture at ${address}` });
    }
  }

  /** The `<img>` between the tags, which those see who have no script. */
  private async takeOwnImage(): Promise<void> {
    const image = this.querySelector("img");
    if (image === null) return;
    await image.decode().catch(() => undefined);
    if (image.naturalWidth > 0) this.loaded = image;
  }

  private patchOf(event: PointerEvent | MouseEvent): number | undefined {
    if (this.shown === undefined) return undefined;
    const box = this.renderRoot.querySelector("canvas")!.getBoundingClientRect();
    const across = (event.clientX - box.left) / box.width;
    return patchUnder(this.shown.geometry, across, (event.clientY - box.top) / box.height);
  }

  private onMove(event: PointerEvent): void {
    const patch = this.patchOf(event);
    this.mark(patch);
    if (this.stroke !== undefined && patch !== undefined && !this.stroke.has(patch)) {
      this.stroke.add(patch);
      this.emit("fovea-brush", { patches: [...this.stroke], done: false });
    }
  }

  private onDown(event: PointerEvent): void {
    if (!this.brush || event.button !== 0) return;
    const patch = this.patchOf(event);
    if (patch === undefined) return;
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    this.stroke = new Set([patch]);
    this.emit("fovea-brush", { patches: [patch], done: false });
  }

  private onUp(): void {
    if (this.stroke === undefined) return;
    this.emit("fovea-brush", { patches: [...this.stroke], done: true });
    this.stroke = undefined;
  }

  private onLeave(event: PointerEvent): void {
    if (event.pointerType !== "touch") this.mark(undefined);
  }

  private onClick(event: MouseEvent): void {
    const patch = this.brush ? undefined : this.patchOf(event);
    if (patch !== undefined) this.emit("fovea-pin", { patch });
  }

  private onKey(event: KeyboardEvent): void {
    const { shown, marked } = this;
    if (shown === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const next = patchAfter(event.key, marked, shown.geometry);
    if (next !== undefined) {
      this.mark(next);
      this.said = patchText(shown, next, this.words);
    } else if (event.key === "Escape" && marked !== undefined) {
      this.mark(undefined);
      this.said = "";
    } else if ((event.key === "Enter" || event.key === " ") && marked !== undefined) {
      if (this.brush) this.emit("fovea-brush", { patches: [marked], done: true });
      else this.emit("fovea-pin", { patch: marked });
    } else return;
    event.preventDefault();
  }

  private mark(patch: number | undefined): void {
    if (patch === this.marked) return;
    this.marked = patch;
    this.emit("fovea-hover", { patch });
  }

  private emit(name: string, detail: object): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "fovea-map": FoveaMap;
  }
}

define("fovea-map", FoveaMap);
