/** `gate`: its first operand, once the others exist. */

import { sizeOf } from "../../host.ts";
import type { GraphBuilder, Value } from "../../onnx/graph.ts";
import type { Rule } from "../rule.ts";

/**
 * A Reshape, which moves no memory, to the shape that the operand has anyway; that shape is written as a sum
 * with a zero that comes from the sizes of what is waited for. ONNX Runtime does not see that the zero is
 * one: it cannot run anything behind the gate before, and never merges two gates with other waits into one.
 */
const gate: Rule = (g, [view, ...waits]) => {
  const { base } = view;
  const zero = zeroAfter(
    g,
    waits.map((wait) => wait.base),
  );
  const shape = g.op("Add", [g.ints(base.shape), zero], [base.shape.length], "int64");
  return [{ ...view, base: g.op("Reshape", [base, shape], base.shape, base.dtype) }];
};

function zeroAfter(g: GraphBuilder, values: readonly Value[]): Value {
  const sizes = values.map((value) => g.op("Size", [value], [], "int64"));
  const most = sizes.length === 1 ? sizes[0] : g.op("Max", sizes, [], "int64");
  const expected = values.reduce((largest, { shape }) => Math.max(largest, sizeOf(shape)), 0);
  return g.op("Sub", [most, g.ints([expected])], [1], "int64");
}

export const gates: Readonly<Record<string, Rule>> = { gate };
