/** The compiler's program: jax-js's jaxpr as plain data, flat (no nested jit), in single assignment. */
import type { ArraySpec, ConstantArray, DType } from "./host.ts";

export interface Var {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** One value repeated over a shape. */
export interface Literal extends ArraySpec {
  readonly value: number;
}

/** The value of an input that is known when the program is compiled. */
export type Constant = ConstantArray | Literal;

export type Operand = Var | Literal;

export interface Equation {
  readonly primitive: string;
  readonly inputs: readonly Operand[];
  /** As jax-js writes them; each lowering rule knows the form of its own. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly outputs: readonly Var[];
}

export interface Program {
  readonly inputs: readonly Var[];
  readonly equations: readonly Equation[];
  readonly outputs: readonly Operand[];
}

export function isLiteral(x: Operand | Constant): x is Literal {
  return "value" in x;
}

export function literal(value: number, { dtype, shape }: ArraySpec): Literal {
  return { value, dtype, shape };
}
