import { escapeMarkup } from "../../common/markup.ts";
import { canvasPackage, newCanvas } from "../../lens/sheets/canvas.ts";
import { type AxisPlot, drawnSeries, type PlotSize, plotSvg, plotTitle, type Series } from "./axis-plot.ts";
import { legendMark } from "./legend.ts";
import { paper } from "./palette.ts";

/** Without the head. */
const size: PlotSize = { width: 720, height: 380 };
const margin = 20;
const lineHeight = 20;

/** A plot with its title and legend as one SVG file. */
export function figureSvg(plot: AxisPlot): string {
  const rows = legendRows(drawnSeries(plot), size.width - 2 * margin);
  const head = 48 + rows.length * lineHeight;
  const height = head + size.height;
  const inner = plotSvg(plot, paper, size).replace("<svg ", `<svg x="0" y="${head}" `);
  const title = escapeMarkup(plotTitle(plot));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${height}" \
viewBox="0 0 ${size.width} ${height}" font-family="Inter, system-ui, sans-serif" \
role="img" aria-label="${title}">
<rect width="${size.width}" height="${height}" fill="#ffffff"/>
<text x="${margin}" y="30" font-size="17" font-weight="600" fill="${paper.ink}">${title}</text>
<text x="${size.width - margin}" y="30" font-size="12" text-anchor="end" \
fill="${paper.quiet}">95 % intervals</text>
${rows.flatMap((row, r) => row.map((entry) => legendEntry(entry, 52 + r * lineHeight))).join("\n")}
${inner}
</svg>
`;
}

/** The same picture as PNG, at twice its size, its text drawn with the bundled font. */
export async function figurePng(plot: AxisPlot): Promise<Buffer> {
  const svg = figureSvg(plot);
  const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg) as RegExpExecArray;
  const large = svg.replace(
    `width="${width}" height="${height}"`,
    `width="${2 * Number(width)}" height="${2 * Number(height)}"`,
  );
  // The canvas first: it makes the font known, by the name that comes first here.
  const { canvas, pen } = newCanvas(2 * Number(width), 2 * Number(height), "#ffffff");
  const named = large
    .replaceAll("Inter, system-ui", "Fovea Sans, Inter, system-ui")
    .replaceAll('font-weight="600"', 'font-family="Fovea Sans Bold"');
  const { loadImage } = canvasPackage();
  pen.drawImage(await loadImage(Buffer.from(named)), 0, 0);
  return canvas.toBuffer("image/png");
}

interface LegendEntry {
  readonly label: string;
  readonly slot: Series["slot"];
  readonly x: number;
}

/** Entries from left to right, in as many rows as they need. */
function legendRows(series: readonly Series[], width: number): LegendEntry[][] {
  const rows: LegendEntry[][] = [[]];
  let x = margin;
  for (const { label, slot } of series) {
    const name = label.replace(/^https?:\/\/[^#]+#/, "");
    const shown = name.length > 60 ? `${name.slice(0, 59)}…` : name;
    const room = 40 + 7.2 * shown.length;
    if (x > margin && x + room > width + margin) {
      rows.push([]);
      x = margin;
    }
    rows[rows.length - 1].push({ label: shown, slot, x });
    x += room;
  }
  return rows;
}

function legendEntry({ label, slot, x }: LegendEntry, y: number): string {
  return `<g transform="translate(${x.toFixed(0)},${y})">${legendMark(slot, paper)}\
<text x="24" y="4" font-size="13" fill="${paper.ink}">${escapeMarkup(label)}</text></g>`;
}
