/** Sheets of an answer token: where each layer looks, and what each head gives to the image. */
import type { RgbImage } from "../../common/image.ts";
import type { Box } from "../../grounding/geometry.ts";
import type { AttendedToken, AttentionResult } from "../attention.ts";
import {
  type LayerFinding,
  layerFinding,
  shareInside,
  strength,
  strongestFirst,
  tokenText,
  total,
} from "../attention-findings.ts";
import type { ColourMap } from "../colour.ts";
import { gridText, layerName, peakOf, placeText } from "../findings.ts";
import type { RelevanceResult } from "../relevance.ts";
import { attentionScale } from "../result-scale.ts";
import { formatShare, linearScale, type Scale } from "../scale.ts";
import { paintAlone } from "../view.ts";
import { barsItem } from "./bars.ts";
import { drawSheet, type Item, type Row, sideOf } from "./figure.ts";
import { matrixItem } from "./matrix.ts";
import { type MapGround, mapItem, photoItem, viewOf } from "./pictures.ts";

/** What a sheet of an answer token shows. */
export interface AttentionSheetOptions {
  readonly image: RgbImage;
  readonly model: string;
  /** Layer of the large map, from 1. */
  readonly layer: number;
  /** The share that the strongest colour stands for, in even steps from 0; default all, in logarithmic steps. */
  readonly max?: number;
  readonly colours?: ColourMap;
  /** The region that is asked about. */
  readonly inside?: Inside;
}

/** The region that is asked about, and the share of each patch [N] inside it. */
export interface Inside {
  readonly box: Box;
  readonly map: Float32Array;
}

const largeSide = 506;
/** Of photo, tiles and the whole picture side by side. */
const tiledSide = 333;
const stripPanels = 8;
const stripSide = 180;
const headPanels = 8;

/** As PNG. */
export function attentionSheet(result: AttentionResult, t: number, options: AttentionSheetOptions): Buffer {
  const { layer, inside, model } = options;
  const token = result.tokens[t];
  const findings = token.layers.map((at) => layerFinding(at, result, inside?.map));
  return drawSheet({
    title: tokenTitle(result, t),
    sentence: tokenSentence(findings, layer),
    subtitle: subtitleOf(result, model),
    rows: [largeRow(result, token, options), stripRow(result, token, findings, options), barsRow(findings)],
  });
}

/** Of a question's token too: see {@link questionTokens}. */
export function tokenTitle({ tokens, question, answer, ended }: AttentionResult, t: number): string {
  if (!tokens[t].isAnswer)
    return `“${tokenText(tokens[t])}”, token ${t + 1} of ${tokens.length} behind the picture, of “${question}”`;
  const whole = answer === "" ? "an empty answer" : `the answer “${answer}${ended ? "" : " …"}”`;
  return `“${tokenText(tokens[t])}”, token ${t + 1} of ${tokens.length} of ${whole} to “${question}”`;
}

/** "Layer 4 gives the image 26 % of its attention. Most goes to row 3, column 6: 21 % of what the image gets." */
function tokenSentence(findings: readonly LayerFinding[], layer: number): string {
  const { image, region, global, peak } = findings[layer - 1];
  const whole = global === undefined ? "that" : "the tiles' part of that";
  const on = region === undefined ? "" : `, and ${formatShare(region)} of ${whole} to the region`;
  const where = global === undefined ? "Most goes" : "Of the tiles' part, most goes";
  const most = `${where} to ${placeText(peak)}: ${formatShare(peak.value)} of what the image gets.`;
  const first = `Layer ${layer} gives the image ${formatShare(image)} of its attention${on}. ${most}`;
  const strongest = strongestFirst(findings)[0];
  if (strongest.layer === layer) return first;
  const what = region === undefined ? "the image" : "the region";
  return `${first} Of all layers, layer ${strongest.layer} gives ${what} most: ${formatShare(strength(strongest))}.`;
}

