/** Learn: a model trains in the page, and runs of `fovea train` are followed. */
import { html } from "lit";
import { controls } from "../../../elements/controls.ts";
import { Room } from "../room.ts";
import { style } from "./style.ts";
import "./train-here.ts";

export class LearnRoom extends Room {
  static override styles = [controls, style];

  override render() {
    return html`<learn-here .studio=${this.studio}></learn-here>`;
  }
}

customElements.define("studio-learn", LearnRoom);
