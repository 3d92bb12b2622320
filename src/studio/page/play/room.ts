/** The first screen: a scene that the visitor composes, and what the models say of it at every change. */
import { html, nothing } from "lit";
import type { Placement } from "../../../data/scenes/paint.ts";
import { controls } from "../../../elements/controls.ts";
import { linkMaps } from "../../../elements/link-maps.ts";
import "../../../elements/fovea-scale.ts";
import { shareScale } from "../../../lens/scale.ts";
import "../export/menu.ts";
import { freeLetter } from "../models/choices.ts";
import "../models/menu.ts";
import { Room } from "../room.ts";
import type { Slot } from "../studio.ts";
import { exportOf } from "./export.ts";
import { afterKey, isGradual, keyHelp } from "./keys.ts";
import { type Camera, openCamera } from "./own/camera.ts";
import { bringsFiles, fileOf, noFile, readOwn } from "./own/pictures.ts";
import "./parts/background.ts";
import "./parts/layers.ts";
import "./parts/model.ts";
import "./parts/sentence.ts";
import "./parts/stage.ts";
import "./parts/tray.ts";
import { roomStyles } from "./room-styles.ts";
import { togetherText } from "./say/together.ts";
import { addNamed, type Chosen, freePlace } from "./scene/edit.ts";
import { mostThings } from "./scene/encode.ts";
import { type ChosenBackground, type PlayScene, sceneSize, thingsOf, withEdits } from "./scene/scene.ts";
import { sentenceFor } from "./sentence-for.ts";
import { type PlaySession, sessionOf } from "./session.ts";

/** Milliseconds after the last press of a key until what it did is a step. */
const keyRest = 700;

interface Carried {
  readonly name: string;
  readonly clientX: number;
  readonly clientY: number;
  readonly phase: "move" | "drop" | "cancel";
}

export class PlayRoom extends Room {
  static override properties = {
    ...Room.properties,
    smooth: { state: true },
    isLive: { state: true },
    isOver: { state: true },
    problem: { state: true },
    inView: { state: true },
  };
  declare smooth: boolean;
  /** Whether the camera is on. */
  declare isLive: boolean;
  /** Whether files are held over the page. */
  declare isOver: boolean;
  /** What went wrong with a picture, in one line. */
  declare problem: string;
  /** On narrow pages: whose column is seen. */
  declare inView: string | undefined;
  private session: PlaySession | undefined;
  private camera: Camera | undefined;
  private unlink: (() => void) | undefined;
  private keyTimer: ReturnType<typeof setTimeout> | undefined;
  /** The scene without what is carried over it. */
  private carriedFrom: PlayScene | undefined;
  private listening: AbortController | undefined;

  static override styles = [controls, roomStyles];

