import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { escapeMarkup } from "../../common/markup.ts";
import type { Stratum } from "../score/strata.ts";
import { maxSeries, type PlotTheme, paper, seriesColour, seriesSymbol } from "./palette.ts";

/** One run (or baseline) along an axis of difficulty. */
export interface Series {
  readonly label: string;
  /** Which colour and mark it has; a baseline is grey and dashed. */
  readonly slot: number | "baseline";
  readonly strata: readonly Stratum[];
}

/** Accuracy against one axis of difficulty. */
export interface AxisPlot {
  readonly task: string;
  readonly axis: string;
  /** Lines over a scale of numbers, else bars by word. */
  readonly numeric: boolean;
  readonly series: readonly Series[];
}

export interface PlotSize {
  readonly width: number;
  readonly height: number;
}

/** "line-tracing: accuracy by crossings" */
export function plotTitle({ task, axis }: AxisPlot): string {
  return `${task}: accuracy by ${axisName(axis)}`;
}

/** "selfCrossings" -> "self crossings" */
export function axisName(axis: string): string {
  return axis.replaceAll(/([a-z])([A-Z])|[_-]/g, "$1 $2").toLowerCase();
}

/** The series that are drawn: of many models the best, and the baseline. */
export function drawnSeries({ series }: AxisPlot): Series[] {
  return series.filter(({ slot }) => slot === "baseline" || slot < maxSeries);
}

/** The plot without title and legend as an `<svg>` element; every text in it is escaped. */
export function plotSvg(all: AxisPlot, theme: PlotTheme, { width, height }: PlotSize): string {
  const plot = { ...all, series: drawnSeries(all) };
  const { document } = parseHTML("<html><body></body></html>");
  const element = Plot.plot({
    // linkedom declares less of a document than it has, and Plot asks for the browser's.
    document: document as unknown as Document,
    width,
    height,
    marginLeft: 48,
    marginBottom: 44,
    marginTop: 26,
    marginRight: 14,
    y: { domain: [0, 100], ticks: [0, 25, 50, 75, 100], label: "accuracy, %", labelArrow: "none" },
    ...(plot.numeric ? lineScales(plot, theme) : barScales(plot, theme)),
  });
  return plotText(element, plotTitle(plot), theme);
}

/** A plot that was drawn on a document without a browser as an `<svg>` element, in the house's letters. */
export function plotText(element: Element, title: string, theme: PlotTheme = paper): string {
  for (const [name, value] of Object.entries({ ...font, color: theme.ink }))
    element.setAttribute(name, value);
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", title);
  return svgText(element);
}

const fontSize = 12;
const font = { "font-family": "Inter, system-ui, sans-serif", "font-size": `${fontSize}` };

/**
 * Plot's own style sheet says nothing that a single picture needs, and some renderers stumble over it and
 * over lengths in em.
 */
function svgText(element: Element): string {
  for (const style of element.querySelectorAll("style")) style.remove();
  for (const text of element.querySelectorAll("text,tspan"))
    for (const name of ["y", "dy"]) {
      const [, ems] = /^(-?[\d.]+)em$/.exec(text.getAttribute(name) ?? "") ?? [];
      if (ems !== undefined) text.setAttribute(name, (fontSize * Number(ems)).toFixed(2));
    }
  element.removeAttribute("class");
  element.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return serialised(element);
}

/** As XML: the document's own writing leaves "<" in attributes, which names of axes and models may hold. */
function serialised(element: Element): string {
  const attributes = [...element.attributes].map(({ name, value }) => ` ${name}="${escapeMarkup(value)}"`);
  const children = [...element.childNodes].map((child) =>
    child.nodeType === textNode ? escapeMarkup(child.textContent ?? "") : serialised(child as Element),
  );
  return `<${element.localName}${attributes.join("")}>${children.join("")}</${element.localName}>`;
}

const textNode = 3;

