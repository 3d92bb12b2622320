/**
 * `<studio-export>`: saves what a view shows as PNG, SVG and JSON, and copies the command that makes the same.
 *
 *     <studio-export .studio=${studio} .what=${{ name: "cat", figure: () => mapFigure(...), json: [...], command: "..." }}>
 */
import { css, html, LitElement, nothing } from "lit";
import type { RgbImage } from "../../../common/image.ts";
import { controls } from "../../../elements/controls.ts";
import type { Studio } from "../studio.ts";
import { figurePng, picturePng, pictureUrl } from "./canvas.ts";
import { type Figure, figureSvg } from "./figure.ts";
import { copyText, fileName, saveFile, saveText } from "./save.ts";

/** What can be saved of a view; each part is made when it is asked for. */
export interface Exported {
  /** Of the files, without ending. */
  readonly name: string;
  readonly figure?: () => Figure;
  /** By what the button says: "JSON", "values". */
  readonly json?: readonly JsonFile[];
  /** One line for each model; copied together. */
  readonly commands?: readonly string[];
  /** The picture that commands read, under the name that they give it. */
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
    `,
  ];

  override render() {
    const { what } = this;
    if (what === undefined) return nothing;
    const { figure, json = [], commands = [], picture } = what;
    return html`<div class="row" role="group" aria-label="Export">
      <span class="caption">Save</span>
      ${figure && html`<button class="quiet" @click=${this.savePng}>PNG</button>`}
      ${figure && html`<button class="quiet" @click=${this.saveSvg}>SVG</button>`}
      ${json.map((file) => html`<button class="quiet" @click=${() => saveJson(file)}>${file.title}</button>`)}
      ${picture && html`<button class="quiet" @click=${() => void savePicture(picture)}>picture</button>`}
      ${commands.length > 0 ? html`<button class="quiet" @click=${this.copyCommand}>copy command</button>` : nothing}
    </div>`;
  }

  async savePng(): Promise<void> {
    const { figure, name } = this.what ?? {};
    if (figure !== undefined) saveFile(await figurePng(figure()), `${fileName(name ?? "")}.png`);
  }

  saveSvg(): void {
    const { figure, name } = this.what ?? {};
    if (figure === undefined) return;
    saveText(figureSvg(figure(), pictureUrl), `${fileName(name ?? "")}.svg`, "image/svg+xml");
  }

  async copyCommand(): Promise<void> {
    const { commands = [], picture } = this.what ?? {};
    const many = commands.length === 1 ? "The command is" : `${commands.length} commands are`;
    const reads = picture === undefined ? "" : ` It reads ${picture.name}: save the picture under this name.`;
    await copyText(this.studio, commands.join("\n"), `${many} in the clipboard.${reads}`);
  }
}

function saveJson({ name, value }: JsonFile): void {
  saveText(`${JSON.stringify(value())}\n`, name);
}

async function savePicture({ name, image }: NonNullable<Exported["picture"]>): Promise<void> {
  saveFile(await picturePng(image), name);
}

customElements.define("studio-export", StudioExport);
