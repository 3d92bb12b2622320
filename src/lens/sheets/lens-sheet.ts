/** The sheet of a concept: the photo, one large map, and how the word comes up layer by layer. */
import type { RgbImage } from "../../common/image.ts";
import { type ColourMap, colourAt, colourMaps } from "../colour.ts";
import {
  appearsAt,
  findingOf,
  gridText,
  layerName,
  lensSentence,
  nearTop,
  ordinal,
  peakOf,
  placeText,
  valueText,
} from "../findings.ts";
import type { LensLayer, LensResult } from "../logit-lens.ts";
import { spaceScale } from "../result-scale.ts";
import { formatCount, rankScale, type Scale } from "../scale.ts";
import { paintAlone, type View } from "../view.ts";
import { barsItem } from "./bars.ts";
import { capital, drawSheet, type Item, type Row, sideOf } from "./figure.ts";
import { type MapGround, mapItem, photoItem, viewOf } from "./pictures.ts";

/** What a sheet of a concept shows. */
export interface LensSheetOptions {
  readonly image: RgbImage;
  readonly model: string;
  /** Layer of the large map. */
  readonly layer: number;
  /** What the strongest colour of the large map stands for; default the fixed end of the space. */
  readonly max?: number;
  readonly colours?: ColourMap;
  /** Learnt threshold of the layer's probability, for the sentence. */
  readonly threshold?: number;
}

const largeSide = 506;
/** Of photo, tiles and the whole picture side by side. */
const tiledSide = 333;
const stripPanels = 8;
const stripSide = 180;

/** As PNG. */
export function lensSheet(result: LensResult, k: number, options: LensSheetOptions): Buffer {
  const { word } = result.concepts[k];
  const { model, layer } = options;
  return drawSheet({
    title: word,
    sentence: `${capital(layerName(layer))} ${lensSentence(result, k, layer, options.threshold)}.`,
    subtitle: subtitleOf(result, model),
    rows: [largeRow(result, k, options), ...stripRows(result, k, options)],
  });
}

/** Every layer's map in the space of the result, as PNG. */
export function layersSheet(result: LensResult, k: number, options: LensSheetOptions): Buffer {
  const scale = spaceScale(result, options);
  const view = viewOf(options.image, stripSide);
  const items = result.layers.map((at) => {
    const { peak } = findingOf(result, at, k);
    const note = `${valueText(result.space, peak.value)} at ${placeText(peak)}`;
    return mapItem(view, groundOf(result, scale), { label: layerName(at.layer), note, values: at.maps[k] });
  });
  const global = globalItems(result, k, view, scale);
  const heading = "The same in the view of the whole picture";
  return drawSheet({
    title: `${result.concepts[k].word}, every layer`,
    subtitle: subtitleOf(result, options.model),
    rows: [{ items, scale }, ...(global.length > 0 ? [{ heading, items: global }] : [])],
  });
}

/** The maps of the view of the whole picture, layer by layer; none where there is no such view. */
function globalItems({ global, space }: LensResult, k: number, view: View, paint: Scale): Item[] {
  if (global === undefined) return [];
  const ground = { geometry: global.geometry, tiles: { rows: 1, columns: 1 }, paint };
  return global.layers.map(({ layer, maps }) => {
    const peak = peakOf(maps[k], global.geometry, space === "rank");
    const note = `${valueText(space, peak.value)} at ${peak.row}, ${peak.column}`;
    return mapItem(view, ground, { label: layerName(layer), note, values: maps[k] });
  });
}

/** The map of the view of the whole picture alone; undefined where there is no such view. */
export function globalMapPicture(
  result: LensResult,
  k: number,
  options: LensSheetOptions,
): RgbImage | undefined {
  const { image, layer } = options;
  if (result.global === undefined) return undefined;
  const { geometry, layers } = result.global;
  const view = viewOf(image, Math.max(largeSide, image.width, image.height));
  return paintAlone(view, geometry, layers[layer].maps[k], spaceScale(result, options));
}

/** The large map alone, without the photo and any text. */
export function mapPicture(result: LensResult, k: number, options: LensSheetOptions): RgbImage {
  const { image, layer } = options;
  const view = viewOf(image, Math.max(largeSide, image.width, image.height));
  return paintAlone(view, result.geometry, result.layers[layer].maps[k], spaceScale(result, options));
}

function subtitleOf({ norm, geometry, tiles, space, vocabulary }: LensResult, model: string): string {
  const parts = [
    model,
    `${space} by the logit lens, ${norm ? "final norm applied" : "without the final norm"}`,
    gridText(geometry, tiles),
    `${formatCount(vocabulary)} words`,
  ];
  return parts.join(" · ");
}

