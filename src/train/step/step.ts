/** One step as pure functions: gradients, clipping, AdamW, from state to state. */
import { mapValues } from "../../common/map-values.ts";
import { type NdArray, np, valueAndGrad } from "../../engine/array.ts";
import { type AdamWOptions, adamw, clipByGlobalNorm, type Moments, type StepScalars } from "./optimiser.ts";
import type { Named } from "./trees.ts";

/** What a run changes: the trained leaves by name, and their moments. */
export interface TrainState<A> {
  readonly params: Named<A>;
  readonly moments: Moments<A>;
}

/** Scalars [] of one step: the optimiser's, and a weight for each loss. */
export interface Scalars<A> extends StepScalars<A> {
  readonly weights: Named<A>;
}

/** What a step reports: scalars []. */
export interface Report<A> {
  readonly loss: A;
  readonly parts: Named<A>;
  readonly gradientNorm: A;
}

/** The weighted sum of the losses, and each loss before its weight: scalars []. */
export interface LossValue {
  readonly loss: NdArray;
  readonly parts: Named<NdArray>;
}

/** Forward pass and losses of one batch, with all parameters by name. */
export type Objective<B> = (params: Named<NdArray>, batch: B, weights: Named<NdArray>) => LossValue;

export interface StepOptions extends AdamWOptions {
  readonly clipNorm: number;
  readonly decays: (name: string) => boolean;
}

/** One whole step: forward, losses, backward, clipping and AdamW, as one function to compile. */
export function makeStep<B>(objective: Objective<B>, options: StepOptions) {
  return (state: TrainState<NdArray>, frozen: Named<NdArray>, batch: B, scalars: Scalars<NdArray>) => {
    const { value, gradients } = differentiate(objective, state.params, frozen, batch, scalars.weights);
    const { state: next, gradientNorm } = apply(state, gradients, scalars, options);
    return [next, { ...value, gradientNorm }] as [TrainState<NdArray>, Report<NdArray>];
  };
}

/** Gradients summed over micro-batches, with the losses summed beside them. */
export interface Accumulated<A> {
  readonly gradients: Named<A>;
  readonly loss: A;
  readonly parts: Named<A>;
}

/**
 * One micro-batch: adds its gradients and losses, times `share` [], to the sum; `first` [] is 1 on the first
 * micro-batch of a step, which starts a new sum.
 */
export function makeAccumulate<B>(objective: Objective<B>) {
  return (
    sum: Accumulated<NdArray>,
    params: Named<NdArray>,
    frozen: Named<NdArray>,
    batch: B,
    scalars: { weights: Named<NdArray>; share: NdArray; first: NdArray },
  ) => {
    const { value, gradients } = differentiate(objective, params, frozen, batch, scalars.weights);
    const restart = np.greater(scalars.first, 0.5);
    const add = (old: NdArray, x: NdArray) =>
      np.add(np.where(restart, 0, old), np.multiply(x, scalars.share));
    const next: Accumulated<NdArray> = {
      gradients: mapValues(gradients, (g, name) => add(sum.gradients[name], g)),
      loss: add(sum.loss, value.loss),
      parts: mapValues(value.parts, (part, name) => add(sum.parts[name], part)),
    };
    return [next, { loss: next.loss, parts: next.parts }] as [Accumulated<NdArray>, LossValue];
  };
}

/** The end of an accumulated step: clipping and AdamW on the averaged gradients. */
export function makeApply(options: StepOptions) {
  return (state: TrainState<NdArray>, gradients: Named<NdArray>, scalars: StepScalars<NdArray>) => {
    const { state: next, gradientNorm } = apply(state, gradients, scalars, options);
    return [next, { gradientNorm }] as [TrainState<NdArray>, { gradientNorm: NdArray }];
  };
}

function apply(
  state: TrainState<NdArray>,
  gradients: Named<NdArray>,
  scalars: StepScalars<NdArray>,
  options: StepOptions,
): { state: TrainState<NdArray>; gradientNorm: NdArray } {
  const { leaves, norm } = clipByGlobalNorm(gradients, options.clipNorm);
  return { state: adamw(state.params, leaves, state.moments, scalars, options), gradientNorm: norm };
}

/** Loss and gradients with respect to the trained leaves only. */
export function differentiate<B>(
  objective: Objective<B>,
  trained: Named<NdArray>,
  frozen: Named<NdArray>,
  batch: B,
  weights: Named<NdArray>,
): { value: LossValue; gradients: Named<NdArray> } {
  const f = (params: Named<NdArray>): [NdArray, LossValue] => {
    const value = objective({ ...params, ...frozen }, batch, weights);
    return [value.loss, value];
  };
  const [[, value], gradients] = valueAndGrad(f)(trained);
  return { value, gradients };
}
