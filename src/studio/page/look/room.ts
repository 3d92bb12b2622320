/** Look: one picture large, and everything that models say of it, side by side. */
import type { PropertyValues } from "lit";
import { controls } from "../../../elements/controls.ts";
import "../../../elements/fovea-curves.ts";
import "../../../elements/fovea-heads.ts";
import "../../../elements/fovea-map.ts";
import "../../../elements/fovea-scale.ts";
import "../../../elements/fovea-words.ts";
import type { Region } from "../../../grounding/region.ts";
import "../export/menu.ts";
import "../models/menu.ts";
import { fileOf } from "../own-picture.ts";
import { Room } from "../room.ts";
import type { Letter, ShownPicture, Slot } from "../studio.ts";
import { type Column, geometryOf, isShown, layersOf, regionsNamed, targetOf } from "./columns.ts";
import { openMemo } from "./memo.ts";
import { mapOf, otherMap, scaleOf } from "./memoized.ts";
import { emptyPage, openFile, type PageView, page } from "./parts/page.ts";
import { readPatches } from "./patches.ts";
import { pictureKey, pictureOf } from "./pictures.ts";
import { startOf } from "./start.ts";
import { keysOf, type LookState, readState, type Struck } from "./state.ts";
import { lookStyles } from "./styles.ts";
import type { LookView } from "./view.ts";
import { type Asks, openAsks, saidOf, type Wish, wish } from "./wishes.ts";

/** How long each layer is shown while it plays, in milliseconds. */
const beat = 700;
/** Steps that can be taken back. */
const mostUndo = 100;

export class LookRoom extends Room {
  static override properties = {
    ...Room.properties,
    hovered: { state: true },
    brush: { state: true },
    striking: { state: true },
    playing: { state: true },
    stroke: { state: true },
    failed: { state: true },
  };
  declare hovered: number | undefined;
  declare brush: boolean;
  declare striking: boolean;
  declare playing: boolean;
  /** What a stroke of the brush that has not ended would knock out. */
  declare stroke: Struck | undefined;
  /** Why there is no picture. */
  declare failed: string | undefined;

  private readonly memo = openMemo();
  /** What each place's model is asked: another model in the place is asked anew. */
  private readonly asks = new Map<Letter, { readonly model: Slot["model"]; readonly asks: Asks }>();
  private past: readonly Struck[] = [];
  private beats: ReturnType<typeof setInterval> | undefined;
  /** The ref that is being made. */
  private reading: string | undefined;
  /** The last ref that was read, and the picture that it gave. */
  private answered: { readonly ref: string; readonly key: string } | undefined;
  /** The picture whose first questions were asked. */
  private started: string | undefined;
  private view: LookView | undefined;

  static override styles = [controls, lookStyles];

  constructor() {
    super();
    this.brush = false;
    this.striking = false;
    this.playing = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("paste", this.onPaste);
    addEventListener("keydown", this.onKey);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("paste", this.onPaste);
    removeEventListener("keydown", this.onKey);
    clearInterval(this.beats);
    const nobody = () => Promise.reject(new Error("the room was left"));
    for (const { asks } of this.asks.values())
      for (const ask of Object.values(asks)) ask.want(undefined, nobody);
  }

  override willUpdate(changed: PropertyValues<this>): void {
    const { studio } = this;
    if (studio.address.room !== "look") return;
    const state = readState((key) => studio.address.get(key));
    this.follow(state, studio.picture);
    this.view = studio.picture && this.viewOf(studio.picture, state);
    if (changed.has("playing")) this.play();
  }

  /** Takes the picture that the address names; or names in the address the one that is shown. */
  private follow(state: LookState, picture: ShownPicture | undefined): void {
    if (
      state.picture !== undefined &&
      state.picture !== picture?.ref &&
      !this.isRead(state.picture, picture)
    ) {
      if (this.reading !== state.picture) void this.read(state.picture);
    } else if (picture !== undefined && this.started !== pictureKey(picture)) {
      this.started = pictureKey(picture);
      const start = startOf(state, picture);
      // Not while the page is being drawn.
      queueMicrotask(() => this.studio.address.set(keysOf(start)));
    }
  }

  /** Whether the picture is what the ref gave, whatever it calls itself. */
  private isRead(ref: string, picture: ShownPicture | undefined): boolean {
    const { answered } = this;
    return picture !== undefined && answered?.ref === ref && answered.key === pictureKey(picture);
  }

  private async read(ref: string): Promise<void> {
    this.reading = ref;
    this.failed = undefined;
    try {
      const picture = await pictureOf(this.studio, ref);
      if (this.reading !== ref) return;
      this.reading = undefined;
      this.answered = { ref, key: pictureKey(picture) };
      this.studio.show(picture);
    } catch (error) {
      this.failed = (error as Error).message;
    }
  }

