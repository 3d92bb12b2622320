/** Learn: a model trains in the page, and runs of `fovea train` are followed. */
import { html } from "lit";
import { controls } from "../../../elements/controls.ts";
import { Room } from "../room.ts";
import "./follow-runs.ts";
import { style } from "./style.ts";
import "./train-here.ts";

const parts = { here: "train here", runs: "follow runs" } as const;
type Part = keyof typeof parts;

export class LearnRoom extends Room {
  static override styles = [controls, style];

  private get current(): Part {
    return this.studio.address.get("part") === "runs" ? "runs" : "here";
  }

  override render() {
    const button = (part: Part) =>
      html`<button
        aria-pressed=${this.current === part}
        @click=${() => this.studio.address.set({ part: part === "here" ? undefined : part }, { step: true })}
      >
        ${parts[part]}
      </button>`;
    return html`
      <div class="parts" role="group" aria-label="parts of this room">${button("here")} ${button("runs")}</div>
      ${
        this.current === "here"
          ? html`<learn-here .studio=${this.studio}></learn-here>`
          : html`<learn-runs .studio=${this.studio}></learn-runs>`
      }
    `;
  }
}

customElements.define("studio-learn", LearnRoom);
