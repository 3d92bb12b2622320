/** Shortens chains of scalars, signs and casts, which cost one pass over memory for each link. */
import { sizeOf } from "../host.ts";
import type { Equation, Literal, Operand, Program, Var } from "../ir.ts";
import { isLiteral } from "../ir.ts";
import { liveEquations } from "./simplify.ts";

/**
 * `(x a) b` is `x (a b)`, also where b divides; `(x + a) + b` is `x + (a + b)` for a and b of one sign; a negation
 * waits until a constant factor or a sum takes it in; casts through a type that holds every value of the first
 * vanish. Floats only; equal to rounding.
 */
export function foldScalars(program: Program): Program {
  const ids = [...program.inputs, ...program.equations.flatMap(({ outputs }) => outputs)].map(({ id }) => id);
  const state: State = { defs: new Map(), same: new Map(), next: Math.max(0, ...ids) + 1 };
  const equations = program.equations.flatMap((equation) => {
    const made = fold({ ...equation, inputs: equation.inputs.map((x) => resolve(x, state)) }, state);
    for (const one of made) for (const { id } of one.outputs) state.defs.set(id, one);
    return made;
  });
  const outputs = program.outputs.map((operand) => resolve(operand, state));
  return { ...program, equations: liveEquations(equations, outputs), outputs };
}

interface State {
  readonly defs: Map<number, Equation>;
  readonly same: Map<number, Operand>;
  next: number;
}

function resolve(operand: Operand, { same }: State): Operand {
  return isLiteral(operand) ? operand : (same.get(operand.id) ?? operand);
}

function fold(equation: Equation, state: State): readonly Equation[] {
  const [out] = equation.outputs;
  if (equation.primitive === "cast") return foldCast(equation, state);
  if (!out.dtype.startsWith("float")) return [equation];
  if (equation.primitive === "neg") {
    const twice = negated(equation.inputs[0], state);
    if (twice) state.same.set(out.id, twice);
    return twice ? [] : [equation];
  }
  if (equation.primitive === "mul") return foldProduct(equation, state);
  if (equation.primitive === "add") return [foldSum(equation, state)];
  return delayed(equation, state) ?? [equation];
}

function definition(x: Operand, primitive: string, { defs }: State): Equation | undefined {
  const made = isLiteral(x) ? undefined : defs.get(x.id);
  return made?.primitive === primitive ? made : undefined;
}

/** x of -x. */
function negated(x: Operand, state: State): Operand | undefined {
  return definition(x, "neg", state)?.inputs[0];
}

/** A product by a constant: of x, which has the shape of the product. */
interface Scaled {
  readonly x: Operand;
  readonly constant: Operand;
  readonly factor: number;
}

function scaled(product: Equation | undefined, state: State): Scaled | undefined {
  const at = product?.inputs.findIndex((x) => factorOf(x, state) !== undefined) ?? -1;
  if (!product || at < 0) return undefined;
  const [x, constant] = [product.inputs[1 - at], product.inputs[at]];
  if (x.shape.join() !== product.outputs[0].shape.join() || x.dtype !== product.outputs[0].dtype)
    return undefined;
  return { x, constant, factor: factorOf(constant, state) as number };
}

/** c, or 1/c of a division by c. */
function factorOf(x: Operand, state: State): number | undefined {
  if (isLiteral(x)) return x.value;
  const divisor = definition(x, "reciprocal", state)?.inputs[0];
  return divisor && isLiteral(divisor) ? 1 / divisor.value : undefined;
}

function foldProduct(equation: Equation, state: State): readonly Equation[] {
  const outer = scaled(equation, state);
  if (!outer) return delayed(equation, state) ?? [equation];
  const inner = scaled(definition(outer.x, "mul", state), state);
  const positive = negated(outer.x, state);
  if (inner && isOrdinary(inner.factor * outer.factor))
    return [withConstant(equation, inner.x, inner.factor * outer.factor)];
  if (positive && isLiteral(outer.constant)) return [withConstant(equation, positive, -outer.factor)];
  return [equation];
}

/** Far from what single precision rounds to zero or infinity. */
function isOrdinary(factor: number): boolean {
  return Math.abs(factor) > 1e-30 && Math.abs(factor) < 1e30;
}

function withConstant(equation: Equation, x: Operand, value: number): Equation {
  const constant: Literal = { value, dtype: equation.outputs[0].dtype, shape: [] };
  return { ...equation, inputs: [x, constant] };
}

function foldSum(equation: Equation, state: State): Equation {
  const outer = shifted(equation);
  const inner = outer && shifted(definition(outer.x, "add", state));
  if (!outer || !inner || inner.constant * outer.constant < 0) return equation;
  return withConstant(equation, inner.x, inner.constant + outer.constant);
}

function shifted(sum: Equation | undefined): { x: Operand; constant: number } | undefined {
  const constant = sum?.inputs.find(isLiteral);
  const x = sum?.inputs.find((operand) => !isLiteral(operand));
  if (!sum || !constant || !x || x.shape.join() !== sum.outputs[0].shape.join()) return undefined;
  return x.dtype === sum.outputs[0].dtype ? { x, constant: constant.value } : undefined;
}

const linear = new Set(["mul", "reduce", "reshape", "transpose", "broadcast"]);

/** f(-x) as -f(x) where f is linear and its result no larger than x: a sum or a factor may take in the sign. */
function delayed(equation: Equation, state: State): readonly Equation[] | undefined {
  const { primitive, inputs, outputs, params } = equation;
  if (!linear.has(primitive) || (primitive === "reduce" && params.op !== "Add")) return undefined;
  const [out] = outputs;
  const at = inputs.findIndex((x) => negated(x, state) && sizeOf(x.shape) >= sizeOf(out.shape));
  if (at < 0) return undefined;
  const positive: Var = { ...out, id: state.next++ };
  const source = negated(inputs[at], state) as Operand;
  return [
    { ...equation, inputs: inputs.with(at, source), outputs: [positive] },
    { primitive: "neg", inputs: [positive], params: {}, outputs },
  ];
}

/** Types that hold every value of a type. */
const wider: Readonly<Record<string, readonly string[]>> = {
  bool: ["int32", "uint32", "float32", "float64"],
  int32: ["float64"],
  uint32: ["float64"],
  float32: ["float64"],
};

function foldCast(equation: Equation, state: State): readonly Equation[] {
  const [out] = equation.outputs;
  const source = definition(equation.inputs[0], "cast", state)?.inputs[0] ?? equation.inputs[0];
  const between = equation.inputs[0].dtype;
  if (source.dtype !== between && !wider[source.dtype]?.includes(between)) return [equation];
  if (source.dtype !== out.dtype) return [{ ...equation, inputs: [source] }];
  state.same.set(out.id, source);
  return [];
}
