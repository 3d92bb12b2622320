/** What a model said and showed, against the truth: the same definitions as `fovea eval`. */

import type { ImageGeometry } from "../../../../common/image.ts";
import { isRight } from "../../../../eval/answers.ts";
import { iouAtThreshold, pointingGame } from "../../../../eval/map-metrics.ts";
import { patchTruth } from "../../../../eval/maps.ts";
import { massOnTarget } from "../../../../grounding/coverage.ts";
import type { Region } from "../../../../grounding/region.ts";
import { frameOf } from "../../../../grounding/text.ts";
import type { AttentionLayer, AttentionResult } from "../../../../lens/attention.ts";
import type { PlayQuestion } from "./questions.ts";

/** Probability from which on a patch says a word, where none was learnt for the model: what `fovea eval` takes too. */
export const fixedThreshold = 0.5;

/** "open": nobody knows, or the scene does not settle it. */
export type Verdict = "right" | "wrong" | "open";

/** Whether an answer is right, by the kind of its question; one that did not end is wrong. */
export function verdictOf({ answer, ended, geometry }: AttentionResult, { truth }: PlayQuestion): Verdict {
  if (truth === undefined) return "open";
  const { original, processed } = geometry;
  const said = { text: answer, ended };
  return isRight(said, truth, original, undefined, frameOf(original, processed)) ? "right" : "wrong";
}

/** A concept's map of one layer against where it shows. */
export interface LensScore {
  /** Highest probability. */
  readonly peak: number;
  /** Whether any patch says it. */
  readonly says: boolean;
  /** Of patches at the threshold; NaN where it does not show. */
  readonly iou: number;
  /** Whether the highest patch lies on it: 1, 0, or NaN where it does not show. */
  readonly pointing: number;
}

export function lensScore(
  map: Float32Array,
  regions: readonly Region[],
  geometry: ImageGeometry,
  threshold: number = fixedThreshold,
): LensScore {
  const { positive } = patchTruth(regions, geometry);
  const peak = Math.max(...map);
  const shows = positive.includes(1);
  return {
    peak,
    says: peak >= threshold,
    iou: shows ? iouAtThreshold(map, positive, threshold) : Number.NaN,
    pointing: pointingGame(map, positive),
  };
}

/** The attention of what predicts the answer's first token, at a layer; the last that attends without one. */
export function lookOf({ tokens }: AttentionResult, layer?: number): AttentionLayer | undefined {
  const layers = tokens[0]?.layers ?? [];
  return layers.find((one) => one.layer === layer) ?? layers[layers.length - 1];
}

/** Share of the image's attention that lies on the evidence; NaN where there is none. */
export function onTarget(
  { map }: AttentionLayer,
  regions: readonly Region[],
  geometry: ImageGeometry,
): number {
  if (regions.length === 0) return Number.NaN;
  return massOnTarget(map, patchTruth(regions, geometry).coverage);
}
