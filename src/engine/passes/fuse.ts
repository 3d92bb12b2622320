/** Recognises softmax, norms and activations, which ONNX Runtime computes in one pass over memory each. */
import { sizeOf } from "../host.ts";
import type { Equation, Operand, Program, Var } from "../ir.ts";
import { isLiteral } from "../ir.ts";
import { liveEquations } from "./simplify.ts";

/** Replaces the last equation of each pattern; what nobody else reads of the rest disappears. */
export function fuse(program: Program): Program {
  const defs: Definitions = new Map();
  const users = usersOf(program);
  const given = new Set(program.inputs.map(({ id }) => id));
  const equations = program.equations.flatMap((equation) => {
    if (defs.has(equation.outputs[0].id)) return [];
    const fused = patterns[equation.primitive]?.(equation, defs, users, given) ?? equation;
    for (const output of fused.outputs) defs.set(output.id, fused);
    return [fused];
  });
  return { ...program, equations: liveEquations(equations, program.outputs) };
}

/** The equation that makes a variable. */
type Definitions = Map<number, Equation>;
/** The equations that read a variable, and whether it is a result of the program. */
type Users = ReadonlyMap<number, readonly (Equation | "result")[]>;
/** `given` are the program's inputs. */
type Pattern = (
  equation: Equation,
  defs: Definitions,
  users: Users,
  given: ReadonlySet<number>,
) => Equation | undefined;

function usersOf({ equations, outputs }: Program): Users {
  const users = new Map<number, (Equation | "result")[]>();
  const note = (operands: readonly Operand[], user: Equation | "result") => {
    for (const operand of new Set(operands))
      if (!isLiteral(operand)) users.set(operand.id, [...(users.get(operand.id) ?? []), user]);
  };
  for (const equation of equations) note(equation.inputs, equation);
  note(outputs, "result");
  return users;
}

function isReadOnce(x: Operand, users: Users): boolean {
  return !isLiteral(x) && users.get(x.id)?.length === 1;
}

