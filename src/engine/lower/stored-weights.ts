/**
 * Constants as files have them, in half precision or in few bits. A rule sees a float32 value that nodes make of
 * the stored one (`constantValue`); rules that can do better ask what it is made of (`storedOf`), and the nodes
 * that widen the whole array are then dropped as dead.
 */

import type { ConstantArray, FileArray, FileRange, QuantisedArray } from "../host.ts";
import { onnxTypeCodes } from "../onnx/encode.ts";
import type { GraphBuilder, NoteKind, Value } from "../onnx/graph.ts";
import type { View } from "./view.ts";

/** Arrays that are not simply there, dense and in the type of their values. */
export type StoredArray = FileArray | QuantisedArray;

/** What a value is made of. */
const stored: NoteKind<StoredArray> = { name: "stored" };

/** The constant as its values; a stored one is left where it is. */
export function constantValue(g: GraphBuilder, array: ConstantArray): Value {
  if ("data" in array) return g.constant(array);
  const value =
    "bits" in array
      ? widenCodes(g, codesOf(g, array, true), array)
      : widen(g, fileValue(g, array, !g.packed));
  if (isWidenedInRuns(g, array)) g.note(stored, value, array);
  return value;
}

/** Else it is widened when the program is loaded, and is then as any other constant. */
function isWidenedInRuns(g: GraphBuilder, array: StoredArray): boolean {
  return "bits" in array || array.stored === undefined || g.can.widens.includes(array.stored);
}

/** The stored array that a view reads whole and in its own order. */
export function storedOf(g: GraphBuilder, view: View): StoredArray | undefined {
  const array = originOf(g, view.base);
  const inOrder = view.axes.flat().every((atom, i) => atom === view.atoms[i]);
  return inOrder && view.axes.length === array?.shape.length ? array : undefined;
}

/** What a value is made of, however a view reads it. */
export function originOf(g: GraphBuilder, value: Value): StoredArray | undefined {
  return g.noted(stored, value);
}

/** Rows [start, stop) along the first axis: a part of the same bytes. */
export function storedRows<A extends StoredArray>(array: A, start: number, stop: number): A {
  const part = <R extends FileRange | Uint8Array | Float32Array>(data: R): R => {
    const length = data.length / array.shape[0];
    if (!("path" in data)) return data.subarray(start * length, stop * length) as R;
    return { ...data, offset: data.offset + start * length, length: (stop - start) * length };
  };
  const shape = array.shape.with(0, stop - start);
  if ("bits" in array) return { ...array, shape, codes: part(array.codes), scales: part(array.scales) };
  return { ...array, shape, file: part((array as FileArray).file) };
}

/** Rows at `index` [...I] -> [...I, ...]: looked up as they are stored, then widened. */
export function gatherStored(g: GraphBuilder, array: StoredArray, index: Value): Value {
  const rowsOf = (table: Value) =>
    g.op("Gather", [table, index], [...index.shape, ...table.shape.slice(1)], table.dtype, { axis: 0 });
  if (!("bits" in array)) return widen(g, rowsOf(fileValue(g, array, true)));
  const { codes, scales } = codesOf(g, array, true);
  return widenCodes(g, { codes: rowsOf(codes), scales: rowsOf(scales) }, array);
}

/**
 * x [R, I] by a quantised matrix -> [R, O]. ONNX Runtime's fast kernels also round x to 8 bits, block by block
 * (`accuracy_level` 4).
 */
export function multiplyQuantised(g: GraphBuilder, x: Value, array: QuantisedArray): Value {
  const { codes, scales } = codesOf(g, array, false);
  const [O, I] = array.shape;
  const attributes = {
    K: I,
    N: O,
    bits: array.bits,
    block_size: array.blockSize,
    accuracy_level: g.can.roundsOperands ? 4 : 1,
  };
  return g.op("MatMulNBits", [x, codes, scales], [x.shape[0], O], "float32", attributes, "com.microsoft");
}

function fileValue(
  g: GraphBuilder,
  { shape, dtype, stored: form, file }: FileArray,
  untouched: boolean,
): Value {
  return g.stored(
    shape,
    form ?? dtype,
    file,
    untouched && (form === undefined || g.can.widens.includes(form)),
  );
}

function widen(g: GraphBuilder, value: Value): Value {
  if (value.dtype !== "float16" && value.dtype !== "bfloat16") return value;
  return g.op("Cast", [value], value.shape, "float32", { to: onnxTypeCodes.float32 });
}

interface Codes {
  /** [..., J, bytes] */
  readonly codes: Value;
  /** [..., J] */
  readonly scales: Value;
}

function codesOf(g: GraphBuilder, array: QuantisedArray, untouched: boolean): Codes {
  const { bits, blockSize, codes, scales, shape } = array;
  const [O, I] = shape;
  const J = Math.ceil(I / blockSize);
  return {
    codes: g.stored([O, J, (blockSize * bits) / 8], "uint8", codes, untouched),
    scales: g.stored([O, J], "float32", scales, untouched),
  };
}

/** -> [..., I] */
function widenCodes(g: GraphBuilder, { codes, scales }: Codes, array: QuantisedArray): Value {
  const { bits, blockSize, shape } = array;
  const rows = scales.shape.slice(0, -1);
  const I = shape[1];
  const J = scales.shape.at(-1) as number;
  const blocks = [...rows, J, blockSize];
  const plain = bits === 8 ? codes : nibbles(g, codes, blocks);
  const float = g.op("Cast", [plain], blocks, "float32", { to: onnxTypeCodes.float32 });
  const centred = g.op("Sub", [float, g.scalar(2 ** (bits - 1), "float32")], blocks, "float32");
  const factors = g.op("Reshape", [scales, g.ints([...rows, J, 1])], [...rows, J, 1], "float32");
  const scaled = g.op("Mul", [centred, factors], blocks, "float32");
  const padded = [...rows, J * blockSize];
  const whole = g.op("Reshape", [scaled, g.ints(padded)], padded, "float32");
  if (J * blockSize === I) return whole;
  const bounds = [[0], [I], [-1]].map((list) => g.ints(list));
  return g.op("Slice", [whole, ...bounds], [...rows, I], "float32");
}

/** Two codes of a byte, the low bits first. */
function nibbles(g: GraphBuilder, codes: Value, shape: readonly number[]): Value {
  const byte = (value: number) => g.stored([], "uint8", Uint8Array.of(value));
  const pairs = [...codes.shape, 1];
  const single = g.op("Reshape", [codes, g.ints(pairs)], pairs, "uint8");
  const low = g.op("BitwiseAnd", [single, byte(15)], pairs, "uint8");
  const high = g.op("BitShift", [single, byte(4)], pairs, "uint8", { direction: "RIGHT" });
  const both = g.op("Concat", [low, high], [...codes.shape, 2], "uint8", { axis: -1 });
  return g.op("Reshape", [both, g.ints(shape)], shape, "uint8");
}
