/** How a step's time and memory grow with parameters and tokens, as a picture. */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { plotText } from "../src/harness/plots/axis-plot.ts";
import { paper, seriesColour, seriesSymbol } from "../src/harness/plots/palette.ts";
import { type InstructionSet, instructionNames } from "./machine.ts";
import { type PartResult, stepResults } from "./results.ts";
import { foveaOf, hardestPeer } from "./tables.ts";

/** One candidate at one cell. */
export interface GrowthPoint {
  readonly model: string;
  readonly tokens: number;
  readonly who: "Fovea" | "PyTorch";
  /** Milliseconds for each 1,000 tokens. */
  readonly time: number;
  /** Gigabytes, the most that the process had. */
  readonly memory: number;
}

export function growthPoints(parts: readonly PartResult[]): GrowthPoint[] {
  return stepResults(parts).flatMap(({ cell }) => {
    const peer = hardestPeer(cell);
    const rows = [["Fovea", foveaOf(cell)] as const, ...(peer ? [["PyTorch", peer] as const] : [])];
    return rows.map(([who, { ms, peakMegabytes }]) => ({
      model: cell.model.replace("m", " M"),
      tokens: cell.tokens,
      who,
      time: (1e3 * ms) / (cell.rows * cell.tokens),
      memory: peakMegabytes / 1e3,
    }));
  });
}

const panel = { width: 460, height: 380 };
const head = 66;

/** Two panels, time and memory over the length of rows: a colour for each model, PyTorch dashed. */
export function growthSvg(instructions: InstructionSet, points: readonly GrowthPoint[]): string {
  const panels = (["time", "memory"] as const).map((of, i) => {
    const svg = panelSvg(points, of);
    return svg.replace("<svg ", `<svg x="${i * panel.width}" y="${head}" `);
  });
  const models = [...new Set(points.map(({ model }) => model))];
  const legend = models.map((model, i) => {
    const [x, colour] = [20 + 110 * i, seriesColour(paper, i)];
    return `<rect x="${x}" y="44" width="14" height="4" fill="${colour}"/><text x="${x + 20}" y="50" font-size="13" fill="${paper.ink}">${model}</text>`;
  });
  const [width, height] = [2 * panel.width, panel.height + head];
  const title = `One training step on ${instructionNames[instructions]} cores: Fovea (filled), PyTorch (hollow, dashed)`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" \
font-family="Inter, system-ui, sans-serif" role="img" aria-label="${title}">
<rect width="${width}" height="${height}" fill="#ffffff"/>
<text x="20" y="28" font-size="17" font-weight="600" fill="${paper.ink}">${title}</text>
${legend.join("\n")}
${panels.join("\n")}
</svg>
`;
}

/** Thousands as k; gigabytes below 1 as 0.6, not as 600m. */
const tickFormats = { time: "~s", memory: "~r" } as const;

const labels = { time: "milliseconds for 1,000 tokens", memory: "peak memory, GB" };

function panelSvg(points: readonly GrowthPoint[], of: keyof typeof labels): string {
  const { document } = parseHTML("<html><body></body></html>");
  const models = [...new Set(points.map(({ model }) => model))];
  const marks = models.flatMap((model, i) =>
    (["Fovea", "PyTorch"] as const).flatMap((who) => {
      const own = points.filter((point) => point.model === model && point.who === who);
      const stroke = seriesColour(paper, i);
      const dash = who === "PyTorch" && { strokeDasharray: "5 4" };
      const place = { x: "tokens", y: of } as const;
      const dot = {
        ...place,
        r: 3.5,
        symbol: seriesSymbol(i),
        ...(who === "Fovea" ? { fill: stroke } : { stroke, fill: "#ffffff" }),
      };
      return [Plot.lineY(own, { ...place, stroke, strokeWidth: 2, ...dash }), Plot.dot(own, dot)];
    }),
  );
  const element = Plot.plot({
    document: document as unknown as Document, // linkedom declares less of a document than it has.
    ...panel,
    marginLeft: 64,
    marginBottom: 44,
    x: {
      type: "log",
      label: "tokens of a row",
      labelAnchor: "center",
      labelArrow: "none",
      ticks: [128, 512, 2048],
      tickFormat: "d",
    },
    y: { type: "log", label: labels[of], labelArrow: "none", grid: true, tickFormat: tickFormats[of] },
    marks,
  });
  return plotText(element, labels[of]);
}