/** The same result with the prompt's tokens in place of the answer's, so that the same sheets show them. */
export function questionTokens(result: AttentionResult): AttentionResult {
  return { ...result, tokens: result.prompt ?? [] };
}

function subtitleOf({ geometry, tiles, globalGeometry, tokens }: AttentionResult, model: string): string {
  const whose = tokens[0].isAnswer ? "position that predicts the token" : "token's own position";
  const all = globalGeometry === undefined ? "each map" : "each map with that of the whole picture";
  return [
    model,
    `attention of the ${whose}, mean of the heads`,
    gridText(geometry, tiles),
    `${all} adds up to 100 % of what lies on the image`,
  ].join(" · ");
}

function largeRow(result: AttentionResult, token: AttendedToken, options: AttentionSheetOptions): Row {
  const { image, layer } = options;
  const scale = attentionScale(result, options);
  const { map, global, share } = token.layers[layer - 1];
  const view = viewOf(image, global === undefined ? largeSide : tiledSide);
  const ground = groundOf(result, scale, options);
  const frame = global === undefined ? "; the frame marks the peak" : "";
  const label = `${layerName(layer)}: ${formatShare(share)} of its attention on the image${frame}`;
  const mark = peakOf(map, result.geometry).index;
  const items = [photoItem(view, ground, "photo"), mapItem(view, ground, { label, values: map, mark })];
  return {
    items: global === undefined ? items : [...items, globalItem(result, global, image, scale)],
    scale,
  };
}

function globalItem(result: AttentionResult, values: Float32Array, image: RgbImage, paint: Scale): Item {
  const geometry = result.globalGeometry as NonNullable<AttentionResult["globalGeometry"]>;
  const peak = peakOf(values, geometry);
  const share = total(values);
  const { rows, columns } = geometry.grid;
  return mapItem(
    viewOf(image, tiledSide),
    { geometry, tiles: { rows: 1, columns: 1 }, paint },
    {
      label: `whole picture, ${rows} × ${columns} tokens: ${formatShare(share)}`,
      note: `peak ${formatShare(peak.value)} at ${placeText(peak)} of this view`,
      values,
      mark: peak.index,
    },
  );
}

function stripRow(
  result: AttentionResult,
  { layers }: AttendedToken,
  findings: readonly LayerFinding[],
  options: AttentionSheetOptions,
): Row {
  const all = layers.length <= stripPanels;
  const chosen = all ? findings : strongestFirst(findings).slice(0, stripPanels);
  const shown = [...chosen].sort((a, b) => a.layer - b.layer);
  const view = viewOf(options.image, sideOf(Math.min(stripPanels, Math.max(5, shown.length)), stripSide));
  const ground = groundOf(result, attentionScale(result, options), options);
  const items = shown.map((finding) =>
    mapItem(view, ground, {
      label: `${layerName(finding.layer)} · ${formatShare(strength(finding))}`,
      note: `${formatShare(finding.peak.value)} at ${finding.peak.row}, ${finding.peak.column}`,
      values: layers[finding.layer - 1].map,
    }),
  );
  const what = options.inside === undefined ? "image" : "region";
  return {
    heading: all ? "Every layer" : `The ${stripPanels} layers that give the ${what} most`,
    note: `how much of its attention lies on the ${what}; then the peak's part of what the image gets, and its row and column`,
    items,
  };
}

function barsRow(findings: readonly LayerFinding[]): Row {
  const withRegion = findings[0].region !== undefined;
  const bars = findings.map((finding) => ({
    layer: finding.layer,
    share: finding.image,
    colour: "#c9c7c0",
    ...(withRegion && { part: strength(finding) }),
  }));
  const item = barsItem({ bars, width: 1020, height: 80, top: "100 %", bottom: "0" });
  const note = withRegion ? "dark: on the region (framed in blue)" : undefined;
  return { heading: "Share of the attention on the image, by layer", note, items: [item] };
}

