/** Gather, scatter, sorting and sliding windows. */

import { sizeOf } from "../../host.ts";
import type { GraphBuilder, Value } from "../../onnx/graph.ts";
import type { Rule } from "../rule.ts";
import { gatherStored, storedOf } from "../stored-weights.ts";
import type { View } from "../view.ts";
import { dense, lengthOf, padRank, repeated, shapeOf, viewOf } from "../view.ts";
import { cast } from "./elementwise.ts";
import { movement } from "./movement.ts";

/** Moves `count` axes that stand first to `position`. */
function moveFront(view: View, count: number, position: number): View {
  const [front, rest] = [view.axes.slice(0, count), view.axes.slice(count)];
  return { ...view, axes: [...rest.slice(0, position), ...front, ...rest.slice(position)] };
}

/** Moves `count` axes that stand at `position` first. */
function moveToFront(view: View, count: number, position: number): View {
  const axes = view.axes;
  return {
    ...view,
    axes: [
      ...axes.slice(position, position + count),
      ...axes.slice(0, position),
      ...axes.slice(position + count),
    ],
  };
}

/** Brings the listed axes first, in the order listed. */
function axesFirst(view: View, listed: readonly number[]): View {
  const rest = [...view.axes.keys()].filter((i) => !listed.includes(i));
  return { ...view, axes: [...listed, ...rest].map((i) => view.axes[i]) };
}

/** The index arrays, broadcast together and stacked along a new last axis: [...I, count] int64. */
function stackIndices(g: GraphBuilder, indices: readonly View[]): Value {
  const shape = broadcastShape(indices.map(shapeOf));
  const operands = indices.map((index) => {
    const wide = padRank(cast(g, index, "int64"), shape.length);
    const axes = wide.axes.map((axis, i) => (lengthOf(axis) === shape[i] ? axis : [repeated(shape[i])]));
    return dense(g, { ...wide, axes: [...axes, []] });
  });
  if (operands.length === 1) return operands[0];
  return g.op("Concat", operands, [...shape, operands.length], "int64", { axis: shape.length });
}

function broadcastShape(shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, i) =>
    Math.max(...shapes.map((shape) => shape[shape.length - rank + i] ?? 1)),
  );
}

/** x[..., indices, ...] with the index axes at `outDim` of the result. */
const gather: Rule = (g, [x, ...indices], { params, outputs: [out] }) => {
  const axis = params.axis as number[];
  const indexRank = Math.max(...indices.map((index) => index.axes.length));
  const position = params.outDim as number;
  const stored = indices.length === 1 && axis[0] === 0 ? storedOf(g, x) : undefined;
  if (stored) return [moveFront(viewOf(gatherStored(g, stored, dense(g, indices[0]))), indexRank, position)];
  const table = dense(g, axesFirst(x, axis));
  const kept = table.shape.slice(axis.length);
  if (indices.length === 1) {
    const index = dense(g, indices[0]);
    const rows = g.op("Gather", [table, index], [...index.shape, ...kept], out.dtype, { axis: 0 });
    return [moveFront(viewOf(rows), indexRank, position)];
  }
  const index = stackIndices(g, indices);
  const rows = g.op("GatherND", [table, index], [...index.shape.slice(0, -1), ...kept], out.dtype);
  return [moveFront(viewOf(rows), indexRank, position)];
};

/** The transpose of gather: writes or adds rows into zeros. */
const scatter: Rule = (g, [updates, ...indices], { params, outputs: [out] }) => {
  const axis = params.axis as number[];
  const shape = params.shape as number[];
  const indexRank = Math.max(...indices.map((index) => index.axes.length));
  const rows = dense(g, moveToFront(updates, indexRank, params.outDim as number));
  const rest = shape.filter((_, i) => !axis.includes(i));
  const made = [...axis.map((i) => shape[i]), ...rest];
  const zeros = dense(g, {
    ...viewOf(g.scalar(0, out.dtype)),
    axes: made.map((n) => (n === 1 ? [] : [repeated(n)])),
  });
  const attributes: Record<string, string> = params.op === "add" ? { reduction: "add" } : {};
  const written = g.op("ScatterND", [zeros, stackIndices(g, indices), rows], made, out.dtype, attributes);
  const order = [...axis, ...shape.map((_, i) => i).filter((i) => !axis.includes(i))];
  const view = viewOf(written);
  return [{ ...view, axes: shape.map((_, i) => view.axes[order.indexOf(i)]) }];
};

/** Ascending along the last axis: values, and int64 positions; equal values keep their order. */
function sorted(g: GraphBuilder, x: View): readonly [Value, Value] {
  const values = dense(g, x);
  const length = values.shape.at(-1) as number;
  const results = [
    { shape: values.shape, dtype: values.dtype },
    { shape: values.shape, dtype: "int64" as const },
  ];
  const [top, index] = g.ops("TopK", [values, g.ints([length])], results, {
    largest: 0,
    sorted: 1,
    axis: -1,
  });
  return [top, index];
}

const sort: Rule = (g, [x]) => [viewOf(sorted(g, x)[0])];

