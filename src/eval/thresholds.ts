/**
 * Thresholds of the lens's probability, learnt from concepts that show and concepts that are absent. A vocabulary of
 * 200 words and one of 50,000 give the same map at other probabilities: no fixed threshold suits both.
 */
import type { Recorder } from "./measurement.ts";

/** Log-odds from -14 (1 in a million) to 9 in steps of 0.2. */
const lowest = -14;
const step = 0.2;
const count = 116;

/** The thresholds that are tried, as probabilities, rising. */
export const thresholdGrid: readonly number[] = Array.from(
  { length: count },
  (_, i) => 1 / (1 + Math.exp(-(lowest + i * step))),
);

/** A map against the truth at every threshold of {@link thresholdGrid}. */
export interface OverlapCurve {
  /** Places in the truth. */
  readonly positives: number;
  /** Places at or above the threshold and in the truth. */
  readonly intersections: Uint32Array;
  /** Places in either. */
  readonly unions: Uint32Array;
}

/** Probabilities [N] (NaN: not seen) and truth [N], above 0 where the concept is. */
export function overlapCurve(scores: ArrayLike<number>, truth: ArrayLike<number>): OverlapCurve {
  const [inside, outside] = [new Uint32Array(count + 1), new Uint32Array(count + 1)];
  let positives = 0;
  for (let i = 0; i < scores.length; i++) {
    if (truth[i] > 0) positives++;
    (truth[i] > 0 ? inside : outside)[thresholdsReached(scores[i])]++;
  }
  const [intersections, unions] = [new Uint32Array(count), new Uint32Array(count)];
  let [hits, misses] = [0, 0];
  for (let t = count - 1; t >= 0; t--) {
    hits += inside[t + 1];
    misses += outside[t + 1];
    intersections[t] = hits;
    unions[t] = positives + misses;
  }
  return { positives, intersections, unions };
}

/** How many thresholds lie at or below a probability. */
function thresholdsReached(probability: number): number {
  if (!(probability > 0)) return 0;
  let reached = Math.floor((Math.log(probability / (1 - probability)) - lowest) / step) + 1;
  reached = Math.min(count, Math.max(0, reached));
  // The logarithm is rounded: what counts is the comparison itself.
  if (reached < count && probability >= thresholdGrid[reached]) return reached + 1;
  return reached > 0 && probability < thresholdGrid[reached - 1] ? reached - 1 : reached;
}

/** What one concept of one image gives to learn from. */
export interface LensCurves {
  readonly image: number;
  readonly shows: boolean;
  readonly patches: OverlapCurve;
  readonly pixels: OverlapCurve;
}

export type CurveKind = "patches" | "pixels";

/** A threshold and how well it does on what it was learnt from. */
export interface Learning {
  /** Index in {@link thresholdGrid}. */
  readonly index: number;
  readonly threshold: number;
  /** Mean IoU of the concepts that show; NaN without any. */
  readonly iou: number;
  /** Share of absent concepts of which nothing is said; NaN without any. */
  readonly empty: number;
}

/** Without a concept that shows, this share of absent ones must be left empty. */
const emptyShare = 0.95;

/**
 * The threshold that makes the mean IoU of concepts that show and the share of absent ones that are left empty best,
 * both weighing the same; without absent ones the IoU alone, without ones that show the lowest that leaves 95 in 100
 * absent ones empty.
 */
export function learnThreshold(items: readonly LensCurves[], kind: CurveKind): Learning {
  const all = thresholdGrid.map((_, index) => learningAt(items, kind, index));
  if (!items.some(({ shows }) => shows))
    return all.find(({ empty }) => empty >= emptyShare) ?? all[count - 1];
  const value = ({ iou, empty }: Learning) => (Number.isNaN(empty) ? iou : (iou + empty) / 2);
  return all.reduce((best, one) => (value(one) > value(best) ? one : best));
}

function learningAt(items: readonly LensCurves[], kind: CurveKind, index: number): Learning {
  let [iou, empty, present] = [0, 0, 0];
  for (const { shows, [kind]: curve } of items)
    if (shows) {
      present++;
      iou += iouAt(curve, index);
    } else if (curve.unions[index] === 0) empty++;
  const absent = items.length - present;
  return { index, threshold: thresholdGrid[index], iou: iou / present, empty: empty / absent };
}

/** Thresholds learnt on each half of the images, by what they are of. The other half is scored with them. */
export type CrossFitted = Readonly<Record<CurveKind, readonly [even: number, odd: number]>>;

/**
 * Records the lens's IoU, presence, cIoU and gIoU at learnt thresholds. Images with even and odd numbers are halves:
 * each is scored with the threshold of the other, so that none is scored with what was fitted to it. Undefined, and
 * nothing recorded, where a half has no concept that shows.
 */
export function recordLearnt(recorder: Recorder, items: readonly LensCurves[]): CrossFitted | undefined {
  const halves = [0, 1].map((half) => items.filter(({ image }) => image % 2 === half));
  if (halves.some((half) => !half.some(({ shows }) => shows))) return undefined;
  const learnt = (kind: CurveKind) => halves.map((half) => learnThreshold(half, kind));
  const [patches, pixels] = [learnt("patches"), learnt("pixels")];
  for (const item of items) {
    const other = 1 - (item.image % 2);
    recordItem(recorder, item, patches[other].index, pixels[other].index);
  }
  const pair = ([even, odd]: readonly Learning[]) => [even.threshold, odd.threshold] as const;
  return { patches: pair(patches), pixels: pair(pixels) };
}

/** Added to the name of a metric whose threshold was learnt. */
export const learntSuffix = ", learnt threshold";

function recordItem(recorder: Recorder, item: LensCurves, patchIndex: number, pixelIndex: number): void {
  const { image, shows, patches, pixels } = item;
  const metric = (name: string) => ({ group: "lens", name: name + learntSuffix });
  const [intersection, union] = [pixels.intersections[pixelIndex], pixels.unions[pixelIndex]];
  const predicted = saysAnything(patches, patchIndex);
  recorder.record({ ...metric("presence"), kind: "proportion" }, predicted === shows ? 1 : 0, image);
  recorder.recordRatio(metric("cIoU of pixels"), intersection, union, image);
  const iou = iouAt(pixels, pixelIndex);
  recorder.record({ ...metric("gIoU of pixels"), kind: "mean" }, iou, image);
  if (!shows) return;
  recorder.record({ ...metric("iou"), kind: "mean" }, iouAt(patches, patchIndex), image);
  recorder.record({ ...metric("iou of pixels"), kind: "mean" }, iou, image);
}

/** Whether any place reaches the threshold. */
function saysAnything({ positives, intersections, unions }: OverlapCurve, index: number): boolean {
  return intersections[index] > 0 || unions[index] > positives;
}

/** IoU; 1 where nothing is to be found and nothing was. */
function iouAt({ intersections, unions }: OverlapCurve, index: number): number {
  return unions[index] === 0 ? 1 : intersections[index] / unions[index];
}
