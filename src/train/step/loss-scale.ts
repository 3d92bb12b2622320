/**
 * Dynamic loss scaling (Micikevicius et al., arXiv 1710.03740, section 3.2): gradients of a loss that is multiplied by a power
 * of two keep the values that half precision would round to zero. The power doubles after many good steps and
 * halves when gradients overflow.
 */
import type { Machine } from "../../engine/runtime/runtime.ts";

export interface LossScale {
  /** What the loss is multiplied by; 1: nothing. */
  readonly value: number;
  /** After a step whose gradients are finite. */
  grow(): void;
  /** After an overflow; false where the scale is 1 already, so that scaling is not to blame. */
  shrink(): boolean;
}

/** Good steps after which the scale doubles, the first scale, and the largest: torch's, and what float32 has room for squared. */
const [patience, initial, largest] = [2000, 2 ** 16, 2 ** 24];

/** Undefined where products are computed in float32, which has room for gradients of any size. */
export function lossScaleOf({ precision }: Machine): LossScale | undefined {
  return precision === "float16" ? openLossScale() : undefined;
}

export function openLossScale(value = initial): LossScale {
  let good = 0;
  return {
    get value() {
      return value;
    },
    grow() {
      good++;
      if (good < patience) return;
      good = 0;
      value = Math.min(2 * value, largest);
    },
    shrink() {
      good = 0;
      if (value <= 1) return false;
      value /= 2;
      return true;
    },
  };
}
