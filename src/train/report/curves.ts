/** Curves of a run as SVG. */
import { writeFileWhole } from "../../common/files.ts";
import { escapeMarkup } from "../../common/markup.ts";
import { roundStep } from "../../common/ticks.ts";
import type { MetricsLine, StepLine } from "./metrics.ts";

type Point = readonly [step: number, value: number];

interface Panel {
  readonly title: string;
  readonly train: readonly Point[];
  readonly evaluation: readonly Point[];
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const size = { width: 380, height: 240, columns: 2, left: 52, right: 14, top: 34, bottom: 30 };
const colours = { train: "#2563a8", evaluation: "#c2410c", grid: "#e4e4e7", text: "#3f3f46" };

/** Writes the curves of a run as one SVG picture: a panel for the loss, each part, gradient norm and rate. */
export async function writeCurves(path: string, lines: readonly MetricsLine[]): Promise<void> {
  await writeFileWhole(path, curvesSvg(lines));
}

export function curvesSvg(lines: readonly MetricsLine[]): string {
  const panels = panelsOf(lines);
  const [width, height] = [size.columns * size.width, Math.ceil(panels.length / size.columns) * size.height];
  const lastStep = Math.max(1, ...lines.map((line) => line.step));
  const drawn = panels.map((panel, i) => drawPanel(panel, boxAt(i), lastStep));
  const font = `font-family="system-ui, sans-serif" font-size="11" fill="${colours.text}"`;
  const open = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"`;
  const head = `${open} viewBox="0 0 ${width} ${height}" ${font}>`;
  return `${[head, '<rect width="100%" height="100%" fill="#fff"/>', ...drawn, "</svg>"].join("\n")}\n`;
}

function panelsOf(lines: readonly MetricsLine[]): Panel[] {
  const steps = lines.filter((line): line is StepLine => line.kind === "step");
  const evals = lines.filter((line) => line.kind === "eval");
  const parts = [...new Set(lines.flatMap((line) => Object.keys(line.parts)))];
  const part = (name: string): Panel => ({
    title: name,
    train: steps.map((line) => [line.step, line.parts[name]]),
    evaluation: evals.map((line) => [line.step, line.parts[name]]),
  });
  const only = (title: string, value: (line: StepLine) => number): Panel => ({
    title,
    train: steps.map((line) => [line.step, value(line)]),
    evaluation: [],
  });
  const loss: Panel = { ...only("loss", (l) => l.loss), evaluation: evals.map((l) => [l.step, l.loss]) };
  const others = [only("gradient norm", (l) => l.gradientNorm), only("learning rate", (l) => l.learningRate)];
  return [loss, ...parts.map(part), ...others];
}

function boxAt(index: number): Box {
  const x = (index % size.columns) * size.width + size.left;
  const y = Math.floor(index / size.columns) * size.height + size.top;
  return { x, y, width: size.width - size.left - size.right, height: size.height - size.top - size.bottom };
}

function drawPanel(panel: Panel, box: Box, lastStep: number): string {
  const values = [...panel.train, ...panel.evaluation].map(([, value]) => value).filter(Number.isFinite);
  const ticks = niceTicks(Math.min(0, ...values), Math.max(...values, 1e-12));
  const [low, high] = [ticks[0], ticks.at(-1) as number];
  const place = ([step, value]: Point): string => {
    const across = box.x + (box.width * step) / lastStep;
    const up = box.y + box.height * (1 - (value - low) / (high - low));
    return `${across.toFixed(1)},${up.toFixed(1)}`;
  };
  return [
    `<text x="${box.x}" y="${box.y - 14}" font-size="13" font-weight="600">${escapeMarkup(panel.title)}</text>`,
    ...(panel.evaluation.length > 0 ? [drawLegend(box)] : []),
    ...ticks.map((tick) => drawTick(tick, box, place([0, tick]).split(",")[1])),
    ...niceTicks(0, lastStep)
      .filter((tick) => tick <= lastStep)
      .map((tick) => drawStep(tick, box, lastStep)),
    drawLine(panel.train, place, `stroke="${colours.train}" stroke-width="1" opacity="0.3"`),
    drawLine(smooth(panel.train), place, `stroke="${colours.train}" stroke-width="1.8"`),
    ...drawEvaluation(panel.evaluation, place),
  ].join("\n");
}

function drawLegend({ x, y, width }: Box): string {
  const words = [
    `<tspan fill="${colours.train}">training</tspan>`,
    `<tspan fill="${colours.evaluation}" dx="8">held out</tspan>`,
  ];
  return `<text x="${x + width}" y="${y - 14}" text-anchor="end">${words.join("")}</text>`;
}

function drawTick(tick: number, { x, width }: Box, y: string): string {
  const label = `<text x="${x - 6}" y="${y}" dy="0.35em" text-anchor="end">${formatTick(tick)}</text>`;
  return `<path d="M${x},${y}h${width}" stroke="${colours.grid}"/>${label}`;
}

function drawStep(step: number, { x, y, width, height }: Box, lastStep: number): string {
  const across = (x + (width * step) / lastStep).toFixed(1);
  return `<text x="${across}" y="${y + height + 16}" text-anchor="middle">${formatTick(step)}</text>`;
}

function drawLine(points: readonly Point[], place: (point: Point) => string, style: string): string {
  const finite = points.filter(([, value]) => Number.isFinite(value));
  return `<polyline points="${finite.map(place).join(" ")}" fill="none" stroke-linejoin="round" ${style}/>`;
}

function drawEvaluation(points: readonly Point[], place: (point: Point) => string): string[] {
  if (points.length === 0) return [];
  const dots = points.map((point) => {
    const [x, y] = place(point).split(",");
    return `<circle cx="${x}" cy="${y}" r="2.5" fill="${colours.evaluation}"/>`;
  });
  return [drawLine(points, place, `stroke="${colours.evaluation}" stroke-width="1.2"`), ...dots];
}

/** Mean over a window of a fiftieth of the run, centred. */
function smooth(points: readonly Point[]): Point[] {
  const half = Math.floor(points.length / 100);
  return points.map(([step], i) => {
    const near = points.slice(Math.max(0, i - half), i + half + 1).map(([, value]) => value);
    return [step, near.reduce((sum, value) => sum + value, 0) / near.length];
  });
}

/** Three to seven round numbers that enclose [low, high]. */
export function niceTicks(low: number, high: number): number[] {
  const step = roundStep((high - low) / 4 || 1);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: Math.max(last, first + 1) - first + 1 }, (_, i) => (first + i) * step);
}

function formatTick(value: number): string {
  if (value !== 0 && Math.abs(value) < 1e-3) return value.toExponential(0).replace("+", "");
  return String(Number(value.toPrecision(4)));
}
