import { type NdArray, nn, np, stopGradient } from "../engine/array.ts";
import { withGradientOf } from "../nn/gradient.ts";

/** float32 cannot tell a log-probability from 0 below this; the value is clamped there, its slope kept. */
export const LARGEST_LOG_PROBABILITY = -1e-5;

/**
 * `log(1 - exp(x))` for x <= 0 without cancellation (Mächler 2012, "Accurately computing log(1 - exp(-|a|))"),
 * any shape. The slope `exp(x) / expm1(x)` is given directly, so neither branch can spoil the other's gradient.
 */
export function log1mexp(x: NdArray): NdArray {
  const at = np.minimum(stopGradient(x), LARGEST_LOG_PROBABILITY);
  const expm1 = np.expm1(at);
  const nearZero = np.log(np.negative(expm1));
  const farFromZero = np.log1p(np.negative(np.exp(at)));
  const value = np.where(np.greater(at, -Math.LN2), nearZero, farFromZero);
  const slope = np.divide(np.exp(at), expm1);
  return withGradientOf(value, np.multiply(slope, x));
}

/** `log mean exp` over one axis, which disappears. */
export function logMeanExp(x: NdArray, axis: number): NdArray {
  return np.subtract(nn.logsumexp(x, axis), Math.log(x.shape[axis]));
}

/** `sum(values · weights) / max(sum(weights), 1)` -> scalar: 0, not NaN, when nothing counts. */
export function weightedMean(values: NdArray, weights: NdArray): NdArray {
  return np.divide(np.sum(np.multiply(values, weights)), np.maximum(np.sum(weights), 1));
}

/** `weights` [..., M] scaled to sum 1 over the last axis; a row of zeros stays zeros. For 0/1 masks. */
export function normalised(weights: NdArray): NdArray {
  return np.divide(weights, np.maximum(np.sum(weights, -1, { keepdims: true }), 1));
}

/** Mean of arrays of one shape. */
export function meanOf(values: readonly NdArray[]): NdArray {
  return np.divide(
    values.reduce((sum, value) => np.add(sum, value)),
    values.length,
  );
}
