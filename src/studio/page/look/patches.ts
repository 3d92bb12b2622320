/** Patches chosen by hand: pins, strokes of the brush, patches of a region, and the same places in another model's grid. */
import type { ImageGeometry } from "../../../common/image.ts";
import { coverage } from "../../../grounding/coverage.ts";
import { boxToPatches, patchBox } from "../../../grounding/geometry.ts";
import type { Region } from "../../../grounding/region.ts";
import { mostPins, nothingStruck, type Struck, type StruckHead } from "./state.ts";

/** A pin is set, or taken away where it is already; the oldest gives way to one too many. */
export function pinned(pins: readonly number[], patch: number): number[] {
  return pins.includes(patch) ? pins.filter((pin) => pin !== patch) : [...pins, patch].slice(-mostPins);
}

/** Patches whose words are read: the one under the cursor; without one, or where it is pinned, the pins. */
export function readPatches(pins: readonly number[], hovered: number | undefined): readonly number[] {
  return hovered !== undefined && !pins.includes(hovered) ? [hovered] : pins;
}

/** Patches whose half or more lies in one of the regions; of points and lines those that hold them. */
export function patchesOf(regions: readonly Region[], geometry: ImageGeometry): number[] {
  const maps = regions.map((region) => coverage(region, geometry));
  const count = geometry.grid.rows * geometry.grid.columns;
  const together = Array.from({ length: count }, (_, n) => Math.max(0, ...maps.map((map) => map[n])));
  const held = [...together.keys()].filter((n) => together[n] >= 0.5);
  // Something smaller than half a patch: the patch that holds most of it.
  const best = together.indexOf(Math.max(...together));
  return held.length > 0 || !(together[best] > 0) ? held : [best];
}

/** The patches of another grid that lie, by half or more, where these are. */
export function linkedPatches(
  patches: readonly number[],
  from: ImageGeometry,
  to: ImageGeometry,
): readonly number[] {
  if (isSameGrid(from, to)) return patches;
  const areas = new Float64Array(to.grid.rows * to.grid.columns);
  for (const patch of patches) {
    const [x0, y0, x1, y1] = boxToPatches(patchBox(from, patch), to);
    for (let row = Math.max(0, Math.floor(y0)); row < Math.min(to.grid.rows, y1); row++)
      for (let column = Math.max(0, Math.floor(x0)); column < Math.min(to.grid.columns, x1); column++) {
        const across = Math.min(x1, column + 1) - Math.max(x0, column);
        areas[row * to.grid.columns + column] += across * (Math.min(y1, row + 1) - Math.max(y0, row));
      }
  }
  return [...areas.keys()].filter((n) => areas[n] >= 0.5 - 1e-9);
}

function isSameGrid(a: ImageGeometry, b: ImageGeometry): boolean {
  return (
    a.grid.rows === b.grid.rows &&
    a.grid.columns === b.grid.columns &&
    a.patch / a.scaleX === b.patch / b.scaleX &&
    a.patch / a.scaleY === b.patch / b.scaleY &&
    a.offsetX === b.offsetX &&
    a.offsetY === b.offsetY
  );
}

/** A stroke of the brush: it strikes, or brings back where it began on a struck patch. */
export function brushed(struck: Struck, stroke: readonly number[]): Struck {
  const [first] = stroke;
  const isErasing = struck.patches.includes(first);
  const patches = isErasing
    ? struck.patches.filter((patch) => !stroke.includes(patch))
    : [...new Set([...struck.patches, ...stroke])].sort((a, b) => a - b);
  return { ...struck, patches, only: struck.only && patches.length > 0 };
}

export function withHead(struck: Struck, head: StruckHead, isOut: boolean): Struck {
  const same = (one: StruckHead) =>
    one.letter === head.letter && one.layer === head.layer && one.head === head.head;
  const others = struck.heads.filter((one) => !same(one));
  return { ...struck, heads: isOut ? [...others, head] : others };
}

export function withLayer(struck: Struck, layer: number): Struck {
  const layers = struck.layers.includes(layer)
    ? struck.layers.filter((one) => one !== layer)
    : [...struck.layers, layer].sort((a, b) => a - b);
  return { ...struck, layers };
}

/** Nothing is struck; from whom patches are hidden stays as it was chosen. */
export function cleared({ from }: Struck): Struck {
  return { ...nothingStruck, from };
}

/** "patches 12, 13 and 4 more; head 2 of layer 4 of A; layer 3" */
export function struckText({ patches, only, layers, heads }: Struck): string {
  const parts: string[] = [];
  if (only) parts.push(`all patches but ${patches.length}`);
  else if (patches.length > 0) parts.push(countOf(patches.length, "patch", "patches"));
  for (const { letter, layer, head } of heads)
    parts.push(`head ${head} of layer ${layer} of ${letter.toUpperCase()}`);
  if (layers.length > 0)
    parts.push(`the attention to the image in layer${layers.length > 1 ? "s" : ""} ${layers.join(", ")}`);
  return parts.join("; ");
}

function countOf(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
