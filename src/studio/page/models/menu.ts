/**
 * What can be done with a model's place: another model in it, by name, folder or address; a new try; closing it.
 *
 *     <studio-model-menu .studio=${studio} letter="b"></studio-model-menu>
 */
import { css, html, nothing } from "lit";
import { controls } from "../../../elements/controls.ts";
import { asGiven, droppedFiles, type GivenFile } from "../../../hub/source/files.ts";
import { choiceOf } from "../open-studio.ts";
import { Room } from "../room.ts";
import { deviceNames, readSettings } from "../settings.ts";
import type { Letter, ModelChoice, Slot } from "../studio.ts";
import { cardText, choiceOfAddress, choiceOfFiles, machineText, offered } from "./choices.ts";

/** Like a room it is drawn anew when something of the studio changes. */
export class StudioModelMenu extends Room {
  static override properties = {
    ...Room.properties,
    letter: {},
    over: { state: true },
    problem: { state: true },
  };
  declare letter: Letter;
  /** Whether files are held over the dialog. */
  declare over: boolean;
  declare problem: string;

  static override styles = [
    controls,
    css`
      :host {
        display: inline-flex;
        gap: var(--space-3);
        white-space: nowrap;
      }
      dialog {
        white-space: normal;
        width: min(440px, calc(100vw - 2 * var(--space-4)));
        padding: var(--space-4);
        color: var(--ink);
        background: var(--surface);
        border: 1px solid var(--hairline);
        border-radius: var(--radius);
      }
      dialog::backdrop {
        background: color-mix(in srgb, var(--ground) 70%, transparent);
      }
      section {
        display: grid;
        gap: var(--space-2);
        padding: var(--space-3) 0;
        border-top: 1px solid var(--hairline);
      }
      header {
        display: grid;
        gap: var(--space-1);
        padding-bottom: var(--space-3);
      }
      .choice {
        display: flex;
        justify-content: space-between;
        gap: var(--space-2);
        width: 100%;
        text-align: left;
      }
      .choice span:first-child {
        flex: none;
      }
      .choice .caption {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .drop {
        display: grid;
        gap: var(--space-2);
        padding: var(--space-3);
        border: 1px dashed var(--field);
        border-radius: var(--radius);
      }
      .drop.over {
        background: var(--wash);
      }
      form {
        display: flex;
        gap: var(--space-2);
      }
      input[name="address"] {
        flex: 1;
        min-width: 0;
      }
      footer {
        display: flex;
        justify-content: space-between;
        gap: var(--space-2);
        padding-top: var(--space-3);
        border-top: 1px solid var(--hairline);
      }
    `,
  ];

  constructor() {
    super();
    this.over = false;
    this.problem = "";
  }

  private get place(): Slot | undefined {
    return this.studio.slots.find(({ letter }) => letter === this.letter);
  }

  private get dialog(): HTMLDialogElement {
    return this.renderRoot.querySelector("dialog") as HTMLDialogElement;
  }

  override render() {
    const name = `model ${this.letter.toUpperCase()}`;
    const slot = this.place;
    return html`
      ${
        slot?.failed === undefined
          ? nothing
          : html`<button class="quiet" @click=${() => void this.studio.retry(this.letter)}>try again</button>`
      }
      <button class="quiet" aria-label=${slot ? `change ${name}` : `add a ${name}`} @click=${this.show}>
        ${slot ? "change" : "add a model"}
      </button>
      <dialog
        aria-label=${slot ? `Change ${name}` : `Add ${name}`}
        @dragover=${this.hold}
        @dragleave=${() => {
          this.over = false;
        }}
        @drop=${this.drop}
      >
        ${this.head(slot)} ${this.shipped()} ${this.files()} ${this.address()} ${this.machine()}
        <p role="alert" class="wrong">${this.problem}</p>
        <footer>
          ${slot ? html`<button class="quiet" @click=${this.closeModel}>close ${name}</button>` : html`<span></span>`}
          <button @click=${() => this.dialog.close()}>cancel</button>
        </footer>
      </dialog>
    `;
  }

  private head(slot: Slot | undefined) {
    const card = slot?.model?.card;
    return html`<header>
      <h2>${slot?.title ?? "Add a model"}</h2>
      <span class="caption">${card ? cardText(card) : (slot?.failed ?? slot?.note ?? "")}</span>
    </header>`;
  }

  private shipped() {
    const row = (model: ReturnType<typeof offered>[number]) =>
      html`<button class="choice" @click=${() => this.choose(choiceOf(model))}>
        <span>${model.title}</span><span class="caption">${model.note}</span>
      </button>`;
    return html`<section>${offered(this.studio.setup).map(row)}</section>`;
  }

  private files() {
    return html`<section>
      <label class=${this.over ? "drop over" : "drop"}>
        Drop a checkpoint's folder here, or pick it:
        <input type="file" multiple webkitdirectory @change=${this.pick} />
      </label>
      <span class="caption">A Hugging Face folder of a model that Fovea reads. Nothing leaves this machine.</span>
    </section>`;
  }

  private address() {
    return html`<section>
      <form @submit=${this.submit}>
        <input name="address" aria-label="Address of a checkpoint's folder" placeholder="https://… or models/full/" />
        <button>open</button>
      </form>
    </section>`;
  }

  /** On what models of the page run, and the other way where there is one. */
  private machine() {
    const { machine } = this.studio;
    const { device } = readSettings(location.search);
    const other = device === "webgpu" ? "wasm" : "webgpu";
    const isThere = other === "wasm" || machine.webgpu === true;
    return html`<section class="caption">
      <span>
        ${machineText(machine, device)}
        ${
          isThere
            ? html`<a href=${`?device=${other}${location.hash}`}>Use ${deviceNames[other]}</a>, which loads the page anew.`
            : nothing
        }
      </span>
    </section>`;
  }

  private show(): void {
    this.problem = "";
    this.dialog.showModal();
  }

  private choose(choice: ModelChoice): void {
    this.dialog.close();
    void this.studio.open(this.letter, choice);
  }

  private closeModel(): void {
    this.dialog.close();
    this.studio.close(this.letter);
  }

  private hold(event: DragEvent): void {
    event.preventDefault();
    this.over = true;
  }

  private drop(event: DragEvent): void {
    event.preventDefault();
    this.over = false;
    if (event.dataTransfer !== null) void this.take(droppedFiles(event.dataTransfer));
  }

  private pick(event: Event): void {
    void this.take(Promise.resolve([...((event.target as HTMLInputElement).files ?? [])]));
  }

  private async take(files: Promise<readonly (File | GivenFile)[]>): Promise<void> {
    try {
      const given = (await files).map(asGiven);
      if (given.length > 0) this.choose(choiceOfFiles(given));
    } catch (error) {
      this.problem = (error as Error).message;
    }
  }

  private submit(event: SubmitEvent): void {
    event.preventDefault();
    const typed = new FormData(event.target as HTMLFormElement).get("address");
    const choice = choiceOfAddress(String(typed), document.baseURI);
    if (choice === undefined)
      this.problem = "The address must be one of http or https, or a folder beside this page.";
    else this.choose(choice);
  }
}

customElements.define("studio-model-menu", StudioModelMenu);
