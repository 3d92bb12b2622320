/** Lens and attention of an item, measured against its regions. */
import type { ImageGeometry } from "../common/image.ts";
import { massOnTarget, unionCoverage } from "../grounding/coverage.ts";
import { gridGeometry } from "../grounding/geometry.ts";
import type { Region } from "../grounding/region.ts";
import { targetMap } from "../grounding/target.ts";
import { entropy } from "../lens/findings.ts";
import { paintMap } from "../lens/heat.ts";
import type { Item } from "./item.ts";
import { averagePrecision, bestIou, iouAtThreshold, klDivergence, pointingGame } from "./map-metrics.ts";
import type { Recorder } from "./measurement.ts";
import { maskOverlap, type Overlap, overlapIou } from "./segmentation.ts";
import { type LensCurves, overlapCurve } from "./thresholds.ts";

/** Where a thing is, in patches. */
export interface PatchTruth {
  /** [N] share of each patch that shows it. */
  readonly coverage: Float32Array;
  /** [N] 1 from half covered on; if no patch is, the best covered ones. */
  readonly positive: Float32Array;
}

export function patchTruth(regions: readonly Region[], geometry: ImageGeometry): PatchTruth {
  const shares = unionCoverage(regions, geometry);
  const threshold = Math.min(0.5, Math.max(...shares));
  return {
    coverage: shares,
    positive: shares.map((share) => (share > 0 && share >= threshold ? 1 : 0)),
  };
}

/**
 * The lens against the truth. At the last layer, for every concept that shows: IoU of patches at the
 * threshold (every patch counts), IoU of clear patches (those partly covered left out, as the loss leaves
 * them out), best IoU, IoU of pixels (map upsampled, against the exact mask), pointing game, average
 * precision, mass on target. For every concept: does the highest probability tell whether it is there? And
 * cIoU and gIoU of pixels, where an absent concept is an empty target. At every layer: average precision,
 * mass on target and mean probability on target, from which the loss of locality with depth is read.
 *
 * Gives, for each concept, the last layer's overlap at every threshold: see thresholds.ts.
 */
export function recordLens(recorder: Recorder, item: Item, threshold: number): LensCurves[] {
  const { example, image, geometry, lens } = item;
  const group = "lens";
  const curves: LensCurves[] = [];
  for (const [k, { regions }] of example.concepts.entries()) {
    const truth = patchTruth(regions, geometry);
    const shows = truth.coverage.some((share) => share > 0);
    const last = lens[k][lens[k].length - 1];
    const predicted = Math.max(...last) >= threshold;
    recorder.record({ group, name: "presence", kind: "proportion" }, predicted === shows ? 1 : 0, image);
    const { raster, truth: truePixels } = pixelMaps(last, regions, geometry);
    const said = raster.map((value) => (value >= threshold ? 1 : 0));
    const pixels = maskOverlap(said, truePixels);
    recordSegmentation(recorder, pixels, image);
    curves.push({
      image,
      shows,
      patches: overlapCurve(last, truth.positive),
      pixels: overlapCurve(raster, truePixels),
    });
    if (!shows) continue;
    const mean = (name: string, value: number) =>
      recorder.record({ group, name, kind: "mean" }, value, image);
    mean("iou", iouAtThreshold(last, truth.positive, threshold));
    mean("iou of clear patches", clearIou(last, truth, threshold));
    mean("best iou", bestIou(last, truth.positive));
    mean("iou of pixels", pixels.intersection / pixels.union);
    const hit = pointingGame(last, truth.positive);
    recorder.record({ group, name: "pointing game", kind: "proportion" }, hit, image);
    for (const [layer, map] of lens[k].entries()) recordLensLayer(recorder, layer, map, truth, image);
  }
  return curves;
}

/** cIoU and gIoU as segmentation is scored: every concept counts, absent ones as empty targets. */
function recordSegmentation(recorder: Recorder, pixels: Overlap, image: number): void {
  const group = "lens";
  recorder.recordRatio({ group, name: "cIoU of pixels" }, pixels.intersection, pixels.union, image);
  recorder.record({ group, name: "gIoU of pixels", kind: "mean" }, overlapIou(pixels), image);
}

function recordLensLayer(
  recorder: Recorder,
  layer: number,
  map: Float32Array,
  truth: PatchTruth,
  image: number,
): void {
  const metric = { group: "lens", kind: "mean", layer } as const;
  recorder.record({ ...metric, name: "average precision" }, averagePrecision(map, truth.positive), image);
  recorder.record({ ...metric, name: "mass on target" }, massOnTarget(map, truth.coverage), image);
  recorder.record({ ...metric, name: "probability on target" }, massOnTarget(truth.coverage, map), image);
}

function clearIou(map: Float32Array, { coverage: shares, positive }: PatchTruth, threshold: number): number {
  const clear = Array.from(shares.keys()).filter((n) => shares[n] === 0 || positive[n] === 1);
  return iouAtThreshold(
    clear.map((n) => map[n]),
    clear.map((n) => positive[n]),
    threshold,
  );
}

/** A map interpolated to the pixels of the image, and the pixels at least half inside the regions. */
export function pixelMaps(
  map: Float32Array,
  regions: readonly Region[],
  geometry: ImageGeometry,
): { raster: Float32Array; truth: Float32Array } {
  const pixels = unionCoverage(regions, gridGeometry(geometry.original, 1));
  const truth = pixels.map((share) => (share >= 0.5 ? 1 : 0));
  return { raster: paintMap(map, geometry, "bilinear").values, truth };
}

/**
 * Attention against the evidence, by query and layer: mass on target, KL(P || Q) to the loss's own target
 * map, entropy (also for questions without evidence), and the share of all attention that lies on the
 * image.
 */
export function recordAttention(recorder: Recorder, { example, image, geometry, attention }: Item): void {
  for (const [q, { regions }] of example.questions.entries()) {
    const target = unionCoverage(regions, geometry);
    const map = targetMap(regions, geometry) ?? new Float32Array(target.length);
    for (const { query, layers } of attention[q])
      for (const { layer, map: attention, share } of layers) {
        const mean = (name: string, value: number) =>
          recorder.record(
            { group: `attention of the ${queryNames[query]}`, name, kind: "mean", layer },
            value,
            image,
          );
        mean("mass on target", massOnTarget(attention, target));
        const kl = klDivergence(map, attention);
        mean("kl", Number.isFinite(kl) ? kl : Number.NaN); // Evidence that a layer's window hides.
        mean("entropy", entropy(attention));
        mean("share on image", share);
      }
  }
}

export const queryNames = {
  predicting: "query that predicts the answer",
  "last-answer": "last answer token",
} as const;
