/** From regions to the attention that an answer should have: the target of the KL attention loss. */
import type { ImageGeometry } from "../common/image.ts";
import { coverage, polylineLengths } from "./coverage.ts";
import { type Box, boxToPatches, type Point, patchAt, toPatches } from "./geometry.ts";
import type { Region } from "./region.ts";

/** How regions become a target map. */
export interface TargetOptions {
  /** Standard deviation of a point's Gaussian, in patches. */
  readonly pointSigma: number;
  /** How a box becomes a map: its smoothed coverage, a Gaussian as wide as it, or the line along its middle. */
  readonly box: BoxRule;
  /** Standard deviation of the smoothing of a box's coverage, in patches; 0 leaves it as it is. */
  readonly boxSigma: number;
}

/** A point's 0.5 is measured: 92 % on line intersection over three seeds, 71 % with 1, 50 % with 2 (docs/results.md). */
export const defaultTargetOptions: TargetOptions = { pointSigma: 0.5, box: "coverage", boxSigma: 0.5 };

type Map64 = Float64Array;

/** Rules for boxes (none is published in [B]; these are Fovea's own). Each gives an unscaled map. */
export const boxRules = {
  coverage: (box: Box, geometry: ImageGeometry, options: TargetOptions) =>
    smoothed(coverage({ kind: "box", box }, geometry), geometry, options.boxSigma),
  gaussian: (box: Box, geometry: ImageGeometry) => boxGaussian(box, geometry),
  "centre-line": (box: Box, geometry: ImageGeometry) => polylineLengths(centreLine(box), geometry),
} as const satisfies Record<string, (box: Box, geometry: ImageGeometry, options: TargetOptions) => Map64>;

export type BoxRule = "coverage" | "gaussian" | "centre-line";

/** A Gaussian is cut at this many standard deviations. */
const cut = 3;

/**
 * Target map P of the KL attention loss ([B]): where attention should lie over the N image tokens. [N] row major,
 * sum 1; undefined when no region shows in the processed image. Every region counts the same, whatever its area.
 * Of several views of one image, one after the other, each shows its own part of a region.
 * Points: a Gaussian each. Box: see `boxRules`. Mask: share of each patch covered. Line: its length inside
 * each patch. A crossing is given as its point.
 */
export function targetMap(
  regions: readonly Region[],
  seen: ImageGeometry | readonly ImageGeometry[],
  given: Partial<TargetOptions> = {},
): Float32Array | undefined {
  const options = { ...defaultTargetOptions, ...given };
  const views = [seen].flat() as ImageGeometry[];
  const total = new Float64Array(views.reduce((sum, { grid }) => sum + grid.rows * grid.columns, 0));
  for (const region of regions) {
    const own = overViews(views, (view) => regionMap(region, view, options));
    // A region of which only a part shows that its rule leaves empty (beside the middle line of a box, say).
    const map = massOf(own) > 0 ? own : overViews(views, (view) => coverage(region, view));
    addScaled(total, map, 1 / massOf(map));
  }
  const mass = massOf(total);
  return mass > 0 ? Float32Array.from(total, (value) => value / mass) : undefined;
}

function overViews(views: readonly ImageGeometry[], mapOf: (view: ImageGeometry) => Iterable<number>): Map64 {
  return Float64Array.from(views.flatMap((view) => [...mapOf(view)]));
}

/** One region's unscaled map over one view. */
function regionMap(region: Region, geometry: ImageGeometry, options: TargetOptions): Map64 {
  switch (region.kind) {
    case "points":
      return pointsMap(region.points, geometry, options.pointSigma);
    case "box":
      return boxRules[options.box](region.box, geometry, options);
    case "mask":
      return Float64Array.from(coverage(region, geometry));
    case "polyline":
      return polylineLengths(region.points, geometry);
  }
}

function massOf(map: Map64): number {
  return map.reduce((sum, value) => sum + value, 0);
}

/** Adds `factor` x map; a map without mass (infinite factor) adds nothing. */
function addScaled(total: Map64, map: Map64, factor: number): void {
  if (Number.isFinite(factor)) for (let i = 0; i < total.length; i++) total[i] += factor * map[i];
}

function pointsMap(points: readonly Point[], geometry: ImageGeometry, sigma: number): Map64 {
  const total = new Float64Array(geometry.grid.rows * geometry.grid.columns);
  for (const point of points) {
    const at = toPatches(point, geometry);
    const holder = patchAt(at, geometry);
    if (holder === undefined) continue;
    const map = gaussian(at, [sigma, sigma], geometry);
    if (massOf(map) === 0) map[holder] = 1; // So narrow that it misses every patch centre.
    addScaled(total, map, 1 / massOf(map));
  }
  return total;
}

/** A Gaussian at patch centres, cut at {@link cut} standard deviations; place and deviations in patch units. */
function gaussian([x, y]: Point, [sigmaX, sigmaY]: Point, { grid }: ImageGeometry): Map64 {
  const map = new Float64Array(grid.rows * grid.columns);
  for (let i = 0; i < map.length; i++) {
    const dx = ((i % grid.columns) + 0.5 - x) / sigmaX;
    const dy = (Math.floor(i / grid.columns) + 0.5 - y) / sigmaY;
    const square = dx * dx + dy * dy;
    if (square <= cut * cut) map[i] = Math.exp(-square / 2);
  }
  return map;
}

/** Centre of the box, standard deviations a quarter of its sides (it spans 2 either way), at least half a patch. */
function boxGaussian(box: Box, geometry: ImageGeometry): Map64 {
  const shown = Float64Array.from(coverage({ kind: "box", box }, geometry));
  if (massOf(shown) === 0) return shown;
  const [x0, y0, x1, y1] = boxToPatches(box, geometry);
  const sigma = (side: number) => Math.max(0.5, side / 4);
  const map = gaussian([(x0 + x1) / 2, (y0 + y1) / 2], [sigma(x1 - x0), sigma(y1 - y0)], geometry);
  return massOf(map) > 0 ? map : shown; // Only a far corner of the box shows.
}

/** The line through the middle of a box along its longer side. */
function centreLine([x0, y0, x1, y1]: Box): Point[] {
  const [x, y] = [(x0 + x1) / 2, (y0 + y1) / 2];
  const wide = x1 - x0 >= y1 - y0;
  return wide ? [[x0, y], [x1, y]] : [[x, y0], [x, y1]]; // biome-ignore format: two points
}

/** Convolves with a Gaussian sampled at whole patches and cut at {@link cut} deviations, rows then columns. */
function smoothed(map: Float32Array, { grid }: ImageGeometry, sigma: number): Map64 {
  const reach = Math.min(Math.floor(cut * sigma), Math.max(grid.rows, grid.columns));
  const kernel = Float64Array.from({ length: 2 * reach + 1 }, (_, i) =>
    sigma === 0 ? 1 : Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma)),
  );
  const along = convolved(Float64Array.from(map), kernel, 1, grid.columns);
  return convolved(along, kernel, grid.columns, grid.rows);
}

/** Convolution along one axis with the given stride and length; nothing comes in from outside. */
function convolved(map: Map64, kernel: Float64Array, stride: number, length: number): Map64 {
  const reach = (kernel.length - 1) / 2;
  return map.map((_, i) => {
    const place = Math.floor(i / stride) % length;
    let sum = 0;
    for (let k = Math.max(-reach, -place); k <= Math.min(reach, length - 1 - place); k++)
      sum += kernel[k + reach] * map[i + k * stride];
    return sum;
  });
}
