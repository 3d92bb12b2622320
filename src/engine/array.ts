/**
 * The array functions that the rest of Fovea is written with: jax-js's own, with one change. jax-js moves an
 * array when it is passed; these keep it, so mathematics reads as mathematics. An array that is made while a function
 * is traced is released with the trace: do not keep it for another. They are not meant for long eager loops.
 */
import * as jax from "@jax-js/jax";
import "./float16.ts";

/** A traced or concrete jax-js array. */
export type NdArray = jax.Array;

type AnyFunction = (...args: never[]) => unknown;

const keep = (x: unknown): unknown => {
  if (x instanceof jax.Array || isTracer(x)) return x.ref;
  return Array.isArray(x) ? x.map(keep) : x;
};

// A tracer is not an instance of the exported Array class, but has the same `ref`.
function isTracer(x: unknown): x is { ref: unknown } {
  return typeof x === "object" && x !== null && "aval" in x && "ref" in x;
}

function kept<F extends AnyFunction>(f: F): F {
  return ((...args: unknown[]) => {
    // jax-js types each of its functions; one wrapper keeps the types of all.
    const result = (f as unknown as (...a: unknown[]) => unknown)(...args.map(keep));
    if (made !== undefined && result instanceof jax.Array) made.push(result);
    return result;
  }) as unknown as F;
}

let made: NdArray[] | undefined;

/**
 * What `action`, a trace, gives, and the arrays with values that it made: constants, of which references are left that
 * nobody will release.
 */
export function tracked<T>(action: () => T): { readonly result: T; readonly arrays: readonly NdArray[] } {
  const before = made;
  const arrays: NdArray[] = [];
  made = arrays;
  try {
    return { result: action(), arrays };
  } finally {
    made = before;
  }
}

/** Releases every reference of these arrays. */
export function releaseAll(arrays: readonly NdArray[]): void {
  for (const array of arrays) while (array.refCount > 0) array.dispose();
}

/** Wraps every function of a jax-js namespace; other members pass through. */
function keptAll<T extends object>(namespace: T): T {
  const entries = Object.entries(namespace).map(([name, member]) => [
    name,
    typeof member === "function" && !/^[A-Z]/.test(name) ? kept(member as AnyFunction) : member,
  ]);
  return Object.fromEntries(entries) as T;
}

const numpy = keptAll(jax.numpy);

/** jax-js would keep a program of its own for every shape of this (`jit`); its formula without. */
function tanh(x: NdArray): NdArray {
  const sign = numpy.where(numpy.less(x, 0), 1, -1);
  const power = numpy.exp(numpy.multiply(numpy.multiply(x, sign), 2));
  return numpy.multiply(numpy.divide(numpy.subtract(power, 1), numpy.add(power, 1)), sign);
}

/** `jax.numpy` that keeps its arguments. */
export const np = { ...numpy, tanh };
/** `jax.lax` that keeps its arguments. */
export const lax = keptAll(jax.lax);
/** `jax.nn` that keeps its arguments. */
export const nn = keptAll(jax.nn);
export const { tree } = jax;

/** `x[start:stop]` along one axis (negative axes count from the end). */
export function slice(x: NdArray, axis: number, start: number, stop: number): NdArray {
  const at = axis < 0 ? x.ndim + axis : axis;
  const index = Array.from({ length: at + 1 }, (_, i): [] | [number, number] =>
    i === at ? [start, stop] : [],
  );
  return x.ref.slice(...index);
}

/** Rows of `table` [V, ...] at integer `index` [...I] -> [...I, ...]. Its gradient is a scatter-add. */
export function take(table: NdArray, index: NdArray): NdArray {
  return table.ref.slice(index.ref);
}

/** An array's values in another type. */
export function astype(x: NdArray, dtype: "float32" | "float64" | "int32" | "bool"): NdArray {
  return x.ref.astype(dtype as jax.DType);
}

/** A condition as 1 or 0, in the element type of `like`. */
export function indicator(condition: NdArray, like: NdArray): NdArray {
  return condition.ref.astype(like.dtype);
}

/** A value through which no gradient flows. */
export function stopGradient(x: NdArray): NdArray {
  return jax.lax.stopGradient(x.ref);
}

/**
 * The value, the side results and the gradient of `f`, which returns a scalar [] and side results:
 * `valueAndGrad(f)(x)` is `[[value, side], gradient]`, the gradient shaped like `x`.
 */
export function valueAndGrad<P extends object, Side extends object>(
  f: (x: P) => [NdArray, Side],
): (x: P) => [[NdArray, Side], P] {
  const moved = (x: P) => {
    const [value, side] = f(x);
    return [value.ref, keepTree(side)];
  };
  // jax-js types trees by its own JsTree, which interfaces do not fit.
  const both = jax.valueAndGrad(moved as never, { hasAux: true }) as (x: P) => unknown;
  return (x) => both(keepTree(x)) as [[NdArray, Side], P];
}

function keepTree<T extends object>(x: T): T {
  return jax.tree.ref(x as never) as T; // jax-js's JsTree, as above.
}
