/** Where an answer looks, as plain data (the shape of `attention.json` of `fovea attend`), and what is shown of it. */
import type { ImageGeometry } from "../../common/image.ts";
import { massOnTarget, unionCoverage } from "../../grounding/coverage.ts";
import type { Region } from "../../grounding/region.ts";
import { peakOf, placeText, readable } from "../../lens/findings.ts";
import { formatShare, linearScale, type Scale, shareScale } from "../../lens/scale.ts";
import type { ShownMap } from "../map/shown.ts";

/** Where one token looks in one layer. */
export interface PlainAttention {
  readonly layer: number;
  /** Part of all attention that lies on the image, mean of the heads. */
  readonly share: number;
  /** Of that, the part on sinks. */
  readonly sinks?: number;
  /** [N], sum 1. */
  readonly map: readonly number[];
  readonly global?: readonly number[];
  readonly headShares?: readonly number[];
  /** [H][N], each with sum 1. */
  readonly heads?: readonly (readonly number[])[];
  readonly globalHeads?: readonly (readonly number[])[];
}

/** A token, and where it looks in each layer that attends. */
export interface AttendingToken {
  readonly id?: number;
  readonly token: string;
  readonly layers: readonly PlainAttention[];
}

/** What one model answers, and where each token of it looks. */
export interface AttendView {
  /** The model, for people. */
  readonly title: string;
  readonly note?: string;
  readonly question: string;
  readonly answer: string;
  readonly ended?: boolean;
  /** Where somebody knows: whether the answer is right. */
  readonly right?: boolean;
  readonly geometry: ImageGeometry;
  readonly tiles?: { readonly rows: number; readonly columns: number };
  readonly globalGeometry?: ImageGeometry;
  readonly tokens: readonly AttendingToken[];
  /** The prompt's tokens, where they were asked for. */
  readonly prompt?: readonly AttendingToken[];
  /** Patches that draw attention whatever is asked. */
  readonly sinks?: readonly number[];
  /** Where it should look, or what is asked about. */
  readonly regions?: readonly Region[];
  /** What the strongest colour stands for, in even steps; without it, in steps of the logarithm up to 1. */
  readonly max?: number;
}

/** A token of the answer as people read it. */
export function tokenName({ id, token }: AttendingToken): string {
  return token === "" ? `(id ${id ?? "unknown"})` : readable(token);
}

/** Those of the answer, then those of the prompt: token t is the t-th of them. */
export function tokensOf({ tokens, prompt = [] }: AttendView): readonly AttendingToken[] {
  return [...tokens, ...prompt];
}

/** Fixed for a grid: from the even share to all of it. */
export function attendScale({ geometry, globalGeometry, max }: AttendView): Scale {
  if (max !== undefined) return linearScale("part of what the image gets", 0, max);
  const places = (of: ImageGeometry | undefined) => (of === undefined ? 0 : of.grid.rows * of.grid.columns);
  return shareScale(places(geometry) + places(globalGeometry));
}

/** The map of token t at the l-th layer, of one head or the mean of all; or that of the whole picture beside tiles. */
export function attendMap(
  view: AttendView,
  t: number,
  l: number,
  options: { readonly head?: number; readonly global?: boolean } = {},
): ShownMap | undefined {
  const at = tokensOf(view)[t]?.layers[l];
  if (at === undefined) return undefined;
  const { head, global = false } = options;
  const [mean, heads] = global ? [at.global, at.globalHeads] : [at.map, at.heads];
  const values = head === undefined ? mean : heads?.[head];
  const geometry = global ? view.globalGeometry : view.geometry;
  return values && geometry && { values, geometry, scale: attendScale(view) };
}

/** Part of a map's attention that lies on the known regions; undefined where none is known. */
export function onTarget({ regions, geometry }: AttendView, map: ArrayLike<number>): number | undefined {
  if (regions === undefined || regions.length === 0) return undefined;
  const share = massOnTarget(map, unionCoverage(regions, geometry));
  return Number.isNaN(share) ? undefined : share;
}

/** "64 % on the image, most at row 2, column 3: 31 % of that, 48 % of it on the marked region" */
export function attendLine(view: AttendView, t: number, l: number): string {
  const at = tokensOf(view)[t]?.layers[l];
  if (at === undefined) return "";
  const peak = peakOf(at.map, view.geometry);
  const target = onTarget(view, at.map);
  const evidence = target === undefined ? "" : `; ${formatShare(target)} of it on the marked region`;
  const sinks = at.sinks === undefined || at.sinks === 0 ? "" : `; ${formatShare(at.sinks)} of it on sinks`;
  return `${formatShare(at.share)} on the image, most at ${placeText(peak)}: ${formatShare(peak.value)} of that${evidence}${sinks}`;
}