/** Every head as a cell of a matrix, and the strongest ones large, as PNG. */
export function headsSheet(result: AttentionResult, t: number, options: AttentionSheetOptions): Buffer {
  const { layers } = result.tokens[t];
  const { inside, model, colours } = options;
  const what = inside === undefined ? "image" : "region";
  const heads = layers.flatMap(({ layer, heads: maps, headShares, globalHeads }) =>
    maps.map((map, head) => {
      const region = inside && shareInside(map, inside.map);
      const global = globalHeads && total(globalHeads[head]);
      const peak = peakOf(map, result.geometry);
      return { layer, head: head + 1, image: headShares[head], region, global, map, peak };
    }),
  );
  const strongest = strongestFirst(heads).slice(0, headPanels);
  const scale = linearScale(`share of a head's attention that lies on the ${what}`, 0, 1, colours);
  const values = layers.map(({ layer }) => heads.filter((head) => head.layer === layer).map(strength));
  const matrix = matrixItem({
    values,
    rowName: (row) => `${layers[row].layer}`,
    columnName: (column) => `${column + 1}`,
    rowsTitle: "layer",
    columnsTitle: "head",
    paint: scale,
    marked: strongest.map(({ layer, head }) => ({ row: layer - 1, column: head - 1 })),
    width: 1000,
  });
  const view = viewOf(options.image, sideOf(4, 247));
  const ground = groundOf(result, attentionScale(result, options), options);
  const items = strongest.map((one, i) =>
    mapItem(view, ground, {
      label: `${i + 1}: layer ${one.layer}, head ${one.head} · ${formatShare(strength(one))}`,
      note: `peak ${formatShare(one.peak.value)} at ${placeText(one.peak)}`,
      values: one.map,
      mark: one.peak.index,
    }),
  );
  const [first] = strongest;
  return drawSheet({
    title: tokenTitle(result, t),
    sentence: `Head ${first.head} of layer ${first.layer} gives the ${what} most: ${formatShare(strength(first))} of its attention, most of that to ${placeText(first.peak)}.`,
    subtitle: subtitleOf(result, model).replace(", mean of the heads", ", head by head"),
    rows: [
      { heading: `Every head: share of its attention on the ${what}`, items: [matrix], scale },
      {
        heading: `The ${strongest.length} strongest heads`,
        items,
        scale: attentionScale(result, options),
      },
    ],
  });
}

/** The large map alone, without the photo and any text. */
export function attentionPicture(
  result: AttentionResult,
  t: number,
  options: AttentionSheetOptions,
): RgbImage {
  const { image, layer } = options;
  const view = viewOf(image, Math.max(largeSide, image.width, image.height));
  const { map } = result.tokens[t].layers[layer - 1];
  return paintAlone(view, result.geometry, map, attentionScale(result, options));
}

/** The map of the view of the whole picture alone; undefined where there is no such view. */
export function globalAttentionPicture(
  result: AttentionResult,
  t: number,
  options: AttentionSheetOptions,
): RgbImage | undefined {
  const { image, layer } = options;
  const { global } = result.tokens[t].layers[layer - 1];
  if (global === undefined || result.globalGeometry === undefined) return undefined;
  const view = viewOf(image, Math.max(largeSide, image.width, image.height));
  return paintAlone(view, result.globalGeometry, global, attentionScale(result, options));
}

/** A token's map of relevance alone, on the scale of attention. */
export function relevancePicture(
  result: RelevanceResult,
  t: number,
  { image, ...options }: AttentionSheetOptions,
): RgbImage {
  const view = viewOf(image, Math.max(largeSide, image.width, image.height));
  return paintAlone(view, result.geometry, result.tokens[t].map, attentionScale(result, options));
}

function groundOf(
  { geometry, tiles }: AttentionResult,
  paint: Scale,
  { inside }: Pick<AttentionSheetOptions, "inside">,
): MapGround {
  return { geometry, tiles, paint, ...(inside && { region: inside.box }) };
}
