/** Convolution: dilated, padded, vmapped axes as groups of channels. */

import { sizeOf } from "../../host.ts";
import type { GraphBuilder, Value } from "../../onnx/graph.ts";
import type { Rule } from "../rule.ts";
import type { View } from "../view.ts";
import { dense, lengthOf, real, repeated, reshapeValue, viewOf } from "../view.ts";
import { alongAxis, movement, padAxis } from "./movement.ts";

interface ConvParams {
  readonly vmapDims: number;
  readonly strides: readonly number[];
  readonly padding: readonly (readonly [number, number])[];
  readonly lhsDilation: readonly number[];
  readonly rhsDilation: readonly number[];
}

/** Convolution without flipping; vmapped axes become groups of channels. */
const conv: Rule = (g, [lhs, rhs], equation) => {
  // jax-js gives an equation's parameters no types.
  const params = equation.params as unknown as ConvParams;
  const [x, w] = equation.inputs;
  const [out] = equation.outputs;
  const spread = padInput(g, dilateInput(g, lhs, params), params);
  const batchedShape = out.shape.slice(0, params.vmapDims);
  const groups = sizeOf(batchedShape);
  const spatial = spread.axes.slice(params.vmapDims + 2).map(lengthOf);
  const image = groupChannels(
    g,
    spread,
    [...batchedShape, ...x.shape.slice(params.vmapDims, params.vmapDims + 2), ...spatial],
    params,
  );
  const kernelShape = w.shape.slice(params.vmapDims);
  const kernel = reshapeValue(g, dense(g, expandBatch(rhs, batchedShape)), [
    groups * kernelShape[0],
    ...kernelShape.slice(1),
  ]);
  const [batch, channels, ...size] = out.shape.slice(params.vmapDims);
  const attributes = { strides: params.strides, dilations: params.rhsDilation, group: groups };
  const made = g.op("Conv", [image, kernel], [batch, groups * channels, ...size], out.dtype, attributes);
  return [ungroupChannels(made, batchedShape, batch, channels, size)];
};

/** Zeros between the elements: the input dilation of a transposed convolution. */
function dilateInput(g: GraphBuilder, view: View, params: ConvParams): View {
  const dilate = (x: View, dilation: number, i: number) =>
    dilateAxis(g, x, params.vmapDims + 2 + i, dilation);
  return params.lhsDilation.reduce(dilate, view);
}

function dilateAxis(g: GraphBuilder, view: View, axis: number, dilation: number): View {
  if (dilation === 1) return view;
  const shape = view.axes.map(lengthOf);
  const unit: View = { ...view, axes: view.axes.toSpliced(axis + 1, 0, []) };
  const padded = padAxis(g, viewOf(dense(g, unit)), axis + 1, 0, dilation - 1);
  const flat = viewOf(reshapeValue(g, dense(g, padded), shape.with(axis, shape[axis] * dilation)));
  return cropEnd(g, flat, axis, dilation - 1);
}

function cropEnd(g: GraphBuilder, view: View, axis: number, count: number): View {
  const length = lengthOf(view.axes[axis]) - count;
  return alongAxis(g, view, axis, length, (memory, dimension, shape) =>
    g.op("Slice", [memory, g.ints([0]), g.ints([length]), g.ints([dimension])], shape, memory.dtype),
  );
}

function padInput(g: GraphBuilder, view: View, params: ConvParams): View {
  const width = [...Array<[number, number]>(params.vmapDims + 2).fill([0, 0]), ...params.padding];
  const equation = { primitive: "pad", inputs: [], outputs: [], params: { width } };
  return movement.pad(g, [view], equation)[0];
}

function expandBatch(view: View, batch: readonly number[]): View {
  const axes = view.axes.map((axis, i) => {
    if (i >= batch.length || lengthOf(axis) === batch[i]) return axis;
    return [repeated(batch[i])];
  });
  return { ...view, axes };
}

/** [...vmap, batch, channels, ...space] -> [batch, vmap * channels, ...space]. */
function groupChannels(
  g: GraphBuilder,
  view: View,
  shape: readonly number[],
  { vmapDims }: ConvParams,
): Value {
  const full = expandBatch(view, shape.slice(0, vmapDims));
  const order = [
    vmapDims,
    ...shape.slice(0, vmapDims).keys(),
    ...shape.slice(vmapDims + 1).map((_, i) => i + vmapDims + 1),
  ];
  const moved: View = { ...full, axes: order.map((i) => full.axes[i]) };
  const channels = sizeOf(shape.slice(0, vmapDims)) * shape[vmapDims + 1];
  return reshapeValue(g, dense(g, moved), [shape[vmapDims], channels, ...shape.slice(vmapDims + 2)]);
}

function ungroupChannels(
  base: Value,
  vmap: readonly number[],
  batch: number,
  channels: number,
  size: readonly number[],
): View {
  const atoms = [batch, ...vmap, channels, ...size].map(real);
  const [b, rest] = [atoms[0], atoms.slice(1)];
  const ordered = [...rest.slice(0, vmap.length), b, ...rest.slice(vmap.length)];
  return {
    base,
    atoms: atoms.filter((atom) => atom.size !== 1),
    axes: ordered.map((atom) => (atom.size === 1 ? [] : [atom])),
  };
}

export const convolutions: Readonly<Record<string, Rule>> = { conv };
