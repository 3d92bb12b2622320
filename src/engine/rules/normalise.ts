/** Operations that the fusion pass makes: softmax, log-softmax, sigmoid. */
import { elementwise, unary } from "../elementwise.ts";
import type { GraphBuilder } from "../graph.ts";
import type { Rule } from "../rule.ts";
import type { View } from "../view.ts";
import { arrange, dense, isReal, lengthOf, viewOf } from "../view.ts";

/** Along one axis, which must lie last in memory; the others stay as they lie. */
const alongLast =
  (op: string): Rule =>
  (g, [x], { params }) => {
    const axis = params.axis as number;
    if (lengthOf(x.axes[axis]) === 1 || !isReal(x.axes[axis])) return [onDense(g, x, axis, op)];
    const inner = x.axes[axis];
    const outer = x.atoms.filter((atom) => !inner.includes(atom));
    const memory = arrange(g, x, [outer, inner]);
    const base = g.op(op, [memory], memory.shape, memory.dtype, { axis: -1 });
    return [{ base, atoms: [...outer, ...inner], axes: x.axes }];
  };

function onDense(g: GraphBuilder, x: View, axis: number, op: string): View {
  const memory = dense(g, x);
  return viewOf(g.op(op, [memory], memory.shape, memory.dtype, { axis }));
}

const sigmoid: Rule = (g, [x], { params, outputs: [out] }) => {
  const factor = params.scale as number;
  if (factor === 1) return [unary(g, x, "Sigmoid")];
  const scale = viewOf(g.scalar(factor, out.dtype));
  const scaled = elementwise(g, [x, scale], out.shape, ([a, b], s) => g.op("Mul", [a, b], s, out.dtype));
  return [unary(g, scaled, "Sigmoid")];
};

export const normalisers: Readonly<Record<string, Rule>> = {
  softmax: alongLast("Softmax"),
  log_softmax: alongLast("LogSoftmax"),
  sigmoid,
};
