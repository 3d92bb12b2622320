/** In which order a product leaves its result: so that whoever reads it need not move it. */

import { sizeOf } from "../host.ts";
import type { Equation, Program, Var } from "../ir.ts";
import { isLiteral } from "../ir.ts";
import { reshapeView, type View, viewOf } from "./view.ts";

/** Notes on products which axis of their result should lie last in memory: the one that its first reader finds last. */
export function markOrder(program: Program): Program {
  const readers = new Map<number, Equation>();
  for (const equation of program.equations)
    for (const x of equation.inputs) if (!isLiteral(x) && !readers.has(x.id)) readers.set(x.id, equation);
  const equations = program.equations.map((equation) => {
    if (equation.primitive !== "dot") return equation;
    const last = wantedLast(equation.outputs[0], readers);
    return last === undefined ? equation : { ...equation, params: { ...equation.params, last } };
  });
  return { ...program, equations };
}

/**
 * The axis of a result that is last where it is read, behind reshapes, transposes and elementwise operations. Another product
 * reads matrices in either order.
 */
function wantedLast(result: Var, readers: ReadonlyMap<number, Equation>): number | undefined {
  let view = viewOf({ name: "", shape: result.shape, dtype: result.dtype });
  let reader = readers.get(result.id);
  while (reader !== undefined) {
    const read = readBy(reader, view);
    if (read === undefined) break;
    view = read;
    reader = readers.get(reader.outputs[0].id);
  }
  if (reader?.primitive === "dot") return undefined;
  const last = view.axes.flat().at(-1);
  const inner = last === undefined ? [] : view.atoms.slice(view.atoms.indexOf(last) + 1);
  return last === undefined ? undefined : axisOver(result.shape, sizeOf(inner.map(({ size }) => size)));
}

/** What becomes of a view; undefined where memory is read in some order of the reader's own. */
function readBy({ primitive, params, outputs: [out] }: Equation, view: View): View | undefined {
  if (primitive === "transpose")
    return { ...view, axes: (params.perm as readonly number[]).map((axis) => view.axes[axis]) };
  if (primitive === "reshape") return reshapeView(view, out.shape);
  return elementwise.has(primitive) && out.shape.length === view.axes.length ? view : undefined;
}

const elementwise = new Set(["add", "mul", "neg", "where", "stop_gradient"]);

/** The axis within which an atom lies that has so many elements behind it. */
function axisOver(shape: readonly number[], behind: number): number {
  return shape.findLastIndex((_, axis) => sizeOf(shape.slice(axis)) > behind);
}
