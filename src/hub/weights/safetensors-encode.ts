/** Tensors in memory as the bytes of a safetensors file. Written to disk: safetensors-write.ts; read: safetensors.ts. */
import { UserError } from "../../common/errors.ts";
import { type HostArray, sizeOf } from "../../engine/host.ts";
import { toFloat16 } from "./halves.ts";
import { type StoredDType, storedWidth } from "./values.ts";

/** How a safetensors file is written. */
export interface WriteOptions {
  /** Element type of all floating tensors in the file; integers and booleans keep theirs. Default "F32". */
  readonly dtype?: "F32" | "F16";
  /** Default `{format: "pt"}`, which Python `transformers` asks for. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A tensor before its values. */
export interface TensorHeader {
  readonly name: string;
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
}

export interface Planned extends TensorHeader {
  readonly array: HostArray;
}

/** In the order of the file; `path` is how messages call it. */
export function planTensors(
  path: string,
  tensors: ReadonlyMap<string, HostArray>,
  floating: "F32" | "F16",
): Planned[] {
  const planned = [...tensors].map(([name, array]): Planned => {
    if (name === "__metadata__" || array.data.length !== sizeOf(array.shape)) {
      const shape = `[${array.shape.join(", ")}]`;
      throw new UserError(
        `${path}: tensor ${name}: expected values of shape ${shape}, found ${array.data.length}`,
      );
    }
    return { name, array, shape: array.shape, dtype: storedType(array, floating) };
  });
  const order = (a: Planned, b: Planned) =>
    storedWidth(b.dtype) - storedWidth(a.dtype) || (a.name < b.name ? -1 : 1);
  return planned.sort(order);
}

function storedType({ dtype }: HostArray, floating: "F32" | "F16"): StoredDType {
  const types = { float32: floating, float64: floating, int32: "I32", uint32: "U32", bool: "BOOL" } as const;
  return types[dtype];
}

/** The length and the JSON that a file begins with. */
export function encodeHeader(
  planned: readonly TensorHeader[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  let end = 0;
  const entries = planned.map(({ name, dtype, shape }) => {
    const start = end;
    end += sizeOf(shape) * storedWidth(dtype);
    return [name, { dtype, shape, data_offsets: [start, end] }];
  });
  const sorted = Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)));
  const text = JSON.stringify(Object.fromEntries([["__metadata__", sorted], ...entries]));
  const json = new TextEncoder().encode(text);
  const header = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true);
  header.set(json, 8);
  return header;
}

/** The bytes of planned tensors, one after the other. */
export function* tensorBytes(path: string, planned: readonly Planned[]) {
  for (const { name, dtype, array } of planned) yield encodeValues(`${path}: tensor ${name}`, dtype, array);
}

/** A whole file. The same tensors always give the same bytes, those of {@link writeSafetensors}. */
export function encodeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, HostArray>,
  { dtype = "F32", metadata = { format: "pt" } }: WriteOptions = {},
): Uint8Array<ArrayBuffer> {
  const planned = planTensors(path, tensors, dtype);
  const parts = [encodeHeader(planned, metadata), ...tensorBytes(path, planned)];
  const file = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}

function encodeValues(what: string, dtype: StoredDType, { data }: HostArray): Uint8Array {
  const values = data instanceof Float64Array ? Float32Array.from(data) : data;
  if (dtype !== "F16") return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const halves = toFloat16(values as Float32Array);
  const at = halves.findIndex((half, i) => (half & 0x7fff) === 0x7c00 && Number.isFinite(data[i]));
  if (at < 0) return new Uint8Array(halves.buffer);
  throw new UserError(`${what}: expected values within +-65504 for F16, found ${data[at]} at place ${at}`);
}
