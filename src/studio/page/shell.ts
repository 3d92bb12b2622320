/** The frame of the page: its name, the rooms, light or dark, and the room that is open. */
import { css, html, LitElement, nothing } from "lit";
import { controls } from "../../elements/controls.ts";
import { type RoomName, rooms } from "./address.ts";
import type { Studio } from "./studio.ts";
import { chooseTheme, currentTheme } from "./theme.ts";

const titles: Readonly<Record<RoomName, string>> = {
  play: "Play",
  look: "Look",
  learn: "Learn",
  data: "Data",
  boards: "Boards",
};

/** Each room is loaded when it is opened. */
const load: Readonly<Record<RoomName, () => Promise<unknown>>> = {
  play: () => import("./play/room.ts"),
  look: () => import("./look/room.ts"),
  learn: () => import("./learn/room.ts"),
  data: () => import("./data/room.ts"),
  boards: () => import("./boards/room.ts"),
};

export class StudioShell extends LitElement {
  static override properties = {
    studio: { attribute: false },
    line: { state: true },
    loaded: { state: true },
    failed: { state: true },
  };
  declare studio: Studio | undefined;
  /** Why the page, or a room of it, cannot be shown, in one line. */
  declare failed: string | undefined;
  declare line: string;
  /** Rooms whose code is there. */
  declare loaded: ReadonlySet<RoomName>;

  static override styles = [
    controls,
    css`
      :host {
        min-height: 100vh;
        background: var(--ground);
      }
      header {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0 var(--space-6);
        padding: 0 var(--space-6);
        border-bottom: 1px solid var(--hairline);
      }
      h1 {
        font: 600 14px/46px var(--sans);
      }
      h1 span {
        font-weight: 400;
        color: var(--muted);
      }
      nav {
        display: flex;
        gap: var(--space-4);
      }
      nav a {
        padding: 0 2px;
        font: 400 13px/46px var(--sans);
        color: var(--muted);
        text-decoration: none;
        border-bottom: 2px solid transparent;
        margin-bottom: -1px;
      }
      nav a:hover,
      nav a[aria-current="page"] {
        color: var(--ink);
      }
      nav a[aria-current="page"] {
        border-color: var(--ink);
      }
      .tools {
        margin-left: auto;
        display: flex;
        gap: var(--space-4);
      }
      main {
        padding: var(--space-4) var(--space-6) var(--space-8);
      }
      main:focus {
        outline: none;
      }
      .skip:not(:focus) {
        position: absolute;
        width: 1px;
        height: 1px;
        overflow: hidden;
        clip-path: inset(50%);
      }
      .skip {
        padding: 0;
        color: inherit;
        font: 400 13px/46px var(--sans);
      }
      .line {
        position: fixed;
        bottom: 0;
        left: 0;
        right: 0;
        padding: var(--space-2) var(--space-6);
        background: var(--surface);
        border-top: 1px solid var(--hairline);
      }
      @media (max-width: 760px) {
        header,
        main {
          padding-left: var(--space-3);
          padding-right: var(--space-3);
        }
      }
    `,
  ];

  constructor() {
    super();
    this.line = "";
    this.loaded = new Set();
  }

  private timer: ReturnType<typeof setTimeout> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("studio-says", (event) => this.tell((event as CustomEvent<string>).detail));
  }

  /** A line at the foot of the page, for as long as it takes to read it. */
  tell(line: string): void {
    this.line = line;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.line = "";
    }, 4000);
  }

  override willUpdate(): void {
    if (this.studio === undefined) return;
    const { room } = this.studio.address;
    document.title = `${titles[room]}: Fovea Studio`;
    void this.loadRoom(room);
  }

  async loadRoom(room: RoomName): Promise<void> {
    if (this.loaded.has(room)) {
      this.failed = undefined; // Of another room.
      return;
    }
    try {
      await load[room]();
      this.loaded = new Set([...this.loaded, room]);
      this.failed = undefined;
    } catch {
      this.failed = `${titles[room]} could not be loaded: is the server still there? Reload the page to try again.`;
    }
  }

  /** The code of all rooms, so that they open at once; one that fails is asked for again when it is opened. */
  async preload(): Promise<void> {
    for (const room of rooms) {
      const isThere = await load[room]().then(
        () => true,
        () => false,
      );
      if (isThere && !this.loaded.has(room)) this.loaded = new Set([...this.loaded, room]);
    }
  }

  override render() {
    const { studio, failed } = this;
    if (studio === undefined)
      return failed === undefined ? nothing : html`<main role="alert">${failed}</main>`;
    const { room } = studio.address;
    const link = (name: RoomName) =>
      html`<a href="#/${name}" aria-current=${name === room ? "page" : nothing}>${titles[name]}</a>`;
    return html`
      <header>
        <a class="skip" href="#main" @click=${this.skip}>skip to ${titles[room]}</a>
        <h1>Fovea <span>Studio</span></h1>
        <nav aria-label="Rooms">${rooms.map(link)}</nav>
        <div class="tools">
          <button class="quiet" @click=${this.copyLink}>copy link</button>
          <button class="quiet" @click=${this.changeTheme}>
            ${currentTheme() === "dark" ? "light" : "dark"}
          </button>
        </div>
      </header>
      <main id="main" tabindex="-1">${failed ?? this.room(room, studio)}</main>
      <div class="line" role="status" ?hidden=${this.line === ""}>${this.line}</div>
    `;
  }

  room(room: RoomName, studio: Studio) {
    if (!this.loaded.has(room)) return nothing;
    if (room === "play") return html`<studio-play .studio=${studio}></studio-play>`;
    if (room === "look") return html`<studio-look .studio=${studio}></studio-look>`;
    if (room === "learn") return html`<studio-learn .studio=${studio}></studio-learn>`;
    if (room === "data") return html`<studio-data .studio=${studio}></studio-data>`;
    return html`<studio-boards .studio=${studio}></studio-boards>`;
  }

  /** The address holds the view, so the link must not change it. */
  skip(event: Event): void {
    event.preventDefault();
    this.renderRoot.querySelector<HTMLElement>("main")?.focus();
  }

  changeTheme(): void {
    chooseTheme(currentTheme() === "dark" ? "light" : "dark");
    this.requestUpdate();
  }

  async copyLink(): Promise<void> {
    const { studio } = this;
    if (studio === undefined) return;
    await navigator.clipboard.writeText(studio.address.link).then(
      () => studio.say("The link of this view is in the clipboard."),
      () => studio.say("This browser gives no access to the clipboard; the address bar has the same link."),
    );
  }
}

customElements.define("studio-shell", StudioShell);
