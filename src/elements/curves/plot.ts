/** Draws curves with Observable Plot; in a file of its own, because a page loads it with its first curve. */
import { axisX, axisY, gridY, lineY, plot, ruleX, text } from "@observablehq/plot";
import type { EndLabel, Series } from "./series.ts";

/** What is drawn. */
export interface CurvesPlot {
  readonly series: readonly Series[];
  readonly labels: readonly EndLabel[];
  readonly width: number;
  readonly height: number;
  readonly x: string;
  readonly y: string;
  readonly domain: readonly [number, number];
  readonly cursor?: number;
}

/** Room for the names at the ends of curves: about 6 pixels a letter. */
function roomFor(labels: readonly EndLabel[], width: number): number {
  const longest = Math.max(0, ...labels.map(({ name }) => name.length));
  return Math.min(0.4 * width, 12 + 6.2 * longest);
}

/** From the first x to the last; 0 to 1 without points. */
function xDomain(series: readonly Series[]): [number, number] {
  const xs = series.flatMap(({ points }) => points.map(([x]) => x));
  return xs.length === 0 ? [0, 1] : [Math.min(...xs), Math.max(...xs)];
}

export function curvesPlot(given: CurvesPlot): SVGSVGElement | HTMLElement {
  const { series, labels, width, height, x, y, domain, cursor } = given;
  const drawn = plot({
    width,
    height,
    marginLeft: 40,
    marginBottom: 36,
    marginTop: 22,
    marginRight: roomFor(labels, width),
    x: { domain: xDomain(series) },
    y: { domain, nice: domain[0] === 0 && domain[1] === 1 ? undefined : true },
    marks: [
      gridY({ stroke: "var(--hairline)", strokeOpacity: 1, ticks: 4 }),
      axisY({ ticks: 4, tickSize: 0, label: y, labelArrow: "none", fill: "var(--muted)" }),
      axisX({
        ticks: Math.max(2, Math.round(width / 120)),
        tickSize: 0,
        label: x,
        labelArrow: "none",
        fill: "var(--muted)",
      }),
      ...(cursor === undefined ? [] : [ruleX([cursor], { stroke: "var(--ink)" })]),
      ...series.map(({ points, colour, dashed }) =>
        lineY(points, {
          x: "0",
          y: "1",
          stroke: colour,
          strokeWidth: 1.75,
          ...(dashed === true && { strokeDasharray: "4 3" }),
        }),
      ),
      ...labels.map((label) =>
        text([label], { x: "x", y: "y", text: "name", textAnchor: "start", dx: 6, fill: "var(--ink)" }),
      ),
    ],
  });
  // The element that holds it says what it is; groups of lines have no role that a name could belong to.
  for (const named of drawn.querySelectorAll("[aria-label]")) named.removeAttribute("aria-label");
  // Its rules stand in the element's own style: pages allow no others.
  for (const style of drawn.querySelectorAll("style")) style.remove();
  return drawn;
}