  constructor() {
    super();
    this.smooth = true;
    this.isLive = false;
    this.isOver = false;
    this.problem = "";
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.session = sessionOf(this.studio, () => this.requestUpdate());
    this.unlink = linkMaps(this);
    this.listening = new AbortController();
    const { signal } = this.listening;
    const on = <K extends keyof WindowEventMap>(name: K, listener: (event: WindowEventMap[K]) => void) =>
      addEventListener(name, listener, { signal });
    on("keydown", (event) => this.onPageKey(event));
    on("paste", (event) => void this.bring(event.clipboardData, event));
    on("dragover", (event) => this.onDragOver(event));
    on("dragleave", (event) => {
      if (event.relatedTarget === null) this.isOver = false;
    });
    on("drop", (event) => {
      this.isOver = false;
      void this.bring(event.dataTransfer, event);
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.unlink?.();
    this.listening?.abort();
    this.camera?.stop();
    clearTimeout(this.keyTimer);
    this.session?.commit();
  }

  override render() {
    const { session, studio } = this;
    if (session === undefined) return nothing;
    const spans = sentenceFor(studio, session);
    // Four stand in two rows: a column has two maps side by side.
    const columns = studio.slots.length === 4 ? 2 : studio.slots.length;
    return html`
      <h1 class="seen">Play</h1>
      <div class="layout" @play-question=${this.onQuestion} @play-layer=${this.onLayer}>
        <section class="scene" aria-label="Scene">${this.scenePart(session)}</section>
        <section class="bring" aria-label="What comes into the scene">${this.bringPart(session)}</section>
        <section class="say" aria-label="What the models say">
          <play-sentence .spans=${spans} .waiting=${this.waitingText(session)} .together=${togetherText(studio.slots, studio.setup)}></play-sentence>
          ${this.whichModel()}
          <div class="models" .style=${`--models: ${columns}`} @scrollend=${this.onSwiped}>
            ${studio.slots.map((slot) => this.column(session, slot))}
          </div>
          ${this.conceptLine(session)}
          ${
            session.word === undefined
              ? nothing
              : html`<div class="models" .style=${`--models: ${columns}`} @scrollend=${this.onSwiped}>
                  ${studio.slots.map((slot) => this.layers(session, slot))}
                </div>`
          }
          ${this.foot(session)}
        </section>
      </div>
      ${this.isOver ? html`<div class="over">Drop a picture to see what the models say of it.</div>` : nothing}
    `;
  }

  /** In place of the sentence. */
  private waitingText(session: PlaySession): string {
    if (session.image === undefined) return "A scene is being composed.";
    const isOpen = this.studio.slots.some(({ model }) => model !== undefined);
    return isOpen ? "The models look at the scene for the first time." : "The models are being opened.";
  }

  // The scene.

  private scenePart(session: PlaySession) {
    const { scene, own } = session;
    const things = scene === undefined ? [] : thingsOf(scene);
    return html`
      <play-stage
        .image=${session.image}
        .things=${things}
        .visible=${session.painted?.visible ?? []}
        .cutOuts=${scene === undefined ? undefined : session.cutOuts}
        .chosen=${session.chosen}
        .smooth=${this.smooth}
        .label=${own === undefined ? "Scene: Tab goes through its things" : `Picture: ${own.name}`}
        @play-choose=${(event: CustomEvent<{ index?: number }>) => session.choose(event.detail.index)}
        @play-place=${this.onPlace}
        @play-key=${this.onKey}
      ></play-stage>
      <div class="tools">
        <div class="spread caption">
          <span>${this.pictureTitle(session)}</span>
          <label class="caption"
            ><input type="checkbox" .checked=${this.smooth} @change=${() => (this.smooth = !this.smooth)} /> smooth</label
          >
        </div>
        ${this.actions(session)} ${scene === undefined ? this.ownHint() : this.thingTools(session, things.length)}
        ${this.problem === "" ? nothing : html`<p class="wrong problem" role="alert">${this.problem}</p>`}
      </div>
    `;
  }

  /** The tray, the background and the question. */
  private bringPart(session: PlaySession) {
    const { scene } = session;
    const count = scene === undefined ? 0 : thingsOf(scene).length;
    return html`
      ${this.askField(session)}
      ${
        scene === undefined
          ? nothing
          : html`<play-tray
                .cutOuts=${session.cutOuts}
                ?full=${count >= mostThings}
                @play-add=${(event: CustomEvent<{ name: string }>) => this.add(event.detail.name)}
                @play-carry=${this.onCarry}
                @focusin=${() => this.loadAll()}
                @pointerenter=${() => this.loadAll()}
              ></play-tray>
              <play-background
                .scene=${scene}
                @play-background=${(event: CustomEvent<{ chosen: ChosenBackground }>) =>
                  session.edit(withEdits(scene, { background: event.detail.chosen }), true)}
              ></play-background>`
      }
      ${scene === undefined ? nothing : keysHelp()}
    `;
  }

  private pictureTitle({ own, painted }: PlaySession): string {
    const picture = own ?? painted?.shown;
    if (picture === undefined) return "";
    const { width, height } = picture.image;
    return `${picture.name}, ${width} × ${height} pixels`;
  }

  private actions(session: PlaySession) {
    const isScene = session.scene !== undefined;
    return html`<div class="row tight">
      <button @click=${() => this.newScene()}>new scene</button>
      ${
        isScene
          ? html`<button ?disabled=${!session.canUndo} @click=${() => session.undo()}>undo</button>
              <button ?disabled=${!session.canRedo} @click=${() => session.redo()}>redo</button>`
          : html`<button aria-label="back to the scene" @click=${() => this.backToScene()}>back</button>`
      }
      <button @click=${() => this.renderRoot.querySelector<HTMLInputElement>("#file")?.click()}>picture</button>
      <input id="file" type="file" accept="image/*" aria-label="open picture" hidden @change=${this.onFile} />
      <button aria-pressed=${this.isLive} @click=${() => void this.toggleCamera()}>
        ${this.isLive ? "stop" : "camera"}
      </button>
    </div>`;
  }

  private ownHint() {
    return html`<p class="caption">
      Nobody tells the page what shows here, so nothing is right or wrong. The two models that come with Fovea know 64 things from
      composed scenes and nothing else of the world.
    </p>`;
  }

  private thingTools(session: PlaySession, count: number) {
    const index = session.chosen;
    const act = (key: string) => () => this.pressed(key, false);
    const tool = (label: string, key: string, text: string, isOff = false) =>
      html`<button aria-label=${label} title=${label} ?disabled=${index === undefined || isOff} @click=${act(key)}>${text}</button>`;
    return html`<div class="joined" role="group" aria-label="The chosen thing">
      ${tool("smaller", "-", "−")}${tool("larger", "+", "+")}${tool("turn left", "[", "↺")}${tool("turn right", "]", "↻")}
      ${tool("flip", "f", "flip")}${tool("one step to the front", "PageUp", "front", index === count - 1)}
      ${tool("one step back", "PageDown", "back", index === 0)}
      ${tool("copy it", "d", "copy", count >= mostThings)}${tool("delete", "Delete", "delete")}
    </div>`;
  }

  private askField(session: PlaySession) {
    return html`<form
      class="ask"
      @submit=${(event: Event) => {
        event.preventDefault();
        session.askTyped(this.renderRoot.querySelector<HTMLInputElement>("#ask")?.value ?? "");
      }}
    >
      <label for="ask">Ask</label>
      <input id="ask" autocomplete="off" placeholder="where is the cat ?" .value=${session.typed ?? ""} />
    </form>`;
  }

  // What the models say.

  private column(session: PlaySession, slot: Slot) {
    return html`<play-model
      .style=${`--model: var(--model-${slot.letter})`}
      data-letter=${slot.letter}
      .model=${slot}
      .followed=${session.follower.of(slot.letter)}
      .image=${session.image}
      .questions=${session.image === undefined ? [] : session.questions}
      .questionAt=${session.questionAt}
      .word=${session.word}
      .layer=${session.layer}
      .isScene=${session.scene !== undefined}
      ><studio-model-menu slot="change" .studio=${this.studio} letter=${slot.letter}></studio-model-menu
    ></play-model>`;
  }

  private layers(session: PlaySession, slot: Slot) {
    return html`<play-layers
      .style=${`--model: var(--model-${slot.letter})`}
      .model=${slot}
      .seen=${session.follower.of(slot.letter).seen}
      .image=${session.image}
      .word=${session.word}
      .layer=${session.layer}
    ></play-layers>`;
  }

  private conceptLine(session: PlaySession) {
    const words = session.image === undefined ? [] : session.words;
    const absent = session.scene === undefined ? undefined : session.absent;
    return html`<div class="concept">
      <span class="muted" id="concept">Concept by layer</span>
      <div class="row" role="group" aria-labelledby="concept">
        ${words.map(
          (word) =>
            html`<button class="chip" aria-pressed=${word === session.word} @click=${() => session.setWord(word)}>
              ${word}${word === absent ? " (absent)" : ""}
            </button>`,
        )}
        ${words.length === 0 ? html`<span class="caption">no word is said clearly</span>` : nothing}
      </div>
      <div class="scales">
        ${this.lookScale(session)}
        <fovea-scale></fovea-scale>
      </div>
    </div>`;
  }

  /** Of where answers look: from even over all patches to all on one. */
  private lookScale(session: PlaySession) {
    const seen = this.studio.slots
      .map(({ letter }) => session.follower.of(letter).seen)
      .find((one) => one !== undefined);
    const places = seen?.glance.answers[0]?.tokens[0]?.layers[0]?.map.length;
    if (places === undefined) return nothing;
    const scale = { ...shareScale(places), label: "of the look, logarithmic" };
    return html`<fovea-scale .scale=${scale}></fovea-scale>`;
  }

  /** What is saved of the view, and the way to look closer. */
  private foot(session: PlaySession) {
    if (session.image === undefined) return nothing;
    return html`<div class="foot">
      <div class="row">
        <button class="quiet" @click=${() => this.lookCloser(session)}>look closer at this picture</button>
        ${
          freeLetter(this.studio.slots) === undefined
            ? nothing
            : html`<studio-model-menu .studio=${this.studio} letter=${freeLetter(this.studio.slots)}></studio-model-menu>`
        }
      </div>
      <studio-export .studio=${this.studio} .what=${exportOf(this.studio, session)}></studio-export>
    </div>`;
  }

  private lookCloser({ word, question }: PlaySession): void {
    const { picture } = this.studio;
    this.studio.address.go("look", { picture: picture?.ref, concept: word, question: question?.text });
  }

  /** On narrow pages: whose column is in view. */
  private whichModel() {
    return html`<div class="which" role="group" aria-label="Model in view">
      ${this.studio.slots.map(
        ({ letter, title }) =>
          html`<button aria-pressed=${letter === (this.inView ?? this.studio.slots[0].letter)} @click=${() => this.bringIntoView(letter)}>${letter.toUpperCase()} ${title}</button>`,
      )}
    </div>`;
  }

  /** What is swiped above is swiped below. */
  private onSwiped(event: Event): void {
    const swiped = event.currentTarget as HTMLElement;
    const { scrollLeft, clientWidth } = swiped;
    this.inView = this.studio.slots[Math.round(scrollLeft / clientWidth)]?.letter;
    for (const other of this.renderRoot.querySelectorAll<HTMLElement>(".models"))
      if (Math.abs(other.scrollLeft - scrollLeft) > 1)
        other.scrollTo({ left: scrollLeft, behavior: "instant" });
  }

  private bringIntoView(letter: string): void {
    const column = this.renderRoot.querySelector(`[data-letter="${letter}"]`);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    column?.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "nearest", inline: "start" });
  }