  private viewOf(picture: ShownPicture, state: LookState): LookView {
    const { studio, memo } = this;
    const struck = this.stroke ?? state.struck;
    const target = targetOf(picture.truth, state.question, state.concept);
    const known = (word: string | undefined) =>
      memo(`regions ${pictureKey(picture)} ${word}`, () => regionsNamed(picture.truth, word));
    const regions = known(target);
    const columns = this.columnsOf(picture, { ...state, struck }, regions);
    const shared = scaleOf(memo, columns, state);
    const { hovered, brush, striking, playing } = this;
    return {
      ...{ studio, picture, state, columns, shared, target, regions, struck, memo },
      ...{ hovered, brush, striking, playing },
      slots: studio.slots.filter(({ letter }) => isShown(state, letter)),
      geometry: columns[0] && geometryOf(columns[0]),
      shown: known(state.concept),
      canUndo: this.past.length > 0,
      mapOf: (column, side) => mapOf(memo, column, side, state, shared),
      mapWith: (column, changes) => otherMap(memo, column, columns, { changes, state, shared }),
      set: (changes) => studio.address.set(keysOf(changes)),
      strike: (next) => this.strike(next),
      undo: () => this.undo(),
      toggle: (name) => {
        this[name] = !this[name];
      },
    };
  }

  private columnsOf(
    picture: ShownPicture,
    state: LookState,
    regions: readonly Region[] | undefined,
  ): Column[] {
    const open = this.studio.slots.filter(
      ({ letter, model }) => model !== undefined && isShown(state, letter),
    );
    const layers = layersOf(
      open.map(({ model }) => model!.card),
      state.layer,
    );
    const first = this.firstGrid(open[0]);
    const common = {
      picture: picture.image,
      pictureKey: pictureKey(picture),
      truth: picture.truth,
      state,
      regions,
    };
    return open.map((slot, i) => {
      const { letter } = slot;
      const model = slot.model!;
      const asks = this.asksOf(slot);
      const patches = readPatches(state.pins, this.hovered);
      wish(asks, { ...common, letter, model, first, patches, locality: state.curve !== undefined });
      return { ...saidOf(asks), ...layers[i], letter, slot, card: model.card };
    });
  }

  /** The grid that pins and knock-outs are of, once the first model has said something. */
  private firstGrid(slot: Slot | undefined): Wish["first"] {
    const geometry = slot && geometryOf(saidOf(this.asksOf(slot)));
    return geometry && slot?.model && { geometry, layers: slot.model.card.layers };
  }

  private asksOf({ letter, model }: Slot): Asks {
    const known = this.asks.get(letter);
    if (known !== undefined && known.model === model) return known.asks;
    const asks = openAsks(() => this.requestUpdate());
    this.asks.set(letter, { model, asks });
    return asks;
  }

  private strike(struck: Struck): void {
    const now = readState((key) => this.studio.address.get(key)).struck;
    this.past = [...this.past, now].slice(-mostUndo);
    this.stroke = undefined;
    this.studio.address.set(keysOf({ struck }));
  }

  private undo(): void {
    const last = this.past.at(-1);
    if (last === undefined) return;
    this.past = this.past.slice(0, -1);
    this.studio.address.set(keysOf({ struck: last }));
  }

  /** Goes through the layers, from the first again after the last. */
  private play(): void {
    clearInterval(this.beats);
    if (!this.playing) return;
    this.beats = setInterval(() => {
      const [first] = this.view?.columns ?? [];
      if (first === undefined) return;
      const next = first.layer >= first.card.layers ? 0 : first.layer + 1;
      this.view?.set({ layer: next === first.card.layers ? undefined : next });
    }, beat);
  }

  private readonly onPaste = (event: ClipboardEvent) => {
    const file = fileOf(event.clipboardData);
    if (file === undefined) return;
    event.preventDefault();
    void openFile(file, this.pageView);
  };

  /** The space bar plays, unless something that takes it has the focus. */
  private readonly onKey = (event: KeyboardEvent) => {
    const [target] = event.composedPath();
    if (event.key !== " " || this.view === undefined || takesSpace(target)) return;
    event.preventDefault();
    this.playing = !this.playing;
  };

  private get pageView(): PageView {
    return {
      studio: this.studio,
      failed: this.failed,
      setHovered: (patch) => {
        this.hovered = patch;
      },
      setStroke: (stroke) => {
        this.stroke = stroke;
      },
      forget: () => {
        this.reading = undefined;
      },
    };
  }

  override render() {
    const { view, studio, failed, pageView: shown } = this;
    return view === undefined || (failed !== undefined && view.state.picture !== studio.picture?.ref)
      ? emptyPage(shown)
      : page(view, shown);
  }
}

/** What does something of its own by the space bar. */
function takesSpace(target: EventTarget | undefined): boolean {
  if (!(target instanceof Element)) return false;
  return target.closest("input, textarea, select, button, summary, a, [role=application]") !== null;
}

customElements.define("studio-look", LookRoom);
