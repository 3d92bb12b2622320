import { type NdArray, nn, np, stopGradient } from "../engine/array.ts";
import { withGradientOf } from "./gradient.ts";

/**
 * Softmax over the last axis, x [..., K] of finite scores (mask with {@link MASKED}, not with -Infinity).
 * With y the result, the linear map x -> y (x - Σ y x) has the exact gradient and keeps only y.
 */
export function softmax(x: NdArray): NdArray {
  const value = nn.softmax(stopGradient(x), -1);
  const weighted = np.sum(np.multiply(value, x), -1, { keepdims: true });
  return withGradientOf(value, np.multiply(value, np.subtract(x, weighted)));
}

/** Logarithm of the softmax over the last axis; its gradient is that of x -> x - Σ y x. */
export function logSoftmax(x: NdArray): NdArray {
  const value = nn.logSoftmax(stopGradient(x), -1);
  const weighted = np.sum(np.multiply(np.exp(value), x), -1, { keepdims: true });
  return withGradientOf(value, np.subtract(x, weighted));
}

/** Score of a key that a query must not see: finite, so that a row with no visible key stays a number. */
export const MASKED = -1e9;