  private onQuestion(event: CustomEvent<{ at: number }>): void {
    this.session?.setQuestion(event.detail.at);
  }

  private onLayer(event: CustomEvent<{ layer: number | undefined }>): void {
    this.session?.setLayer(event.detail.layer);
  }

  // Composing.

  private onPlace(event: CustomEvent<{ index: number; change: Partial<Placement>; done: boolean }>): void {
    const { index, change, done } = event.detail;
    this.session?.place(index, change, done);
  }

  private onKey(event: CustomEvent<{ key: string; shift: boolean; taken: boolean }>): void {
    const { key, shift } = event.detail;
    if (key === "Escape") this.session?.choose(undefined);
    else event.detail.taken = this.pressed(key, shift);
  }

  /** A key, or the button that stands for it; true where it did something. */
  private pressed(key: string, shift: boolean): boolean {
    const { session } = this;
    const { scene, chosen } = session ?? {};
    if (session === undefined || scene === undefined || chosen === undefined) return false;
    const after = afterKey(scene, chosen, key, shift);
    if (after === undefined) return false;
    clearTimeout(this.keyTimer);
    if (isGradual(key)) {
      session.edit(after.scene, false);
      this.keyTimer = setTimeout(() => session.commit(), keyRest);
    } else this.change(after);
    return true;
  }

