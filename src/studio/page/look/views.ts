/** The maps that Look draws: for each model, what lies over the picture and on which scale. */
import type { ImageGeometry } from "../../../common/image.ts";
import type { AttentionResult } from "../../../lens/attention.ts";
import { colourMaps } from "../../../lens/colour.ts";
import type { LensLayer, LensResult, PatchWord } from "../../../lens/logit-lens.ts";
import type { RelevanceResult, RelevantToken } from "../../../lens/relevance.ts";
import { attentionScale, spaceScale } from "../../../lens/result-scale.ts";
import { linearScale, rangeOf, type Scale } from "../../../lens/scale.ts";
import { type Column, tokenAt } from "./columns.ts";
import type { Ends } from "./cut.ts";
import { mapOf } from "./shares.ts";
import type { LookState } from "./state.ts";

/** What one map shows. */
export interface MapView {
  readonly map?: { readonly values: Float32Array; readonly geometry: ImageGeometry; readonly scale: Scale };
  /** Of the view of the whole picture, of a model that cuts pictures into tiles. */
  readonly global?: MapView["map"];
  readonly tiles?: { readonly rows: number; readonly columns: number };
  readonly words?: readonly (readonly PatchWord[])[];
}

/** One scale for all models. */
export interface SharedScale {
  readonly scale: Scale;
  readonly ends: Ends;
}

/** What a model sees: with nothing knocked out, or as the knock-out left it. */
export type Side = "before" | "after";

export function lensOf({ lens, after }: Column, side: Side): LensResult | undefined {
  // A knock-out that leaves the image tokens as they are has no maps of its own.
  return side === "after" ? (after?.after.lens ?? lens?.lens) : lens?.lens;
}

export function lookOf({ look, after }: Column, side: Side): AttentionResult | undefined {
  return side === "after" ? after?.after.attention : look;
}

/** The scale of all maps that are shown; undefined before anything is. */
export function sharedScale(columns: readonly Column[], state: LookState): SharedScale | undefined {
  const colours = colourMaps[state.ramp];
  if (state.over === "words")
    return { scale: linearScale("probability of the likeliest word", 0, 1, colours), ends: unit };
  if (state.over === "attention") return attentionEnds(columns, state);
  if (state.over === "relevance") return relevanceEnds(columns, state);
  const results = columns.flatMap((column) => lensOf(column, "before") ?? []);
  const [first] = results;
  if (first === undefined) return undefined;
  const V = Math.max(...results.map(({ vocabulary }) => vocabulary));
  const { space } = state;
  if (space === "logit" || (state.own && space !== "rank")) {
    const { low, high } = rangeOf(results.flatMap(({ layers }) => layers.flatMap(({ maps }) => maps)));
    const label = `${space}, lowest to highest of ${columns.length > 1 ? "these models" : "this model"} and all layers`;
    return { scale: linearScale(label, low, high, colours), ends: { low, high } };
  }
  const scale = spaceScale({ ...first, space, vocabulary: V }, { colours });
  const ends = {
    probability: unit,
    "log-probability": { low: -Math.log(V), high: 0 },
    rank: { low: V, high: 1 },
  };
  return { scale, ends: ends[space] };
}

const unit: Ends = { low: 0, high: 1 };

function attentionEnds(columns: readonly Column[], state: LookState): SharedScale | undefined {
  const colours = colourMaps[state.ramp];
  const looks = columns.flatMap((column) => lookOf(column, "before") ?? []);
  if (looks.length === 0) return undefined;
  if (!state.own) {
    const most = (look: AttentionResult) => look.geometry.grid.rows * look.geometry.grid.columns;
    const [largest] = [...looks].sort((a, b) => most(b) - most(a));
    return { scale: attentionScale(largest, { colours }), ends: unit };
  }
  const maps = columns.flatMap((column) => attentionMap(column, "before", state) ?? []);
  const high = Math.max(rangeOf(maps).high, 1e-6);
  const label = "part of what the image gets, 0 to the highest patch shown";
  return { scale: linearScale(label, 0, high, colours), ends: { low: 0, high } };
}

function attentionMap(column: Column, side: Side, state: LookState): Float32Array | undefined {
  const layer = attendedLayer(column, side, state);
  return layer && mapOf(layer, state.head)[0];
}

/** The layer of the token that is shown. */
export function attendedLayer(column: Column, side: Side, { token }: LookState) {
  const attended = tokenAt(lookOf(column, side), token);
  return attended?.layers.find(({ layer }) => layer === column.attending);
}

