/** The part of the room where one trains: `<learn-here>`. */
import { html, nothing, type PropertyValues } from "lit";
import { controls } from "../../../elements/controls.ts";
import "../../../elements/fovea-curves.ts";
import "../../../elements/fovea-scale.ts";
import { problemOf, type Recipe, recipeFrom, recipeKeys, watchLine } from "../../learn/recipe.ts";
import type { RoomName } from "../address.ts";
import { fileName, saveFile } from "../export/save.ts";
import { Room } from "../room.ts";
import type { Letter, Studio } from "../studio.ts";
import { type Curves, curvesOf } from "./curve-series.ts";
import { emptyPictures, filmRow, scaleOf, type View, views } from "./film.ts";
import { type Preview, previewOf } from "./preview.ts";
import { recipeForm } from "./recipe-form.ts";
import { archiveOf, folderName, savedFolder } from "./saved-folder.ts";
import { style } from "./style.ts";
import { announcement, momentAt, nameOf, progressOf, type TrainingState } from "./training-state.ts";
import { type Trainings, trainingsOf } from "./trainings.ts";

/** Between two drawings of the curves, in milliseconds: a step is shorter. */
const CURVES_EVERY = 1000;
/** Between two moments of the film while it plays. */
const FRAME = 150;

export class LearnHere extends Room {
  static override properties = {
    ...Room.properties,
    step: { state: true },
    playing: { state: true },
    curves: { state: true },
    busy: { state: true },
    preview: { state: true },
  };
  /** At which the film stands; undefined: the newest. */
  declare step: number | undefined;
  declare playing: boolean;
  declare curves: readonly Curves[];
  /** What is being made of a model, while it is. */
  declare busy: string | undefined;
  declare preview: readonly Preview[];
  private previewed = 0;
  private endListening: (() => void) | undefined;
  private drawing: ReturnType<typeof setTimeout> | undefined;

  static override styles = [controls, style];

  constructor() {
    super();
    this.playing = false;
    this.curves = [];
    this.preview = [];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.endListening = this.trainings.onChange(() => {
      this.requestUpdate();
      this.drawing ??= setTimeout(() => this.drawCurves(), CURVES_EVERY);
    });
    this.drawCurves();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.endListening?.();
    clearTimeout(this.drawing);
    this.drawing = undefined;
    this.playing = false;
  }

  private get trainings(): Trainings {
    return trainingsOf(this.studio);
  }

  private drawCurves(): void {
    this.drawing = undefined;
    this.curves = curvesOf(this.trainings.all);
  }

  private get recipe(): Recipe {
    return recipeFrom(this.studio.address.get);
  }

  private get view(): View {
    return views.find((view) => view === this.studio.address.get("maps")) ?? "words";
  }

  /** The pictures of the recipe, until a training has its own. */
  private async loadPreview(): Promise<void> {
    const { things } = this.recipe;
    if (this.previewed === things) return;
    this.previewed = things;
    try {
      this.preview = await previewOf(things);
    } catch (error) {
      this.studio.say((error as Error).message);
    }
  }

  override updated(changed: PropertyValues): void {
    void this.loadPreview();
    if (changed.has("playing") && this.playing) void this.play();
  }

  override render() {
    return html`<div class="learn">
      <div class="settings">${this.settings()}</div>
      <div>${this.watching()}</div>
      <div class="curves">
        ${this.curves.filter(({ series }) => series.some(({ points }) => points.length > 0)).map((one) => this.plot(one))}
      </div>
    </div>`;
  }

  private settings() {
    const { recipe, trainings } = this;
    const { current } = trainings;
    const locked = current !== undefined && ["opening", "training", "stopping"].includes(current.status);
    const problem = problemOf(recipe);
    const change = (next: Recipe) => this.studio.address.set(recipeKeys(next));
    return html`
      ${recipeForm({ recipe, locked, webgpu: this.studio.machine.webgpu, change })}
      <div class="row">${this.buttons(current, problem)}</div>
      <p class="state ${current?.status === "failed" ? "wrong" : ""}">${problem ?? stateLine(current, this.studio.machine)}</p>
      <div class="seen" role="status">${current === undefined ? "" : announcement(current)}</div>
      ${trainings.all.map((state) => this.ends(state))}
    `;
  }

  private buttons(current: TrainingState | undefined, problem: string | undefined) {
    const { trainings } = this;
    const begin = async () => {
      this.step = undefined;
      await trainings.start(this.recipe);
    };
    const start = (text: string) =>
      html`<button class="main" ?disabled=${problem !== undefined} @click=${begin}>${text}</button>`;
    if (current === undefined) return start("start");
    if (current.status === "stopped")
      return html`${start("start another")}<button @click=${() => trainings.go()}>go on</button>`;
    if (current.status === "failed") return start("start another");
    return html`<button
      class="main"
      ?disabled=${current.status === "stopping"}
      @click=${() => trainings.pause()}
    >
      stop
    </button>`;
  }

  /** What can be done with a model once it has stopped. */
  private ends(state: TrainingState) {
    if (state.status !== "stopped") return nothing;
    return html`<div class="row">
      <span class="letter" .style=${`--model: var(--model-${state.letter})`}>${state.letter.toUpperCase()}</span>
      <button ?disabled=${this.busy !== undefined} @click=${() => this.save(state)}>save (.zip)</button>
      <button ?disabled=${this.busy !== undefined} @click=${() => this.take(state, "play")}>to Play</button>
      <button ?disabled=${this.busy !== undefined} @click=${() => this.take(state, "look")}>to Look</button>
    </div>`;
  }

