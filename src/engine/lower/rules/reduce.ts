import type { GraphBuilder, Value } from "../../onnx/graph.ts";
import { elementwise } from "../align.ts";
import type { Rule } from "../rule.ts";
import type { Atom, View } from "../view.ts";
import { arrange, dense, lengthOf, reshapeValue, viewOf, withoutReshape } from "../view.ts";
import { cast } from "./elementwise.ts";

const onnxOps: Readonly<Record<string, string>> = {
  Add: "ReduceSum",
  Mul: "ReduceProd",
  Max: "ReduceMax",
  Min: "ReduceMin",
};

/** Reduces memory as it lies: the kept axes stay in their order of memory. */
const reduce: Rule = (g, [x], { params, outputs: [out] }) => {
  const op = params.op as string;
  const axes = new Set(params.axis as number[]);
  const logic = x.base.dtype === "bool";
  const numbers = logic ? cast(g, x, "int32") : op === "Mul" && repeats(x, axes) ? viewOf(dense(g, x)) : x;
  const result = reduceAxes(g, numbers, axes, onnxOps[logic ? logicOps[op] : op]);
  const scaled = op === "Add" && !logic ? timesRepeats(g, x, axes, result) : result;
  return [logic ? cast(g, scaled, out.dtype) : scaled];
};

/** On booleans a sum is "any", a product is "all". */
const logicOps: Readonly<Record<string, string>> = { Add: "Max", Mul: "Min", Max: "Max", Min: "Min" };

function repeats(view: View, axes: ReadonlySet<number>): boolean {
  return view.axes.some((axis, i) => axes.has(i) && axis.some((atom) => atom.broadcast));
}

function reduceAxes(g: GraphBuilder, view: View, axes: ReadonlySet<number>, op: string): View {
  const gone = new Set(view.axes.flatMap((axis, i) => (axes.has(i) ? axis : [])));
  const kept = view.axes.filter((_, i) => !axes.has(i));
  const atoms = view.atoms.filter((atom) => !gone.has(atom));
  if (atoms.length === view.atoms.length) return { ...view, axes: kept };
  const groups = runsOf(view.atoms, gone);
  const memory = arrange(g, view, groups);
  const dimensions = groups.flatMap((group, i) => (gone.has(group[0]) ? [i] : []));
  return { base: emitReduce(g, op, memory, dimensions), atoms, axes: kept };
}

function emitReduce(g: GraphBuilder, op: string, memory: Value, dimensions: readonly number[]): Value {
  const shape = memory.shape.filter((_, i) => !dimensions.includes(i));
  const root = op === "ReduceSum" && g.can.sumSquares ? rootOf(g, memory) : undefined;
  const [name, given] = root ? ["ReduceSumSquare", root] : [op, memory];
  return g.op(name, [given, g.ints(dimensions)], shape, memory.dtype, { keepdims: 0 });
}

/** What an array is the square of: its sum needs no pass of its own for the squares. */
function rootOf(g: GraphBuilder, memory: Value): Value | undefined {
  const made = memory.dtype === "float32" ? g.producer.get(withoutReshape(g, memory).name) : undefined;
  if (made?.op !== "Mul" || made.inputs[0].name !== made.inputs[1].name) return undefined;
  return reshapeValue(g, made.inputs[0], memory.shape);
}

/** Neighbouring atoms that are all reduced or all kept make one axis. */
function runsOf(atoms: readonly Atom[], gone: ReadonlySet<Atom>): Atom[][] {
  const runs: Atom[][] = [];
  for (const atom of atoms) {
    const last = runs.at(-1);
    if (last && gone.has(last[0]) === gone.has(atom)) last.push(atom);
    else runs.push([atom]);
  }
  return runs;
}

/** A sum over repeated values is the value times their number. */
function timesRepeats(g: GraphBuilder, x: View, axes: ReadonlySet<number>, result: View): View {
  const repeated = x.axes.flatMap((axis, i) => (axes.has(i) ? axis.filter((atom) => atom.broadcast) : []));
  const count = lengthOf(repeated);
  if (count === 1) return result;
  const factor = viewOf(g.scalar(count, result.base.dtype as "float32"));
  const shape = result.axes.map(lengthOf);
  return elementwise(g, [result, factor], shape, ([a, b], s) => g.op("Mul", [a, b], s, a.dtype));
}

export const reductions: Readonly<Record<string, Rule>> = { reduce };
