import type { ParsedAnswer } from "../../answers/kinds.ts";
import type { Point } from "../../grounding/geometry.ts";
import type { Region } from "../../grounding/region.ts";
import { pageTheme, seriesColour } from "../plots/palette.ts";
import type { AnswerRecord, ItemRecord } from "../record.ts";
import { maskOutline } from "./outline.ts";

/** A question with what some models answered. */
export interface Overlaid {
  readonly item: ItemRecord;
  readonly answers: readonly OverlaidAnswer[];
}

interface OverlaidAnswer {
  /** The place of the model in the list: its colour. */
  readonly slot: number;
  readonly answer?: AnswerRecord;
}

/**
 * The evidence and the answers that are places, drawn over a picture in its pixels; empty where there are
 * none.
 */
export function overlaySvg({ item, answers }: Overlaid): string {
  const unit = Math.hypot(item.width, item.height) / 400;
  const truth = item.regions.map((region) => outlined(regionShape(region, unit), "truth", unit)).join("");
  const places = answers.map((answer) => answerShape(answer, unit)).join("");
  if (truth === "" && places === "") return "";
  return `<svg class="overlay" viewBox="0 0 ${item.width} ${item.height}" preserveAspectRatio="none" \
aria-hidden="true">${truth === "" ? "" : `<g class="evidence">${truth}</g>`}${places}</svg>`;
}

/** A shape twice: a wide dark edge below, so that it shows on any ground. */
function outlined(shape: string, kind: string, unit: number, colour = "#fff"): string {
  if (shape === "") return "";
  const drawn = (stroke: string, width: number, dash: string) =>
    `<g fill="none" stroke="${stroke}" stroke-width="${number(width * unit)}"${dash}>${shape}</g>`;
  const dash = kind === "truth" ? ` stroke-dasharray="${number(5 * unit)} ${number(3 * unit)}"` : "";
  const [edge, line] = kind === "truth" ? [3.2, 1.6] : [5, 3];
  return drawn("#000", edge, "") + drawn(colour, line, dash);
}

function regionShape(region: Region, unit: number): string {
  if (region.kind === "box") return boxShape(region.box);
  if (region.kind === "points") return region.points.map((point) => circle(point, 5 * unit)).join("");
  if (region.kind === "polyline")
    return `<polyline points="${region.points.map((point) => point.map(number).join(",")).join(" ")}"/>`;
  const path = maskOutline(region);
  return path === "" ? "" : `<path d="${path}"/>`;
}

function answerShape({ answer, slot }: OverlaidAnswer, unit: number): string {
  const shape = parsedShape(answer?.parsed ?? null, unit);
  return outlined(shape, "answer", unit, seriesColour(pageTheme, slot));
}

function parsedShape(parsed: ParsedAnswer | null, unit: number): string {
  if (parsed?.type === "box") return boxShape(parsed.box);
  if (parsed?.type !== "points") return "";
  return parsed.points.map(([x, y]) => cross([x, y], 7 * unit)).join("");
}

/** Corners in either order: a model may have them wrong. */
function boxShape([x0, y0, x1, y1]: readonly [number, number, number, number]): string {
  const [x, y] = [Math.min(x0, x1), Math.min(y0, y1)].map(number);
  const [width, height] = [Math.abs(x1 - x0), Math.abs(y1 - y0)].map(number);
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}"/>`;
}

const circle = ([x, y]: Point, r: number) => `<circle cx="${number(x)}" cy="${number(y)}" r="${number(r)}"/>`;

const cross = ([x, y]: Point, r: number) =>
  `<path d="M${number(x - r)},${number(y - r)}L${number(x + r)},${number(y + r)}\
M${number(x - r)},${number(y + r)}L${number(x + r)},${number(y - r)}"/>`;

const number = (value: number) => String(Number(value.toFixed(2)));
