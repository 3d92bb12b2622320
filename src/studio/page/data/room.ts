/** Data: a wall of pictures with what is known of them, filters that read as sentences, and one item large. */
import { html, nothing } from "lit";
import type { RgbImage } from "../../../common/image.ts";
import { controls } from "../../../elements/controls.ts";
import "../export/menu.ts";
import { Room } from "../room.ts";
import "./filter-bar.ts";
import type { EditedLabels } from "./edits.ts";
import { exportedOf } from "./exported.ts";
import {
  type Counts,
  conditions,
  type Facets,
  type Filter,
  filterOf,
  filterSentence,
  noFacets,
} from "./filter.ts";
import { openFolderSource } from "./folder-source.ts";
import "./item-view.ts";
import "./label-editor.ts";
import { Labelling } from "./labelling.ts";
import { LiveAsking, type LiveWish } from "./live-asking.ts";
import { liveParts } from "./live-search.ts";
import { answers, type Models } from "./outcomes.ts";
import type { PickedFolder } from "./picked.ts";
import { Picking } from "./picking.ts";
import { roomStyle } from "./room-style.ts";
import type { DataSource, FoundItems, Item } from "./source.ts";
import { openSource, pictureRef, type SourceChoice, shownPicture, sourceChoices } from "./sources.ts";
import "./trial/element.ts";
import "./wall.ts";

export class DataRoom extends Room {
  static override properties = {
    ...Room.properties,
    choices: { state: true },
    source: { state: true },
    found: { state: true },
    item: { state: true },
    failed: { state: true },
    busy: { state: true },
    image: { state: true },
    version: { state: true },
  };
  declare choices: readonly SourceChoice[];
  declare source: DataSource | undefined;
  declare found: FoundItems | undefined;
  declare item: Item | undefined;
  declare failed: string | undefined;
  /** What is being opened. */
  declare busy: string | undefined;
  /** A folder that the visitor opened stays to be chosen. */
  private own: DataSource | undefined;
  /** The picture of the item that is shown. */
  declare image: { readonly item: Item; readonly image: RgbImage } | undefined;
  /** Grows with every answer of a model. */
  declare version: number;
  private readonly answers = answers(() => {
    this.version++;
  });
  private asking: AbortController | undefined;
  private readonly onChange = (failed?: string) => {
    if (failed !== undefined) this.failed = failed;
    this.requestUpdate();
  };
  /** What is found by asking the models. */
  private readonly live = new LiveAsking(this.onChange);
  private readonly labelling = new Labelling(this.onChange);
  private opening: string | undefined;
  private filterKey = "";
  private currentFilter: Filter = filterOf([]);
  private itemKey = "";
  private last = 0;

  private readonly picking = new Picking(this, { mode: "readwrite", open: (read) => this.openOwn(read) });

  static override styles = [controls, roomStyle];

  constructor() {
    super();
    this.choices = [];
    this.version = 0;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.listSources();
    addEventListener("beforeunload", this.onLeave);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("beforeunload", this.onLeave);
    this.asking?.abort();
    this.live.end();
  }

  /** Labels that are in no file would be lost. */
  private readonly onLeave = (event: BeforeUnloadEvent) => {
    if (this.labelling.isUnsaved) event.preventDefault();
  };

  private async listSources(): Promise<void> {
    try {
      this.choices = await sourceChoices(this.studio.setup);
    } catch (error) {
      this.failed = (error as Error).message;
      this.choices = await sourceChoices({ ...this.studio.setup, server: false });
    }
  }

  private get filter(): Filter {
    const query = new URLSearchParams(new URL(this.studio.address.link).hash.split("?")[1] ?? "");
    const key = query.toString();
    if (key !== this.filterKey) {
      this.filterKey = key;
      const next = filterOf(query);
      if (JSON.stringify(next) !== JSON.stringify(this.currentFilter)) this.currentFilter = next;
    }
    return this.currentFilter;
  }

  override willUpdate(): void {
    const [first] = this.choices;
    if (first === undefined) return;
    const wanted = this.studio.address.get("data") ?? (this.own ? "own" : first.ref);
    if (wanted !== this.opening) void this.open(wanted);
    else if (this.source !== undefined) this.follow(this.source);
  }

  private async open(ref: string): Promise<void> {
    this.opening = ref;
    this.failed = undefined;
    this.item = undefined;
    if (ref === "own") {
      if (this.own === undefined)
        this.failed = "The folder of this link is on somebody's machine: open it again.";
      this.take(this.own);
      return;
    }
    this.busy = `opening ${ref.slice(ref.indexOf(":") + 1)}`;
    try {
      const source = await openSource(ref);
      if (this.opening === ref) this.take(source);
    } catch (error) {
      if (this.opening === ref) this.fail(error);
    }
  }

