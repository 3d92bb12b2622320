/** `dot` (multiply and sum over the last axis, with broadcasting) as MatMul. */

import type { QuantisedArray } from "../../host.ts";
import { sizeOf } from "../../host.ts";
import type { Equation } from "../../ir.ts";
import { onnxTypeCodes } from "../../onnx/encode.ts";
import type { GraphBuilder, Value } from "../../onnx/graph.ts";
import { elementwise } from "../align.ts";
import { flash, scoresOf } from "../flash-attention.ts";
import type { Rule } from "../rule.ts";
import {
  constantValue,
  multiplyQuantised,
  originOf,
  type StoredArray,
  storedRows,
} from "../stored-weights.ts";
import type { Atom, View } from "../view.ts";
import {
  arrange,
  dense,
  isBroadcast,
  isReal,
  lengthOf,
  padRank,
  real,
  refine,
  repeated,
  reshapeValue,
  viewOf,
} from "../view.ts";
import { reductions } from "./reduce.ts";

/**
 * Axes that are real on both sides are batch axes, on one side free axes of that side, on none repeated:
 * dot(a, b) is then a batched matrix product [batch, left, k] x [batch, k, right], and its result a view.
 */
const dot: Rule = (g, inputs, equation) => {
  const rank = equation.outputs[0].shape.length + 1;
  const padded = inputs.map((view) => unmixed(g, padRank(view, rank)));
  const aligned = alignBatch(g, padded);
  const [a, b] = aligned;
  const last = rank - 1;
  if (!isReal(a.axes[last]) || !isReal(b.axes[last])) return multiplyAndSum(g, aligned, equation);
  return [matmul(g, a, b, equation)];
};

/** An axis that mixes real and repeated atoms is written out. */
function unmixed(g: GraphBuilder, view: View): View {
  const mixed = view.axes.some((axis) => !isBroadcast(axis) && !isReal(axis));
  return mixed ? viewOf(dense(g, view)) : view;
}

/** Batch and contracted axes must be cut into the same atoms on both sides. */
function alignBatch(g: GraphBuilder, views: readonly View[]): readonly View[] {
  return refine(views) ?? (refine(views.map((view) => viewOf(dense(g, view)))) as View[]);
}

function multiplyAndSum(g: GraphBuilder, inputs: readonly View[], equation: Equation): readonly View[] {
  const out = equation.outputs[0];
  const last = out.shape.length;
  const length = Math.max(...equation.inputs.map((v) => v.shape.at(-1) ?? 1));
  const product = elementwise(g, inputs, [...out.shape, length], ([x, y], shape) =>
    g.op("Mul", [x, y], shape, x.dtype),
  );
  return reductions.reduce(g, [product], { ...equation, params: { op: "Add", axis: [last] } });
}

/**
 * Within batch, left, right and contracted axes the order of atoms is free. It follows memory: batch and
 * contracted ones that of the larger operand, so that large arrays stay as they lie. Which operand stands left follows
 * from the axis that whoever reads the result wants last.
 */
function matmul(g: GraphBuilder, first: View, second: View, { outputs: [out], params }: Equation): View {
  const { shape } = out;
  const last = shape.length;
  const wanted = (params.last ?? last - 1) as number;
  const isTurned = wanted >= 0 && isReal(first.axes[wanted]) && !isReal(second.axes[wanted]);
  const [a, b] = isTurned ? [second, first] : [first, second];
  const kinds = shape.map((_, i) => `${isReal(a.axes[i]) ? "a" : ""}${isReal(b.axes[i]) ? "b" : ""}`);
  const axesOf = (kind: string) => kinds.flatMap((k, i) => (k === kind ? [i] : []));
  const larger = sizeOf(a.base.shape) >= sizeOf(b.base.shape) ? a : b;
  const batch = cellsOf(larger, axesOf("ab"));
  const inner = cellsOf(larger, [last]);
  const [left, right] = [cellsOf(a, axesOf("a")), cellsOf(b, axesOf("b"))];
  const stored = storedProduct(g, [a, b], [left, right], last);
  if (stored) return productView(stored.value, stored.cells, shape);
  const batchOf = (view: View) => (batch.length === 0 ? [] : [atomsAt(view, batch)]);
  const x = matrix(g, a, batchOf(a), [atomsAt(a, left), atomsAt(a, inner)]);
  const y = matrix(g, b, batchOf(b), [atomsAt(b, inner), atomsAt(b, right)]);
  const cells = [...batch, ...left, ...right];
  const attended = x.transposed || y.transposed ? undefined : flash(g, x.value, y.value);
  if (attended) return productView(attended, cells, shape);
  const summed = sumOverRows(g, x, y);
  if (summed) return productView(summed.value, summed.turned ? [...right, ...left] : cells, shape);
  const product = multiply(g, x, y);
  g.note(scoresOf, product, {
    query: () => arrange(g, a, [...batchOf(a), atomsAt(a, left), atomsAt(a, inner)]),
    key: () => arrange(g, b, [...batchOf(b), atomsAt(b, right), atomsAt(b, inner)]),
  });
  return productView(product, cells, shape);
}

