/** A lens result as plain data (the shape of `maps.json` and `words.json` of `fovea lens`), and what is shown of it. */
import type { ImageGeometry } from "../../common/image.ts";
import type { Region } from "../../grounding/region.ts";
import { layerName, lensSentence, peakOf, placeText, valueText } from "../../lens/findings.ts";
import type { LensLayer, LensResult, LensSpace, PatchWord, TokenRule } from "../../lens/logit-lens.ts";
import { spaceScale } from "../../lens/result-scale.ts";
import type { Scale } from "../../lens/scale.ts";
import type { ShownMap } from "../map/shown.ts";
import type { WordRow } from "../words/table.ts";

/** One layer's map of a concept. */
export interface PlainLayer {
  readonly layer: number;
  /** [N] in row order. */
  readonly values: readonly number[];
  /** [N], 1 for the likeliest word of the vocabulary. */
  readonly ranks?: readonly number[];
}

/** What one model's image tokens say. */
export interface LensView {
  /** The model, for people. */
  readonly title: string;
  readonly note?: string;
  /** Default "probability". */
  readonly space?: LensSpace;
  /** Default "mean". */
  readonly tokens?: TokenRule;
  /** V; of ranks and log-probabilities the scale needs it. */
  readonly vocabulary?: number;
  readonly geometry: ImageGeometry;
  readonly tiles?: { readonly rows: number; readonly columns: number };
  readonly globalGeometry?: ImageGeometry;
  readonly concepts: readonly {
    readonly word: string;
    readonly ids?: readonly number[];
    readonly layers: readonly PlainLayer[];
    /** Over the view of the whole picture, of a model that cuts pictures into tiles. */
    readonly global?: readonly PlainLayer[];
    /** What else is known of its last map, for people: "mask at 0.5: IoU 0.83". */
    readonly note?: string;
    /** Where it is known to be. */
    readonly regions?: readonly Region[];
  }[];
  /** For each layer and patch the likeliest words. */
  readonly words?: readonly { readonly layer: number; readonly patches: readonly (readonly PatchWord[])[] }[];
  /** What the strongest colour stands for, where it is not the fixed end. */
  readonly max?: number;
  /** Learnt for the last layer's probabilities: from there on a word counts as said. */
  readonly threshold?: number;
}

/** The layers that the first concept has: what the slider goes over. */
export function layersOf({ concepts, words }: LensView): number[] {
  return (concepts[0]?.layers ?? words ?? []).map(({ layer }) => layer);
}

/** The view as the result that it was written from; ranks are empty where they were not. */
function resultOf(view: LensView, from: "layers" | "global"): LensResult {
  const { space = "probability", tokens = "mean", vocabulary = 0, concepts, words, geometry, tiles } = view;
  const own = concepts.map((concept) => concept[from] ?? []);
  const layers = (own[0] ?? []).map(
    ({ layer }, l): LensLayer => ({
      layer,
      maps: own.map((of) => Float32Array.from(of[l].values)),
      ranks: own.map((of) => Float32Array.from(of[l].ranks ?? [])),
      words: from === "layers" ? (words?.[l]?.patches ?? []) : [],
    }),
  );
  return {
    space,
    tokens,
    norm: true,
    geometry: (from === "global" ? view.globalGeometry : geometry) ?? geometry,
    tiles: tiles ?? { rows: 1, columns: 1 },
    vocabulary,
    concepts: concepts.map(({ word, ids = [0] }) => ({ word, ids })),
    layers,
  };
}

const scales = new WeakMap<LensView, Scale>();

/** The fixed scale of the view's space. */
export function lensScale(view: LensView): Scale {
  let scale = scales.get(view);
  if (scale === undefined) {
    scale = spaceScale(resultOf(view, "layers"), view.max === undefined ? {} : { max: view.max });
    scales.set(view, scale);
  }
  return scale;
}

/** Map of concept k at the l-th layer, or of the whole picture beside its tiles. */
export function lensMap(view: LensView, k: number, l: number, global = false): ShownMap | undefined {
  const values = (global ? view.concepts[k]?.global : view.concepts[k]?.layers)?.[l]?.values;
  const geometry = global ? view.globalGeometry : view.geometry;
  return values && geometry && { values, geometry, scale: lensScale(view) };
}

/** The probability of each patch's likeliest word at the l-th layer. */
export function surestMap(view: LensView, l: number): ShownMap | undefined {
  const patches = view.words?.[l]?.patches;
  if (patches === undefined) return undefined;
  const values = patches.map(([first]) => first?.probability ?? 0);
  const scale = lensScale({ title: "", geometry: view.geometry, concepts: [] });
  return { values, geometry: view.geometry, scale };
}

/** What a patch says at every layer; with a concept, its rank there. */
export function patchRows(view: LensView, patch: number, k: number | undefined): WordRow[] {
  return (view.words ?? []).map(({ layer, patches }, l) => {
    const rank = k === undefined ? undefined : view.concepts[k]?.layers[l]?.ranks?.[patch];
    return { layer, words: patches[patch] ?? [], ...(rank !== undefined && { rank }) };
  });
}

/** The patch where a concept's map is strongest at the l-th layer. */
export function strongestPatch(view: LensView, k: number, l: number): number | undefined {
  const values = view.concepts[k]?.layers[l]?.values;
  return values && peakOf(values, view.geometry, view.space === "rank").index;
}

/** "row 2, column 5" */
export function patchPlace(patch: number, { grid }: ImageGeometry): string {
  return placeText({ row: 1 + Math.floor(patch / grid.columns), column: 1 + (patch % grid.columns) });
}

/** One line on a map: whether the word is said and where; without ranks, its peak. */
export function lensLine(view: LensView, k: number, l: number): string {
  const at = view.concepts[k]?.layers[l];
  if (at === undefined) return "";
  const { space = "probability" } = view;
  const isLast = l === view.concepts[k].layers.length - 1;
  if (at.ranks !== undefined && at.ranks.length > 0)
    return lensSentence(resultOf(view, "layers"), k, l, isLast ? view.threshold : undefined);
  const peak = peakOf(at.values, view.geometry, space === "rank");
  const note = isLast && view.concepts[k].note ? `; ${view.concepts[k].note}` : "";
  return `peak ${valueText(space, peak.value)} at ${placeText(peak)}${note}`;
}

export { layerName };