  private take(source: DataSource | undefined): void {
    this.busy = undefined;
    this.source = source;
    this.found = undefined;
    this.findKey = "";
    this.itemKey = "";
    this.last = 0;
    this.image = undefined;
    this.labelling.clear();
  }

  private fail(error: unknown): void {
    this.take(undefined);
    this.failed = (error as Error).message;
  }

  private findKey = "";

  /** Finds what the address asks for, once. */
  private follow(source: DataSource): void {
    const { wanted, rest: filter } = this.parts;
    const key = JSON.stringify(filter);
    if (wanted.length === 0 || this.waitedFor.length === 0) this.live.follow(source, this.wish);
    if (key !== this.findKey) {
      this.findKey = key;
      void this.find(source, filter, key);
    }
    const at = this.studio.address.get("at");
    const itemKey = at === undefined ? "" : `${key} ${at}`;
    if (itemKey === this.itemKey) return;
    this.itemKey = itemKey;
    if (at === undefined) this.item = undefined;
    else if (wanted.length > 0 && this.live.found.items[Number(at)] !== undefined) {
      this.item = this.live.found.items[Number(at)];
      this.last = Number(at);
    } else void this.openItem(source, filter, Number(at));
  }

  private get parts() {
    return liveParts(
      this.filter,
      this.studio.slots.map(({ letter }) => letter),
    );
  }

  /** Models that an outcome is wanted of and that are not open. */
  private get waitedFor() {
    const { wanted } = this.parts;
    return this.studio.slots.filter(
      ({ letter, model }) => model === undefined && wanted.some(([one]) => one === letter),
    );
  }

  private get models(): Models {
    return this.studio.slots.flatMap(({ letter, model }) => (model === undefined ? [] : [{ letter, model }]));
  }

  private get wish(): LiveWish {
    const { wanted, rest: filter } = this.parts;
    return { filter, wanted, models: this.models, answers: this.answers };
  }

  private async find(source: DataSource, filter: Filter, key: string): Promise<void> {
    try {
      const found = await source.find(filter);
      if (this.findKey === key && this.source === source) this.found = found;
    } catch (error) {
      if (this.findKey === key) this.failed = (error as Error).message;
    }
  }

  private async openItem(source: DataSource, filter: Filter, at: number): Promise<void> {
    const key = this.itemKey;
    try {
      const [item] = await source.items(filter, at, 1);
      if (this.itemKey !== key) return;
      this.item = item;
      this.last = at;
      if (item === undefined) this.failed = "No picture has this place: the filter leaves fewer.";
    } catch (error) {
      if (this.itemKey === key) this.failed = (error as Error).message;
    }
  }

  override render() {
    const { source, found } = this;
    const { address } = this.studio;
    if (address.get("view") === "trial") return this.trial();
    return html`
      <h1 class="seen">Data</h1>
      ${this.sourceBar()}
      ${this.failed === undefined ? nothing : html`<p class="wrong" role="alert">${this.failed}</p>`}
      ${source === undefined ? this.empty() : this.item === undefined ? this.wall(source, found) : this.large(source)}
    `;
  }

  private trial() {
    const { address } = this.studio;
    return html`
      <h1 class="seen">Line tracing, to try yourself</h1>
      <p class="row sources"><button @click=${() => address.go("data")}>all data</button></p>
      <studio-trial
        .studio=${this.studio}
        .level=${address.get("level") === "hard" ? "hard" : "easy"}
      ></studio-trial>
    `;
  }

  private exports() {
    const { source, item, studio } = this;
    const what = exportedOf(source, item && this.labelling.withEdits(item), studio.slots);
    return what === undefined
      ? nothing
      : html`<studio-export .studio=${studio} .what=${what}></studio-export>`;
  }

  private empty() {
    return html`<p class="muted">${this.busy ?? "Choose a data set, or open a folder of pictures."}</p>`;
  }

