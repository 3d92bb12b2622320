/** Where a map reaches a threshold, as lines: the border of the mask that a cut there gives. */

/** Four numbers for each piece of the line: x0, y0, x1, y1 in units of patches. */
export type Contour = Float32Array;

/** Samples along a patch's side: bilinear maps bend between the middles of patches. */
const perPatch = 4;

/**
 * The line around everything that is at least `threshold`, by marching squares over the bilinear map (values of patches at
 * their middles, the border repeated), closed at the border of the grid.
 *
 * @param values [N] in row order of the grid.
 */
export function contourAt(
  values: ArrayLike<number>,
  { rows, columns }: { readonly rows: number; readonly columns: number },
  threshold: number,
): Contour {
  const [width, height] = [columns * perPatch, rows * perPatch];
  const above = sampled(values, rows, columns, threshold);
  const pieces: number[] = [];
  // One ring of samples beyond the border is below the threshold, so that lines close there.
  for (let y = -1; y < height; y++)
    for (let x = -1; x < width; x++)
      if (isCrossed(above, width, height, x, y)) square(pieces, above, width, height, x, y);
  return Float32Array.from(pieces, (place) => place / perPatch);
}

/** How far the map is above the threshold at the middles of all samples: [rows * perPatch, columns * perPatch]. */
function sampled(values: ArrayLike<number>, rows: number, columns: number, threshold: number): Float32Array {
  const [width, height] = [columns * perPatch, rows * perPatch];
  const result = new Float32Array(width * height);
  const across = Array.from({ length: width }, (_, x) => between(x, columns));
  for (let y = 0; y < height; y++) {
    const [top, bottom, down] = between(y, rows);
    for (let x = 0; x < width; x++) {
      const [left, right, along] = across[x];
      const upper = values[top * columns + left] * (1 - along) + values[top * columns + right] * along;
      const lower = values[bottom * columns + left] * (1 - along) + values[bottom * columns + right] * along;
      result[y * width + x] = upper * (1 - down) + lower * down - threshold;
    }
  }
  return result;
}

/** The two patches whose middles are around a sample, and the part of the second. */
function between(sample: number, patches: number): [number, number, number] {
  const at = Math.min(patches - 1, Math.max(0, (sample + 0.5) / perPatch - 0.5));
  const first = Math.floor(at);
  return [first, Math.min(patches - 1, first + 1), at - first];
}

/** Whether some of the four samples are above and some are not: of most squares all are alike. */
function isCrossed(above: Float32Array, width: number, height: number, x: number, y: number): boolean {
  if (x < 0 || y < 0 || x === width - 1 || y === height - 1) return true;
  const at = y * width + x;
  const first = above[at] >= 0;
  return (
    above[at + 1] >= 0 !== first || above[at + width] >= 0 !== first || above[at + width + 1] >= 0 !== first
  );
}

/** Adds the line within the square between four samples, in samples from the grid's corner. */
function square(into: number[], above: Float32Array, width: number, height: number, x: number, y: number) {
  const at = (column: number, row: number) =>
    column < 0 || row < 0 || column >= width || row >= height ? undefined : above[row * width + column];
  const corners = [at(x, y), at(x + 1, y), at(x + 1, y + 1), at(x, y + 1)];
  const crossings: [number, number][] = [];
  for (let side = 0; side < 4; side++) {
    const crossed = crossing(corners[side], corners[(side + 1) % 4]);
    if (crossed !== undefined) crossings.push(placeOn(side, crossed, x, y, width, height));
  }
  for (let i = 0; i + 1 < crossings.length; i += 2) into.push(...crossings[i], ...crossings[i + 1]);
}

/** Where between two samples the line passes, 0 to 1; beyond the border there is nothing, and it passes at the border. */
function crossing(from: number | undefined, to: number | undefined): number | undefined {
  const [a, b] = [from !== undefined && from >= 0, to !== undefined && to >= 0];
  if (a === b) return undefined;
  if (from === undefined || to === undefined) return 0.5;
  return from === to ? 0.5 : from / (from - to);
}

const starts = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
] as const;

function placeOn(
  side: number,
  along: number,
  x: number,
  y: number,
  width: number,
  height: number,
): [number, number] {
  const [[x0, y0], [x1, y1]] = [starts[side], starts[(side + 1) % 4]];
  const column = x + 0.5 + x0 + along * (x1 - x0);
  const row = y + 0.5 + y0 + along * (y1 - y0);
  return [Math.min(width, Math.max(0, column)), Math.min(height, Math.max(0, row))];
}
