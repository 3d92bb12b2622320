/** Element types that cross the border between host memory and a compiled program. */
export type DType = "float32" | "float64" | "int32" | "uint32" | "bool";

/** An array's shape and element type without its values: enough to compile for. */
export interface ArraySpec {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

export interface TypedArrays {
  float32: Float32Array;
  float64: Float64Array;
  int32: Int32Array;
  uint32: Uint32Array;
  bool: Uint8Array;
}

/** A dense row-major array in host memory. */
export interface HostArray<D extends DType = DType> extends ArraySpec {
  readonly dtype: D;
  readonly data: TypedArrays[D];
}

/** Bytes of a file. */
export interface FileRange {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

/** Half precision, which files have and programs widen to float32 where they read it. */
export type HalfType = "float16" | "bfloat16";

/** A dense row-major array, little-endian, in a file: a program maps it into memory without a copy. */
export interface FileArray extends ArraySpec {
  readonly file: FileRange;
  /** The file's element type where it is not `dtype`, which is then float32. */
  readonly stored?: HalfType;
}

/**
 * A matrix [O, I] in few bits, one scale for each block of a row. A code c stands for (c - 2^(bits - 1)) times
 * the scale of its block. J blocks in a row, the last one filled up with the code of zero.
 */
export interface QuantisedArray extends ArraySpec {
  readonly dtype: "float32";
  readonly bits: 4 | 8;
  /** A power of two from 16. */
  readonly blockSize: number;
  /** [O, J, blockSize * bits / 8]: codes; of two codes in a byte the first has the low bits. */
  readonly codes: FileRange | Uint8Array;
  /** [O, J] */
  readonly scales: FileRange | Float32Array;
}

/** What the values of a program's constant may be. */
export type ConstantArray = HostArray | FileArray | QuantisedArray;

/** A nested record or list of leaves, as jax calls a pytree. */
export type Tree<Leaf> = Leaf | { readonly [key: string]: Tree<Leaf> } | readonly Tree<Leaf>[];

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1);
}

/** An array of float32 in host memory: `data` as it is or copied, zeros without. */
export function float32(shape: readonly number[], data?: ArrayLike<number>): HostArray<"float32"> {
  const size = sizeOf(shape);
  return {
    dtype: "float32",
    shape,
    data: data instanceof Float32Array ? checked(data, size) : fill(new Float32Array(size), data),
  };
}

/** An array of int32 in host memory: `data` as it is or copied, zeros without. */
export function int32(shape: readonly number[], data?: ArrayLike<number>): HostArray<"int32"> {
  const size = sizeOf(shape);
  return {
    dtype: "int32",
    shape,
    data: data instanceof Int32Array ? checked(data, size) : fill(new Int32Array(size), data),
  };
}

const kinds = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint32: Uint32Array,
  bool: Uint8Array,
} as const;

/** An array of zeros. */
export function emptyLike({ shape, dtype }: ArraySpec): HostArray {
  return { shape, dtype, data: new kinds[dtype](sizeOf(shape)) };
}

function checked<T extends { length: number }>(data: T, size: number): T {
  if (data.length !== size) throw new RangeError(`array: data must have ${size} values, got ${data.length}`);
  return data;
}

function fill<T extends Float32Array | Int32Array>(array: T, data?: ArrayLike<number>): T {
  if (data === undefined) return array;
  checked(data, array.length);
  array.set(data);
  return array;
}

/** Gives an array's memory back at once: results of programs are large, and their memory is not the collector's. */
export function release({ data: { buffer } }: HostArray): void {
  if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
}

export function isLeaf(tree: unknown): tree is ArraySpec {
  return typeof tree === "object" && tree !== null && "dtype" in tree && "shape" in tree;
}

/** Leaves with their paths (`decoder.layers.0.norm.weight`), in key order: jax-js's order of leaves. */
export function leavesWithPaths<L>(
  tree: unknown,
  isTreeLeaf: (x: unknown) => x is L,
  path = "",
): [string, L][] {
  if (isTreeLeaf(tree)) return [[path, tree]];
  const entries = Array.isArray(tree) ? [...tree.entries()] : Object.entries(tree as object);
  return entries.flatMap(([key, child]) =>
    leavesWithPaths<L>(child, isTreeLeaf, path === "" ? `${key}` : `${path}.${key}`),
  );
}