  private sourceBar() {
    const current = this.opening ?? "";
    const option = (ref: string, label: string) =>
      html`<option value=${ref} ?selected=${ref === current}>${label}</option>`;
    const groups = Map.groupBy(this.choices, ({ group }) => group);
    const known = this.choices.some(({ ref }) => ref === current) || current === "own" || current === "";
    return html`<div class="row sources">
      <label
        >Data
        <select @change=${this.choose}>
          ${this.own === undefined ? nothing : option("own", this.own.name)}
          ${known ? nothing : option(current, current)}
          ${[...groups].map(
            ([group, all]) =>
              html`<optgroup label=${group}>${all.map(({ ref, label }) => option(ref, label))}</optgroup>`,
          )}
        </select></label
      >
      <button @click=${this.picking.openFolder}>open a folder</button>
      <label class="button"
        ><input class="seen" type="file" multiple accept="image/*" @change=${this.picking.openFiles} />
        <button @click=${this.pickFiles}>open pictures</button></label
      >
      <input class="seen folder" type="file" webkitdirectory aria-label="A folder" tabindex="-1" @change=${this.picking.openFiles} />
      <button class="quiet" @click=${() => this.studio.address.go("data", { view: "trial" })}>
        trace lines yourself
      </button>
      <span class="caption spread">${this.source?.note ?? ""}</span>
      ${this.exports()}
    </div>`;
  }

  private wall(source: DataSource, found: FoundItems | undefined) {
    const { filter } = this;
    const { isSearching, found: asked, source: answered } = this.live;
    const isLive = this.parts.wanted.length > 0;
    const shown = isLive ? answered : source;
    const count = isLive ? asked.items.length : found?.count;
    return html`
      <p class="sentence" role="status">${this.sentence(source, found)}</p>
      <studio-filter
        .filter=${filter}
        .facets=${this.facets(source, found)}
        .count=${source.count}
        .searchable=${source.ref === undefined || source.ref.startsWith("server:")}
        @filter-change=${this.onFilter}
      ></studio-filter>
      ${this.notices(source)}
      ${
        isLive && !isSearching && !asked.ended && this.waitedFor.length === 0
          ? html`<p class="row"><button @click=${() => this.live.more(source, this.wish)}>ask about more pictures</button></p>`
          : nothing
      }
      ${
        count === 0 && !isSearching && this.waitedFor.length === 0
          ? html`<p class="muted">No picture meets all of this${isLive ? " yet" : ""}. Take a condition away.</p>`
          : shown === undefined
            ? nothing
            : html`<studio-wall
                .source=${shown}
                .filter=${filter}
                .count=${count ?? 0}
                .at=${this.last}
                @wall-open=${this.onOpen}
              ></studio-wall>`
      }
    `;
  }

  private sentence(source: DataSource, found: FoundItems | undefined): string {
    if (found === undefined) return "Counting.";
    const models = this.facets(source, found).models;
    const labels = Object.fromEntries(Object.entries(models).map(([model, { label }]) => [model, label]));
    const { wanted } = this.parts;
    if (wanted.length === 0) return `${filterSentence(this.filter, found.count, source.count, labels)}.`;
    const [waited] = this.waitedFor;
    if (waited !== undefined)
      return waited.failed === undefined
        ? `Waiting until ${waited.title} is open.`
        : `${waited.title} could not be opened, and cannot be asked.`;
    const { items, asked } = this.live.found;
    const conditions = filterSentence(this.filter, items.length, asked, labels);
    return `${conditions}${this.live.isSearching ? "; still asking." : `. ${found.count.toLocaleString("en-US")} could be asked about.`}`;
  }

  /** Models that are open can be asked of any picture with a question. */
  private facets(source: DataSource, found: FoundItems | undefined): Facets {
    if (found === undefined) return noFacets;
    const counts: Counts = [["right", source.count], ["wrong", source.count]]; // biome-ignore format: one line
    const own = this.models.map(({ letter }) => [letter, { label: letter.toUpperCase(), counts }] as const);
    return { ...found.facets, models: { ...Object.fromEntries(own), ...found.facets.models } };
  }

  private notices({ notices }: DataSource) {
    if (notices.length === 0) return nothing;
    return html`<details>
      <summary>${notices[0]}</summary>
      ${notices.slice(1).map((line) => html`<p class="caption">${line}</p>`)}
    </details>`;
  }

