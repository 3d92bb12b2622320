import { type NdArray, np } from "../engine/array.ts";
import { constant, normal, type ParamSpec } from "./init.ts";

/** Hugging Face layout: `weight` [O, I] (output, input features), `bias` [O]. */
export interface LinearParams<A = NdArray> {
  readonly weight: A;
  readonly bias?: A;
}

export function linearSpec(
  input: number,
  output: number,
  options: { std: number; bias: boolean },
): LinearParams<ParamSpec> {
  const weight = normal([output, input], options.std);
  return options.bias ? { weight, bias: constant([output], 0) } : { weight };
}

/** `x wᵀ + b`: x [..., I] -> [..., O]. */
export function linear({ weight, bias }: LinearParams, x: NdArray): NdArray {
  const axes = "abcd".slice(0, x.ndim - 1);
  const y = np.einsum(`${axes}i,oi->${axes}o`, x, weight);
  return bias === undefined ? y : np.add(y, bias);
}
