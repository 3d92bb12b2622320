/** Scores over the pictures that trainings have seen, on a logarithmic axis: a panel for each metric, a line for each arm. */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { escapeMarkup } from "../../common/markup.ts";
import { plotText } from "./axis-plot.ts";
import { legendMark } from "./legend.ts";
import { type PlotTheme, seriesColour, seriesSymbol } from "./palette.ts";

/** A score after so many pictures. */
export interface CurvePoint {
  /** Above 0. */
  readonly pictures: number;
  /** Shares, 0 to 1. */
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface CurvePanel {
  readonly title: string;
  /** Drawn as a quiet dotted line. */
  readonly target?: number;
  /** By arm; empty where the metric is missing. */
  readonly lines: readonly (readonly CurvePoint[])[];
}

export interface LearningFigure {
  readonly title: string;
  readonly note: string;
  /** Names of the arms, each with the place of its colour. */
  readonly arms: readonly { readonly label: string; readonly slot: number }[];
  readonly panels: readonly CurvePanel[];
}

const panelSize = { width: 420, height: 264 };
const [margin, rowHeight] = [20, 22];

/** The figure as one SVG file on a ground of its own, or on none. */
export function learningSvg(figure: LearningFigure, theme: PlotTheme, ground?: string): string {
  const { title, note, arms, panels } = figure;
  const columns = Math.min(2, panels.length);
  const width = Math.max(560, columns * panelSize.width + margin);
  const legend = legendRows(arms, width - 2 * margin);
  const head = 62 + legend.length * rowHeight;
  const height = head + Math.ceil(panels.length / columns) * panelSize.height + 8;
  const range = domainOf(panels);
  const drawn = panels.map((panel, i) => {
    const [x, y] = [(i % columns) * panelSize.width, head + Math.floor(i / columns) * panelSize.height];
    return panelSvg(panel, arms, theme, range).replace("<svg ", `<svg x="${x}" y="${y}" `);
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" \
viewBox="0 0 ${width} ${height}" font-family="Inter, system-ui, sans-serif" role="img" aria-label="${escapeMarkup(title)}">
${ground === undefined ? "" : `<rect width="${width}" height="${height}" fill="${ground}"/>`}
<text x="${margin}" y="28" font-size="17" font-weight="600" fill="${theme.ink}">${escapeMarkup(title)}</text>
<text x="${margin}" y="48" font-size="12" fill="${theme.quiet}">${escapeMarkup(note)}</text>
${legend.flatMap((row, r) => row.map((entry) => legendEntry(entry, 70 + r * rowHeight, theme))).join("\n")}
${drawn.join("\n")}
</svg>
`;
}

/** The same pictures in all panels. */
function domainOf(panels: readonly CurvePanel[]): [number, number] {
  const all = panels.flatMap(({ lines }) => lines.flat().map(({ pictures }) => pictures));
  return all.length === 0 ? [1, 10] : [Math.min(...all), Math.max(...all)];
}

interface Entry {
  readonly label: string;
  readonly slot: number;
  readonly x: number;
}

function legendRows(arms: LearningFigure["arms"], width: number): Entry[][] {
  const rows: Entry[][] = [[]];
  let x = margin;
  for (const { label, slot } of arms) {
    const room = 40 + 7 * label.length;
    if (x > margin && x + room > width + margin) {
      rows.push([]);
      x = margin;
    }
    rows[rows.length - 1].push({ label, slot, x });
    x += room;
  }
  return rows;
}

function legendEntry({ label, slot, x }: Entry, y: number, theme: PlotTheme): string {
  return `<g transform="translate(${x.toFixed(0)},${y})">${legendMark(slot, theme)}\
<text x="24" y="4" font-size="13" fill="${theme.ink}">${escapeMarkup(label)}</text></g>`;
}

const inPercent = ({ pictures, value, low, high }: CurvePoint) => ({
  pictures,
  value: 100 * value,
  low: 100 * low,
  high: 100 * high,
});

function panelSvg(
  { title, target, lines }: CurvePanel,
  arms: LearningFigure["arms"],
  theme: PlotTheme,
  domain: [number, number],
): string {
  const { document } = parseHTML("<html><body></body></html>");
  const element = Plot.plot({
    // linkedom declares less of a document than it has, and Plot asks for the browser's.
    document: document as unknown as Document,
    ...panelSize,
    marginLeft: 44,
    marginBottom: 40,
    marginTop: 30,
    marginRight: 14,
    x: {
      type: "log",
      domain,
      label: "pictures seen",
      labelAnchor: "center",
      labelArrow: "none",
      ticks: 4,
      tickFormat: "~s",
    },
    y: { domain: [0, 100], ticks: [0, 25, 50, 75, 100], label: `${title}, %`, labelArrow: "none" },
    marks: [
      Plot.gridY([0, 25, 50, 75, 100], { stroke: theme.grid, strokeOpacity: 1 }),
      ...(target === undefined
        ? []
        : [Plot.ruleY([100 * target], { stroke: theme.quiet, strokeDasharray: "2 3", strokeWidth: 1 })]),
      ...arms.flatMap(({ slot }, i) => lineMarks(lines[i] ?? [], slot, theme)),
    ],
  });
  return plotText(element, title, theme);
}

/** A line with its interval as a band; few points have marks. */
function lineMarks(points: readonly CurvePoint[], slot: number, theme: PlotTheme): Plot.Markish[] {
  const own = points.map(inPercent);
  const colour = seriesColour(theme, slot);
  return [
    Plot.areaY(own, { x: "pictures", y1: "low", y2: "high", fill: colour, fillOpacity: 0.16 }),
    Plot.lineY(own, { x: "pictures", y: "value", stroke: colour, strokeWidth: 2 }),
    Plot.dot(own, {
      x: "pictures",
      y: "value",
      fill: colour,
      symbol: seriesSymbol(slot),
      r: own.length > 20 ? 2.2 : 3.2,
    }),
  ];
}
