/** Rules that move no memory where a view will do. */
import type { GraphBuilder, Value } from "../../onnx/graph.ts";
import type { Rule } from "../rule.ts";
import { constantValue, storedOf, storedRows } from "../stored-weights.ts";
import type { View } from "../view.ts";
import {
  arrange,
  dense,
  isBroadcast,
  lengthOf,
  real,
  repeated,
  reshapeView,
  shapeOf,
  viewOf,
} from "../view.ts";

const transpose: Rule = (_, [x], { params }) => [
  { ...x, axes: (params.perm as number[]).map((i) => x.axes[i]) },
];

/** `axis` lists the new axes of the result; the others are the input's, in order, repeated where they had length 1. */
const broadcast: Rule = (_, [x], { params }) => {
  const added = new Set(params.axis as number[]);
  let next = 0;
  const axes = (params.shape as number[]).map((length, i) => {
    const axis = added.has(i) ? [] : x.axes[next++];
    return axis.length === 0 && length !== 1 ? [repeated(length)] : axis;
  });
  return [{ ...x, axes }];
};

const reshape: Rule = (g, [x], { params }) => {
  const shape = params.shape as number[];
  return [reshapeView(x, shape) ?? viewOf(reshapedDense(g, x, shape))];
};

function reshapedDense(g: GraphBuilder, x: View, shape: readonly number[]): Value {
  const value = dense(g, x);
  return g.op("Reshape", [value, g.ints(shape)], shape, value.dtype);
}

/**
 * Makes one axis a single axis of memory, the others as they lie, and rewrites it with `edit`; the result
 * keeps the order of memory.
 */
export function alongAxis(
  g: GraphBuilder,
  view: View,
  axis: number,
  length: number,
  edit: (memory: Value, dimension: number, shape: readonly number[]) => Value,
): View {
  const plain = view.axes[axis].length === 1 && !view.axes[axis][0].broadcast ? view : viewOf(dense(g, view));
  const source = plain.axes[axis].length === 0 ? withUnitAxis(g, plain, axis) : plain;
  const atom = source.axes[axis][0];
  const dimension = source.atoms.indexOf(atom);
  const memory = arrange(
    g,
    source,
    source.atoms.map((a) => [a]),
  );
  const made = length === 1 ? [] : [real(length)];
  const shape = source.atoms.map((a) => a.size).with(dimension, length);
  const base = edit(memory, dimension, shape);
  return {
    base,
    atoms: source.atoms.toSpliced(dimension, 1, ...made),
    axes: source.axes.with(axis, made),
  };
}

/** Gives an axis of length 1 an atom of its own, so that it can grow. */
function withUnitAxis(g: GraphBuilder, view: View, axis: number): View {
  const shape = shapeOf(view);
  const base = dense(g, view);
  const atoms = shape.map((length) => real(length));
  const kept = atoms.filter((atom, i) => atom.size !== 1 || i === axis);
  return { base, atoms: kept, axes: atoms.map((atom, i) => (atom.size === 1 && i !== axis ? [] : [atom])) };
}

function sliceAxis(g: GraphBuilder, view: View, axis: number, start: number, stop: number): View {
  const length = stop - start;
  if (length === lengthOf(view.axes[axis])) return view;
  const stored = axis === 0 ? storedOf(g, view) : undefined;
  if (stored) return viewOf(constantValue(g, storedRows(stored, start, stop)));
  if (isBroadcast(view.axes[axis])) {
    return { ...view, axes: view.axes.with(axis, length === 1 ? [] : [repeated(length)]) };
  }
  return alongAxis(g, view, axis, length, (memory, dimension, shape) =>
    g.op("Slice", [memory, g.ints([start]), g.ints([stop]), g.ints([dimension])], shape, memory.dtype),
  );
}

const shrink: Rule = (g, [x], { params }) => {
  const bounds = params.slice as [number, number][];
  return [bounds.reduce((view, [start, stop], axis) => sliceAxis(g, view, axis, start, stop), x)];
};

const flip: Rule = (g, [x], { params }) => {
  const reverse = (view: View, axis: number) => {
    if (isBroadcast(view.axes[axis])) return view;
    return alongAxis(g, view, axis, lengthOf(view.axes[axis]), (memory, dimension, shape) => {
      const bounds = [[-1], [-(2 ** 31)], [dimension], [-1]].map((list) => g.ints(list));
      return g.op("Slice", [memory, ...bounds], shape, memory.dtype);
    });
  };
  return [(params.axis as number[]).reduce(reverse, x)];
};

/** Zeros around, axis by axis; a negative width cuts. */
const pad: Rule = (g, [x], { params }) => {
  const widths = params.width as [number, number][];
  const grow = (view: View, [before, after]: [number, number], axis: number) => {
    const length = lengthOf(view.axes[axis]);
    const cut = sliceAxis(g, view, axis, Math.max(0, -before), length - Math.max(0, -after));
    return padAxis(g, cut, axis, Math.max(0, before), Math.max(0, after));
  };
  return [widths.reduce(grow, x)];
};

export function padAxis(g: GraphBuilder, view: View, axis: number, before: number, after: number): View {
  if (before === 0 && after === 0) return view;
  const length = lengthOf(view.axes[axis]) + before + after;
  return alongAxis(g, view, axis, length, (memory, dimension, shape) => {
    const zero = shape.map(() => 0);
    const widths = g.ints([...zero.with(dimension, before), ...zero.with(dimension, after)]);
    return g.op("Pad", [memory, widths], shape, memory.dtype);
  });
}

const concatenate: Rule = (g, inputs, { params, outputs: [out] }) => {
  const operands = inputs.map((view) => dense(g, view));
  return [viewOf(g.op("Concat", operands, out.shape, out.dtype, { axis: params.axis as number }))];
};

const split: Rule = (g, [x], { params }) => {
  const axis = params.axis as number;
  let start = 0;
  return (params.sizes as number[]).map((size) => {
    start += size;
    return sliceAxis(g, x, axis, start - size, start);
  });
};

export const movement: Readonly<Record<string, Rule>> = {
  transpose,
  broadcast,
  reshape,
  shrink,
  flip,
  pad,
  concatenate,
  split,
};
