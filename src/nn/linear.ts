/** A linear layer, with a low-rank adapter where there is one. */
import { type NdArray, np, slice } from "../engine/array.ts";
import { constant, normal, type ParamSpec, type Place } from "./init.ts";

/** Hugging Face layout: `weight` [O, I] (output, input features), `bias` [O]. */
export interface LinearParams<A = NdArray> {
  readonly weight: A;
  readonly bias?: A;
  /** What an adapter adds; never part of a model's specs. */
  readonly lora?: LoraParams<A>;
}

/** A change of rank R of a linear map (Hu et al., arXiv 2106.09685): `(x aᵀ) bᵀ`, with its scale within b. */
export interface LoraParams<A = NdArray> {
  /** [R, I] */
  readonly a: A;
  /** [O, R] */
  readonly b: A;
  /** [B, S, I], x being [B, T, I] of at most S tokens: dropout of the adapter's input, 0 or 1 / (1 - share). */
  readonly mask?: A;
}

/** Shape and start of a linear map: its matrix, and a bias of zeros if it has one. */
export function linearSpec(
  input: number,
  output: number,
  { std, bias, place }: { std: number; bias: boolean; place?: Place },
): LinearParams<ParamSpec> {
  const weight = { ...normal("linear", [output, input], std), ...(place && { place }) };
  return bias ? { weight, bias: constant("bias", [output], 0) } : { weight };
}

/** `x wᵀ + b`, and what an adapter adds: x [..., I] -> [..., O]. */
export function linear({ weight, bias, lora }: LinearParams, x: NdArray): NdArray {
  const y = lora === undefined ? product(x, weight) : np.add(product(x, weight), lowRank(lora, x));
  return bias === undefined ? y : np.add(y, bias);
}

/** `x wᵀ`: x [..., I], w [O, I] -> [..., O]. */
function product(x: NdArray, weight: NdArray): NdArray {
  const axes = "abcd".slice(0, x.ndim - 1);
  return np.einsum(`${axes}i,oi->${axes}o`, x, weight);
}

function lowRank({ a, b, mask }: LoraParams, x: NdArray): NdArray {
  return product(product(mask === undefined ? x : np.multiply(x, firstTokens(mask, x.shape[1])), a), b);
}

/** [B, S, I] -> [B, count, I]: a text that is read alone is shorter than the row that the mask is of. */
function firstTokens(mask: NdArray, count: number): NdArray {
  return mask.shape[1] === count ? mask : slice(mask, 1, 0, count);
}
