/**
 * Lazy views. An array is a value in memory and a recipe to read it: its memory is a row-major list of
 * *atoms* (sub-axes), and every axis of the array is a list of atoms, real or broadcast. Transpose, broadcast
 * and most reshapes only rewrite the recipe; memory moves when an operation needs another order.
 */

import { sizeOf } from "../host.ts";
import type { GraphBuilder, Value } from "../onnx/graph.ts";

/** A sub-axis; compared by identity. A broadcast atom repeats, it has no memory. */
export interface Atom {
  readonly size: number;
  readonly broadcast: boolean;
}

export interface View {
  readonly base: Value;
  /** The real atoms in the order of memory; their sizes multiply to the size of `base`. */
  readonly atoms: readonly Atom[];
  /** One list per axis, outermost first; an axis of length 1 has none. */
  readonly axes: readonly (readonly Atom[])[];
}

export function real(size: number): Atom {
  return { size, broadcast: false };
}

export function repeated(size: number): Atom {
  return { size, broadcast: true };
}

/** The view that reads a value as it lies in memory. */
export function viewOf(base: Value): View {
  const axes = base.shape.map((size) => (size === 1 ? [] : [real(size)]));
  return { base, atoms: axes.flat(), axes };
}

export function lengthOf(axis: readonly Atom[]): number {
  return sizeOf(axis.map((atom) => atom.size));
}

export function shapeOf(view: View): number[] {
  return view.axes.map(lengthOf);
}

/** Adds axes of length 1 in front, as NumPy's broadcasting does. */
export function padRank(view: View, rank: number): View {
  return { ...view, axes: [...Array<Atom[]>(rank - view.axes.length).fill([]), ...view.axes] };
}

export function isBroadcast(axis: readonly Atom[]): boolean {
  return axis.every((atom) => atom.broadcast);
}

export function isReal(axis: readonly Atom[]): boolean {
  return axis.length > 0 && axis.every((atom) => !atom.broadcast);
}

/** Reads the flat sequence of atoms as other axes; `undefined` where a boundary would cut an atom unevenly. */
export function reshapeView(view: View, shape: readonly number[]): View | undefined {
  const cuts = cutSequence(view.axes.flat(), shape);
  if (cuts === undefined) return undefined;
  return { base: view.base, atoms: replaceAtoms(view.atoms, cuts.pieces), axes: cuts.groups };
}

interface Cuts {
  /** The atoms of each new axis. */
  readonly groups: readonly (readonly Atom[])[];
  /** What became of each atom that was cut. */
  readonly pieces: ReadonlyMap<Atom, readonly Atom[]>;
}

function cutSequence(sequence: readonly Atom[], shape: readonly number[]): Cuts | undefined {
  const rest = [...sequence];
  const pieces = new Map<Atom, Atom[]>();
  const origin = new Map<Atom, Atom>();
  const groups: Atom[][] = [];
  for (const length of shape) {
    const group: Atom[] = [];
    let missing = length;
    while (missing > 1) {
      const atom = rest.shift();
      if (atom === undefined) return undefined;
      if (missing % atom.size === 0) {
        group.push(atom);
        missing /= atom.size;
      } else {
        if (atom.size % missing !== 0) return undefined;
        const [outer, inner] = cut(atom, missing, pieces, origin);
        group.push(outer);
        rest.unshift(inner);
        missing = 1;
      }
    }
    groups.push(group);
  }
  return { groups, pieces };
}

function cut(
  atom: Atom,
  outerSize: number,
  pieces: Map<Atom, Atom[]>,
  origin: Map<Atom, Atom>,
): [Atom, Atom] {
  const outer = { size: outerSize, broadcast: atom.broadcast };
  const inner = { size: atom.size / outerSize, broadcast: atom.broadcast };
  const whole = origin.get(atom) ?? atom;
  const own = pieces.get(whole) ?? [whole];
  own.splice(own.indexOf(atom), 1, outer, inner);
  pieces.set(whole, own);
  origin.set(outer, whole);
  origin.set(inner, whole);
  return [outer, inner];
}

function replaceAtoms(atoms: readonly Atom[], pieces: ReadonlyMap<Atom, readonly Atom[]>): Atom[] {
  return atoms.flatMap((atom) => pieces.get(atom) ?? [atom]);
}

/**
 * Cuts the atoms of several views of one rank so that, axis by axis, those that are real there have atoms of
 * equal sizes. Axes that only repeat become empty. `undefined` where that is impossible.
 */
