/** Recognises softmax, log-softmax and sigmoid, which ONNX Runtime computes in one pass over memory each. */
import type { Equation, Operand, Program } from "./ir.ts";
import { isLiteral } from "./ir.ts";
import { liveEquations } from "./simplify.ts";

/** Replaces the last equation of each pattern; what nobody else reads of the rest disappears. */
export function fuse(program: Program): Program {
  const defs: Definitions = new Map();
  const equations = program.equations.map((equation) => {
    const fused = patterns[equation.primitive]?.(equation, defs) ?? equation;
    for (const output of fused.outputs) defs.set(output.id, fused);
    return fused;
  });
  return { ...program, equations: liveEquations(equations, program.outputs) };
}

/** The equation that makes a variable. */
type Definitions = Map<number, Equation>;
type Pattern = (equation: Equation, defs: Definitions) => Equation | undefined;

/** By the primitive of the last equation. */
const patterns: Readonly<Record<string, Pattern>> = {
  /** exp(x - max x) * (1 / sum) */
  mul(equation, defs) {
    for (const [e, scale] of bothOrders(equation)) {
      const sum = inputOf(scale, "reciprocal", defs);
      const shifted = inputOf(e, "exp", defs);
      const over = sum && keptReduction(sum, "Add", defs);
      if (!shifted || !over || !isSame(over.source, e)) continue;
      const x = withoutMax(shifted, over.axis, defs);
      if (x) return replaced(equation, "softmax", [x], { axis: over.axis });
    }
    return undefined;
  },
  /** d - log(sum exp d) with d = x - max x */
  add(equation, defs) {
    for (const [shifted, last] of bothOrders(equation)) {
      const logarithm = inputOf(last, "neg", defs);
      const sum = logarithm && inputOf(logarithm, "log", defs);
      const over = sum && keptReduction(sum, "Add", defs);
      const inner = over && inputOf(over.source, "exp", defs);
      if (!over || !inner || !isSame(inner, shifted)) continue;
      const x = withoutMax(shifted, over.axis, defs);
      if (x) return replaced(equation, "log_softmax", [x], { axis: over.axis });
    }
    return undefined;
  },
  /** 1 / (1 + exp(-scale x)) */
  reciprocal(equation, defs) {
    const sum = definition(equation.inputs[0], "add", defs);
    const unit = sum?.inputs.findIndex((x) => isLiteral(x) && x.value === 1) ?? -1;
    const exponent = unit < 0 ? undefined : inputOf(sum?.inputs[1 - unit], "exp", defs);
    const scaled = exponent && scaledInput(exponent, defs);
    return scaled && replaced(equation, "sigmoid", [scaled.x], { scale: -scaled.scale });
  },
};

function replaced(
  { outputs }: Equation,
  primitive: string,
  inputs: readonly Operand[],
  params: Equation["params"],
): Equation | undefined {
  return inputs[0].shape.join() === outputs[0].shape.join()
    ? { primitive, inputs, params, outputs }
    : undefined;
}

function bothOrders({ inputs: [a, b] }: Equation): readonly [Operand, Operand][] {
  return [
    [a, b],
    [b, a],
  ];
}

function definition(x: Operand | undefined, primitive: string, defs: Definitions): Equation | undefined {
  const made = x === undefined || isLiteral(x) ? undefined : defs.get(x.id);
  return made?.primitive === primitive ? made : undefined;
}

function inputOf(x: Operand | undefined, primitive: string, defs: Definitions): Operand | undefined {
  return definition(x, primitive, defs)?.inputs[0];
}

function isSame(a: Operand, b: Operand): boolean {
  return !isLiteral(a) && !isLiteral(b) && a.id === b.id;
}

interface Reduction {
  readonly source: Operand;
  readonly axis: number;
}

/** A reduction over one axis, which stays with length 1. */
function keptReduction(x: Operand, op: string, defs: Definitions): Reduction | undefined {
  const flat = inputOf(x, "reshape", defs) ?? inputOf(x, "broadcast", defs);
  const reduction = definition(flat, "reduce", defs);
  if (!reduction || reduction.params.op !== op) return undefined;
  const [source] = reduction.inputs;
  const [axis, ...others] = reduction.params.axis as number[];
  if (others.length > 0 || x.shape.join() !== source.shape.with(axis, 1).join()) return undefined;
  return { source, axis };
}

/** x of x - max(x) along the axis. */
function withoutMax(shifted: Operand, axis: number, defs: Definitions): Operand | undefined {
  const sum = definition(shifted, "add", defs);
  if (!sum) return undefined;
  for (const [x, last] of bothOrders(sum)) {
    const largest = inputOf(last, "neg", defs);
    const max = largest && keptReduction(largest, "Max", defs);
    if (max && max.axis === axis && isSame(max.source, x)) return x;
  }
  return undefined;
}

/** x and c of c x. */
function scaledInput(operand: Operand, defs: Definitions): { x: Operand; scale: number } | undefined {
  const negated = inputOf(operand, "neg", defs);
  if (negated) return { x: negated, scale: -1 };
  const product = definition(operand, "mul", defs);
  const at = product?.inputs.findIndex((x) => isLiteral(x)) ?? -1;
  const factor = product?.inputs[at];
  if (!product || !factor || !isLiteral(factor)) return undefined;
  return { x: product.inputs[1 - at], scale: factor.value };
}