/**
 * Products with a stored W [O, I], whole: x · Wᵀ in few bits by a kernel that reads the bits, and by blocks of rows where W is
 * large and in half precision; x · W by blocks of rows. Undefined for any other product.
 */
function storedProduct(
  g: GraphBuilder,
  [a, b]: readonly [View, View],
  [left, right]: readonly [readonly Cell[], readonly Cell[]],
  last: number,
): { value: Value; cells: readonly Cell[] } | undefined {
  const array = costly(g, b);
  if (array === undefined) {
    return costly(g, a) ? storedProduct(g, [b, a], [right, left], last) : undefined;
  }
  const inner = cellsOf(b, [last]);
  const cells = [...left, ...right];
  const [outer, summed] = [right, inner].map((some) => sizeOf(some.map(({ size }) => size)));
  const x = () => arrange(g, a, [atomsAt(a, left), atomsAt(a, inner)]);
  if (outer === array.shape[0] && liesAs(b, [atomsAt(b, right), atomsAt(b, inner)]))
    return {
      value: isMultipliedAsStored(g, array)
        ? multiplyQuantised(g, x(), array)
        : multiplyByBlocks(g, x(), array),
      cells,
    };
  if (summed === array.shape[0] && liesAs(b, [atomsAt(b, inner), atomsAt(b, right)]))
    return { value: sumByBlocks(g, x(), array), cells };
  return undefined;
}

function isMultipliedAsStored(g: GraphBuilder, array: StoredArray): array is QuantisedArray {
  return "bits" in array && g.can.matMulBits.includes(array.bits);
}

/** A matrix that costs much memory when it is widened whole. */
function costly(g: GraphBuilder, { base }: View): StoredArray | undefined {
  const array = originOf(g, base);
  if (array === undefined || array.shape.length !== 2) return undefined;
  return "bits" in array || (array.stored && sizeOf(array.shape) > widenedAtOnce) ? array : undefined;
}

/** Elements, 64 MiB in float32. */
const widenedAtOnce = 2 ** 24;

/** x [R, I] by a file's matrix -> [R, O], some rows of the matrix after the others. */
function multiplyByBlocks(g: GraphBuilder, x: Value, array: StoredArray): Value {
  const [O, I] = array.shape;
  const products = rowBlocks(array).map(([start, stop]) =>
    multiply(
      g,
      { value: x, rows: x.shape[0], columns: I, transposed: false },
      {
        value: constantValue(g, storedRows(array, start, stop)),
        rows: I,
        columns: stop - start,
        transposed: true,
      },
    ),
  );
  return g.op("Concat", products, [x.shape[0], O], "float32", { axis: 1 });
}

/** x [R, O] by a stored matrix -> [R, I], a sum over some rows of the matrix after the others. */
function sumByBlocks(g: GraphBuilder, x: Value, array: StoredArray): Value {
  const [O, I] = array.shape;
  const [R] = x.shape;
  const products = rowBlocks(array).map(([start, stop]) => {
    const bounds = [[start], [stop], [1]].map((list) => g.ints(list));
    const columns = stop - start === O ? x : g.op("Slice", [x, ...bounds], [R, stop - start], "float32");
    return g.op("MatMul", [columns, constantValue(g, storedRows(array, start, stop))], [R, I], "float32");
  });
  return products.reduce((sum, product) => g.op("Add", [sum, product], [R, I], "float32"));
}

/** Rows [start, stop) that are widened at a time. */
function rowBlocks({ shape: [O, I] }: StoredArray): [start: number, stop: number][] {
  const size = Math.max(1, Math.floor(widenedAtOnce / I));
  return Array.from({ length: Math.ceil(O / size) }, (_, i) => [i * size, Math.min(O, (i + 1) * size)]);
}

/** One atom of a view: its axis, its place there, its size. */
interface Cell {
  readonly axis: number;
  readonly index: number;
  readonly size: number;
}

/** The atoms of some axes in the order of memory. */
function cellsOf(view: View, axes: readonly number[]): Cell[] {
  const cells = axes.flatMap((axis) => view.axes[axis].map(({ size }, index) => ({ axis, index, size })));
  const position = ({ axis, index }: Cell) => view.atoms.indexOf(view.axes[axis][index]);
  return cells.sort((p, q) => position(p) - position(q));
}

function atomsAt(view: View, cells: readonly Cell[]): Atom[] {
  return cells.map(({ axis, index }) => view.axes[axis][index]);
}

/** The result's axes are cut as finely as the operands', so that later operations align with them. */
function productView(base: Value, cells: readonly Cell[], shape: readonly number[]): View {
  const atoms = cells.map(({ size }) => real(size));
  const axes = shape.map((length, axis) => {
    const own = cells.flatMap((cell, p) => (cell.axis === axis ? [{ ...cell, atom: atoms[p] }] : []));
    if (own.length === 0) return length === 1 ? [] : [repeated(length)];
    return own.sort((p, q) => p.index - q.index).map(({ atom }) => atom);
  });
  return { base, atoms, axes };
}