interface PlotPoint {
  readonly at: number | string;
  readonly label: string;
  readonly series: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

function pointsOf({ label: series, strata }: Series, place: number): PlotPoint[] {
  return strata
    .filter(({ accuracy }) => accuracy.count > 0)
    .map(({ value, label, accuracy }) => ({
      at: value,
      label,
      series: `${place} ${series}`,
      value: 100 * accuracy.value,
      low: 100 * accuracy.low,
      high: 100 * accuracy.high,
    }));
}

const colourOf = (theme: PlotTheme, slot: Series["slot"]) =>
  slot === "baseline" ? theme.quiet : seriesColour(theme, slot);

function lineScales(plot: AxisPlot, theme: PlotTheme): Plot.PlotOptions {
  const values = plot.series.flatMap(({ strata }) => strata.map(({ value }) => value as number));
  const different = [...new Set(values)].sort((a, b) => a - b);
  const whole = different.every(Number.isInteger) && different.length <= 14;
  const margin = different.length > 1 ? 0.03 * (different[different.length - 1] - different[0]) : 1;
  return {
    x: {
      label: axisName(plot.axis),
      labelAnchor: "center",
      labelArrow: "none",
      domain: [different[0] - margin, different[different.length - 1] + margin],
      ...(whole ? { ticks: different, tickFormat: "d" } : { ticks: 7 }),
    },
    marks: [
      gridMark(theme),
      ...plot.series.flatMap((series, i) => lineMarks(series, i, plot.series.length, theme)),
    ],
  };
}

const gridMark = (theme: PlotTheme) =>
  Plot.gridY([0, 25, 50, 75, 100], { stroke: theme.grid, strokeOpacity: 1 });

/**
 * A line with marks and intervals, moved sideways a little so that the intervals of several runs stay apart.
 */
function lineMarks(series: Series, place: number, count: number, theme: PlotTheme): Plot.Markish[] {
  const points = pointsOf(series, place);
  const stroke = colourOf(theme, series.slot);
  const place2d = { x: "at", dx: Math.min(4, 16 / count) * (place - (count - 1) / 2) } as const;
  const line = Plot.lineY(points, {
    ...place2d,
    y: "value",
    stroke,
    strokeWidth: series.slot === "baseline" ? 1.5 : 2,
    ...(series.slot === "baseline" && { strokeDasharray: "5 4" }),
  });
  if (series.slot === "baseline") return [line];
  const intervals = Plot.ruleX(points, { ...place2d, y1: "low", y2: "high", stroke, strokeWidth: 1.5 });
  const symbol = seriesSymbol(series.slot);
  return [line, intervals, Plot.dot(points, { ...place2d, y: "value", fill: stroke, symbol, r: 4 })];
}

/**
 * Bars side by side for every word, with their intervals; a baseline is a dash across its own bar's place.
 */
function barScales(plot: AxisPlot, theme: PlotTheme): Plot.PlotOptions {
  const labels = [...new Set(plot.series.flatMap(({ strata }) => strata.map(({ label }) => label)))];
  const points = plot.series.map(pointsOf);
  const ink = { stroke: theme.ink, strokeWidth: 1.5 };
  return {
    x: { axis: null, padding: 0.12, domain: points.flatMap((own) => own.slice(0, 1).map((p) => p.series)) },
    fx: {
      label: axisName(plot.axis),
      labelAnchor: "center",
      labelArrow: "none",
      axis: "bottom",
      padding: 0.2,
      domain: labels,
      tickFormat: shortWord(labels.length),
    },
    marks: [
      gridMark(theme),
      ...plot.series.map(({ slot }, i) =>
        Plot.barY(points[i], {
          fx: "label",
          x: "series",
          y: "value",
          fill: colourOf(theme, slot),
          fillOpacity: slot === "baseline" ? 0.45 : 0.9,
        }),
      ),
      ...points.map((own) => Plot.ruleX(own, { fx: "label", x: "series", y1: "low", y2: "high", ...ink })),
      Plot.ruleY([0], { stroke: theme.quiet }),
    ],
  };
}

/** Words as long as their place allows. */
function shortWord(count: number): (label: string) => string {
  const most = Math.max(4, Math.floor(56 / count));
  return (label) => (label.length <= most ? label : `${label.slice(0, most - 1)}…`);
}