export function refine(views: readonly View[]): View[] | undefined {
  let result: View[] = views.map((view) => ({
    ...view,
    axes: view.axes.map((axis) => (isBroadcast(axis) ? [] : axis)),
  }));
  const rank = views[0].axes.length;
  for (let i = 0; i < rank; i++) {
    const sizes = commonSizes(result.map((view) => view.axes[i]).filter((axis) => axis.length > 0));
    if (sizes === undefined) return undefined;
    const cutViews = result.map((view) => cutAxis(view, i, sizes));
    if (cutViews.some((view) => view === undefined)) return undefined;
    result = cutViews as View[];
  }
  return result;
}

function commonSizes(axes: readonly (readonly Atom[])[]): number[] | undefined {
  const ends = new Set<number>();
  for (const axis of axes) {
    let end = 1;
    for (const atom of axis) {
      end *= atom.size;
      ends.add(end);
    }
  }
  const sorted = [...ends].sort((a, b) => a - b);
  const sizes = sorted.map((end, k) => end / (sorted[k - 1] ?? 1));
  return sizes.every(Number.isInteger) ? sizes : undefined;
}

function cutAxis(view: View, index: number, sizes: readonly number[]): View | undefined {
  if (view.axes[index].length === 0) return view;
  const cuts = cutSequence(view.axes[index], sizes);
  if (cuts === undefined || cuts.groups.some((group) => group.length !== 1)) return undefined;
  return {
    base: view.base,
    atoms: replaceAtoms(view.atoms, cuts.pieces),
    axes: view.axes.with(index, cuts.groups.flat()),
  };
}

/**
 * Puts a view's real atoms in memory in the order of `groups` and shapes it with one axis per group. Emits
 * nothing, a Reshape, or a Transpose between Reshapes. `groups` must hold each real atom once.
 */
export function arrange(g: GraphBuilder, view: View, groups: readonly (readonly Atom[])[]): Value {
  const order = groups.flat();
  const shape = groups.map(lengthOf);
  if (order.length !== view.atoms.length) throw new Error("arrange: groups must hold every real atom once");
  if (order.every((atom, i) => atom === view.atoms[i])) return reshapeValue(g, view.base, shape);
  const runs = commonRuns(view.atoms, order);
  const source = reshapeValue(g, view.base, runs.map(lengthOf));
  const target = [...runs].sort((a, b) => order.indexOf(a[0]) - order.indexOf(b[0]));
  const perm = target.map((run) => runs.indexOf(run));
  const moved = g.op("Transpose", [source], target.map(lengthOf), source.dtype, { perm });
  return reshapeValue(g, moved, shape);
}

/** Longest runs of atoms that stay together in both orders. */
function commonRuns(atoms: readonly Atom[], order: readonly Atom[]): Atom[][] {
  const runs: Atom[][] = [];
  for (const atom of atoms) {
    const last = runs.at(-1)?.at(-1);
    if (last !== undefined && order.indexOf(atom) === order.indexOf(last) + 1) runs.at(-1)?.push(atom);
    else runs.push([atom]);
  }
  return runs;
}

export function reshapeValue(g: GraphBuilder, value: Value, shape: readonly number[]): Value {
  const whole = withoutReshape(g, value);
  if (sameShape(value.shape, shape)) return value;
  return sameShape(whole.shape, shape) ? whole : g.op("Reshape", [whole, g.ints(shape)], shape, value.dtype);
}

/** What a value is a reshape of. A reshape to a shape that is computed is a gate, which nothing may go round. */
export function withoutReshape(g: GraphBuilder, value: Value): Value {
  const made = g.producer.get(value.name);
  const isPlain = made?.op === "Reshape" && !g.producer.has(made.inputs[1].name);
  return isPlain ? withoutReshape(g, made.inputs[0]) : value;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((length, i) => length === b[i]);
}

/** Memory in the order of the axes, where repeated axes have length 1. */
export function compact(g: GraphBuilder, view: View): Value {
  if (view.axes.some((axis) => !isBroadcast(axis) && !isReal(axis))) return dense(g, view);
  return arrange(
    g,
    view,
    view.axes.map((axis) => (isBroadcast(axis) ? [] : axis)),
  );
}

/** Memory in the order of the axes, everything written out. */
export function dense(g: GraphBuilder, view: View): Value {
  const atoms = view.axes.flat();
  const fine = arrange(
    g,
    view,
    atoms.map((atom) => (atom.broadcast ? [] : [atom])),
  );
  const full = atoms.map((atom) => atom.size);
  const expanded = atoms.some((atom) => atom.broadcast)
    ? g.op("Expand", [fine, g.ints(full)], full, fine.dtype)
    : fine;
  return reshapeValue(g, expanded, shapeOf(view));
}