interface Matrix {
  /** [batch?, rows, columns], or [batch?, columns, rows] when it is stored transposed. */
  readonly value: Value;
  readonly rows: number;
  readonly columns: number;
  readonly transposed: boolean;
}

/**
 * Takes a matrix as it lies in memory where either order will do; else moves it into the order that leaves the innermost
 * atom where it is, which is a copy of whole rows.
 */
function matrix(
  g: GraphBuilder,
  view: View,
  batch: readonly (readonly Atom[])[],
  [rows, columns]: readonly [readonly Atom[], readonly Atom[]],
): Matrix {
  const swapped = [...batch, columns, rows];
  const keepsInnermost = g.can.fusedMatMul && rows.includes(view.atoms[view.atoms.length - 1]);
  const transposed =
    view.base.dtype === "float32" &&
    !liesAs(view, [...batch, rows, columns]) &&
    (liesAs(view, swapped) || keepsInnermost);
  const value = arrange(g, view, transposed ? swapped : [...batch, rows, columns]);
  return { value, rows: lengthOf(rows), columns: lengthOf(columns), transposed };
}

function liesAs(view: View, groups: readonly (readonly Atom[])[]): boolean {
  return groups.flat().every((atom, i) => atom === view.atoms[i]);
}

/** Rows and columns from which a product gains more than moving one operand costs. */
const worthMoving = 256;

/**
 * Xᵀ Y of tall X [R, A] and Y [R, B], as gradients of weights are. ONNX Runtime's product transposes X block by block,
 * again for every few columns of Y, which costs a quarter of the time: the narrower operand is moved once instead, for all
 * products that read it. Where that is Y the result comes out as [B, A], `turned`.
 */
function sumOverRows(g: GraphBuilder, x: Matrix, y: Matrix): { value: Value; turned: boolean } | undefined {
  const isTall = x.transposed && !y.transposed && x.value.shape.length === 2 && x.columns >= worthMoving;
  if (isTall && y.columns === 1) {
    const row = { value: reshapeValue(g, y.value, [1, y.rows]), rows: 1, columns: y.rows, transposed: false };
    return { value: multiply(g, row, asItLies(x)), turned: true };
  }
  if (!isTall || !g.can.slowTransposed || Math.max(x.rows, y.columns) < worthMoving) return undefined;
  if (x.rows < y.columns) return { value: multiply(g, turned(g, x), y), turned: false };
  const left = turned(g, { value: y.value, rows: y.columns, columns: y.rows, transposed: true });
  return { value: multiply(g, left, asItLies(x)), turned: true };
}

/** A transposed matrix as the one that lies in memory. */
function asItLies({ value, rows, columns }: Matrix): Matrix {
  return { value, rows: columns, columns: rows, transposed: false };
}

function multiply(g: GraphBuilder, x: Matrix, y: Matrix): Value {
  if (!g.can.multipliesHalves || x.value.dtype !== "float32") return product(g, x, y, g.can.fusedMatMul);
  const [a, b] = [x, y].map((matrix): Matrix => ({ ...matrix, value: halved(g, matrix.value) }));
  if (g.can.halves !== "rounded") return widened(g, product(g, a, b, g.can.halves === "FusedMatMul"));
  const [p, q] = [a, b].map((matrix): Matrix => ({ ...matrix, value: widened(g, matrix.value) }));
  return product(g, p, q, g.can.fusedMatMul);
}

/** FusedMatMul reads transposed operands as they are. */
function product(g: GraphBuilder, x: Matrix, y: Matrix, isFused: boolean): Value {
  if (!isFused && (x.transposed || y.transposed)) return product(g, turned(g, x), turned(g, y), isFused);
  const shape = [...x.value.shape.slice(0, -2), x.rows, y.columns];
  const operands = [x.value, y.value];
  if (!x.transposed && !y.transposed) return g.op("MatMul", operands, shape, x.value.dtype);
  const attributes = { transA: Number(x.transposed), transB: Number(y.transposed) };
  return g.op("FusedMatMul", operands, shape, x.value.dtype, attributes, "com.microsoft");
}

/** In half precision; what was stored so is taken as it is. */
function halved(g: GraphBuilder, value: Value): Value {
  const maker = g.producer.get(value.name);
  if (maker?.op === "Cast" && maker.inputs[0].dtype === "float16") return maker.inputs[0];
  return g.op("Cast", [value], value.shape, "float16", { to: onnxTypeCodes.float16 });
}

function widened(g: GraphBuilder, value: Value): Value {
  return g.op("Cast", [value], value.shape, "float32", { to: onnxTypeCodes.float32 });
}

/** The matrix as [batch?, rows, columns], moved where it lies the other way. */
function turned(g: GraphBuilder, matrix: Matrix): Matrix {
  if (!matrix.transposed) return matrix;
  const { value, rows, columns } = matrix;
  const rank = value.shape.length;
  const shape = [...value.shape.slice(0, -2), rows, columns];
  const perm = [...Array(rank - 2).keys(), rank - 1, rank - 2];
  return {
    rows,
    columns,
    value: g.op("Transpose", [value], shape, value.dtype, { perm }),
    transposed: false,
  };
}

export const contractions: Readonly<Record<string, Rule>> = { dot };
