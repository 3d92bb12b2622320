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

/**
 * Root-mean-square norm over the last axis (Zhang & Sennrich, arXiv 1910.07467): x [..., D] -> [..., D]. With
 * r = 1/sqrt(mean(x²) + ε) the value is x r w. The gradient keeps x and r alone: for a cotangent g and q = g x, that of x is
 * g w r - x r³ mean(q w) and that of w the sum of q r over all rows, both of them products of a matrix and a vector.
 */
export function rmsNorm({ weight }: RmsNormParams, x: NdArray, epsilon: number): NdArray {
  const [fixed, w] = [stopGradient(x), stopGradient(weight)];
  const scale = np.reciprocal(np.sqrt(np.add(mean(np.square(fixed)), epsilon)));
  const value = np.multiply(np.multiply(fixed, scale), w);
  const share = np.multiply(mean(np.multiply(fixed, x)), np.multiply(np.negative(scale), np.square(scale)));
  const straight = np.multiply(np.multiply(x, scale), w);
  const others = np.add(outer(scale, weight), outer(share, w));
  return withGradientOf(value, np.add(straight, np.multiply(fixed, others)));
}

/** rows [..., 1] and columns [D] -> [..., D], as a product of matrices. */
function outer(rows: NdArray, columns: NdArray): NdArray {
  return np.matmul(rows, np.reshape(columns, [1, columns.shape[0]]));
}

/** Layer norm over the last axis (Ba et al., arXiv 1607.06450): x [..., D] -> [..., D]. */
export function layerNorm({ weight, bias }: LayerNormParams, x: NdArray, epsilon: number): NdArray {
  return np.add(np.multiply(standardised(x, epsilon), weight), bias);
}

const mean = (x: NdArray) => np.mean(x, -1, { keepdims: true });

/**
 * n = (x - mean(x)) / sqrt(var(x) + ε). Its Jacobian r (I - 1 1ᵀ / D - n nᵀ / D) is symmetric, so the linear map
 * x -> r (x - mean(x) - n mean(n x)) has the exact gradient and keeps only n and r.
 */
function standardised(x: NdArray, epsilon: number): NdArray {
  const fixed = stopGradient(x);
  const centred = np.subtract(fixed, mean(fixed));
  const scale = np.reciprocal(np.sqrt(np.add(mean(np.square(centred)), epsilon)));
  const value = np.multiply(centred, scale);
  const projected = np.add(mean(x), np.multiply(value, mean(np.multiply(value, x))));
  return withGradientOf(value, np.multiply(np.subtract(x, projected), scale));
}
