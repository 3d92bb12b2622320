/**
 * Curves over steps or layers: `<fovea-curves>`, drawn by Observable Plot, which is loaded with the first curve. Each curve
 * carries its name at its end; a table of the same numbers is there for those who cannot see it.
 */
import { css, html, LitElement, type PropertyValues } from "lit";
import { formatNumber } from "../lens/scale.ts";
import { controls } from "./controls.ts";
import { endLabels, rangeOfSeries, type Series, tableOf } from "./curves/series.ts";
import { define } from "./define.ts";
import { tokens } from "./element-tokens.ts";
import { jsonAttribute } from "./json-attribute.ts";

/** The element `<fovea-curves>`: series of points as lines. */
export class FoveaCurves extends LitElement {
  static override properties = {
    series: { converter: jsonAttribute },
    x: {},
    y: {},
    domain: { converter: jsonAttribute },
    height: { type: Number },
    label: {},
    cursor: { type: Number },
    width: { state: true },
  };
  declare series: readonly Series[] | undefined;
  /** What x counts: "step". */
  declare x: string;
  /** What y is: "loss". */
  declare y: string;
  /** Ends of the y axis; default those of the values. */
  declare domain: readonly [number, number] | undefined;
  /** In CSS pixels. */
  declare height: number;
  declare label: string;
  /** An x that is marked, for example the step of the pictures beside. */
  declare cursor: number | undefined;
  declare width: number;
  private readonly sizes =
    typeof ResizeObserver === "undefined"
      ? undefined
      : new ResizeObserver(([{ contentRect }]) => {
          this.width = Math.round(contentRect.width);
        });

  /** How it looks. */
  static override styles = [
    tokens,
    controls,
    css`
      .plot {
        min-height: var(--height);
        overflow: hidden;
      }
      .plot svg {
        display: block;
        max-width: 100%;
        font: 400 11px/1 var(--sans);
        font-variant-numeric: tabular-nums;
        color: var(--muted);
        background: none;
      }
      .plot svg text {
        white-space: pre;
      }
      details {
        margin-top: var(--space-1);
        font: var(--caption);
        color: var(--muted);
      }
      details table {
        font: var(--figures);
      }
      .scroll {
        overflow-x: auto;
      }
      summary {
        cursor: pointer;
        width: max-content;
      }
    `,
  ];

  constructor() {
    super();
    this.x = "step";
    this.y = "";
    this.height = 180;
    this.label = "curves";
    this.width = 0;
  }

  override firstUpdated(): void {
    this.sizes?.observe(this.renderRoot.querySelector(".plot")!);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.sizes?.disconnect();
  }

  override render() {
    const series = this.series ?? [];
    const rows = tableOf(series);
    return html`<div class="plot" role="img" aria-label=${this.label} .style=${`--height: ${this.height}px`}></div>
      <details ?hidden=${rows.length === 0}>
        <summary>numbers</summary>
        <div class="scroll" tabindex="0" role="region" aria-label="Numbers of ${this.label}">
        <table>
          <thead>
            <tr><th scope="col">${this.x}</th>${series.map(({ name }) => html`<th scope="col">${name}</th>`)}</tr>
          </thead>
          <tbody>
            ${rows.map(({ x, ys }) => html`<tr><th scope="row">${x}</th>${ys.map((y) => html`<td>${y === undefined || !Number.isFinite(y) ? "–" : formatNumber(y)}</td>`)}</tr>`)}
          </tbody>
        </table></div>
      </details>`;
  }

  override updated(changed: PropertyValues<this>): void {
    if (changed.size > 0) void this.draw();
  }

  private async draw(): Promise<void> {
    const { width, height, series = [] } = this;
    if (width === 0) return;
    const { curvesPlot } = await import("./curves/plot.ts");
    const { x, y, cursor } = this;
    const domain = this.domain ?? rangeOfSeries(series);
    const apart = (14 * (domain[1] - domain[0])) / Math.max(40, height - 44);
    const labels = endLabels(series, apart, domain);
    const drawn = curvesPlot({ series, labels, width, height, x, y, domain, cursor });
    this.renderRoot.querySelector(".plot")!.replaceChildren(drawn);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "fovea-curves": FoveaCurves;
  }
}

define("fovea-curves", FoveaCurves);
