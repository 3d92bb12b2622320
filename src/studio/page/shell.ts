/** The frame of the page: its name, the rooms, light or dark, and the room that is open. */
import { css, html, LitElement, nothing } from "lit";
import { controls } from "../../elements/controls.ts";
import { type RoomName, rooms } from "./address.ts";
import type { Studio } from "./studio.ts";

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
  };
  declare studio: Studio | undefined;
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
      .name {
        font: 600 14px/46px var(--sans);
      }
      .name span {
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

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("studio-says", (event) => {
      this.line = (event as CustomEvent<string>).detail;
      setTimeout(() => {
        this.line = "";
      }, 4000);
    });
  }

  override willUpdate(): void {
    if (this.studio !== undefined) void this.loadRoom(this.studio.address.room);
  }

  async loadRoom(room: RoomName): Promise<void> {
    if (this.loaded.has(room)) return;
    await load[room]();
    this.loaded = new Set([...this.loaded, room]);
  }

  override render() {
    const { studio } = this;
    if (studio === undefined) return nothing;
    const { room } = studio.address;
    const link = (name: RoomName) =>
      html`<a href="#/${name}" aria-current=${name === room ? "page" : nothing}>${titles[name]}</a>`;
    return html`
      <header>
        <div class="name">Fovea <span>Studio</span></div>
        <nav aria-label="Rooms">${rooms.map(link)}</nav>
        <div class="tools">
          <button class="quiet" @click=${this.copyLink}>copy link</button>
          <button class="quiet" @click=${toggleTheme}>light or dark</button>
        </div>
      </header>
      <main>${this.room(room, studio)}</main>
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

  async copyLink(): Promise<void> {
    const { studio } = this;
    if (studio === undefined) return;
    await navigator.clipboard.writeText(studio.address.link).then(
      () => studio.say("The link of this view is in the clipboard."),
      () => studio.say("This browser gives no access to the clipboard; the address bar has the same link."),
    );
  }
}

function toggleTheme(): void {
  const { documentElement: root } = document;
  const isDark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
}

customElements.define("studio-shell", StudioShell);
