/** RMSNorm and LayerNorm. */
import { type NdArray, np, stopGradient } from "../engine/array.ts";
import { withGradientOf } from "./gradient.ts";
import { constant, type ParamSpec } from "./init.ts";

export interface RmsNormParams<A = NdArray> {
  readonly weight: A;
}

export interface LayerNormParams<A = NdArray> {
  readonly weight: A;
  readonly bias: A;
}

export function rmsNormSpec(size: number): RmsNormParams<ParamSpec> {
  return { weight: constant("norm", [size], 1) };
}

export function layerNormSpec(size: number): LayerNormParams<ParamSpec> {
  return { weight: constant("norm", [size], 1), bias: constant("norm", [size], 0) };
}

/** Root-mean-square norm over the last axis (Zhang & Sennrich, arXiv 1910.07467): x [..., D] -> [..., D]. */
export function rmsNorm({ weight }: RmsNormParams, x: NdArray, epsilon: number): NdArray {
  return np.multiply(rootMeanSquareScaled(x, epsilon), weight);
}

/** Layer norm over the last axis (Ba et al., arXiv 1607.06450): x [..., D] -> [..., D]. */
export function layerNorm({ weight, bias }: LayerNormParams, x: NdArray, epsilon: number): NdArray {
  return np.add(np.multiply(standardised(x, epsilon), weight), bias);
}

const mean = (x: NdArray) => np.mean(x, -1, { keepdims: true });

/**
 * n = x r with r = 1/sqrt(mean(x²) + ε). Its Jacobian r (I - n nᵀ / D) is symmetric, so the linear map
 * x -> r (x - n mean(n x)) has the exact gradient and keeps only n and r.
 */
function rootMeanSquareScaled(x: NdArray, epsilon: number): NdArray {
  const fixed = stopGradient(x);
  const scale = np.reciprocal(np.sqrt(np.add(mean(np.square(fixed)), epsilon)));
  const value = np.multiply(fixed, scale);
  const surrogate = np.multiply(np.subtract(x, np.multiply(value, mean(np.multiply(value, x)))), scale);
  return withGradientOf(value, surrogate);
}

/** n = (x - mean(x)) / sqrt(var(x) + ε), with Jacobian r (I - 1 1ᵀ / D - n nᵀ / D), symmetric too. */
function standardised(x: NdArray, epsilon: number): NdArray {
  const fixed = stopGradient(x);
  const centred = np.subtract(fixed, mean(fixed));
  const scale = np.reciprocal(np.sqrt(np.add(mean(np.square(centred)), epsilon)));
  const value = np.multiply(centred, scale);
  const projected = np.add(mean(x), np.multiply(value, mean(np.multiply(value, x))));
  return withGradientOf(value, np.multiply(np.subtract(x, projected), scale));
}