const argsort: Rule = (g, [x]) => {
  const [values, index] = sorted(g, x);
  return [viewOf(values), cast(g, viewOf(index), "int32")];
};

/** The k largest along the last axis and their places in the flipped axis, as `argsort` leaves them at its end. */
const largest: Rule = (g, [x], { params, outputs: [out] }) => {
  const values = dense(g, x);
  const size = values.shape.at(-1) as number;
  const results = [
    { shape: out.shape, dtype: values.dtype },
    { shape: out.shape, dtype: "int64" as const },
  ];
  const count = g.ints([params.k as number]);
  const made = g.ops("TopK", [values, count], results, { largest: 1, sorted: 1, axis: -1 });
  const last = { primitive: "flip", inputs: [], outputs: [], params: { axis: [out.shape.length - 1] } };
  const [ascending, places] = made.map((value) => movement.flip(g, [viewOf(value)], last)[0]);
  const end = g.scalar(size - 1, "int32");
  const flipped = unaryPlaces(g, cast(g, places, "int32"), end);
  return [ascending, flipped];
};

/** end - x */
function unaryPlaces(g: GraphBuilder, view: View, end: Value): View {
  return { ...view, base: g.op("Sub", [end, view.base], view.base.shape, "int32") };
}

/** The positions that windows of one axis read: [windows, window]. */
function windowIndex(length: number, window: number, stride: number): number[] {
  const count = Math.floor((length - window) / stride) + 1;
  return Array.from({ length: count * window }, (_, i) => Math.floor(i / window) * stride + (i % window));
}

/** Sliding windows over the last axes: [..., n_1 ... n_k] -> [..., o_1 ... o_k, w_1 ... w_k]. */
const pool: Rule = (g, [x], { params }) => {
  const window = params.window as number[];
  const strides = params.strides as number[];
  const first = x.axes.length - window.length;
  const windows = window.reduce((view, size, k) => {
    const axis = first + 2 * k;
    const memory = dense(g, view);
    const index = windowIndex(memory.shape[axis], size, strides[k]);
    const shape = [
      ...memory.shape.slice(0, axis),
      index.length / size,
      size,
      ...memory.shape.slice(axis + 1),
    ];
    const flat = g.op(
      "Gather",
      [memory, g.ints(index)],
      memory.shape.with(axis, index.length),
      memory.dtype,
      { axis },
    );
    return viewOf(g.op("Reshape", [flat, g.ints(shape)], shape, memory.dtype));
  }, x);
  return [{ ...windows, axes: interleavedToGrouped(windows, first, window.length) }];
};

function interleavedToGrouped(view: View, first: number, count: number) {
  const places = Array.from({ length: count }, (_, k) => first + 2 * k);
  return [
    ...view.axes.slice(0, first),
    ...places.map((i) => view.axes[i]),
    ...places.map((i) => view.axes[i + 1]),
  ];
}

/** The transpose of pool, axis by axis: a matrix product with the 0/1 matrix of window positions. */
const poolTranspose: Rule = (g, [x], { params, outputs: [out] }) => {
  const window = params.window as number[];
  const strides = params.strides as number[];
  const inShape = params.inShape as number[];
  const first = inShape.length - window.length;
  let view = x;
  for (let k = window.length - 1; k >= 0; k--) {
    const windowAxis = view.axes.length - 1;
    const axes = [...view.axes.keys()].filter((i) => i !== first + k && i !== windowAxis);
    const moved: View = { ...view, axes: [...axes, first + k, windowAxis].map((i) => view.axes[i]) };
    const memory = dense(g, moved);
    const summed = sumWindows(g, memory, inShape[first + k], window[k], strides[k]);
    const back = viewOf(summed);
    const order = [
      ...axes.slice(0, first + k),
      axes.length,
      ...axes.slice(first + k).map((_, i) => i + first + k),
    ];
    view = { ...back, axes: order.map((i) => back.axes[i]) };
  }
  return [viewOf(asShape(g, dense(g, view), out.shape))];
};

function sumWindows(g: GraphBuilder, memory: Value, length: number, window: number, stride: number): Value {
  const index = windowIndex(length, window, stride);
  const matrix = new Float32Array(index.length * length);
  index.forEach((position, row) => {
    matrix[row * length + position] = 1;
  });
  const rest = memory.shape.slice(0, -2);
  const flat = asShape(g, memory, [sizeOf(rest), index.length]);
  const table = cast(
    g,
    viewOf(g.constant({ dtype: "float32", shape: [index.length, length], data: matrix })),
    flat.dtype,
  );
  const product = g.op("MatMul", [flat, table.base], [sizeOf(rest), length], flat.dtype);
  return asShape(g, product, [...rest, length]);
}

function asShape(g: GraphBuilder, value: Value, shape: readonly number[]): Value {
  return g.op("Reshape", [value, g.ints(shape)], shape, value.dtype);
}

export const indexing: Readonly<Record<string, Rule>> = {
  gather,
  scatter,
  sort,
  argsort,
  largest,
  pool,
  pool_transpose: poolTranspose,
};