  private change(after: Chosen): void {
    const { session } = this;
    session?.commit();
    session?.editChosen(after);
    if (after.chosen === undefined) return;
    this.stage?.focusThing(after.chosen);
    session?.choose(after.chosen);
  }

  private get stage() {
    return this.renderRoot.querySelector("play-stage");
  }

  private add(name: string): void {
    const scene = this.session?.scene;
    if (scene !== undefined) this.change(addNamed(scene, name, freePlace(scene)));
  }

  private onCarry({ detail }: CustomEvent<Carried>): void {
    const { session, stage } = this;
    if (session?.scene === undefined || stage === null || stage === undefined) return;
    this.carriedFrom ??= session.scene;
    const [x, y] = stage.toScene(detail.clientX, detail.clientY);
    const isInside = x >= 0 && y >= 0 && x < sceneSize && y < sceneSize;
    const after =
      isInside && detail.phase !== "cancel" ? addNamed(this.carriedFrom, detail.name, [x, y]) : undefined;
    if (after === undefined) session.cancel();
    else if (detail.phase === "move") session.edit(after.scene, false);
    else this.change(after);
    if (detail.phase !== "move") this.carriedFrom = undefined;
  }

  private loadAll(): void {
    void this.session?.loadFine().catch((error: Error) => this.studio.say(error.message));
  }

