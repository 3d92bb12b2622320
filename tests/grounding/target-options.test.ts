import { describe, expect, it } from "vitest";
import type { ImageGeometry } from "../../src/common/image.ts";
import { gridGeometry } from "../../src/grounding/geometry.ts";
import type { Region } from "../../src/grounding/region.ts";
import { encodeMask } from "../../src/grounding/rle.ts";
import { defaultTargetOptions, type TargetOptions, targetMap } from "../../src/grounding/target.ts";
import { combinations } from "../losses/combinations.ts";

const choices = {
  pointSigma: [0, 0.2, 0.5, 2, 1e6],
  box: ["coverage", "gaussian", "centre-line"],
  boxSigma: [0, 0.2, 0.5, 2, 1e6],
} as const;
const all: readonly TargetOptions[] = combinations(choices);

/** 5 x 4 patches of 4 pixels; the same cut to its left half; the same and its upper right quarter at twice the size. */
const whole = gridGeometry({ width: 20, height: 16 }, 4);
const half: ImageGeometry = { ...whole, processed: { width: 8, height: 16 }, grid: { rows: 4, columns: 2 } };
const quarter: ImageGeometry = {
  ...whole,
  scaleX: 2,
  scaleY: 2,
  offsetX: -20,
  grid: { rows: 4, columns: 5 },
};
const views: Readonly<Record<string, readonly ImageGeometry[]>> = {
  "the whole image": [whole],
  "its left part": [half],
  "the whole and a tile": [whole, quarter],
};

const inMask = (i: number) => (i % 20 >= 3 && i % 20 < 11 && i >= 40 && i < 100 ? 1 : 0);
const regions: Readonly<Record<string, Region>> = {
  "a box": { kind: "box", box: [3, 1.5, 13, 6] },
  "a small box": { kind: "box", box: [5.2, 5.1, 5.4, 5.3] },
  "a box with its middle outside the left part": { kind: "box", box: [7, 2, 20, 15] },
  "an upright box whose middle line is outside the left part": { kind: "box", box: [7, 0, 12, 16] },
  "a box outside the left part": { kind: "box", box: [12, 1, 18, 4] },
  points: { kind: "points", points: [[6, 6], [6.5, 9], [19, 1], [40, 40]] }, // biome-ignore format: points
  "a line": { kind: "polyline", points: [[1, 1], [9, 13], [18, 3]] }, // biome-ignore format: points
  "a mask": encodeMask(Array.from({ length: 320 }, (_, i) => inMask(i)), 16, 20), // biome-ignore format: one call
};

it("has a choice here for every option", () => {
  expect(Object.keys(choices).sort()).toEqual(Object.keys(defaultTargetOptions).sort());
});

describe.each(Object.keys(views))("in %s", (view) => {
  it.each(Object.keys(regions))("%s gives the plain rule's map with every combination of options", (name) => {
    for (const options of all) {
      const expected = reference(regions[name], views[view], options);
      const actual = targetMap([regions[name]], views[view], options);
      expect(actual === undefined, JSON.stringify(options)).toBe(expected === undefined);
      for (const [i, share] of (actual ?? []).entries())
        expect(share, JSON.stringify(options)).toBeCloseTo(expected![i], 6);
    }
  });

  it("two regions have the same mass with every combination of options", () => {
    const [first, second] = [regions["a box"], regions.points];
    for (const options of all) {
      const own = [first, second].map((region) => reference(region, views[view], options)!);
      const both = targetMap([first, second], views[view], options)!;
      for (const [i, share] of both.entries()) expect(share).toBeCloseTo((own[0][i] + own[1][i]) / 2, 6);
    }
  });
});

type Patch = readonly [column: number, row: number];

/** The map as src/grounding/target.ts describes it, patch by patch; sum 1, undefined where nothing shows. */
function reference(
  region: Region,
  seen: readonly ImageGeometry[],
  options: TargetOptions,
): number[] | undefined {
  const over = (rule: (view: ImageGeometry) => number[]) => seen.flatMap(rule);
  const own = over((view) => mapOf(region, view, options));
  return scaled(own) ?? scaled(over((view) => shares(region, view)));
}

function scaled(map: number[]): number[] | undefined {
  const mass = map.reduce((sum, value) => sum + value, 0);
  return mass > 0 ? map.map((value) => value / mass) : undefined;
}

const patches = ({ grid: { rows, columns } }: ImageGeometry): Patch[] =>
  Array.from({ length: rows * columns }, (_, i) => [i % columns, Math.floor(i / columns)]);

const inPatches = ([x, y]: readonly [number, number], view: ImageGeometry): [number, number] => [
  (x * view.scaleX + view.offsetX) / view.patch,
  (y * view.scaleY + view.offsetY) / view.patch,
];

