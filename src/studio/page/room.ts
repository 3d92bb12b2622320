/** What every room is: an element that is given the studio and draws itself anew when something of it changes. */
import { LitElement } from "lit";
import type { Studio } from "./studio.ts";

export class Room extends LitElement {
  static override properties = { studio: { attribute: false } };
  declare studio: Studio;
  private end: (() => void) | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.listen();
  }

  /** What stood in the page before its code was loaded has its properties only now. */
  override firstUpdated(): void {
    if (this.isConnected) this.listen();
  }

  private listen(): void {
    this.end?.();
    this.end = (this.studio as Studio | undefined)?.onChange(() => this.requestUpdate());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.end?.();
  }
}