function largeRow(result: LensResult, k: number, options: LensSheetOptions): Row {
  const { image, layer } = options;
  const scale = spaceScale(result, options);
  const { global } = result;
  const view = viewOf(image, global === undefined ? largeSide : tiledSide);
  const at = result.layers[layer];
  const ground = groundOf(result, scale);
  const { peak } = findingOf(result, at, k);
  const items = [
    photoItem(view, ground, "photo"),
    mapItem(view, ground, {
      label: `${layerName(layer)}, ${result.space}; the frame marks the peak`,
      values: at.maps[k],
      mark: peak.index,
    }),
  ];
  return { items: global === undefined ? items : [...items, globalItem(result, k, options, scale)], scale };
}

/** The map of the view of the whole picture. */
function globalItem(result: LensResult, k: number, { image, layer }: LensSheetOptions, scale: Scale): Item {
  const { geometry, layers } = result.global as NonNullable<LensResult["global"]>;
  const values = layers[layer].maps[k];
  const peak = peakOf(values, geometry, result.space === "rank");
  const ground = { geometry, tiles: { rows: 1, columns: 1 }, paint: scale };
  return mapItem(viewOf(image, tiledSide), ground, {
    label: `whole picture, ${geometry.grid.rows} × ${geometry.grid.columns} tokens`,
    note: `peak ${valueText(result.space, peak.value)} at ${placeText(peak)} of this view`,
    values,
    mark: peak.index,
  });
}

function groundOf({ geometry, tiles }: LensResult, paint: Scale): MapGround {
  return { geometry, tiles, paint };
}

/** The layers in ranks, which show a map long before probabilities do. */
function stripRows(result: LensResult, k: number, { image, colours }: LensSheetOptions): Row[] {
  const appears = appearsAt(result, k);
  const shown = shownLayers(result.layers.length, appears);
  const scale = rankScale(result.vocabulary, colours);
  const view = viewOf(image, sideOf(Math.min(stripPanels, Math.max(5, shown.length)), stripSide));
  const items = shown.map((layer) => {
    const at = result.layers[layer];
    const { rank } = findingOf(result, at, k);
    const note = `${ordinal(rank.value)} at ${rank.row}, ${rank.column}`;
    return mapItem(view, groundOf(result, scale), { label: layerName(layer), note, values: at.ranks[k] });
  });
  const strip = {
    heading: "Layer by layer: the word's place in the vocabulary",
    note: appearsText(result, k),
    items,
    scale,
  };
  return shown.length < result.layers.length ? [strip, chartRow(result, k, scale, appears)] : [strip];
}

function appearsText(result: LensResult, k: number): string {
  const appears = appearsAt(result, k);
  const many = nearTop(result.vocabulary);
  const top = many === 1 ? "the likeliest word" : `among the ${many} likeliest words`;
  const { word } = result.concepts[k];
  if (appears === undefined) return `${word} is not ${top} at any place of the last layer`;
  if (appears === 0) return `${word} is ${top} at its best place from the decoder's input on`;
  const last = result.layers.length - 1;
  return appears === last
    ? `${word} is ${top} at its best place in the last layer only`
    : `${word} appears at layer ${appears}: from there on it is ${top} at its best place`;
}

/** At most eight layers: the first, the last, the one where the word appears, the one before, and others between. */
export function shownLayers(count: number, appears?: number): number[] {
  const all = Array.from({ length: count }, (_, layer) => layer);
  if (count <= stripPanels) return all;
  const last = count - 1;
  const wanted = [0, last, appears, appears === undefined ? undefined : appears - 1];
  const chosen = new Set(wanted.filter((layer): layer is number => layer !== undefined && layer >= 0));
  // Others go where the widest gap is.
  while (chosen.size < stripPanels) chosen.add(middleOfWidestGap([...chosen].sort((a, b) => a - b)));
  return [...chosen].sort((a, b) => a - b);
}

function middleOfWidestGap(sorted: readonly number[]): number {
  let widest = 1;
  for (let i = 1; i < sorted.length; i++)
    if (sorted[i] - sorted[i - 1] > sorted[widest] - sorted[widest - 1]) widest = i;
  return Math.floor((sorted[widest] + sorted[widest - 1]) / 2);
}

function chartRow(result: LensResult, k: number, scale: Scale, appears: number | undefined): Row {
  const bars = result.layers.map((at: LensLayer) => {
    const share = scale.at(findingOf(result, at, k).rank.value);
    const [r, g, b] = colourAt(colourMaps.heat, Math.max(0.12, share));
    return { layer: at.layer, share, colour: `rgb(${r}, ${g}, ${b})` };
  });
  const named = appears === undefined ? {} : { named: { layer: appears, text: `layer ${appears}` } };
  const item = barsItem({ bars, width: 1020, height: 90, top: "1st word", bottom: "last", ...named });
  return { heading: "The word's best place in the vocabulary, all layers", items: [item] };
}
