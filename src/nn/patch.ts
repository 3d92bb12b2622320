/** From images to patches, and positions on their grid. */
import { type NdArray, np, slice } from "../engine/array.ts";

/**
 * Convolution with stride = kernel size = patch, as one matrix product: pixels [B, C, Y, X], weight [D, C, P,
 * P] (Hugging Face's layout) -> [B, (Y/P) (X/P), D], row by row. Pixels beyond the last whole patch are not seen.
 */
export function embedPatches(weight: NdArray, pixels: NdArray): NdArray {
  const [B, C, Y, X] = pixels.shape;
  const [D, , P] = weight.shape;
  const [rows, columns] = [Math.floor(Y / P), Math.floor(X / P)];
  const whole = cut(cut(pixels, 2, rows * P), 3, columns * P);
  const blocks = np.transpose(np.reshape(whole, [B, C, rows, P, columns, P]), [0, 2, 4, 1, 3, 5]);
  const patches = np.reshape(blocks, [B, rows * columns, C * P * P]);
  return np.einsum("bni,oi->bno", patches, np.reshape(weight, [D, C * P * P]));
}

function cut(x: NdArray, axis: number, length: number): NdArray {
  return x.shape[axis] === length ? x : slice(x, axis, 0, length);
}

/** The rows of a square grid of `side` x `side` learned positions around a place, and their weights. */
export interface Corners {
  readonly index: readonly number[];
  readonly weight: readonly number[];
}

/**
 * Where a patch of an image of rows x columns patches reads a grid of positions, bilinearly, corners on corners
 * (`interpolate(mode="bilinear", align_corners=True)` of PyTorch).
 */
export function gridCorners(
  { row, column }: { readonly row: number; readonly column: number },
  { rows, columns }: { readonly rows: number; readonly columns: number },
  side: number,
): Corners {
  const [y, x] = [between(row, rows, side), between(column, columns, side)];
  const pairs = [0, 1].flatMap((i) => [0, 1].map((j) => [i, j] as const));
  return {
    index: pairs.map(([i, j]) => y.index[i] * side + x.index[j]),
    weight: pairs.map(([i, j]) => Math.fround(y.weight[i] * x.weight[j])),
  };
}

/** The two of `from` points around point i of `to`, with their weights in float32. */
function between(i: number, to: number, from: number): Corners {
  const place = (i * (from - 1)) / Math.max(to - 1, 1);
  const below = Math.floor(place);
  const rest = place - below;
  return {
    index: [below, Math.min(below + 1, from - 1)],
    weight: [Math.fround(1 - rest), Math.fround(rest)],
  };
}