function mapOf(region: Region, view: ImageGeometry, options: TargetOptions): number[] {
  if (region.kind === "points") return pointsOf(region.points.map((p) => inPatches(p, view)), view, options); // biome-ignore format: one call
  if (region.kind === "polyline") return lengths(region.points, view);
  if (region.kind === "mask" || options.box === "coverage")
    return region.kind === "mask" ? shares(region, view) : blurred(shares(region, view), view, options);
  const [x0, y0, x1, y1] = region.box;
  const [x, y] = [(x0 + x1) / 2, (y0 + y1) / 2];
  if (options.box === "centre-line")
    return lengths(x1 - x0 >= y1 - y0 ? [[x0, y], [x1, y]] : [[x, y0], [x, y1]], view); // biome-ignore format: points
  const map = bell([x, y], [x1 - x0, y1 - y0], view);
  const shown = shares(region, view);
  return sum(shown) === 0 ? shown : sum(map) === 0 ? shown : map;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

function bell(
  centre: readonly [number, number],
  [width, height]: readonly [number, number],
  view: ImageGeometry,
): number[] {
  const at = inPatches(centre, view);
  const side = (length: number) => Math.max(0.5, length / 4);
  const sigma = [
    side((width * view.scaleX) / view.patch),
    side((height * view.scaleY) / view.patch),
  ] as const;
  return patches(view).map((patch) => density(patch, at, sigma));
}

function density([column, row]: Patch, [x, y]: Patch, [sx, sy]: Patch): number {
  const square = ((column + 0.5 - x) / sx) ** 2 + ((row + 0.5 - y) / sy) ** 2;
  return square <= 9 ? Math.exp(-square / 2) : 0;
}

function pointsOf(points: Patch[], view: ImageGeometry, { pointSigma }: TargetOptions): number[] {
  const { rows, columns } = view.grid;
  const inside = points.filter(([x, y]) => x >= 0 && y >= 0 && x < columns && y < rows);
  const each = inside.map(([x, y]) => {
    const map = patches(view).map((patch) => density(patch, [x, y], [pointSigma, pointSigma]));
    const holder = Math.floor(y) * columns + Math.floor(x);
    return scaled(map) ?? map.map((_, i) => (i === holder ? 1 : 0));
  });
  return patches(view).map((_, i) => sum(each.map((map) => map[i])));
}

/** Area of each patch that the region covers, by exact overlap of boxes; of a mask, of its pixels. */
function shares(region: Region, view: ImageGeometry): number[] {
  if (region.kind === "box") return overlap(region.box, view);
  if (region.kind !== "mask") return patches(view).map(() => 0);
  const pixels = Array.from({ length: 320 }, (_, i) => i).filter((i) => inMask(i) === 1);
  const each = pixels.map((i) => {
    const [x, y] = [i % 20, Math.floor(i / 20)];
    return overlap([x, y, x + 1, y + 1], view);
  });
  return patches(view).map((_, i) => sum(each.map((map) => map[i])));
}

function overlap([x0, y0, x1, y1]: readonly [number, number, number, number], view: ImageGeometry): number[] {
  const [[left, top], [right, bottom]] = [inPatches([x0, y0], view), inPatches([x1, y1], view)];
  const common = (low: number, high: number, at: number) => Math.max(0, Math.min(high, at + 1) - Math.max(low, at)); // biome-ignore format: one rule
  return patches(view).map(([column, row]) => common(left, right, column) * common(top, bottom, row));
}

/** Convolution of the grid with a Gaussian sampled at whole patches up to three deviations, nothing from outside. */
function blurred(map: number[], view: ImageGeometry, { boxSigma }: TargetOptions): number[] {
  const weight = (distance: number) =>
    distance === 0 ? 1 : Math.abs(distance) <= 3 * boxSigma ? Math.exp(-(distance ** 2) / (2 * boxSigma ** 2)) : 0; // biome-ignore format: one rule
  const all = patches(view);
  return all.map(([c, r]) => sum(all.map(([c2, r2], i) => map[i] * weight(c - c2) * weight(r - r2))));
}

/** Length of a line in each patch: what is left of each piece of it between the patch's four borders. */
function lengths(points: readonly (readonly [number, number])[], view: ImageGeometry): number[] {
  const line = points.map((point) => inPatches(point, view));
  return patches(view).map(([column, row]) =>
    sum(line.slice(1).map((end, i) => clipped(line[i], end, [column, row]))),
  );
}

/** A stretch along a border belongs to the patch right of or below it. */
function clipped([x0, y0]: Patch, [x1, y1]: Patch, [column, row]: Patch): number {
  const [first, last] = [between(x0, x1, column), between(y0, y1, row)].reduce(
    ([a, b], [c, d]) => [Math.max(a, c), Math.min(b, d)],
    [0, 1],
  );
  return Math.max(0, last - first) * Math.sqrt((x1 - x0) ** 2 + (y1 - y0) ** 2);
}

/** Where, as shares of the way from `from` to `to`, the place is in [low, low + 1). */
function between(from: number, to: number, low: number): [number, number] {
  if (from === to) return from >= low && from < low + 1 ? [0, 1] : [1, 0];
  const ends = [(low - from) / (to - from), (low + 1 - from) / (to - from)];
  return [Math.min(...ends), Math.max(...ends)];
}
