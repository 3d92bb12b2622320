/** AdamW (Loshchilov and Hutter, arXiv 1711.05101) and clipping by the global norm. */
import { mapValues } from "../../common/map-values.ts";
import { type NdArray, np } from "../../engine/array.ts";
import type { Named } from "./trees.ts";

/** AdamW's running means of the gradient and of its square, one pair for each trained leaf. */
export interface Moments<A> {
  readonly first: Named<A>;
  readonly second: Named<A>;
}

/** AdamW's settings, as in Loshchilov and Hutter, arXiv 1711.05101. */
export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

/**
 * Numbers that change with the step, from what of them does not depend on a parameter; scalars [] so that a compiled step
 * serves the whole run.
 */
export interface StepScalars<A> {
  /** 1 - learningRate * weightDecay: what decay leaves of a weight. */
  readonly kept: A;
  /** (1 - beta1) * gradientScale */
  readonly firstShare: A;
  /** (1 - beta2) * gradientScale^2 */
  readonly secondShare: A;
  /** 1 / sqrt(1 - beta2^t), over the step size learningRate / (1 - beta1^t). */
  readonly rootScale: A;
  /** epsilon over the step size. */
  readonly epsilonScale: A;
}

/** What stands for a step size of 0, which is divided by: with it nothing in float32 moves. */
const leastStep = 1e-30;

/**
 * The scalars of step `step` (from 0, so that t = step + 1), computed in double precision. `gradientScale` is what
 * the gradients are multiplied by before anything else: {@link clipScale}, for one.
 */
export function stepScalars(
  learningRate: number,
  step: number,
  { beta1, beta2, epsilon, weightDecay }: AdamWOptions,
  gradientScale = 1,
): StepScalars<number> {
  const stepSize = Math.max(learningRate / (1 - beta1 ** (step + 1)), leastStep);
  return {
    kept: 1 - learningRate * weightDecay,
    firstShare: (1 - beta1) * gradientScale,
    secondShare: (1 - beta2) * gradientScale ** 2,
    rootScale: 1 / Math.sqrt(1 - beta2 ** (step + 1)) / stepSize,
    epsilonScale: epsilon / stepSize,
  };
}

/**
 * One step of AdamW (Loshchilov & Hutter, arXiv 1711.05101, algorithm 2, as in `torch.optim.AdamW`): decay is
 * decoupled from the gradient and applied only where `decays(name)`. Few passes over memory: all that is
 * the same for every element stands in the scalars, and the step size is a divisor of the root's terms.
 */
export function adamw(
  params: Named<NdArray>,
  gradients: Named<NdArray>,
  moments: Moments<NdArray>,
  scalars: StepScalars<NdArray>,
  { beta1, beta2, weightDecay, decays }: AdamWOptions & { decays: (name: string) => boolean },
): { params: Record<string, NdArray>; moments: Moments<NdArray> } {
  const { kept, firstShare, secondShare, rootScale, epsilonScale } = scalars;
  const blend = (mean: NdArray, beta: number, value: NdArray, share: NdArray) =>
    np.add(np.multiply(mean, beta), np.multiply(value, share));
  const first = mapValues(moments.first, (m, name) => blend(m, beta1, gradients[name], firstShare));
  const second = mapValues(moments.second, (v, name) =>
    blend(v, beta2, np.square(gradients[name]), secondShare),
  );
  const updated = mapValues(params, (p, name) => {
    const root = np.add(np.multiply(np.sqrt(second[name]), rootScale), epsilonScale);
    const from = weightDecay > 0 && decays(name) ? np.multiply(p, kept) : p;
    return np.subtract(from, np.divide(first[name], root));
  });
  return { params: updated, moments: { first, second } };
}

/** Square root of the sum of squares over all leaves: []. */
export function globalNorm(leaves: Named<NdArray>): NdArray {
  const squares = Object.values(leaves).map((x) => np.sum(np.square(x)));
  return np.sqrt(squares.reduce((sum, square) => np.add(sum, square)));
}

/** What gradients of this global norm are multiplied by so that it is at most `limit` (as `torch.nn.utils.clip_grad_norm_`). */
export function clipScale(norm: number, limit: number): number {
  return Math.min(limit / (norm + 1e-6), 1);
}
