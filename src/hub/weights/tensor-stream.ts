/**
 * Tensors on their way from file to file, a few megabytes in memory at a time.
 *
 *     tensorBytes(entry, dtype?)       -> its bytes in its own element type, or in another floating one
 *     grownBytes(entry, rows, dtype?)  -> the same of a table [V, D], with rows added that are the mean of the others
 *     encodeFloats(what, dtype, values)-> bytes of float32 values, rounded to nearest
 */
import { open } from "node:fs/promises";
import { UserError } from "../../common/errors.ts";
import { readAt } from "../../common/inside.ts";
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
  const what = nameOf(entry);
  for await (const bytes of blocks(entry))
    yield dtype === entry.dtype ? bytes : encodeFloats(what, dtype as FloatType, floats(entry, bytes));
}

/** [V, D] to [rows, D]; what lies beyond `rows` is left out. */
export async function* grownBytes(
  entry: TensorEntry,
  rows: number,
  dtype: StoredDType = entry.dtype,
): AsyncGenerator<Uint8Array, void, undefined> {
  const [V, D] = entry.shape;
  const kept = { ...entry, byteLength: Math.min(V, rows) * D * storedWidth(entry.dtype) };
  if (rows <= V) return yield* tensorBytes(kept, dtype);
  const mean = new Float64Array(D);
  let at = 0;
  for await (const bytes of blocks(entry)) {
    // Decoding may take over the bytes' memory.
    const values = floats(entry, bytes.slice());
    for (const value of values) mean[at++ % D] += value / V;
    yield dtype === entry.dtype ? bytes : encodeFloats(nameOf(entry), dtype as FloatType, values);
  }
  const row = encodeFloats(nameOf(entry), dtype as FloatType, Float32Array.from(mean));
  for (let added = V; added < rows; added++) yield row;
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
