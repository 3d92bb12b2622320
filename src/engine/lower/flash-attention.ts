/**
 * Attention whose pattern nobody reads, `softmax(q kᵀ) v`, as one operation that never holds the pattern. ONNX
 * Runtime's kernel goes through it block by block (Dao et al., arXiv 2205.14135), in half the time.
 */

import type { Equation, Program, Var } from "../ir.ts";
import { isLiteral } from "../ir.ts";
import type { GraphBuilder, NoteKind, Value } from "../onnx/graph.ts";
import { reshapeValue, withoutReshape } from "./view.ts";

const aliases = new Set(["reshape", "transpose", "broadcast", "stop_gradient"]);

/** Notes on softmax equations whether a product, and nothing else, reads the result. */
export function markPassing(program: Program): Program {
  const users = new Map<number, Equation[]>();
  for (const equation of program.equations)
    for (const x of equation.inputs)
      if (!isLiteral(x)) users.set(x.id, [...(users.get(x.id) ?? []), equation]);
  const results = new Set(program.outputs.map((x) => (isLiteral(x) ? undefined : x.id)));
  const passes = ({ id }: Var): boolean => {
    const [user, ...others] = users.get(id) ?? [];
    if (user === undefined || others.length > 0 || results.has(id)) return false;
    return user.primitive === "dot" || (aliases.has(user.primitive) && passes(user.outputs[0]));
  };
  const equations = program.equations.map((equation) =>
    equation.primitive === "softmax" && passes(equation.outputs[0])
      ? { ...equation, params: { ...equation.params, passing: true } }
      : equation,
  );
  return { ...program, equations };
}

/** Matrices [batch?, rows, K] and [batch?, T, K], made when asked for. */
export interface Scores {
  readonly query: () => Value;
  readonly key: () => Value;
}

/** Of what a product [batch?, rows, T] is made. */
export const scoresOf: NoteKind<Scores> = { name: "scores" };

/** That one product, and nothing else, reads a softmax. */
export const passing: NoteKind<true> = { name: "passing" };

/** Below so many scores for each row of the batch one operation is worth nothing. */
const least = 128 * 128;

/** The product of a pattern [batch?, rows, T] and values [batch?, T, K]; undefined if it must be computed as one. */
export function flash(g: GraphBuilder, pattern: Value, values: Value): Value | undefined {
  const [rows, T] = pattern.shape.slice(-2);
  if (!g.can.multiHeadAttention || pattern.dtype !== "float32" || rows * T < least) return undefined;
  const made = withoutReshape(g, pattern);
  const softmax = g.noted(passing, made) ? g.producer.get(made.name) : undefined;
  const product = softmax && withoutReshape(g, softmax.inputs[0]);
  const scores = product && g.noted(scoresOf, product);
  if (scores === undefined || product?.shape.join() !== pattern.shape.join()) return undefined;
  const inputs = [scores.query(), scores.key(), values].map((value) => batched(g, value));
  const attributes = { num_heads: 1, scale: { float: 1 } };
  const shape = [inputs[0].shape[0], rows, inputs[2].shape[2]];
  const mixed = g.op("MultiHeadAttention", inputs, shape, "float32", attributes, "com.microsoft");
  return reshapeValue(g, mixed, [...pattern.shape.slice(0, -1), shape[2]]);
}

/** A batch of one where there is none. */
function batched(g: GraphBuilder, value: Value): Value {
  return value.shape.length === 3 ? value : reshapeValue(g, value, [1, ...value.shape]);
}
