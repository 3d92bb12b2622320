/** What a map says, in words and places: its peak, and whether the model says the word at all. */
import type { ImageGeometry } from "../common/image.ts";
import { patchBox } from "../grounding/geometry.ts";
import type { LensLayer, LensResult, LensSpace, TokenRule } from "./logit-lens.ts";
import { formatCount, formatNumber, formatProbability } from "./scale.ts";

/** A place of a map and its value. Rows and columns count from 1, top left. */
export interface Peak {
  readonly value: number;
  readonly row: number;
  readonly column: number;
  /** Index of the place, in row order. */
  readonly index: number;
}

/** The highest place of a map, or the lowest: the first of several alike. */
export function peakOf(map: ArrayLike<number>, { grid }: ImageGeometry, lowest = false): Peak {
  let index = 0;
  for (let n = 1; n < map.length; n++) if (lowest ? map[n] < map[index] : map[n] > map[index]) index = n;
  const row = 1 + Math.floor(index / grid.columns);
  return { value: map[index], row, column: 1 + (index % grid.columns), index };
}

/** Entropy -Σ p log p in nats of a map normalised to sum 1: log N = everywhere alike, 0 = one place. */
export function entropy(map: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < map.length; i++) total += map[i];
  let result = 0;
  for (let i = 0; i < map.length; i++) {
    const p = map[i] / total;
    if (p > 0) result -= p * Math.log(p);
  }
  return result;
}

/** "row 2, column 3" */
export function placeText({ row, column }: Pick<Peak, "row" | "column">): string {
  return `row ${row}, column ${column}`;
}

/** The best rank that C tokens can have together under a rule: all the likeliest, or the one that counts. */
function bestRank(rule: TokenRule, tokens: number): number {
  return rule === "mean" ? (tokens + 1) / 2 : 1;
}

/**
 * Whether a word is the likeliest of the whole vocabulary at some place. This asks nothing of the size of probabilities,
 * which falls as vocabularies grow.
 */
export function isSaid(ranks: ArrayLike<number>, rule: TokenRule, tokens: number): boolean {
  const best = bestRank(rule, tokens) + 1e-6;
  return Array.from(ranks).some((rank) => rank <= best);
}

/** How many of the likeliest words count as near the top: 1 of a small vocabulary, 10 from ten thousand words on. */
export function nearTop(vocabulary: number): number {
  return Math.min(10, Math.max(1, Math.round(vocabulary / 1000)));
}

/**
 * The first layer from which on the word stays among the likeliest of the vocabulary at its best place; undefined where
 * the last layer does not have it there.
 */
export function appearsAt(result: LensResult, k: number): number | undefined {
  const limit =
    nearTop(result.vocabulary) + bestRank(result.tokens, result.concepts[k].ids.length) - 1 + 1e-6;
  let first: number | undefined;
  for (const { layer, ranks } of [...result.layers].reverse()) {
    if (Math.min(...ranks[k]) > limit) break;
    first = layer;
  }
  return first;
}

/** What is known of a word at one layer. */
export interface Finding {
  readonly layer: number;
  /** The best value of the map's space, and where. */
  readonly peak: Peak;
  /** The best rank, and where: 1 for the likeliest word of the vocabulary. */
  readonly rank: Peak;
}

export function findingOf(
  { space, geometry }: LensResult,
  { layer, maps, ranks }: LensLayer,
  k: number,
): Finding {
  const peak = peakOf(maps[k], geometry, space === "rank");
  return { layer, peak, rank: peakOf(ranks[k], geometry, true) };
}

/** "1st", "2nd", "3rd", "1,204th" */
export function ordinal(rank: number): string {
  const whole = Math.round(rank);
  const tens = whole % 100;
  const ending = tens >= 11 && tens <= 13 ? "th" : (["th", "st", "nd", "rd"][whole % 10] ?? "th");
  return `${formatCount(whole)}${ending}`;
}

const valueTexts: Record<LensSpace, (value: number) => string> = {
  probability: formatProbability,
  "log-probability": (value) => `${value.toFixed(1)} nats`,
  logit: formatNumber,
  rank: (value) => `${ordinal(value)} likeliest`,
};

