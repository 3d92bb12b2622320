/** The first screen: a scene that the visitor composes, and what the models say of it at every change. */
import { html, nothing } from "lit";
import type { Placement } from "../../../data/scenes/paint.ts";
import { controls } from "../../../elements/controls.ts";
import { linkMaps } from "../../../elements/link-maps.ts";
import { Room } from "../room.ts";
import { afterKey, isGradual, keyHelp } from "./keys.ts";
import { Bringing } from "./own/bringing.ts";
import "./parts/background.ts";
import { conceptLine, foot, layerStrip, modelColumn } from "./parts/said.ts";
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
    inView: { state: true },
  };
  declare smooth: boolean;
  /** On narrow pages: whose column is seen. */
  declare inView: string | undefined;
  private session: PlaySession | undefined;
  private readonly bringing = new Bringing(this, (picture, live) =>
    this.session?.showOwn(picture, { step: !live }),
  );
  private unlink: (() => void) | undefined;
  private keyTimer: ReturnType<typeof setTimeout> | undefined;
  /** The scene without what is carried over it. */
  private carriedFrom: PlayScene | undefined;
  private listening: AbortController | undefined;

  static override styles = [controls, roomStyles];

  constructor() {
    super();
    this.smooth = true;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.session = sessionOf(this.studio, () => this.requestUpdate());
    this.unlink = linkMaps(this);
    this.listening = new AbortController();
    addEventListener("keydown", (event) => this.onPageKey(event), { signal: this.listening.signal });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.unlink?.();
    this.listening?.abort();
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
            ${studio.slots.map((slot) => modelColumn(studio, session, slot))}
          </div>
          ${conceptLine(studio, session)}
          ${
            session.word === undefined
              ? nothing
              : html`<div class="models" .style=${`--models: ${columns}`} @scrollend=${this.onSwiped}>
                  ${studio.slots.map((slot) => layerStrip(session, slot))}
                </div>`
          }
          ${foot(studio, session)}
        </section>
      </div>
      ${this.bringing.isOver ? html`<div class="over">Drop a picture to see what the models say of it.</div>` : nothing}
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
        ${this.bringing.problem === "" ? nothing : html`<p class="wrong problem" role="alert">${this.bringing.problem}</p>`}
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
      <input id="file" type="file" accept="image/*" aria-label="open picture" hidden @change=${(event: Event) => this.bringing.pick(event.target as HTMLInputElement)} />
      <button aria-pressed=${this.bringing.isLive} @click=${() => void this.bringing.toggleCamera()}>
        ${this.bringing.isLive ? "stop" : "camera"}
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
    this.bringing.stop();
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

  private backToScene(): void {
    this.bringing.stop();
    this.session?.backToScene();
  }
}

function keysHelp() {
  return html`<details>
    <summary>keys</summary>
    <dl class="keys">${keyHelp.map(([keys, what]) => html`<dt>${keys}</dt><dd>${what}</dd>`)}</dl>
  </details>`;
}

customElements.define("studio-play", PlayRoom);