/** What lies over a model's picture. */
export function viewOf(
  column: Column,
  side: Side,
  state: LookState,
  shared: SharedScale | undefined,
): MapView {
  if (shared === undefined) return {};
  if (state.over === "attention") return attentionView(column, side, state, shared.scale);
  if (state.over === "relevance") return relevanceView(column, side, state, shared.scale);
  const lens = lensOf(column, side);
  return lens === undefined ? {} : lensView(lens, column.layer, state, shared.scale);
}

export function lensView(
  lens: LensResult,
  layer: number,
  { over }: Pick<LookState, "over">,
  scale: Scale,
): MapView {
  const { geometry, tiles, layers, global } = lens;
  const at = layers[layer] as LensLayer | undefined;
  const valuesOf = (of: LensLayer | undefined) => (over === "words" ? of && certainty(of) : of?.maps[0]);
  const [values, whole] = [valuesOf(at), valuesOf(global?.layers[layer])];
  return {
    tiles,
    ...(values && { map: { values, geometry, scale } }),
    ...(whole && global && { global: { values: whole, geometry: global.geometry, scale } }),
    ...(over === "words" && { words: at?.words }),
  };
}

/** [N] probability of each patch's likeliest word; undefined where no words were read. */
function certainty({ words }: LensLayer): Float32Array | undefined {
  return words.length === 0 ? undefined : Float32Array.from(words, (ofPatch) => ofPatch[0]?.probability ?? 0);
}

function attentionView(column: Column, side: Side, state: LookState, scale: Scale): MapView {
  const look = lookOf(column, side);
  const layer = attendedLayer(column, side, state);
  if (look === undefined || layer === undefined) return {};
  const { geometry, tiles, globalGeometry } = look;
  const whole = state.head === undefined ? layer.global : layer.globalHeads?.[state.head - 1];
  return {
    tiles,
    map: { values: mapOf(layer, state.head)[0], geometry, scale },
    ...(whole && globalGeometry && { global: { values: whole, geometry: globalGeometry, scale } }),
  };
}

export function relevanceIn({ relevance, relevanceAfter }: Column, side: Side): RelevanceResult | undefined {
  return side === "after" ? relevanceAfter : relevance;
}

/** The token of the answer whose relevance is shown: that of the question has none. */
export function relevantToken(column: Column, side: Side, { token }: LookState): RelevantToken | undefined {
  const tokens = relevanceIn(column, side)?.tokens ?? [];
  return (token?.of === "answer" ? tokens[token.index] : undefined) ?? tokens[0];
}

function relevanceEnds(columns: readonly Column[], { ramp }: LookState): SharedScale | undefined {
  const results = columns.flatMap((column) => relevanceIn(column, "before") ?? []);
  const places = ({ geometry }: RelevanceResult) => geometry.grid.rows * geometry.grid.columns;
  const [largest] = [...results].sort((a, b) => places(b) - places(a));
  if (largest === undefined) return undefined;
  const scale = attentionScale(largest, { colours: colourMaps[ramp] });
  return {
    scale: { ...scale, label: "part of the image’s relevance, in steps of its logarithm" },
    ends: unit,
  };
}

function relevanceView(column: Column, side: Side, state: LookState, scale: Scale): MapView {
  const result = relevanceIn(column, side);
  const token = relevantToken(column, side, state);
  if (result === undefined || token === undefined) return {};
  const { geometry, tiles, globalGeometry } = result;
  return {
    tiles,
    map: { values: token.map, geometry, scale },
    ...(token.global &&
      globalGeometry && { global: { values: token.global, geometry: globalGeometry, scale } }),
  };
}

/** What the strip of layers shows of a model at each of its layers: 0 to 1. */
export function stripValues(
  column: Column,
  state: LookState,
  shared: SharedScale | undefined,
): (number | undefined)[] {
  const depth = [...Array(column.card.layers + 1).keys()];
  // Relevance has no layers of its own: the strip keeps the shares that it comes from.
  if (state.over === "attention" || state.over === "relevance") {
    const token = tokenAt(lookOf(column, "before"), state.token);
    return depth.map((at) => token?.layers.find(({ layer }) => layer === at)?.share);
  }
  const lens = lensOf(column, "before");
  if (lens === undefined || shared === undefined) return depth.map(() => undefined);
  return depth.map((layer) => strongest(lensView(lens, layer, state, shared.scale), shared));
}

function strongest({ map }: MapView, { scale }: SharedScale): number | undefined {
  if (map === undefined) return undefined;
  return Math.max(...Array.from(map.values, (value) => scale.at(value)));
}
