/** An ONNX graph under construction: values with known shapes, nodes without duplicates. */
import type { DType, FileRange, HalfType, HostArray } from "../host.ts";
import { sizeOf } from "../host.ts";
import { type Capabilities, processor } from "../runtime/runtime.ts";

/** Element types of ONNX tensors that the compiler uses; int64 for shapes and indices only, halves as stored. */
export type OnnxType = DType | "int64" | "uint8" | HalfType;

export interface Value {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: OnnxType;
}

export type Attribute = number | string | readonly number[] | { readonly float: number };

export interface Node {
  readonly op: string;
  readonly domain: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface Constant {
  readonly value: Value;
  readonly data: ArrayBufferView | FileRange;
  /** Whether ONNX Runtime must leave it as it lies: neither packed nor folded, both of which copy. */
  readonly untouched?: boolean;
}

export interface Graph {
  /** The version of ONNX's operators; default 20. */
  readonly opset?: number;
  readonly nodes: readonly Node[];
  readonly constants: readonly Constant[];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

/** Bytes of what a session copies: constants in memory, and those in files that it packs for its kernels, halves as float32. */
export function copiedBytes({ constants }: Graph): number {
  const copied = constants.filter(({ untouched }) => untouched !== true);
  const bytesOf = ({ value, data }: Constant) => {
    if (!isFileRange(data)) return data.byteLength;
    return value.dtype === "float16" || value.dtype === "bfloat16" ? 2 * data.length : data.length;
  };
  return copied.reduce((sum, constant) => sum + bytesOf(constant), 0);
}

/** Whether stored halves are to be widened when the graph is loaded, once, for a device that does not do it in each run. */
export function widensAtLoad({ constants }: Graph): boolean {
  const isHalf = ({ value }: Constant) => value.dtype === "float16" || value.dtype === "bfloat16";
  return constants.some((constant) => isHalf(constant) && !constant.untouched);
}

/** Paths of the files that constants lie in. */
export function filesOf({ constants }: Graph): readonly string[] {
  return [...new Set(constants.flatMap(({ data }) => (isFileRange(data) ? [data.path] : [])))];
}

/** A kind of note that rules keep of values for one another. */
export interface NoteKind<T> {
  readonly name: string;
  /** Only says the type of such notes. */
  readonly of?: T;
}

/** Collects nodes and constants; the same operation on the same values is made once. */
export class GraphBuilder {
  /** What the device can do that the graph is for. */
  readonly can: Capabilities;
  /** See `CompileOptions.packed`. */
  readonly packed: boolean;
  readonly nodes: Node[] = [];
  readonly constants: Constant[] = [];
  /** The node that makes a value. */
  readonly producer = new Map<string, Node>();
  readonly #seen = new Map<string, readonly Value[]>();
  readonly #notes = new Map<NoteKind<unknown>, Map<string, unknown>>();
  #next = 0;

  constructor(can: Capabilities = processor, packed = false) {
    this.can = can;
    this.packed = packed;
  }

  note<T>(kind: NoteKind<T>, value: Value, note: T): void {
    const notes = this.#notes.get(kind) ?? new Map<string, unknown>();
    this.#notes.set(kind, notes.set(value.name, note));
  }

  noted<T>(kind: NoteKind<T>, value: Value): T | undefined {
    return this.#notes.get(kind)?.get(value.name) as T | undefined;
  }

  /** One operation with one result. */
  op(
    op: string,
    inputs: readonly Value[],
    shape: readonly number[],
    dtype: OnnxType,
    attributes: Record<string, Attribute> = {},
    domain = "",
  ): Value {
    return this.ops(op, inputs, [{ shape, dtype }], attributes, domain)[0];
  }

  /** One operation with several results. */
  ops(
    op: string,
    inputs: readonly Value[],
    results: readonly { shape: readonly number[]; dtype: OnnxType }[],
    attributes: Record<string, Attribute> = {},
    domain = "",
  ): readonly Value[] {
    const key = `${domain}:${op}(${inputs.map((v) => v.name)})${JSON.stringify(attributes)}${results.length}${results[0].dtype}`;
    const seen = this.#seen.get(key);
    if (seen) return seen;
    const outputs = results.map((r) => this.#value("t", r.shape, r.dtype));
    const node: Node = { op, domain, inputs, outputs, attributes };
    this.nodes.push(node);
    for (const output of outputs) this.producer.set(output.name, node);
    this.#seen.set(key, outputs);
    return outputs;
  }

  input(name: string, shape: readonly number[], dtype: DType): Value {
    return { name, shape, dtype };
  }

  /** A 1-D int64 constant: shapes, axes, bounds. */
  ints(values: readonly number[]): Value {
    return this.#constant([values.length], "int64", BigInt64Array.from(values, BigInt));
  }

  scalar(value: number, dtype: DType): Value {
    return this.#constant([], dtype, typed(dtype, [value]));
  }

  constant({ shape, dtype, data }: HostArray): Value {
    return this.#constant(shape, dtype, data);
  }

  /** Values in a file or in memory under the type that they have there. */
  stored(
    shape: readonly number[],
    dtype: OnnxType,
    data: ArrayBufferView | FileRange,
    untouched = false,
  ): Value {
    const { path, offset } = isFileRange(data) ? data : { path: "", offset: 0 };
    const key = path === "" ? undefined : `file ${path} ${offset} ${dtype}[${shape}] ${untouched}`;
    const seen = key === undefined ? undefined : this.#seen.get(key);
    if (seen) return seen[0];
    const value = this.#value("c", shape, dtype);
    this.constants.push({ value, data, untouched });
    if (key !== undefined) this.#seen.set(key, [value]);
    return value;
  }

  #constant(shape: readonly number[], dtype: OnnxType, data: ArrayBufferView): Value {
    const key = sizeOf(shape) <= 64 ? `const ${dtype}[${shape}] ${data}` : undefined;
    const seen = key === undefined ? undefined : this.#seen.get(key);
    if (seen) return seen[0];
    const value = this.#value("c", shape, dtype);
    this.constants.push({ value, data });
    if (key !== undefined) this.#seen.set(key, [value]);
    return value;
  }

  #value(prefix: string, shape: readonly number[], dtype: OnnxType): Value {
    return { name: `${prefix}${this.#next++}`, shape, dtype };
  }
}

export function isFileRange(data: ArrayBufferView | FileRange): data is FileRange {
  return !ArrayBuffer.isView(data);
}

function typed(dtype: DType, values: readonly number[]): ArrayBufferView {
  switch (dtype) {
    case "float32":
      return Float32Array.from(values);
    case "float64":
      return Float64Array.from(values);
    case "int32":
      return Int32Array.from(values);
    case "uint32":
      return Uint32Array.from(values);
    case "bool":
      return Uint8Array.from(values, (x) => (x ? 1 : 0));
  }
}

/** Drops nodes and constants that no output needs. */
export function liveOnly(nodes: readonly Node[], constants: readonly Constant[], outputs: readonly Value[]) {
  const needed = new Set(outputs.map((v) => v.name));
  const live = nodes.toReversed().filter((node) => {
    if (!node.outputs.some((v) => needed.has(v.name))) return false;
    for (const input of node.inputs) needed.add(input.name);
    return true;
  });
  return { nodes: live.reverse(), constants: constants.filter((c) => needed.has(c.value.name)) };
}
