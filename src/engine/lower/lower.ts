/** Lowers a program to an ONNX graph, one rule per primitive. */

import type { Constant, Equation, Literal, Operand, Program, Var } from "../ir.ts";
import { isLiteral } from "../ir.ts";
import type { Graph, Node, Value } from "../onnx/graph.ts";
import { GraphBuilder, liveOnly } from "../onnx/graph.ts";
import { widenForEachReader } from "../onnx/widen.ts";
import { type Capabilities, processor } from "../runtime/runtime.ts";
import type { Rule } from "./rule.ts";
import { contractions } from "./rules/contract.ts";
import { convolutions } from "./rules/convolve.ts";
import { elementwiseRules } from "./rules/elementwise.ts";
import { gates } from "./rules/gate.ts";
import { indexing } from "./rules/indexing.ts";
import { movement } from "./rules/movement.ts";
import { normalisers } from "./rules/normalise.ts";
import { reductions } from "./rules/reduce.ts";
import { constantValue } from "./stored-weights.ts";
import type { View } from "./view.ts";
import { dense, repeated, shapeOf, viewOf } from "./view.ts";

const rules: Readonly<Record<string, Rule>> = {
  ...elementwiseRules,
  ...movement,
  ...reductions,
  ...contractions,
  ...convolutions,
  ...indexing,
  ...normalisers,
  ...gates,
};

/** An equation for which the compiler has no rule, or whose rule does not cover its parameters. */
export class UnsupportedEquation extends Error {
  readonly equation: Equation;
  constructor(equation: Equation, cause?: unknown) {
    const shapes = (list: readonly Operand[]) =>
      list.map((v) => `${v.dtype}[${v.shape.join(",")}]`).join(", ");
    const detail = cause instanceof Error ? ` (${cause.message})` : "";
    const { primitive, inputs, outputs } = equation;
    super(
      `compile: primitive ${primitive} (${shapes(inputs)}) -> ${shapes(outputs)} has no ONNX lowering${detail}`,
    );
    this.equation = equation;
  }
}

/**
 * For a device that can do so much; `frozen[i]` holds the values of input i where they are constants of the graph, `packed`
 * as `CompileOptions` has it.
 */
export function lower(
  program: Program,
  frozen: readonly (Constant | undefined)[] = [],
  can: Capabilities = processor,
  packed = false,
): Graph {
  const g = new GraphBuilder(can, packed);
  const views = new Map<number, View>();
  const inputs: Value[] = [];
  program.inputs.forEach((variable, i) => {
    const values = frozen[i];
    if (values) {
      views.set(variable.id, isLiteral(values) ? literalView(g, values) : viewOf(constantValue(g, values)));
    } else {
      const value = g.input(`in${i}`, variable.shape, variable.dtype);
      inputs.push(value);
      views.set(variable.id, viewOf(value));
    }
  });
  const read = (operand: Operand): View => {
    if (isLiteral(operand)) return literalView(g, operand);
    return views.get(operand.id) as View;
  };
  for (const equation of program.equations) lowerEquation(g, equation, equation.inputs.map(read), views);
  const { nodes, outputs } = nameOutputs(
    g,
    program.outputs.map((operand) => dense(g, read(operand))),
  );
  const live = liveOnly(nodes, g.constants, outputs);
  return widenForEachReader({ opset: can.opset, ...live, inputs, outputs });
}

/** One scalar, repeated. */
function literalView(g: GraphBuilder, { value, shape, dtype }: Literal): View {
  const axes = shape.map((length) => (length === 1 ? [] : [repeated(length)]));
  return { base: g.scalar(value, dtype), atoms: [], axes };
}

function lowerEquation(
  g: GraphBuilder,
  equation: Equation,
  inputs: readonly View[],
  views: Map<number, View>,
): void {
  const rule = rules[equation.primitive];
  if (rule === undefined) throw new UnsupportedEquation(equation);
  const results = rule(g, inputs, equation);
  equation.outputs.forEach((variable, i) => {
    checkShape(results[i], variable, equation);
    views.set(variable.id, results[i]);
  });
}

function checkShape(view: View, variable: Var, equation: Equation): void {
  if (shapeOf(view).join() === variable.shape.join()) return;
  throw new UnsupportedEquation(equation, new Error(`internal: lowered to [${shapeOf(view)}]`));
}

/**
 * Outputs have names of their own: the node that makes one writes it under that name; where two outputs are
 * equal or one is an input, a copy is made.
 */
function nameOutputs(g: GraphBuilder, values: readonly Value[]): { nodes: Node[]; outputs: Value[] } {
  const outputs = values.map((value, i): Value => ({ ...value, name: `out${i}` }));
  const renamed = new Map<string, Value>();
  const copies: Node[] = [];
  values.forEach((value, i) => {
    if (g.producer.has(value.name) && !renamed.has(value.name)) renamed.set(value.name, outputs[i]);
    else copies.push(copyNode(renamed.get(value.name) ?? value, outputs[i]));
  });
  const rename = (list: readonly Value[]) => list.map((value) => renamed.get(value.name) ?? value);
  const nodes = g.nodes.map((node) => ({
    ...node,
    inputs: rename(node.inputs),
    outputs: rename(node.outputs),
  }));
  return { nodes: [...nodes, ...copies], outputs };
}

function copyNode(value: Value, output: Value): Node {
  return { op: "Identity", domain: "", inputs: [value], outputs: [output], attributes: {} };
}
