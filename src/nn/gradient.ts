import { type NdArray, np, stopGradient } from "../engine/array.ts";

/**
 * The value of `value` with the gradient of `surrogate` (same shapes). Where the exact vector-Jacobian
 * product of a function is known, a surrogate that is linear in its input keeps fewer intermediates than
 * differentiating through the function does: this stands in for a custom gradient rule. `value` should be
 * computed from inputs under {@link stopGradient}, and `surrogate` must be finite, since the value comes out
 * as `value + (surrogate - stopGradient(surrogate))`; the engine removes that difference exactly.
 */
export function withGradientOf(value: NdArray, surrogate: NdArray): NdArray {
  return np.add(stopGradient(value), np.subtract(surrogate, stopGradient(surrogate)));
}
