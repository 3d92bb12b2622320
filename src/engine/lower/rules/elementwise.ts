import { type DType, sizeOf } from "../../host.ts";
import type { Equation } from "../../ir.ts";
import { onnxTypeCodes } from "../../onnx/encode.ts";
import type { GraphBuilder, OnnxType, Value } from "../../onnx/graph.ts";
import type { Apply } from "../align.ts";
import { elementwise, unary } from "../align.ts";
import type { Rule } from "../rule.ts";
import { reshapeValue, sameShape, type View, withoutReshape } from "../view.ts";

type BinaryOp = (g: GraphBuilder, x: Value, y: Value, shape: readonly number[]) => Value;

const node =
  (op: string, attributes = {}): BinaryOp =>
  (g, x, y, shape) =>
    g.op(op, [x, y], shape, x.dtype, attributes);

/** Arithmetic on booleans is logic: + is or, * is and. */
const orLogic =
  (op: string, logic: string): BinaryOp =>
  (g, x, y, shape) =>
    g.op(x.dtype === "bool" ? logic : op, [x, y], shape, x.dtype);

const binary =
  (op: BinaryOp): Rule =>
  (g, inputs, { outputs: [out] }) => {
    const apply: Apply = ([x, y], shape) => op(g, x, y, shape);
    const same = inputs.map((view) => cast(g, view, out.dtype));
    return [elementwise(g, same, out.shape, apply)];
  };

/** x + (-y) is x - y. */
const add: BinaryOp = (g, x, y, shape) => {
  const negated = (value: Value) =>
    g.producer.get(value.name)?.op === "Neg" ? g.producer.get(value.name) : undefined;
  const [left, right] = [negated(x), negated(y)];
  if (right) return g.op("Sub", [x, right.inputs[0]], shape, x.dtype);
  if (left) return g.op("Sub", [y, left.inputs[0]], shape, x.dtype);
  return gatedAdd(g, x, y, shape) ?? gatedAdd(g, y, x, shape) ?? orLogic("Add", "Or")(g, x, y, shape);
};

/** x + y c with one c for each row, in one pass. */
function gatedAdd(g: GraphBuilder, x: Value, scaled: Value, shape: readonly number[]): Value | undefined {
  const made =
    g.can.gatedAdd && x.dtype === "float32" ? g.producer.get(withoutReshape(g, scaled).name) : undefined;
  if (made?.op !== "Mul" || sizeOf(x.shape) !== sizeOf(shape)) return undefined;
  const [{ shape: rows }] = made.outputs;
  const isGate = (value: Value) => sameShape(value.shape, [...rows.slice(0, -1), 1]);
  const [y, gate] = isGate(made.inputs[0]) ? made.inputs.toReversed() : made.inputs;
  if (!isGate(gate) || !sameShape(y.shape, rows) || sizeOf(rows) !== sizeOf(shape)) return undefined;
  const operands = [reshapeValue(g, x, rows), y, gate];
  return reshapeValue(g, g.op("GatedAdd", operands, rows, "float32", {}, "com.microsoft"), shape);
}

/** x * (1/y) is x / y, and x * 1 is x. */
const multiply: BinaryOp = (g, x, y, shape) => {
  const inverted = (value: Value) => {
    const made = g.producer.get(value.name);
    return made?.op === "Reciprocal" ? made : undefined;
  };
  const [left, right] = [inverted(x), inverted(y)];
  if (right) return g.op("Div", [x, right.inputs[0]], shape, x.dtype);
  if (left) return g.op("Div", [y, left.inputs[0]], shape, x.dtype);
  return orLogic("Mul", "And")(g, x, y, shape);
};

/** Division that drops the fraction, for floats too (ONNX Div does so for integers only). */
const truncatedDivide: BinaryOp = (g, x, y, shape) => {
  const quotient = g.op("Div", [x, y], shape, x.dtype);
  if (x.dtype !== "float32" && x.dtype !== "float64") return quotient;
  const sign = g.op("Sign", [quotient], shape, x.dtype);
  const floor = g.op("Floor", [g.op("Abs", [quotient], shape, x.dtype)], shape, x.dtype);
  return g.op("Mul", [sign, floor], shape, x.dtype);
};

const bitwise: Rule = (g, inputs, equation) => {
  const op = { and: "And", or: "Or", xor: "Xor" }[equation.params.op as "and" | "or" | "xor"];
  const name = (x: Value) => (x.dtype === "bool" ? op : `Bitwise${op}`);
  return binary((g, x, y, shape) => g.op(name(x), [x, y], shape, x.dtype))(g, inputs, equation);
};

const comparisons: Readonly<Record<string, string>> = {
  less: "Less",
  equal: "Equal",
  less_equal: "LessOrEqual",
};

const ranks: readonly OnnxType[] = ["bool", "uint32", "int32", "float32", "float64"];

/** jax-js lets a scalar of one type meet an array of another: both take the wider type. */
function promoted(g: GraphBuilder, inputs: readonly View[]): View[] {
  const widest = Math.max(...inputs.map((view) => ranks.indexOf(view.base.dtype)));
  return inputs.map((view) => cast(g, view, ranks[widest]));
}

