/**
 * Tensors on their way from file to file, a few megabytes in memory at a time.
 *
 *     tensorBytes(entry, dtype?)       -> its bytes in its own element type, or in another floating one
 *     grownBytes(entry, rows, dtype?)  -> the same of a table [V, D], with rows added that are the mean of the others
 *     floatsOf(entry)                  -> all its values, float32
 *     encodeFloats(what, dtype, values)-> bytes of float32 values, rounded to nearest
 */
import { open } from "node:fs/promises";
import { UserError } from "../../common/errors.ts";
import { readAt } from "../../common/inside.ts";
import { sizeOf } from "../../engine/host.ts";
import { toBfloat16, toFloat16 } from "./halves.ts";
import { damage, type TensorEntry } from "./safetensors.ts";
import { decodeValues, type StoredDType, storedWidth } from "./values.ts";

/** Element types of weights. */
export const floatTypes = ["F64", "F32", "F16", "BF16"] as const satisfies readonly StoredDType[];
export type FloatType = (typeof floatTypes)[number];

export function isFloatType(dtype: StoredDType): dtype is FloatType {
  return (floatTypes as readonly string[]).includes(dtype);
}

/** Elements that are read at a time. */
const block = 1 << 20;

/** Throws a UserError for a damaged file, and for values that the other type cannot hold. */
export async function* tensorBytes(
  entry: TensorEntry,
  dtype: StoredDType = entry.dtype,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (entry.values === undefined && dtype === entry.dtype) yield* blocks(entry);
  else for await (const { bytes } of parts(entry, dtype)) yield bytes;
}

/** [V, D] to [rows, D]; what lies beyond `rows` is left out. */
export async function* grownBytes(
  entry: TensorEntry,
  rows: number,
  dtype: StoredDType = entry.dtype,
): AsyncGenerator<Uint8Array, void, undefined> {
  const [V, D] = entry.shape;
  if (rows < V && entry.values !== undefined) throw new TypeError("grownBytes: made values are not cut");
  const kept = { ...entry, byteLength: Math.min(V, rows) * D * storedWidth(entry.dtype) };
  if (rows < V) return yield* tensorBytes(kept, dtype);
  if (rows === V) return yield* tensorBytes(entry, dtype);
  const mean = new Float64Array(D);
  let at = 0;
  for await (const { bytes, values } of parts(entry, dtype)) {
    for (const value of values) mean[at++ % D] += value / V;
    yield bytes;
  }
  const row = encodeFloats(nameOf(entry), dtype as FloatType, Float32Array.from(mean));
  for (let added = V; added < rows; added++) yield row;
}

/** All values of a tensor that is known to be small enough. */
export async function floatsOf(entry: TensorEntry): Promise<Float32Array> {
  const out = new Float32Array(sizeOf(entry.shape));
  let at = 0;
  for await (const { values } of parts(entry, entry.dtype)) {
    out.set(values, at);
    at += values.length;
  }
  return out;
}

interface Part {
  readonly values: Float32Array;
  /** In the type that is asked for. */
  readonly bytes: Uint8Array;
}

async function* parts(entry: TensorEntry, dtype: StoredDType): AsyncGenerator<Part, void, undefined> {
  const encode = (values: Float32Array) => encodeFloats(nameOf(entry), dtype as FloatType, values);
  if (entry.values !== undefined)
    for await (const values of entry.values()) yield { values, bytes: encode(values) };
  else
    for await (const bytes of blocks(entry)) {
      // Decoding may take over the bytes' memory.
      const values = floats(entry, bytes.slice());
      yield { values, bytes: dtype === entry.dtype ? bytes : encode(values) };
    }
}

/** Throws a UserError for a value beyond what F16 can hold. */
export function encodeFloats(what: string, dtype: FloatType, values: Float32Array): Uint8Array {
  const encoded = encoders[dtype](values);
  if (dtype === "F16") {
    const at = (encoded as Uint16Array).findIndex(
      (half, i) => (half & 0x7fff) === 0x7c00 && Number.isFinite(values[i]),
    );
    if (at >= 0) throw new UserError(`${what}: expected values within +-65504 for F16, found ${values[at]}`);
  }
  return new Uint8Array(encoded.buffer, encoded.byteOffset, encoded.byteLength);
}

const encoders: Record<FloatType, (values: Float32Array) => Float64Array | Float32Array | Uint16Array> = {
  F64: (values) => Float64Array.from(values),
  F32: (values) => values,
  F16: toFloat16,
  BF16: toBfloat16,
};

async function* blocks(entry: TensorEntry): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const step = block * storedWidth(entry.dtype);
  const file = await open(entry.file);
  try {
    for (let done = 0; done < entry.byteLength; done += step) {
      const length = Math.min(step, entry.byteLength - done);
      const bytes = await readAt(file, entry.byteOffset + done, length);
      if (bytes.length < length)
        throw damage(
          entry.file,
          `tensor ${entry.name}: expected ${entry.byteLength} bytes, found the file's end`,
        );
      yield bytes;
    }
  } finally {
    await file.close();
  }
}

function floats(entry: TensorEntry, bytes: Uint8Array<ArrayBuffer>): Float32Array {
  const what = nameOf(entry);
  if (!isFloatType(entry.dtype))
    throw damage(entry.file, `tensor ${entry.name}: expected a floating type, found ${entry.dtype}`);
  const count = bytes.length / storedWidth(entry.dtype);
  const { data } = decodeValues(what, entry.dtype, [count], bytes);
  return data instanceof Float32Array ? data : Float32Array.from(data);
}

const nameOf = ({ file, name }: TensorEntry) => `${file}: tensor ${name}`;
