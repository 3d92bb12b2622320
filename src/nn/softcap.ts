import { type NdArray, np } from "../engine/array.ts";

/** x -> cap tanh(x / cap), between -cap and cap (Gemma 2, arXiv 2408.00118, section 2); as it is without a cap. */
export function softCapped(x: NdArray, cap: number | undefined): NdArray {
  return cap === undefined ? x : np.multiply(np.tanh(np.divide(x, cap)), cap);
}
