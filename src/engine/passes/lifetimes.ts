/** How much memory a program holds when its equations run in the order in which they are listed. */
import type { DType } from "../host.ts";
import { sizeOf } from "../host.ts";
import type { Equation, Operand, Program, Var } from "../ir.ts";
import { isLiteral } from "../ir.ts";

/** Primitives whose result reads the memory of their first operand. */
export const aliasing: ReadonlySet<string> = new Set(["reshape", "transpose", "broadcast", "gate"]);

const width: Readonly<Record<DType, number>> = { float32: 4, float64: 8, int32: 4, uint32: 4, bool: 1 };

/** The memory behind variables. */
export interface Memory {
  /** The variable whose memory a variable reads; undefined for a literal repeated. */
  root(id: number): number | undefined;
  /** Bytes of a root; 0 for an input of the program, which the caller holds. */
  bytes(root: number | undefined): number;
}

export function memoryOf({ inputs, equations }: Pick<Program, "inputs" | "equations">): Memory {
  const roots = new Map<number, number | undefined>(inputs.map(({ id }) => [id, id]));
  const sizes = new Map<number, number>();
  for (const { primitive, inputs: operands, outputs } of equations) {
    const [first] = operands;
    if (aliasing.has(primitive)) {
      roots.set(outputs[0].id, isLiteral(first) ? undefined : roots.get(first.id));
      continue;
    }
    for (const output of outputs) {
      roots.set(output.id, output.id);
      sizes.set(output.id, bytesOf(output));
    }
  }
  return {
    root: (id) => roots.get(id),
    bytes: (root) => (root === undefined ? 0 : (sizes.get(root) ?? 0)),
  };
}

export function bytesOf({ shape, dtype }: Var): number {
  return sizeOf(shape) * width[dtype];
}

/** Bytes held while each equation runs, its operands and results included, and after it. */
export function liveBytes(program: Program): { readonly during: number; readonly after: number }[] {
  const memory = memoryOf(program);
  const last = lastReads(program, memory);
  let live = 0;
  return program.equations.map((equation, i) => {
    const made = rootsOf(equation.outputs, memory);
    if (!aliasing.has(equation.primitive)) for (const root of made) live += memory.bytes(root);
    const during = live;
    for (const root of new Set([...rootsOf(equation.inputs, memory), ...made]))
      if ((last.get(root) ?? i) <= i) live -= memory.bytes(root);
    return { during, after: live };
  });
}

export function peakBytes(program: Program): number {
  return liveBytes(program).reduce((most, { during }) => Math.max(most, during), 0);
}

function lastReads({ equations, outputs }: Program, memory: Memory): Map<number, number> {
  const last = new Map<number, number>();
  equations.forEach(({ inputs }, i) => {
    for (const root of rootsOf(inputs, memory)) last.set(root, i);
  });
  for (const root of rootsOf(outputs, memory)) last.set(root, Number.POSITIVE_INFINITY);
  return last;
}

/** The different roots of some operands. */
export function rootsOf(operands: readonly Operand[], memory: Memory): number[] {
  const roots = operands.map((x) => (isLiteral(x) ? undefined : memory.root(x.id)));
  return [...new Set(roots.filter((root) => root !== undefined))];
}

/** Variables among operands. */
export function variables(operands: readonly Operand[]): Var[] {
  return operands.filter((x): x is Var => !isLiteral(x));
}

/** The equation that makes each variable. */
export function definitions(equations: readonly Equation[]): Map<number, Equation> {
  return new Map(equations.flatMap((equation) => equation.outputs.map(({ id }) => [id, equation] as const)));
}