  private newScene(): void {
    this.camera?.stop();
    this.problem = "";
    this.session?.newScene();
  }

  private onPageKey(event: KeyboardEvent): void {
    const { session } = this;
    const isTyping = event
      .composedPath()
      .some((one) => one instanceof HTMLInputElement && one.type !== "checkbox");
    if (session === undefined || isTyping || !(event.ctrlKey || event.metaKey)) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) session.redo();
    else session.undo();
  }

  // Pictures of the visitor's own.

  private onDragOver(event: DragEvent): void {
    if (event.defaultPrevented || !bringsFiles(event.dataTransfer)) return;
    event.preventDefault();
    this.isOver = true;
  }

  private onFile(event: Event): void {
    const input = event.target as HTMLInputElement;
    const [file] = input.files ?? [];
    input.value = "";
    if (file !== undefined) void this.open(file);
  }

  private async bring(transfer: DataTransfer | null, event: Event): Promise<void> {
    if (event.defaultPrevented || !bringsFiles(transfer)) return;
    event.preventDefault();
    const file = fileOf(transfer);
    if (file === undefined) this.problem = noFile.message;
    else await this.open(file);
  }

  private async open(file: File): Promise<void> {
    this.camera?.stop();
    try {
      this.session?.showOwn(await readOwn(file));
      this.problem = "";
    } catch (error) {
      this.problem = (error as Error).message;
    }
  }

  private backToScene(): void {
    this.camera?.stop();
    this.problem = "";
    this.session?.backToScene();
  }

  private async toggleCamera(): Promise<void> {
    if (this.camera !== undefined) return this.camera.stop();
    try {
      this.camera = await openCamera(
        (image) => this.session?.showOwn({ name: "camera", image }, { step: false }),
        () => {
          this.camera = undefined;
          this.isLive = false;
        },
      );
      this.isLive = true;
      this.problem = "";
    } catch (error) {
      this.problem = (error as Error).message;
    }
  }
}

function keysHelp() {
  return html`<details>
    <summary>keys</summary>
    <dl class="keys">${keyHelp.map(([keys, what]) => html`<dt>${keys}</dt><dd>${what}</dd>`)}</dl>
  </details>`;
}

customElements.define("studio-play", PlayRoom);
