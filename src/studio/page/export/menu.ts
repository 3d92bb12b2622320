/**
 * `<studio-export>`: saves what a view shows as PNG, SVG and JSON, and copies the command that makes the same.
 *
 *     <studio-export .studio=${studio} .what=${{ name: "cat", figure: () => mapFigure(...), json: [...], command: "..." }}>
 */
import { css, html, LitElement, nothing } from "lit";
import type { RgbImage } from "../../../common/image.ts";
import { controls } from "../../../elements/controls.ts";
import type { Studio } from "../studio.ts";
import { quoted } from "./command.ts";
import type { Figure } from "./figure.ts";
import { copyText, fileName, saveFile, saveText } from "./save.ts";

/** What can be saved of a view; each part is made when it is asked for. */
export interface Exported {
  /** Of the files, without ending. */
  readonly name: string;
  readonly figure?: () => Figure | Promise<Figure>;
  /** By what the button says: "JSON", "values". */
  readonly json?: readonly JsonFile[];
  /** One line for each model; copied together. */
  readonly commands?: readonly string[];
  /** The picture as shown; commands that read it, and do not make it themselves, have it under this name. */
  readonly picture?: { readonly name: string; readonly image: RgbImage };
}

export interface JsonFile {
  readonly title: string;
  /** With its ending. */
  readonly name: string;
  readonly value: () => unknown;
}

export class StudioExport extends LitElement {
  static override properties = { studio: { attribute: false }, what: { attribute: false } };
  declare studio: Studio;
  declare what: Exported | undefined;

  static override styles = [
    controls,
    css`
      .row {
        gap: 0 var(--space-3);
      }
      details {
        position: relative;
      }
      summary {
        list-style: none;
        cursor: pointer;
        line-height: 24px;
        color: var(--muted);
        text-decoration: underline;
        text-underline-offset: 3px;
      }
      .files {
        position: absolute;
        z-index: 2;
        right: 0;
        display: grid;
        min-width: 180px;
        padding: var(--space-1);
        background: var(--surface);
        border: 1px solid var(--field);
        border-radius: var(--radius);
      }
      .files button {
        border-color: transparent;
        text-align: left;
      }
    `,
  ];

  override render() {
    const { what } = this;
    if (what === undefined) return nothing;
    const { figure, json = [], commands = [], picture } = what;
    return html`<div class="row" role="group" aria-label="Export">
      <span class="caption">Save</span>
      ${figure && html`<button class="quiet" @click=${() => this.save(this.savePng())}>PNG</button>`}
      ${figure && html`<button class="quiet" @click=${() => this.save(this.saveSvg())}>SVG</button>`}
      ${jsonFiles(json)}
      ${picture && html`<button class="quiet" @click=${() => this.save(savePicture(picture))}>picture</button>`}
      ${commands.length > 0 ? html`<button class="quiet" @click=${this.copyCommand}>copy command</button>` : nothing}
    </div>`;
  }

  private save(work: Promise<void>): void {
    work.catch((error: Error) => this.studio.say(`This could not be saved: ${error.message}`));
  }

  async savePng(): Promise<void> {
    const { figure, name } = this.what ?? {};
    if (figure === undefined) return;
    const { figurePng } = await import("./canvas.ts");
    saveFile(await figurePng(await figure()), `${fileName(name ?? "")}.png`);
  }

  async saveSvg(): Promise<void> {
    const { figure, name } = this.what ?? {};
    if (figure === undefined) return;
    const [{ figureSvg }, { pictureUrl }] = await Promise.all([import("./figure.ts"), import("./canvas.ts")]);
    saveText(figureSvg(await figure(), pictureUrl), `${fileName(name ?? "")}.svg`, "image/svg+xml");
  }

  async copyCommand(): Promise<void> {
    const { commands = [], picture } = this.what ?? {};
    const many = commands.length === 1 ? "The command is" : `${commands.length} commands are`;
    const isRead = picture !== undefined && commands.some((line) => line.includes(quoted(picture.name)));
    const reads = isRead ? ` It reads ${picture.name}: save the picture under this name.` : "";
    await copyText(this.studio, commands.join("\n"), `${many} in the clipboard.${reads}`);
  }
}

/** One file has a button of its own; several stand in a list. */
function jsonFiles(files: readonly JsonFile[]) {
  if (files.length === 0) return nothing;
  if (files.length === 1)
    return html`<button class="quiet" @click=${() => saveJson(files[0])}>${files[0].title}</button>`;
  const choose = (event: Event, file: JsonFile) => {
    saveJson(file);
    (event.target as HTMLElement).closest("details")?.removeAttribute("open");
  };
  return html`<details @keydown=${closeOnEscape}>
    <summary>JSON</summary>
    <div class="files">
      ${files.map((file) => html`<button @click=${(event: Event) => choose(event, file)}>${file.title}</button>`)}
    </div>
  </details>`;
}

function closeOnEscape(event: KeyboardEvent): void {
  if (event.key !== "Escape") return;
  const details = event.currentTarget as HTMLDetailsElement;
  details.open = false;
  details.querySelector("summary")?.focus();
}

function saveJson({ name, value }: JsonFile): void {
  saveText(`${JSON.stringify(value())}\n`, name);
}

async function savePicture({ name, image }: NonNullable<Exported["picture"]>): Promise<void> {
  const { picturePng } = await import("./canvas.ts");
  saveFile(await picturePng(image), name);
}

customElements.define("studio-export", StudioExport);
