/** Operations that the fusion pass makes: softmax, log-softmax, norms, sigmoid, GELU. */

import { float32 } from "../../host.ts";
import type { GraphBuilder, Value } from "../../onnx/graph.ts";
import { elementwise, unary } from "../align.ts";
import { passing } from "../flash-attention.ts";
import type { Rule } from "../rule.ts";
import type { View } from "../view.ts";
import { arrange, dense, isReal, lengthOf, reshapeValue, viewOf } from "../view.ts";

/** Along one axis, which must lie last in memory; the others stay as they lie. */
const alongLast =
  (op: string): Rule =>
  (g, [x], { params }) => {
    const axis = params.axis as number;
    if (lengthOf(x.axes[axis]) === 1 || !isReal(x.axes[axis])) return [onDense(g, x, axis, op)];
    const inner = x.axes[axis];
    const outer = x.atoms.filter((atom) => !inner.includes(atom));
    const memory = arrange(g, x, [outer, inner]);
    const base = alongAxis(g, memory, -1, op);
    return [{ base, atoms: [...outer, ...inner], axes: x.axes }];
  };

function onDense(g: GraphBuilder, x: View, axis: number, op: string): View {
  const memory = dense(g, x);
  return viewOf(alongAxis(g, memory, axis, op));
}

function alongAxis(g: GraphBuilder, x: Value, axis: number, op: string): Value {
  if (op === "LogSoftmax" && !g.can.logSoftmax) return logSoftmaxOf(g, x, axis);
  return g.op(op, [x], x.shape, x.dtype, { axis });
}

/** (x - max) - log of the sum of exp(x - max) */
function logSoftmaxOf(g: GraphBuilder, x: Value, axis: number): Value {
  const { shape, dtype } = x;
  const at = axis < 0 ? axis + shape.length : axis;
  const one = shape.with(at, 1);
  const reduced = (op: string, value: Value) => g.op(op, [value, g.ints([at])], one, dtype, { keepdims: 1 });
  const centred = g.op("Sub", [x, reduced("ReduceMax", x)], shape, dtype);
  const sum = reduced("ReduceSum", g.op("Exp", [centred], shape, dtype));
  return g.op("Sub", [centred, g.op("Log", [sum], one, dtype)], shape, dtype);
}

const sigmoid: Rule = (g, [x], { params, outputs: [out] }) => {
  const factor = params.scale as number;
  if (factor === 1) return [unary(g, x, "Sigmoid")];
  const scale = viewOf(g.scalar(factor, out.dtype));
  const scaled = elementwise(g, [x, scale], out.shape, ([a, b], s) => g.op("Mul", [a, b], s, out.dtype));
  return [unary(g, scaled, "Sigmoid")];
};

/**
 * A norm over the last axis, by `weight` and `bias` where they are given, and its inverse standard deviation
 * (for layer norm the node's third result, after the mean).
 */
const norm =
  (op: string, results: number): Rule =>
  (g, [given, ...vectors], { params, outputs }) => {
    const last = given.axes.length - 1;
    const x = isReal(given.axes[last]) ? given : viewOf(dense(g, given));
    const inner = x.axes[last];
    const outer = x.atoms.filter((atom) => !inner.includes(atom));
    const memory = arrange(g, x, [outer, inner]);
    const [rows, length] = memory.shape;
    const scales = vectors.map((view) => reshapeValue(g, dense(g, view), [length]));
    const weight = scales.length > 0 ? scales : [g.constant(float32([length], Array(length).fill(1)))];
    const kept = { atoms: outer, axes: x.axes.with(last, []) };
    const attributes = { axis: -1, epsilon: { float: params.epsilon as number } };
    if (outputs.length > 1 && !g.can.normStatistics) {
      const value = g.op(op, [memory, ...weight], memory.shape, memory.dtype, attributes);
      const base = inverseDeviation(g, memory, params.epsilon as number, op === "LayerNormalization");
      return [
        { base: value, atoms: [...outer, ...inner], axes: x.axes },
        { base, ...kept },
      ];
    }
    const statistics = { shape: [rows, 1], dtype: memory.dtype };
    const wanted = outputs.length === 1 ? [memory] : [memory, ...Array(results - 1).fill(statistics)];
    const made = g.ops(op, [memory, ...weight], wanted, attributes);
    const inverse: View = { base: made[made.length - 1], ...kept };
    return [{ base: made[0], atoms: [...outer, ...inner], axes: x.axes }, inverse];
  };

/** 1 / sqrt(mean of squares + epsilon) of rows, less their mean where they are `centred`: [rows, length] -> [rows, 1]. */
function inverseDeviation(g: GraphBuilder, rows: Value, epsilon: number, centred: boolean): Value {
  const { shape, dtype } = rows;
  const one = [shape[0], 1];
  const mean = (x: Value) => g.op("ReduceMean", [x, g.ints([1])], one, dtype, { keepdims: 1 });
  const plain = centred ? g.op("Sub", [rows, mean(rows)], shape, dtype) : rows;
  const square = mean(g.op("Mul", [plain, plain], shape, dtype));
  const sum = g.op("Add", [square, g.scalar(epsilon, dtype as "float32")], one, dtype);
  return g.op("Reciprocal", [g.op("Sqrt", [sum], one, dtype)], one, dtype);
}

/** ONNX has it from opset 20 on; ONNX Runtime had both forms before, as operators of its own. */
function gelu(g: GraphBuilder, x: View, isTanh: boolean): View {
  const { dtype } = x.base;
  if (g.can.opset >= 20) return unary(g, x, "Gelu", dtype, isTanh ? { approximate: "tanh" } : {});
  return unary(g, x, isTanh ? "FastGelu" : "Gelu", dtype, {}, "com.microsoft");
}

export const normalisers: Readonly<Record<string, Rule>> = {
  softmax(g, inputs, equation) {
    const [view] = alongLast("Softmax")(g, inputs, equation);
    if (equation.params.passing) g.note(passing, view.base, true);
    return [view];
  },
  log_softmax: alongLast("LogSoftmax"),
  sigmoid,
  rms_norm: norm("SimplifiedLayerNormalization", 2),
  layer_norm: norm("LayerNormalization", 3),
  gelu: (g, [x], { params }) => [gelu(g, x, params.approximate !== undefined)],
};