/** A value of a space, for people. */
export function valueText(space: LensSpace, value: number): string {
  return valueTexts[space](value);
}

/**
 * Whether a word counts as said at a layer: by a learnt threshold of its probability, or without one by `isSaid`.
 */
export function saidAt(result: LensResult, k: number, layer: number, threshold?: number): boolean {
  const { maps, ranks } = result.layers[layer];
  const learnt = result.space === "probability" && threshold !== undefined;
  if (learnt) return Math.max(...maps[k]) >= threshold;
  return isSaid(ranks[k], result.tokens, result.concepts[k].ids.length);
}

/** "says frog at row 2, column 3: 0.94", or that it says it nowhere. */
export function lensSentence(result: LensResult, k: number, layer: number, threshold?: number): string {
  const { word } = result.concepts[k];
  const at = result.layers[layer];
  const { peak, rank } = findingOf(result, at, k);
  const space = result.space === "probability" ? "" : `${result.space} `;
  const value = space + valueText(result.space, peak.value);
  if (saidAt(result, k, layer, threshold)) return `says ${word} at ${placeText(peak)}: ${value}`;
  const elsewhere = globalSentence(result, k, layer, threshold);
  if (elsewhere !== undefined) return elsewhere;
  const best =
    rank.value < 1.5 ? "" : `; at best the ${ordinal(rank.value)} likeliest word${rivalText(at, rank)}`;
  return `says ${word} nowhere: peak ${value} at ${placeText(peak)}${best}`;
}

/** Of a word that no tile says but the view of the whole picture does. */
function globalSentence(
  result: LensResult,
  k: number,
  layer: number,
  threshold?: number,
): string | undefined {
  const { global, concepts, space } = result;
  if (global === undefined) return undefined;
  const { maps } = global.layers[layer];
  if (!saidAt({ ...result, layers: global.layers }, k, layer, threshold)) return undefined;
  const peak = peakOf(maps[k], global.geometry, space === "rank");
  const value = valueText(space, peak.value);
  return `says ${concepts[k].word} in no tile, but in the view of the whole picture at its ${placeText(peak)}: ${value}`;
}

/** What the model would rather say where the word does best. */
function rivalText({ words }: LensLayer, rank: Peak): string {
  const likeliest = words[rank.index]?.[0];
  if (likeliest === undefined || likeliest.token === "") return "";
  return `, after “${readable(likeliest.token)}” with ${formatProbability(likeliest.probability)}`;
}

/** A token as text for people: the marks that tokenizers write for spaces and line ends become what they stand for. */
export function readable(token: string): string {
  const text = token
    .replaceAll(/^[Ġ▁]+/gu, "")
    .replaceAll(/[Ġ▁]/gu, " ")
    .replaceAll("Ċ", "⏎")
    .replaceAll("\n", "⏎");
  return text === "" ? "(space)" : text;
}

/** Rows, columns and tiles of a map, and what of the picture it leaves out, for the line under a title. */
export function gridText(
  geometry: ImageGeometry,
  tiles: { readonly rows: number; readonly columns: number },
): string {
  const { rows, columns } = geometry.grid;
  const cut = tiles.rows * tiles.columns > 1 ? ` in ${tiles.rows} × ${tiles.columns} tiles (dashed)` : "";
  const all = `${rows} × ${columns} image tokens${cut}, rows and columns from 1 at the top left`;
  return leavesOut(geometry) ? `${all} · hatched: not seen by the model` : all;
}

/** Whether some of the picture's border is cropped away: more than half a pixel. */
export function leavesOut(geometry: ImageGeometry): boolean {
  const { width, height } = geometry.original;
  const [left, top] = patchBox(geometry, 0);
  const [, , right, bottom] = patchBox(geometry, geometry.grid.rows * geometry.grid.columns - 1);
  return left > 0.5 || top > 0.5 || right < width - 0.5 || bottom < height - 0.5;
}

/** "decoder input", "layer 1", ... */
export function layerName(layer: number): string {
  return layer === 0 ? "decoder input" : `layer ${layer}`;
}
