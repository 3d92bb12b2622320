/** What one layer of an answer token does, in numbers: how much of its attention goes to the image, a region, a patch. */
import { massOnTarget } from "../grounding/coverage.ts";
import type { AttendedToken, AttentionLayer, AttentionResult } from "./attention.ts";
import { type Peak, peakOf, readable } from "./findings.ts";

/**
 * The share of a map's attention that lies inside a region, as `target` of {@link AttentionLayer} and the evaluation have it: of
 * the tiles' part, where there is a view of the whole picture beside them. `inside`: the share of each patch [N]; 0 where the
 * region has no patch.
 */
export function shareInside(map: Float32Array, inside: Float32Array): number {
  return massOnTarget(map, inside) || 0;
}

/** What one layer of one token does, in numbers. Shares are of 1. */
export interface LayerFinding {
  readonly layer: number;
  /** Of the whole attention, what lies on the image. */
  readonly image: number;
  /** Of what lies on the image (of its tiles' part, where there is a `global`), what lies on the region. */
  readonly region?: number;
  /** Of what lies on the image, what lies on the view of the whole picture beside the tiles. */
  readonly global?: number;
  /** The patch that gets most of what lies on the image. */
  readonly peak: Peak;
}

export function layerFinding(
  { layer, share, map, global }: AttentionLayer,
  { geometry }: Pick<AttentionResult, "geometry">,
  inside?: Float32Array,
): LayerFinding {
  return {
    layer,
    image: share,
    ...(inside !== undefined && { region: shareInside(map, inside) }),
    ...(global !== undefined && { global: total(global) }),
    peak: peakOf(map, geometry),
  };
}

/** All of a map. */
export function total(map: Float32Array): number {
  return map.reduce((sum, value) => sum + value, 0);
}

type Shares = Pick<LayerFinding, "image" | "region" | "global">;

/** How much of the whole attention a layer or head gives to what is asked about: the region, or the image. */
export function strength({ image, region, global = 0 }: Shares): number {
  return region === undefined ? image : image * (1 - global) * region;
}

export function strongestFirst<T extends Shares>(findings: readonly T[]): T[] {
  return [...findings].sort((a, b) => strength(b) - strength(a));
}

/** A token for people; one that the tokenizer does not have is named by its number. */
export function tokenText({ token, id }: Pick<AttendedToken, "token" | "id">): string {
  return token === "" ? `unused id ${id}` : readable(token);
}