const compare: Rule = (g, inputs, { params, outputs: [out] }) => {
  const apply: Apply = ([x, y], shape) => {
    if (params.op !== "not_equal") return g.op(comparisons[params.op as string], [x, y], shape, "bool");
    return g.op("Not", [g.op("Equal", [x, y], shape, "bool")], shape, "bool");
  };
  return [elementwise(g, promoted(g, inputs), out.shape, apply)];
};

/** ONNX Runtime's Where has no kernel for booleans: (c and x) or (not c and y). */
const where: Rule = (g, [condition, ...branches], { outputs: [out] }) => {
  const apply: Apply = ([condition, x, y], shape) => {
    if (x.dtype !== "bool") return g.op("Where", [condition, x, y], shape, x.dtype);
    const not = g.op("Not", [condition], condition.shape, "bool");
    const either = [g.op("And", [condition, x], shape, "bool"), g.op("And", [not, y], shape, "bool")];
    return g.op("Or", either, shape, "bool");
  };
  return [elementwise(g, [condition, ...branches.map((view) => cast(g, view, out.dtype))], out.shape, apply)];
};

const one =
  (op: string): Rule =>
  (g, [x]) => [unary(g, x, op)];

/** Integers are round already. */
const rounding =
  (op: string): Rule =>
  (g, [x]) => [x.base.dtype.startsWith("float") ? unary(g, x, op) : x];

const erfc: Rule = (g, [x], { outputs: [out] }) => {
  const erf = unary(g, x, "Erf");
  const oneMinus: Apply = ([value], shape) => g.op("Sub", [g.scalar(1, out.dtype), value], shape, out.dtype);
  return [elementwise(g, [erf], out.shape, oneMinus)];
};

export function cast(g: GraphBuilder, view: View, dtype: OnnxType): View {
  if (view.base.dtype === dtype) return view;
  return unary(g, view, "Cast", dtype, { to: onnxTypeCodes[dtype] });
}

/** π in three pieces, of which the first two times a whole number below 2^15 are exact in float32. */
const pi = [3.140625, 0.0009675025939941406, 1.5099579909783765e-7];

/** sin r = r (1 - r²/3! + ...) as powers of r² from the last, to 6e-8 within half a period. */
const sineSeries = [-1 / 39916800, 1 / 362880, -1 / 5040, 1 / 120, -1 / 6, 1];

/**
 * Sine (`shift` 0) or cosine (`shift` 1/2) by arithmetic alone: with the whole number m nearest to x / π + shift,
 * sin(x + shift π) = (-1)^m sin(x - (m - shift) π), where what is left is within half a period.
 */
function sineOf(g: GraphBuilder, x: View, shift: number): View {
  const { dtype, shape } = x.base;
  const number = (value: number) => g.scalar(value, dtype as DType);
  const op = (name: string, ...operands: Value[]) => g.op(name, operands, shape, dtype);
  const times = (value: Value, factor: number) => op("Mul", value, number(factor));
  const plus = (value: Value, term: number) => op("Add", value, number(term));
  const m = op("Floor", plus(times(x.base, 1 / Math.PI), 0.5 + shift));
  const periods = plus(m, -shift);
  const rest = pi.reduce((left, part) => op("Sub", left, times(periods, part)), x.base);
  const square = op("Mul", rest, rest);
  const [last, ...others] = sineSeries;
  const series = others.reduce((sum: Value | undefined, factor) => {
    const product = sum === undefined ? times(square, last) : op("Mul", sum, square);
    return plus(product, factor);
  }, undefined) as Value;
  const half = times(m, 0.5);
  const odd = times(op("Sub", half, op("Floor", half)), 2);
  const sign = plus(times(odd, -2), 1);
  return { ...x, base: op("Mul", op("Mul", rest, series), sign) };
}

const castRule: Rule = (g, [x], equation: Equation) => [cast(g, x, equation.params.dtype as DType)];

export const elementwiseRules: Readonly<Record<string, Rule>> = {
  add: binary(add),
  mul: binary(multiply),
  idiv: binary(truncatedDivide),
  mod: binary(node("Mod", { fmod: 1 })),
  min: binary(orLogic("Min", "And")),
  max: binary(orLogic("Max", "Or")),
  bit_combine: bitwise,
  compare,
  where,
  cast: castRule,
  neg: one("Neg"),
  reciprocal: one("Reciprocal"),
  floor: rounding("Floor"),
  ceil: rounding("Ceil"),
  sin: (g, [x]) => [g.can.exactSines ? unary(g, x, "Sin") : sineOf(g, x, 0)],
  cos: (g, [x]) => [g.can.exactSines ? unary(g, x, "Cos") : sineOf(g, x, 0.5)],
  asin: one("Asin"),
  atan: one("Atan"),
  exp: one("Exp"),
  log: one("Log"),
  sqrt: one("Sqrt"),
  erf: one("Erf"),
  erfc,
  stop_gradient: (_, inputs) => inputs,
};
