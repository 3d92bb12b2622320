/** One step as pure functions: gradients and their norm, then AdamW, from state to state. */
import { mapValues } from "../../common/map-values.ts";
import { type NdArray, np, valueAndGrad } from "../../engine/array.ts";
import { type AdamWOptions, adamw, globalNorm, type Moments, type StepScalars } from "./optimiser.ts";
import type { Named } from "./trees.ts";

/** What a run changes: the trained leaves by name, and their moments. */
export interface TrainState<A> {
  readonly params: Named<A>;
  readonly moments: Moments<A>;
}

/** What a step reports: scalars []. */
export interface Report<A> {
  readonly loss: A;
  readonly parts: Named<A>;
  /** Of the gradients of the loss itself, whatever it was scaled by. */
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

/** What a micro-batch's gradients are joined to the others' by: weights of losses, and scalars []. */
export interface MicroScalars<A> {
  readonly weights: Named<A>;
  /** What a micro-batch counts: 1 over their number. */
  readonly share: A;
  /** 1 on the first micro-batch of a step, which starts a new sum. */
  readonly first: A;
  /** What the loss is multiplied by before it is differentiated (loss-scale.ts); absent: nothing. */
  readonly lossScale?: A;
}

/** A sum of gradients from before, with those of one batch: the new sum, and what the batch reports. */
export type GradientFunction<B> = (
  sum: Named<NdArray>,
  params: Named<NdArray>,
  frozen: Named<NdArray>,
  batch: B,
  scalars: MicroScalars<NdArray>,
) => [Named<NdArray>, Report<NdArray>];

/** Forward pass, losses and backward pass of a step that is one batch: its gradients alone, and their norm. */
export function makeGradients<B>(objective: Objective<B>): GradientFunction<B> {
  return (_sum, params, frozen, batch, { weights, lossScale }) => {
    const { value, gradients } = differentiate(objective, params, frozen, batch, weights, lossScale);
    return [gradients, { ...value, gradientNorm: globalNorm(gradients) }];
  };
}

/** The same for one of several micro-batches: adds its gradients to the sum. The norm is that of the sum so far. */
export function makeAccumulate<B>(objective: Objective<B>): GradientFunction<B> {
  return (sum, params, frozen, batch, { weights, share, first, lossScale }) => {
    const { value, gradients } = differentiate(objective, params, frozen, batch, weights, lossScale);
    const restart = np.greater(first, 0.5);
    const next = mapValues(gradients, (g, name) =>
      np.add(np.where(restart, 0, sum[name]), np.multiply(g, share)),
    );
    return [next, { ...value, gradientNorm: globalNorm(next) }];
  };
}

/** The end of a step: AdamW on gradients that `scalars` clip. */
export function makeUpdate(options: StepOptions) {
  return (state: TrainState<NdArray>, gradients: Named<NdArray>, scalars: StepScalars<NdArray>) =>
    [adamw(state.params, gradients, state.moments, scalars, options), {}] as [TrainState<NdArray>, object];
}

/** Loss and gradients with respect to the trained leaves only; the gradients are `lossScale` times as large. */
export function differentiate<B>(
  objective: Objective<B>,
  trained: Named<NdArray>,
  frozen: Named<NdArray>,
  batch: B,
  weights: Named<NdArray>,
  lossScale?: NdArray,
): { value: LossValue; gradients: Named<NdArray> } {
  const f = (params: Named<NdArray>): [NdArray, LossValue] => {
    const value = objective({ ...params, ...frozen }, batch, weights);
    return [lossScale === undefined ? value.loss : np.multiply(value.loss, lossScale), value];
  };
  const [[, value], gradients] = valueAndGrad(f)(trained);
  return { value, gradients };
}
