/** What one layer of an answer token does, in numbers: how much of its attention goes to the image, a region, a patch. */
import type { AttendedToken, AttentionLayer, AttentionResult } from "./attention.ts";
import { type Peak, peakOf, readable } from "./findings.ts";

/** The share of each patch inside a region: of the map's patches [N], and of those of the whole picture's view. */
export interface Within {
  readonly map: Float32Array;
  readonly global?: Float32Array;
}

/** The share of attention that lies inside, of all that lies on the image. */
export function shareInside(map: Float32Array, global: Float32Array | undefined, inside: Within): number {
  const sum = (values: Float32Array, weights?: Float32Array) =>
    values.reduce((total, value, n) => total + value * (weights?.[n] ?? (weights ? 0 : 1)), 0);
  const within = sum(map, inside.map) + (global && inside.global ? sum(global, inside.global) : 0);
  return within / (sum(map) + (global ? sum(global) : 0));
}

/** What one layer of one token does, in numbers. Shares are of 1. */
export interface LayerFinding {
  readonly layer: number;
  /** Of the whole attention, what lies on the image. */
  readonly image: number;
  /** Of what lies on the image, what lies on the region. */
  readonly region?: number;
  /** Of what lies on the image, what lies on the view of the whole picture beside the tiles. */
  readonly global?: number;
  /** The patch that gets most of what lies on the image. */
  readonly peak: Peak;
}

export function layerFinding(
  { layer, share, map, global }: AttentionLayer,
  { geometry }: Pick<AttentionResult, "geometry">,
  inside?: Within,
): LayerFinding {
  return {
    layer,
    image: share,
    ...(inside !== undefined && { region: shareInside(map, global, inside) }),
    ...(global !== undefined && { global: global.reduce((sum, value) => sum + value, 0) }),
    peak: peakOf(map, geometry),
  };
}

/** How much of the whole attention a layer or head gives to what is asked about: the region, or the image. */
export function strength({ image, region }: Pick<LayerFinding, "image" | "region">): number {
  return region === undefined ? image : image * region;
}

export function strongestFirst<T extends Pick<LayerFinding, "image" | "region">>(
  findings: readonly T[],
): T[] {
  return [...findings].sort((a, b) => strength(b) - strength(a));
}

/** A token for people; one that the tokenizer does not have is named by its number. */
export function tokenText({ token, id }: Pick<AttendedToken, "token" | "id">): string {
  return token === "" ? `unused id ${id}` : readable(token);
}