  private watching() {
    const { trainings, recipe, view } = this;
    const { all, current } = trainings;
    const shown = current === undefined || current.status === "stopped" ? recipe : current.recipe;
    const word = (current ?? all[0])?.watched[0]?.word ?? this.preview[0]?.word ?? "thing";
    const first = all.find(({ watched }) => watched.length > 0)?.watched[0];
    return html`
      <p class="sentence">${watchLine(shown, word)}</p>
      <div class="bar">
        <div class="row" role="group" aria-label="what the maps show">
          ${this.viewButton("words", "what patches say")} ${this.viewButton("answers", "where answers look")}
        </div>
        ${first && html`<fovea-scale .scale=${scaleOf(view, first)}></fovea-scale>`}
      </div>
      ${
        all.length === 0
          ? html`<div class="pictures">${emptyPictures(this.preview)}</div>`
          : all.map((state) => filmRow(state, view, this.step, this.preview))
      }
      ${this.scrubber()}
    `;
  }

  private viewButton(view: View, text: string) {
    return html`<button
      aria-pressed=${this.view === view}
      @click=${() => this.studio.address.set({ maps: view === "words" ? undefined : view })}
    >
      ${text}
    </button>`;
  }

  private scrubber() {
    const last = Math.max(0, ...this.trainings.all.map((state) => momentAt(state)?.step ?? 0));
    const step = Math.min(this.step ?? last, last);
    const none = last === 0;
    return html`<div class="scrub">
      <button ?disabled=${none} @click=${() => this.togglePlay()}>${this.playing ? "pause" : "play"}</button>
      <input
        type="range"
        aria-label="step of the training"
        min="0"
        max=${last}
        step="1"
        .value=${String(step)}
        ?disabled=${none}
        @input=${({ target }: Event) => this.seek(Number((target as HTMLInputElement).value), last)}
      />
      <output class="figures caption">step ${step} of ${last}</output>
    </div>`;
  }

  private seek(step: number, last: number): void {
    this.playing = false;
    this.step = step >= last ? undefined : step;
  }

  private togglePlay(): void {
    this.playing = !this.playing;
  }

  /** From the beginning, or from where it stands, to the newest moment. */
  private async play(): Promise<void> {
    const moments = () =>
      [...new Set(this.trainings.all.flatMap((state) => state.moments.map((one) => one.step)))].sort(
        (a, b) => a - b,
      );
    let at = this.step ?? 0;
    while (this.playing) {
      this.step = at;
      await new Promise((resolve) => setTimeout(resolve, FRAME));
      const next = moments().find((step) => step > at);
      if (next === undefined) break;
      at = next;
    }
    if (this.playing) this.step = undefined;
    this.playing = false;
  }

  private plot({ title, series, domain }: Curves) {
    return html`<section>
      <h3>${title}</h3>
      <fovea-curves
        .series=${series}
        .x=${"step"}
        .y=${domain === undefined ? "loss" : "score"}
        .domain=${domain}
        .height=${132}
        .cursor=${this.step}
        .label=${title}
      ></fovea-curves>
    </section>`;
  }

  private async save(state: TrainingState): Promise<void> {
    await this.withModel(state.letter, "packing", async (files) => {
      const name = fileName(folderName(state));
      const archive = await archiveOf(savedFolder(files, state), name);
      saveFile(new Blob([archive], { type: "application/zip" }), `${name}.zip`);
      this.studio.say(`${name}.zip holds the folder, as fovea and Python's transformers open it.`);
    });
  }

  /** Puts it beside the other models, in its letter's place, and goes to a room where it is asked. */
  private async take(state: TrainingState, room: RoomName): Promise<void> {
    await this.withModel(state.letter, "opening", async (files) => {
      const name = folderName(state);
      const source = { memory: savedFolder(files, state), name };
      void this.studio.open(state.letter, { title: nameOf(state), note: progressOf(state), source });
      this.studio.address.go(room);
    });
  }

  /** Does something with a model's files; says in one line why it could not. */
  private async withModel(
    letter: Letter,
    doing: string,
    use: (files: Awaited<ReturnType<Trainings["files"]>>) => Promise<void>,
  ): Promise<void> {
    this.busy = doing;
    try {
      await use(await this.trainings.files(letter));
    } catch (error) {
      this.studio.say((error as Error).message);
    } finally {
      this.busy = undefined;
    }
  }
}

function stateLine(current: TrainingState | undefined, { isolated }: Studio["machine"]): string {
  if (current === undefined)
    return isolated
      ? "It trains in this page, on this machine; nothing is sent anywhere."
      : "It trains in this page; nothing is sent anywhere. The page is not isolated by its server, so it has one thread: slower.";
  const { status, doing, problem } = current;
  if (status === "failed") return problem ?? "";
  if (doing !== undefined) return `${doing} ...`;
  if (status === "stopping") return `${progressOf(current)}; it stops after this step`;
  return status === "stopped"
    ? `${progressOf(current)}; stopped`
    : `${progressOf(current)}; it goes on in other rooms too`;
}

customElements.define("learn-here", LearnHere);
