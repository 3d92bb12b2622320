/** The compiler's program: jax-js's jaxpr as plain data, flat (no nested jit), in single assignment. */
import type { DType } from "./host.ts";

export interface Var {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** A scalar constant. */
export interface Literal {
  readonly value: number;
  readonly shape: readonly [];
  readonly dtype: DType;
}

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

export function isLiteral(operand: Operand): operand is Literal {
  return !("id" in operand);
}

export function literal(value: number, dtype: DType): Literal {
  return { value, dtype, shape: [] };
}
