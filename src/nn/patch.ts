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

/**
 * Resizes a grid [Y, X, D] of learned positions bilinearly to [rows, columns, D], corners on corners
 * (`interpolate(mode="bilinear", align_corners=True)` of PyTorch), as two products with constant matrices.
 */
export function resizeGrid(grid: NdArray, rows: number, columns: number): NdArray {
  const [Y, X] = grid.shape;
  const wide = np.einsum("ry,yxd->rxd", interpolation(rows, Y), grid);
  return np.einsum("cx,rxd->rcd", interpolation(columns, X), wide);
}

/** [to, from]: each row holds the weights of its two nearest neighbours among `from` points. */
function interpolation(to: number, from: number): NdArray {
  const weights = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const place = (i * (from - 1)) / Math.max(to - 1, 1);
    const below = Math.floor(place);
    weights[i * from + below] = 1 - (place - below);
    if (place > below) weights[i * from + below + 1] = place - below;
  }
  return np.array(weights, { shape: [to, from] });
}
