/** Results as plain objects: what `fovea lens` and `attend` print with `--json` and write beside their pictures. */
import type { AttendedToken, AttentionLayer, AttentionResult } from "./attention.ts";
import { layerFinding, tokenText } from "./attention-findings.ts";
import { appearsAt, entropy, findingOf, lensSentence, peakOf, saidAt } from "./findings.ts";
import type { KnockOut } from "./knock-out.ts";
import type { KnockOutResult, KnockOutSide } from "./knocked-out.ts";
import type { LensResult } from "./logit-lens.ts";
import type { RelevanceResult } from "./relevance.ts";

/** Whose result it is, and of which picture: the first lines of a file. */
export interface Origin {
  readonly model: string;
  /** The picture's path or name. */
  readonly image: string;
}

/** words.json: for each layer and patch its likeliest words. */
export function wordsJson({ geometry, layers, global }: LensResult, { model, image }: Origin, topK: number) {
  const likeliest = (of: typeof layers) =>
    of.map(({ layer, words }) => ({ layer, patches: words.map((ofPatch) => ofPatch.slice(0, topK)) }));
  return {
    model,
    image,
    grid: geometry.grid,
    layers: likeliest(layers),
    ...(global !== undefined && {
      globalGrid: global.geometry.grid,
      global: likeliest(global.layers),
    }),
  };
}

/** maps.json: for each concept and layer the values and ranks of all patches, [N] in row order. */
export function mapsJson(result: LensResult, { model, image }: Origin) {
  const { space, tokens, norm, geometry, tiles, vocabulary, concepts, layers, global } = result;
  const valuesOf = (of: typeof layers, k: number) =>
    of.map(({ layer, maps, ranks }) => ({
      layer,
      values: Array.from(maps[k]),
      ranks: Array.from(ranks[k]),
    }));
  const all = concepts.map(({ word, ids }, k) => ({
    word,
    ids,
    layers: valuesOf(layers, k),
    ...(global !== undefined && { global: valuesOf(global.layers, k) }),
  }));
  return {
    model,
    image,
    space,
    tokens,
    norm,
    vocabulary,
    geometry,
    tiles,
    ...(global !== undefined && { globalGeometry: global.geometry }),
    concepts: all,
  };
}

export interface LensSummaryOptions {
  /** The layer that sentences are about. */
  readonly layer: number;
  /** A threshold that was learnt for this layer's probabilities. */
  readonly threshold?: number;
}

/** By concept and layer: the peak and where it is, the best rank, and how spread the map is. */
export function lensSummary(result: LensResult, { layer: large, threshold }: LensSummaryOptions) {
  const { space, norm, concepts, layers, geometry, tiles, vocabulary, global } = result;
  return {
    space,
    norm,
    vocabulary,
    grid: geometry.grid,
    tiles,
    concepts: concepts.map(({ word }, k) => ({
      word,
      layer: large,
      said: saidAt(result, k, large, threshold),
      summary: lensSentence(result, k, large, threshold),
      appearsAt: appearsAt(result, k) ?? null,
      layers: layers.map((at) => {
        const { layer, peak, rank } = findingOf(result, at, k);
        return {
          layer,
          peak: peak.value,
          row: peak.row,
          column: peak.column,
          rank: rank.value,
          ...(space === "probability" && { spread: Math.exp(entropy(at.maps[k])) }),
        };
      }),
      ...(global !== undefined && {
        global: global.layers.map(({ layer, maps }) => {
          const { value, row, column } = peakOf(maps[k], global.geometry, space === "rank");
          return { layer, peak: value, row, column };
        }),
      }),
    })),
  };
}

/**
 * attention.json: for each token of the answer, and if they were asked for of the question, and each layer its map, and its
 * heads one by one on wish.
 */
export function attentionJson(result: AttentionResult, withHeads: boolean) {
  const { tokens, prompt, ...rest } = result;
  const layerJson = ({ layer, share, target, sinks, map, global, ...at }: AttentionLayer) => ({
    layer,
    share,
    ...(target !== undefined && { target }),
    ...(sinks !== undefined && { sinks }),
    map: Array.from(map),
    ...(global !== undefined && { global: Array.from(global) }),
    headShares: at.headShares,
    ...(withHeads && { heads: at.heads.map((head) => Array.from(head)) }),
    ...(withHeads && at.globalHeads && { globalHeads: at.globalHeads.map((head) => Array.from(head)) }),
  });
  const tokenJson = ({ id, token, layers, words }: AttendedToken) => ({
    id,
    token,
    ...(words !== undefined && { words }),
    layers: layers.map(layerJson),
  });
  return {
    ...rest,
    tokens: tokens.map(tokenJson),
    ...(prompt !== undefined && { prompt: prompt.map(tokenJson) }),
  };
}

/** The same of an answer with something knocked out, with what was before under `before`. */
export function knockOutJson(
  { before, after, first }: KnockOutResult,
  knockOut: KnockOut,
  withHeads: boolean,
): object {
  const maps = ({ attention }: KnockOutSide) => attentionJson(attention, withHeads);
  return { ...maps(after), knockOut, first, before: maps(before) };
}

/** For each answer token its share on the image and its map. */
export function relevanceJson({ tokens }: RelevanceResult) {
  return tokens.map(({ map, global, ...token }) => ({
    ...token,
    map: Array.from(map),
    ...(global !== undefined && { global: Array.from(global) }),
  }));
}

/**
 * Shares by answer token and layer: on the image, of that on the region and on sinks, and the peak's. `inside`: the share of
 * each patch inside the region.
 */
export function attentionSummary(result: AttentionResult, inside?: Float32Array) {
  const { question, answer, ended, tokens, geometry, tiles, prompt, sinks } = result;
  const summary = (token: AttendedToken) => ({
    id: token.id,
    token: token.token,
    text: tokenText(token),
    layers: token.layers.map((at) => {
      const { layer, image, region, global, peak } = layerFinding(at, result, inside);
      return {
        layer,
        image,
        ...(region !== undefined && { region }),
        ...(global !== undefined && { global }),
        ...(at.sinks !== undefined && { sinks: at.sinks }),
        peak: peak.value,
        row: peak.row,
        column: peak.column,
      };
    }),
  });
  return {
    question,
    answer,
    ended,
    grid: geometry.grid,
    tiles,
    tokens: tokens.map(summary),
    ...(prompt !== undefined && { prompt: prompt.map(summary) }),
    ...(sinks !== undefined && { sinks: sinks.map((patch) => placeOf(patch, geometry)) }),
  };
}

/** A patch by its row and column, from 1. */
function placeOf(patch: number, { grid }: AttentionResult["geometry"]) {
  return { patch, row: 1 + Math.floor(patch / grid.columns), column: 1 + (patch % grid.columns) };
}
