import { html } from "lit";
import { controls } from "../../../elements/controls.ts";
import { Room } from "../room.ts";

export class LookRoom extends Room {
  static override styles = [controls];

  override render() {
    return html`<h2>look</h2>
      <ul>
        ${this.studio.slots.map(
          ({ letter, title, note, model, loading, failed }) =>
            html`<li>${letter} ${title} ${note} ${model?.card.parameters} ${loading?.done} ${failed}</li>`,
        )}
      </ul>`;
  }
}

customElements.define("studio-look", LookRoom);