/** By the primitive of the last equation; of the norms, by the inverse standard deviation, which they share. */
const patterns: Readonly<Record<string, Pattern>> = {
  /** exp(x - max x) * (1 / sum) */
  mul(equation, defs, users) {
    for (const [e, scale] of bothOrders(equation)) {
      const sum = inputOf(scale, "reciprocal", defs);
      const shifted = inputOf(e, "exp", defs);
      const over = sum && keptReduction(sum, "Add", defs);
      if (!shifted || !over || !isSame(over.source, e)) continue;
      const x = withoutMax(shifted, over.axis, defs);
      if (x) return replaced(equation, "softmax", [x], { axis: over.axis });
    }
    return (
      gelu(equation, defs, users) ??
      tanhGelu(equation, defs, users) ??
      affine(equation, { rms_norm: 1, layer_norm: 1 }, defs, users)
    );
  },
  /** d - log(sum exp d) with d = x - max x */
  add(equation, defs, users) {
    for (const [shifted, last] of bothOrders(equation)) {
      const logarithm = inputOf(last, "neg", defs);
      const sum = logarithm && inputOf(logarithm, "log", defs);
      const over = sum && keptReduction(sum, "Add", defs);
      const inner = over && inputOf(over.source, "exp", defs);
      if (!over || !inner || !isSame(inner, shifted)) continue;
      const x = withoutMax(shifted, over.axis, defs);
      if (x) return replaced(equation, "log_softmax", [x], { axis: over.axis });
    }
    return affine(equation, { layer_norm: 2 }, defs, users);
  },
  /** 1 / (1 + exp(-scale x)) */
  reciprocal(equation, defs, users, given) {
    const sum = definition(equation.inputs[0], "add", defs);
    const unit = sum?.inputs.findIndex((x) => isLiteral(x) && x.value === 1) ?? -1;
    const exponent = unit < 0 ? undefined : inputOf(sum?.inputs[1 - unit], "exp", defs);
    const scaled = exponent && scaledInput(exponent, defs);
    if (scaled) return replaced(equation, "sigmoid", [scaled.x], { scale: -scaled.scale });
    return norm(equation, defs, users, given);
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

/** x Φ(x) = x (erf(x √½) + 1) ½, unless Φ(x) is needed for itself, as its derivative does. */
function gelu(equation: Equation, defs: Definitions, users: Users): Equation | undefined {
  for (const [x, cumulative] of bothOrders(equation)) {
    const half = isReadOnce(cumulative, users) ? scaledInput(cumulative, defs) : undefined;
    const sum = half?.scale === 0.5 ? definition(half.x, "add", defs) : undefined;
    const unit = sum?.inputs.findIndex((term) => isLiteral(term) && term.value === 1) ?? -1;
    const inner = unit < 0 ? undefined : inputOf(sum?.inputs[1 - unit], "erf", defs);
    const scaled = inner && scaledInput(inner, defs);
    if (!scaled || !isSame(scaled.x, x) || x.dtype !== "float32") continue;
    if (Math.fround(scaled.scale) === Math.fround(Math.SQRT1_2)) return replaced(equation, "gelu", [x], {});
  }
  return undefined;
}

/** x σ(2u) with u = √(2/π) x (1 + 0.044715 x²), which is 0.5 x (1 + tanh u), unless σ is needed for itself. */
function tanhGelu(equation: Equation, defs: Definitions, users: Users): Equation | undefined {
  for (const [x, gate] of bothOrders(equation)) {
    const sigmoid = isReadOnce(gate, users) ? definition(gate, "sigmoid", defs) : undefined;
    if (!sigmoid || x.dtype !== "float32" || !isNear(sigmoid.params.scale, 2 * Math.sqrt(2 / Math.PI)))
      continue;
    const cubic = otherFactor(definition(sigmoid.inputs[0], "mul", defs), x);
    const sum = definition(cubic, "add", defs);
    const unit = sum?.inputs.findIndex((term) => isLiteral(term) && term.value === 1) ?? -1;
    const scaled = unit < 0 ? undefined : scaledInput((sum as Equation).inputs[1 - unit], defs);
    if (!scaled || !isNear(scaled.scale, 0.044715)) continue;
    const square = otherFactor(definition(scaled.x, "mul", defs), x);
    if (square && isSame(square, x)) return replaced(equation, "gelu", [x], { approximate: "tanh" });
  }
  return undefined;
}

function otherFactor(product: Equation | undefined, x: Operand): Operand | undefined {
  return product && bothOrders(product).find(([factor]) => isSame(factor, x))?.[1];
}

/** Equal in single precision. */
function isNear(value: unknown, wanted: number): boolean {
  return Math.fround(value as number) === Math.fround(wanted);
}

/**
 * r = 1 / sqrt(mean(c²) + ε) where c r is computed too: both in one, c r first. Where c = x - mean(x), that is
 * layer norm of x.
 */
const norm: Pattern = (equation, defs, users, given) => {
  const [inverse] = equation.outputs;
  const sum = definition(inputOf(equation.inputs[0], "sqrt", defs), "add", defs);
  const epsilon = sum?.inputs.find(isLiteral);
  const variance = sum?.inputs.find((x) => !isLiteral(x));
  const square = variance && definition(meanOverLast(variance, defs), "mul", defs);
  if (!epsilon || !square || !isSame(square.inputs[0], square.inputs[1])) return undefined;
  const c = square.inputs[0];
  const isScaled = (user: Equation | "result") =>
    user !== "result" && user.primitive === "mul" && user.inputs.some((x) => isSame(x, c));
  const scaled = users.get(inverse.id)?.find(isScaled) as Equation | undefined;
  if (!scaled || c.dtype !== "float32" || scaled.outputs[0].shape.join() !== c.shape.join()) return undefined;
  const x = withoutMean(c, defs);
  const params = { epsilon: epsilon.value };
  if (x) return { primitive: "layer_norm", inputs: [x], params, outputs: [scaled.outputs[0], inverse] };
  const weighted = weightedBy(scaled, defs, users, given);
  return {
    primitive: "rms_norm",
    inputs: weighted ? [c, weighted.weight] : [c],
    params,
    outputs: [weighted?.result ?? scaled.outputs[0], inverse],
  };
};

/** The product of a norm and a weight that is there already, where nothing else reads the norm. */
function weightedBy(
  { outputs: [normed] }: Equation,
  defs: Definitions,
  users: Users,
  given: ReadonlySet<number>,
): { weight: Operand; result: Var } | undefined {
  const [reader, ...others] = users.get(normed.id) ?? [];
  if (others.length > 0 || reader === undefined || reader === "result" || reader.primitive !== "mul")
    return undefined;
  const weight = otherFactor(reader, normed);
  const isThere = weight && !isLiteral(weight) && (given.has(weight.id) || defs.has(weight.id));
  return isThere && isVectorOf(weight, normed) ? { weight, result: reader.outputs[0] } : undefined;
}

/** A vector by which rows of x are multiplied. */
function isVectorOf(vector: Operand, x: Operand): boolean {
  const length = x.shape.at(-1);
  const isVector = !isLiteral(vector) && vector.shape.at(-1) === length && sizeOf(vector.shape) === length;
  return isVector && vector.dtype === "float32";
}

/** x of the mean of x over its last axis, which stays with length 1. */
function meanOverLast(mean: Operand, defs: Definitions): Operand | undefined {
  const scaled = definition(mean, "mul", defs) && scaledInput(mean, defs);
  const over = scaled && keptReduction(scaled.x, "Add", defs);
  if (!over || over.axis !== over.source.shape.length - 1) return undefined;
  const share = Math.fround(1 / over.source.shape[over.axis]);
  return Math.fround(scaled.scale) === share ? over.source : undefined;
}

/** x of x - mean(x). */
function withoutMean(centred: Operand, defs: Definitions): Operand | undefined {
  const sum = definition(centred, "add", defs);
  return (
    sum &&
    bothOrders(sum).find(([x, last]) => {
      const mean = inputOf(last, "neg", defs);
      const source = mean && meanOverLast(mean, defs);
      return source !== undefined && isSame(source, x);
    })?.[0]
  );
}

/** Takes a weight, then a bias, into a norm of which nothing else is read: where no gradient is wanted. */
function affine(
  equation: Equation,
  taken: Readonly<Record<string, number>>,
  defs: Definitions,
  users: Users,
): Equation | undefined {
  for (const [normed, vector] of bothOrders(equation)) {
    const made = isLiteral(normed) ? undefined : defs.get(normed.id);
    if (!made || made.inputs.length !== taken[made.primitive]) continue;
    const alone = isReadOnce(normed, users) && made.outputs.slice(1).every((r) => isReadOnce(r, users));
    if (alone && isVectorOf(vector, normed))
      return { ...made, inputs: [...made.inputs, vector], outputs: equation.outputs };
  }
  return undefined;
}
