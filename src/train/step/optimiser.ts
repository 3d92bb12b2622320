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

/** Numbers that change with the step; scalars [] so that a compiled step serves the whole run. */
export interface StepScalars<A> {
  readonly learningRate: A;
  /** learningRate / (1 - beta1^t) */
  readonly stepSize: A;
  /** 1 / sqrt(1 - beta2^t) */
  readonly secondScale: A;
}

/** The scalars of step `step` (from 0, so that t = step + 1), computed in double precision. */
export function stepScalars(learningRate: number, step: number, options: AdamWOptions): StepScalars<number> {
  return {
    learningRate,
    stepSize: learningRate / (1 - options.beta1 ** (step + 1)),
    secondScale: 1 / Math.sqrt(1 - options.beta2 ** (step + 1)),
  };
}

/**
 * One step of AdamW (Loshchilov & Hutter, arXiv 1711.05101, algorithm 2, as in `torch.optim.AdamW`): decay is
 * decoupled from the gradient and applied only where `decays(name)`.
 */
export function adamw(
  params: Named<NdArray>,
  gradients: Named<NdArray>,
  moments: Moments<NdArray>,
  scalars: StepScalars<NdArray>,
  options: AdamWOptions & { decays: (name: string) => boolean },
): { params: Record<string, NdArray>; moments: Moments<NdArray> } {
  const { beta1, beta2, epsilon, weightDecay, decays } = options;
  const first = mapValues(moments.first, (m, name) => blend(m, gradients[name], beta1));
  const second = mapValues(moments.second, (v, name) => blend(v, np.square(gradients[name]), beta2));
  const shrink = np.subtract(1, np.multiply(scalars.learningRate, weightDecay));
  const updated = mapValues(params, (p, name) => {
    const root = np.add(np.multiply(np.sqrt(second[name]), scalars.secondScale), epsilon);
    const move = np.multiply(np.divide(first[name], root), scalars.stepSize);
    return np.subtract(weightDecay > 0 && decays(name) ? np.multiply(p, shrink) : p, move);
  });
  return { params: updated, moments: { first, second } };
}

/** beta * mean + (1 - beta) * value */
function blend(mean: NdArray, value: NdArray, beta: number): NdArray {
  return np.add(np.multiply(mean, beta), np.multiply(value, 1 - beta));
}

/** Square root of the sum of squares over all leaves: []. */
export function globalNorm(leaves: Named<NdArray>): NdArray {
  const squares = Object.values(leaves).map((x) => np.sum(np.square(x)));
  return np.sqrt(squares.reduce((sum, square) => np.add(sum, square)));
}

/** Scales all leaves so that their global norm is at most `limit` (as `torch.nn.utils.clip_grad_norm_`). */
export function clipByGlobalNorm(
  leaves: Named<NdArray>,
  limit: number,
): { leaves: Record<string, NdArray>; norm: NdArray } {
  const norm = globalNorm(leaves);
  const scale = np.minimum(np.divide(limit, np.add(norm, 1e-6)), 1);
  return { leaves: mapValues(leaves, (x) => np.multiply(x, scale)), norm };
}
