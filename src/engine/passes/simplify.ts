/** Passes over the program before lowering: aliases, equal equations, exact cancellations, zeros, dead code. */
import type { Constant, Equation, Operand, Program, Var } from "../ir.ts";
import { isLiteral, literal } from "../ir.ts";

/**
 * One pass in order. `stop_gradient` is an alias here; equations with equal operands are computed once; zeros
 * (automatic differentiation leaves many) vanish from sums and products; and `a - a` is zero, which makes
 * `stop(value) + (surrogate - stop(surrogate))` cost nothing but `value`: the form in which models state a
 * gradient of their own. As with JAX's symbolic zeros, 0 times a number that is not finite counts as 0.
 * `constants[i]` is the value of input i where it is known.
 */
export function simplify(program: Program, constants: readonly Constant[] = []): Program {
  const state: State = { same: new Map(), seen: new Map(), negated: new Map() };
  constants.forEach((constant, i) => {
    if (isLiteral(constant)) state.same.set(program.inputs[i].id, constant);
  });
  const kept = program.equations.flatMap((equation) => visit(rename(equation, state), state) ?? []);
  const outputs = program.outputs.map((operand) => resolve(operand, state));
  return { inputs: program.inputs, equations: liveEquations(kept, outputs), outputs };
}

interface State {
  readonly same: Map<number, Operand>;
  /** Equations by what they compute. */
  readonly seen: Map<string, Equation>;
  /** Of which variable a variable is the negative. */
  readonly negated: Map<number, Operand>;
}

function resolve(operand: Operand, { same }: State): Operand {
  return isLiteral(operand) ? operand : (same.get(operand.id) ?? operand);
}

function rename(equation: Equation, state: State): Equation {
  return { ...equation, inputs: equation.inputs.map((operand) => resolve(operand, state)) };
}

/** The equation if it must be computed; otherwise notes what its outputs are. */
function visit(equation: Equation, state: State): Equation | undefined {
  const known = knownOutputs(equation, state) ?? state.seen.get(keyOf(equation))?.outputs;
  if (known !== undefined) {
    equation.outputs.forEach((v, i) => {
      state.same.set(v.id, known[i]);
    });
    return undefined;
  }
  if (equation.primitive === "neg") state.negated.set(equation.outputs[0].id, equation.inputs[0]);
  state.seen.set(keyOf(equation), equation);
  return equation;
}

function keyOf({ primitive, inputs, params, outputs }: Equation): string {
  const operands = inputs.map((x) => (isLiteral(x) ? `${x.value}:${x.dtype}[${x.shape}]` : `#${x.id}`));
  if (primitive === "add" || primitive === "mul") operands.sort();
  return `${primitive} ${operands} ${JSON.stringify(params)} ${outputs[0].dtype}[${outputs[0].shape}]`;
}

/** Outputs that need no computing: other operands, or zeros. */
function knownOutputs(equation: Equation, state: State): readonly Operand[] | undefined {
  const { primitive, inputs, outputs } = equation;
  if (primitive === "stop_gradient") return inputs;
  if (primitive === "add") return knownSum(equation, state);
  if (primitive === "mul") {
    const unit = inputs.findIndex((x) => isValue(x, 1));
    if (unit >= 0 && sameType(inputs[1 - unit], outputs[0])) return [inputs[1 - unit]];
  }
  if (
    (primitive === "broadcast" || primitive === "reshape" || primitive === "transpose") &&
    isLiteral(inputs[0])
  )
    return [literal(inputs[0].value, outputs[0])];
  const vanishes = vanishing[primitive];
  if (vanishes?.(inputs, equation)) return outputs.map((out) => literal(0, out));
  return undefined;
}

const any = (inputs: readonly Operand[]) => inputs.some(isZero);
const first = (inputs: readonly Operand[]) => isZero(inputs[0]);

/** When the outputs of a primitive are zero. */
const vanishing: Readonly<Record<string, (inputs: readonly Operand[], equation: Equation) => boolean>> = {
  mul: any,
  dot: any,
  conv: any,
  neg: first,
  reshape: first,
  transpose: first,
  broadcast: first,
  shrink: first,
  flip: first,
  pad: first,
  split: first,
  cast: first,
  gather: first,
  scatter: first,
  pool: first,
  pool_transpose: first,
  reduce: (inputs, { outputs }) => first(inputs) && outputs[0].dtype !== "bool",
  concatenate: (inputs) => inputs.every(isZero),
  where: ([, ...branches]) => branches.every(isZero),
};

function isZero(operand: Operand): boolean {
  return isValue(operand, 0);
}

function isValue(operand: Operand, value: number): boolean {
  return isLiteral(operand) && operand.value === value && operand.dtype !== "bool";
}

function sameType(a: Operand, b: Operand): boolean {
  return a.dtype === b.dtype && a.shape.join() === b.shape.join();
}

/** a + (-a) is zero; x + 0 is x. */
function knownSum(
  { inputs: [a, b], outputs: [out] }: Equation,
  state: State,
): readonly Operand[] | undefined {
  if (isNegativeOf(a, b, state) || isNegativeOf(b, a, state)) return [literal(0, out)];
  if (isZero(b) && sameType(a, out)) return [a];
  if (isZero(a) && sameType(b, out)) return [b];
  return undefined;
}

function isNegativeOf(a: Operand, b: Operand, { negated }: State): boolean {
  if (isLiteral(a) || isLiteral(b)) return false;
  const source = negated.get(a.id);
  return source !== undefined && !isLiteral(source) && source.id === b.id;
}

/** Drops equations that no output needs. */
export function liveEquations(equations: readonly Equation[], outputs: readonly Operand[]): Equation[] {
  const needed = new Set(outputs.flatMap((operand) => (isLiteral(operand) ? [] : [operand.id])));
  const kept = equations.toReversed().filter((equation) => {
    if (!equation.outputs.some((v: Var) => needed.has(v.id))) return false;
    for (const operand of equation.inputs) if (!isLiteral(operand)) needed.add(operand.id);
    return true;
  });
  return kept.reverse();
}
