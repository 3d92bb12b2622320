/** Aligns operands of elementwise operations so that as little memory as possible moves. */

import { sizeOf } from "../host.ts";
import type { GraphBuilder, OnnxType, Value } from "../onnx/graph.ts";
import type { Atom, View } from "./view.ts";
import { arrange, dense, lengthOf, padRank, real, refine, repeated, viewOf } from "./view.ts";

/** Makes one ONNX value of aligned operands; `shape` is their broadcast shape. */
export type Apply = (operands: readonly Value[], shape: readonly number[]) => Value;

/** Applies an elementwise operation to views that broadcast to `shape`. */
export function elementwise(
  g: GraphBuilder,
  views: readonly View[],
  shape: readonly number[],
  apply: Apply,
): View {
  const padded = views.map((view) => padRank(view, shape.length));
  const refined = refine(padded) ?? (refine(padded.map((view) => viewOf(dense(g, view)))) as View[]);
  const layout = chooseLayout(refined, shape.length);
  const groups = chooseGroups(layout, refined);
  const lengths = groups.map((group) => sizeOf(group.map((p) => layout.cells[p].size)));
  const rank = rankOf(refined, lengths);
  const operands = refined.map((view) => arrangeCells(g, view, layout, groups, rank));
  const made = apply(operands, [...Array<number>(rank - lengths.length).fill(1), ...lengths]);
  return resultView(made, layout, shape);
}

/** The rank of the result: leading axes of length 1 stay where all operands of its size lie with them. */
function rankOf(views: readonly View[], lengths: readonly number[]): number {
  const whole = views.map(({ base }) => base.shape).filter((shape) => sizeOf(shape) === sizeOf(lengths));
  const isPadded = (shape: readonly number[]) => {
    const leading = shape.length - lengths.length;
    return leading >= 0 && shape.every((length, i) => length === (i < leading ? 1 : lengths[i - leading]));
  };
  if (whole.length === 0 || !whole.every(isPadded)) return lengths.length;
  return Math.min(...whole.map((shape) => shape.length));
}

/** One place of the refined axes. */
interface Cell {
  readonly axis: number;
  readonly index: number;
  readonly size: number;
}

interface Layout {
  readonly cells: readonly Cell[];
  /** Cells that are real in some operand, in the order in which memory will lie. */
  readonly order: readonly number[];
  readonly leader: View;
}

function chooseLayout(views: readonly View[], rank: number): Layout {
  const cells: Cell[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const atoms = views.map((view) => view.axes[axis]).find((list) => list.length > 0) ?? [];
    cells.push(...atoms.map((atom, index) => ({ axis, index, size: atom.size })));
  }
  const covered = cells.flatMap((cell, p) => (views.some((view) => atomAt(view, cell)) ? [p] : []));
  const leader = chooseLeader(views, cells);
  const order = leader.atoms.map((atom) => cells.findIndex((cell) => atomAt(leader, cell) === atom));
  return { cells, leader, order: order.length === covered.length ? order : covered };
}

/** The operand with the most memory; of several, one that already lies in the order of its axes. */
function chooseLeader(views: readonly View[], cells: readonly Cell[]): View {
  const rank = (view: View) => {
    const natural = cells
      .flatMap((cell) => atomAt(view, cell) ?? [])
      .every((atom, i) => atom === view.atoms[i]);
    return sizeOf(view.atoms.map((atom) => atom.size)) * 2 + (natural ? 1 : 0);
  };
  return views.reduce((best, view) => (rank(view) > rank(best) ? view : best));
}

function atomAt(view: View, cell: Cell): Atom | undefined {
  const atom = view.axes[cell.axis][cell.index];
  return atom === undefined || atom.broadcast ? undefined : atom;
}

/** Groups of cells that become the axes: those of the leader's memory if every operand allows, else one each. */
function chooseGroups(layout: Layout, views: readonly View[]): readonly (readonly number[])[] {
  const fine = layout.order.map((p) => [p]);
  const all = groupsOf(layout.leader.base.shape, layout);
  if (all === undefined) return fine;
  const lead = all.findIndex((group) => group.length > 0);
  const coarse = lead < 0 ? [] : all.slice(lead);
  const fits = (view: View) =>
    coarse.every((group) => {
      const present = group.filter((p) => atomAt(view, layout.cells[p]) !== undefined).length;
      return present === 0 || present === group.length;
    });
  return views.every(fits) ? coarse : fine;
}

function groupsOf(shape: readonly number[], layout: Layout): number[][] | undefined {
  const rest = [...layout.order];
  const groups: number[][] = [];
  for (const length of shape) {
    const group: number[] = [];
    let missing = length;
    while (missing > 1) {
      const p = rest.shift();
      if (p === undefined || missing % layout.cells[p].size !== 0) return undefined;
      group.push(p);
      missing /= layout.cells[p].size;
    }
    groups.push(group);
  }
  return rest.length === 0 ? groups : undefined;
}

function arrangeCells(
  g: GraphBuilder,
  view: View,
  layout: Layout,
  groups: readonly (readonly number[])[],
  rank: number,
): Value {
  const atoms = groups.map((group) => group.flatMap((p) => atomAt(view, layout.cells[p]) ?? []));
  const lead = atoms.findIndex((group) => group.length > 0);
  // Leading axes of length 1 broadcast by themselves, and may stay; a scalar needs no axes at all.
  const wanted = lead < 0 ? [] : atoms.slice(lead);
  const leading = view.base.shape.length - wanted.length;
  return leading > 0 && view.base.shape.length <= rank
    ? arrange(g, view, [...Array<Atom[]>(leading).fill([]), ...wanted])
    : arrange(g, view, wanted);
}

function resultView(base: Value, layout: Layout, shape: readonly number[]): View {
  const made = new Map(layout.order.map((p) => [p, real(layout.cells[p].size)]));
  const axes: Atom[][] = shape.map(() => []);
  layout.cells.forEach((cell, p) => {
    axes[cell.axis].push(made.get(p) ?? repeated(cell.size));
  });
  const full = axes.map((axis, i) => (lengthOf(axis) === shape[i] ? axis : [repeated(shape[i])]));
  return { base, atoms: layout.order.map((p) => made.get(p) as Atom), axes: full };
}

/** A unary operation reads memory as it lies. */
export function unary(
  g: GraphBuilder,
  view: View,
  op: string,
  dtype: OnnxType = view.base.dtype,
  attributes = {},
  domain = "",
): View {
  return { ...view, base: g.op(op, [view.base], view.base.shape, dtype, attributes, domain) };
}
