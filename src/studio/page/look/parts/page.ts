/** The parts of Look in their order; and the page without a picture. */
import { html, nothing } from "lit";
import { samePlace } from "../../../../elements/map/fit.ts";
import { bringsFiles, fileOf, readOwn } from "../../own-picture.ts";
import type { Letter, Studio } from "../../studio.ts";
import type { Column } from "../columns.ts";
import { exportedOf } from "../exports.ts";
import { brushed, linkedPatches, pinned } from "../patches.ts";
import { examples } from "../pictures.ts";
import { factsOf } from "../seen.ts";
import { sentenceOf } from "../sentences.ts";
import { keysOf, type Struck } from "../state.ts";
import type { LookView } from "../view.ts";
import { answers } from "./answer.ts";
import { asking, settings } from "./choices.ts";
import { heads } from "./heads.ts";
import { knockOut } from "./knock-out.ts";
import { locality } from "./locality.ts";
import { maps, ownGrid } from "./maps.ts";
import { layerMultiples, scaleBar } from "./multiples.ts";
import { patchTables } from "./patch.ts";
import { layerStrip } from "./strip.ts";

/** What the page does that no address holds. */
export interface PageView {
  readonly studio: Studio;
  readonly failed: string | undefined;
  setHovered(patch: number | undefined): void;
  setStroke(stroke: Struck | undefined): void;
  /** The picture of the address is no longer waited for. */
  forget(): void;
}

export function page(view: LookView, shown: PageView) {
  const sentence = sentenceOf(factsOf(view));
  return html`<div @dragover=${allowDrop} @drop=${(event: DragEvent) => onDrop(event, shown)}>
    <div class="top">
      <h1>${view.picture.name}</h1>
      ${pictureButtons(shown)} ${modelButtons(view)}
      <span class="end"><studio-export .studio=${view.studio} .what=${exportedOf({ ...view, sentence })}></studio-export></span>
    </div>
    ${asking(view)} ${settings(view)}
    <p class="sentence" role="status">${sentence}</p>
    <div class="main">
      ${layerStrip(view)}
      <div
        @fovea-hover=${(event: CustomEvent<{ patch?: number }>) => onHover(event, view, shown)}
        @fovea-pin=${(event: CustomEvent<{ patch: number }>) => onPin(event, view)}
        @fovea-brush=${(event: CustomEvent<Stroke>) => onBrush(event, view, shown)}
      >
        ${knockOut(view)} ${maps(view)} ${scaleBar(view)} ${answers(view)}
      </div>
      ${patchTables(view)}
    </div>
    ${layerMultiples(view)} ${heads(view)} ${locality(view)}
  </div>`;
}

export function emptyPage(shown: PageView) {
  const { failed, studio } = shown;
  return html`<div class="empty" @dragover=${allowDrop} @drop=${(event: DragEvent) => onDrop(event, shown)}>
    ${failed === undefined ? nothing : html`<p class="wrong" role="alert">${failed}</p>`}
    <p class="sentence">Open a picture to see what each of its patches says, and where an answer looks.</p>
    <div class="row">${pictureButtons(shown, false)} <span class="muted">or drop or paste one; or <a href="#/play">compose a scene</a></span></div>
    <p class="muted">Or begin with an example:</p>
    <div class="row">
      ${examples.map(({ title, state }) => html`<button @click=${() => studio.address.set(keysOf(state))}>${title}</button>`)}
    </div>
    ${failed === undefined && studio.address.get("picture") !== undefined ? html`<p class="muted" role="status">making the picture …</p>` : nothing}
  </div>`;
}

function pictureButtons(shown: PageView, quiet = true) {
  const onFile = (event: Event) => {
    const input = event.target as HTMLInputElement;
    const file = input.files?.[0];
    input.value = "";
    if (file !== undefined) void openFile(file, shown);
  };
  return html`<span class="row file">
    <button class=${quiet ? "quiet" : ""} @click=${(event: Event) => ((event.target as HTMLElement).nextElementSibling as HTMLElement).click()}>open picture</button>
    <input type="file" accept="image/*" tabindex="-1" aria-hidden="true" @change=${onFile} />
  </span>`;
}

/** Shows a visitor's own picture: no address can hold it. */
export async function openFile(file: File, { studio, forget }: PageView): Promise<void> {
  try {
    const picture = await readOwn(file);
    forget();
    studio.address.set({ picture: undefined, pins: undefined, off: undefined, only: undefined });
    studio.show(picture);
  } catch (error) {
    studio.say((error as Error).message);
  }
}

function allowDrop(event: DragEvent): void {
  if (bringsFiles(event.dataTransfer)) event.preventDefault();
}

function onDrop(event: DragEvent, shown: PageView): void {
  const file = fileOf(event.dataTransfer);
  if (file === undefined) return;
  event.preventDefault();
  void openFile(file, shown);
}

/** Which of several models are shown; one at least. */
function modelButtons({ studio, slots, set }: LookView) {
  if (studio.slots.length < 2) return nothing;
  const shown = slots.map(({ letter }) => letter);
  const toggle = (letter: Letter) => {
    const next = shown.includes(letter) ? shown.filter((one) => one !== letter) : [...shown, letter].sort();
    if (next.length > 0) set({ models: next.length === studio.slots.length ? undefined : next });
  };
  return html`<div class="row" role="group" aria-label="Models shown">
    ${studio.slots.map(
      ({ letter, title }) =>
        html`<button aria-pressed=${shown.includes(letter)} aria-label=${`show ${title}`} title=${title}
          @click=${() => toggle(letter)}>${letter.toUpperCase()}</button>`,
    )}
  </div>`;
}

interface Stroke {
  readonly patches: readonly number[];
  readonly done: boolean;
}

/** The model whose map sent an event; maps of the whole picture's view have patches of their own, which are left alone. */
function columnOf(event: Event, { columns }: LookView): Column | undefined {
  const path = event.composedPath() as HTMLElement[];
  if (path.some(({ dataset }) => dataset?.global !== undefined)) return undefined;
  const letter = path.find(({ dataset }) => dataset?.letter !== undefined)?.dataset.letter;
  return columns.find((column) => column.letter === letter);
}

/** The patch of the first model's grid at an event's patch. */
function patchIn(event: Event, patch: number | undefined, view: LookView): number | undefined {
  const column = columnOf(event, view);
  const own = column && ownGrid(column);
  if (own === undefined || view.geometry === undefined || patch === undefined) return undefined;
  return samePlace(patch, own, view.geometry);
}

function onHover(event: CustomEvent<{ patch?: number }>, view: LookView, { setHovered }: PageView): void {
  setHovered(patchIn(event, event.detail.patch, view));
}

function onPin(event: CustomEvent<{ patch: number }>, view: LookView): void {
  const patch = patchIn(event, event.detail.patch, view);
  if (patch !== undefined) view.set({ pins: pinned(view.state.pins, patch) });
}

function onBrush(event: CustomEvent<Stroke>, view: LookView, { setStroke }: PageView): void {
  const column = columnOf(event, view);
  const own = column && ownGrid(column);
  if (own === undefined || view.geometry === undefined) return;
  const next = brushed(view.state.struck, linkedPatches(event.detail.patches, own, view.geometry));
  if (event.detail.done) view.strike(next);
  else setStroke(next);
}