  private large(source: DataSource) {
    const at = Number(this.studio.address.get("at"));
    const isLive = this.parts.wanted.length > 0;
    const count = isLive ? this.live.found.items.length : (this.found?.count ?? source.count);
    const go = (to: number) => () => this.studio.address.set({ at: String(to) });
    const item = this.item as Item;
    const image = this.image?.item.index === item.index ? this.image : undefined;
    const isEditing = this.studio.address.get("edit") !== undefined && source.save !== undefined;
    return html`
      <div class="row steps">
        <button @click=${this.back}>all pictures</button>
        <span class="figures">${(at + 1).toLocaleString("en-US")} of ${count.toLocaleString("en-US")}</span>
        <div class="row">
          <button ?disabled=${at <= 0} @click=${go(at - 1)}>previous</button>
          <button ?disabled=${at + 1 >= count} @click=${go(at + 1)}>next</button>
          ${
            source.save === undefined
              ? nothing
              : html`<button aria-pressed=${isEditing} @click=${this.toggleEditing}>edit labels</button>`
          }
          <button ?disabled=${image === undefined} @click=${this.look}>open in Look</button>
        </div>
      </div>
      ${this.labelling.bar(source, isEditing, () => this.save(source))}
      ${
        isEditing && image !== undefined
          ? html`<studio-label-editor
              .image=${image.image}
              .labels=${this.labelling.begin(item)}
              .slots=${this.studio.slots}
              @labels-change=${this.onLabels}
            ></studio-label-editor>`
          : html`<studio-item
              .source=${source}
              .item=${this.labelling.withEdits(item)}
              .slots=${this.studio.slots}
              .answers=${this.answers}
              .version=${this.version}
              @item-picture=${this.onPicture}
            ></studio-item>`
      }
    `;
  }

  private save(source: DataSource): void {
    this.failed = undefined;
    void this.labelling.save(source);
  }

  private onLabels(event: CustomEvent<{ labels: EditedLabels }>): void {
    if (this.item !== undefined) this.labelling.change(this.item, event.detail.labels);
  }

  private toggleEditing(): void {
    const { address } = this.studio;
    this.labelling.turn();
    address.set({ edit: address.get("edit") === undefined ? "1" : undefined });
  }

  private onPicture(event: CustomEvent<{ item: Item; image: RgbImage }>): void {
    this.image = event.detail;
    void this.askAll();
  }

  private askedKey = "";

  /** All questions of the item that is shown, of all models. */
  private async askAll(): Promise<void> {
    const { image: shown, models } = this;
    if (shown === undefined) return;
    this.askedKey = `${shown.item.index} ${models.map(({ letter, model }) => `${letter} ${model.card.folder}`)}`;
    this.asking?.abort();
    const controller = new AbortController();
    this.asking = controller;
    const questions = [...shown.item.row.questions.keys()];
    await this.answers.ask(shown.item, shown.image, questions, models, controller.signal);
  }

  /** Models open later than the first item is shown. */
  override updated(): void {
    const { image: shown, models } = this;
    if (shown === undefined || this.item?.index !== shown.item.index) return;
    const key = `${shown.item.index} ${models.map(({ letter, model }) => `${letter} ${model.card.folder}`)}`;
    if (key !== this.askedKey) void this.askAll();
  }

  private look(): void {
    const { image: shown, source } = this;
    if (shown === undefined || source === undefined) return;
    const { wanted, rest } = this.parts;
    const at = Number(this.studio.address.get("at"));
    const ref = pictureRef(source, rest, wanted.length > 0 ? (this.live.found.places[at] ?? at) : at);
    const picture = shownPicture(shown.item, shown.image, ref);
    this.studio.show(picture);
    const asked = shown.item.row.questions[shown.item.question ?? 0]?.question;
    const words = picture.truth?.map(({ word }) => word) ?? [];
    const concept = words.find((word) => asked?.includes(word)) ?? words[0];
    this.studio.address.go("look", { picture: ref, concept, question: asked });
  }

  private back(): void {
    this.studio.address.set({ at: undefined, edit: undefined }, { step: true });
  }

  private onOpen(event: CustomEvent<{ at: number }>): void {
    this.last = event.detail.at;
    this.studio.address.set({ at: String(event.detail.at) }, { step: true });
  }

  private onFilter(event: CustomEvent<{ filter: Filter }>): void {
    const { address } = this.studio;
    const old = Object.fromEntries(conditions(this.filter).map(([name]) => [name, undefined]));
    this.last = 0;
    address.set({ ...old, ...Object.fromEntries(conditions(event.detail.filter)) }, { step: true });
  }

  private choose(event: Event): void {
    this.studio.address.go("data", { data: (event.target as HTMLSelectElement).value });
  }

  private pickFiles(event: Event): void {
    const button = event.currentTarget as HTMLElement;
    button.parentElement?.querySelector<HTMLInputElement>("input")?.click();
  }

  private async openOwn(read: () => Promise<PickedFolder>): Promise<void> {
    this.failed = undefined;
    this.busy = "reading the folder";
    try {
      this.own = await openFolderSource(await read());
      this.opening = undefined;
      this.studio.address.go("data", { data: "own" });
      this.requestUpdate();
    } catch (error) {
      this.busy = undefined;
      this.failed = (error as Error).message;
    }
  }
}

customElements.define("studio-data", DataRoom);
