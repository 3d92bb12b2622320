/** Passes over the program before lowering: aliases, equal equations, exact cancellations, dead code. */
import type { Equation, Operand, Program, Var } from "./ir.ts";
import { isLiteral } from "./ir.ts";

/**
 * One pass in order. `stop_gradient` is an alias here; equations with equal operands are computed once; and
 * `a - a` is zero and vanishes from sums, which makes `stop(value) + (surrogate - stop(surrogate))` cost
 * nothing but `value`: the form in which models state a gradient of their own.
 */
export function simplify(program: Program): Program {
  const state: State = { same: new Map(), seen: new Map(), negated: new Map(), zeros: new Set() };
  const kept = program.equations.flatMap((equation) => visit(rename(equation, state), state) ?? []);
  const outputs = program.outputs.map((operand) => resolve(operand, state));
  return { inputs: program.inputs, equations: live(kept, outputs), outputs };
}

interface State {
  readonly same: Map<number, Operand>;
  /** Equations by what they compute. */
  readonly seen: Map<string, Equation>;
  /** Of which variable a variable is the negative. */
  readonly negated: Map<number, Operand>;
  readonly zeros: Set<number>;
}

function resolve(operand: Operand, { same }: State): Operand {
  return isLiteral(operand) ? operand : (same.get(operand.id) ?? operand);
}

function rename(equation: Equation, state: State): Equation {
  return { ...equation, inputs: equation.inputs.map((operand) => resolve(operand, state)) };
}

/** The equation if it must be computed; otherwise notes what its output is. */
function visit(equation: Equation, state: State): Equation | undefined {
  const [out] = equation.outputs;
  if (equation.primitive === "stop_gradient") {
    state.same.set(out.id, equation.inputs[0]);
    return undefined;
  }
  const key = keyOf(equation);
  const twin = state.seen.get(key);
  if (twin !== undefined) {
    equation.outputs.forEach((v, i) => {
      state.same.set(v.id, twin.outputs[i]);
    });
    return undefined;
  }
  if (equation.primitive === "neg") state.negated.set(out.id, equation.inputs[0]);
  if (equation.primitive === "add" && cancels(equation, state)) return undefined;
  state.seen.set(key, equation);
  return equation;
}

function keyOf({ primitive, inputs, params, outputs }: Equation): string {
  const operands = inputs.map((x) => (isLiteral(x) ? `${x.value}:${x.dtype}` : `#${x.id}`));
  if (primitive === "add" || primitive === "mul") operands.sort();
  return `${primitive} ${operands} ${JSON.stringify(params)} ${outputs[0].dtype}[${outputs[0].shape}]`;
}

/** a + (-a): notes a zero. x + zero of no larger shape: notes an alias. */
function cancels({ inputs: [a, b], outputs: [out] }: Equation, state: State): boolean {
  if (isNegativeOf(a, b, state) || isNegativeOf(b, a, state)) {
    state.zeros.add(out.id);
    return false;
  }
  for (const [x, zero] of [
    [a, b],
    [b, a],
  ]) {
    if (!isLiteral(zero) && state.zeros.has(zero.id) && x.shape.join() === out.shape.join()) {
      state.same.set(out.id, x);
      return true;
    }
  }
  return false;
}

function isNegativeOf(a: Operand, b: Operand, { negated }: State): boolean {
  if (isLiteral(a) || isLiteral(b)) return false;
  const source = negated.get(a.id);
  return source !== undefined && !isLiteral(source) && source.id === b.id;
}

function live(equations: readonly Equation[], outputs: readonly Operand[]): Equation[] {
  const needed = new Set(outputs.flatMap((operand) => (isLiteral(operand) ? [] : [operand.id])));
  const kept = equations.toReversed().filter((equation) => {
    if (!equation.outputs.some((v: Var) => needed.has(v.id))) return false;
    for (const operand of equation.inputs) if (!isLiteral(operand)) needed.add(operand.id);
    return true;
  });
  return kept.reverse();
}
