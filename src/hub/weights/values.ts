/** Element types of safetensors files, and how they become host arrays. Hosts are little-endian, as files. */
import { UserError } from "../../common/errors.ts";
import type { HostArray } from "../../engine/host.ts";
import { fromBfloat16, fromFloat16 } from "./halves.ts";

const widths = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
} as const;

/** Element types that can be read, as safetensors names them. */
export type StoredDType = keyof typeof widths;

export function isStoredDType(value: unknown): value is StoredDType {
  return typeof value === "string" && Object.hasOwn(widths, value);
}

/** Bytes of one element. */
export function storedWidth(dtype: StoredDType): number {
  return widths[dtype];
}

/** Values from a tensor's own bytes; `what` names the tensor in messages. Takes over their memory. */
export function decodeValues(
  what: string,
  dtype: StoredDType,
  shape: readonly number[],
  { buffer }: Uint8Array<ArrayBuffer>,
): HostArray {
  const int32 = (values: ArrayLike<number>) => ({
    dtype: "int32" as const,
    shape,
    data: Int32Array.from(values),
  });
  const float32 = (data: Float32Array) => ({ dtype: "float32" as const, shape, data });
  const decoders: Record<StoredDType, () => HostArray> = {
    F64: () => ({ dtype: "float64", shape, data: new Float64Array(buffer) }),
    F32: () => float32(new Float32Array(buffer)),
    F16: () => float32(fromFloat16(new Uint16Array(buffer))),
    BF16: () => float32(fromBfloat16(new Uint16Array(buffer))),
    I64: () => ({ dtype: "int32", shape, data: narrowIntegers(what, new BigInt64Array(buffer)) }),
    I32: () => ({ dtype: "int32", shape, data: new Int32Array(buffer) }),
    I16: () => int32(new Int16Array(buffer)),
    I8: () => int32(new Int8Array(buffer)),
    U32: () => ({ dtype: "uint32", shape, data: new Uint32Array(buffer) }),
    U16: () => int32(new Uint16Array(buffer)),
    U8: () => int32(new Uint8Array(buffer)),
    BOOL: () => ({ dtype: "bool", shape, data: new Uint8Array(buffer) }),
  };
  return decoders[dtype]();
}

function narrowIntegers(what: string, values: BigInt64Array): Int32Array {
  const out = Int32Array.from(values, Number);
  const at = values.findIndex((value, i) => BigInt(out[i]) !== value);
  if (at < 0) return out;
  throw new UserError(`${what}: expected integers of 32 bits, found ${values[at]} at place ${at}`);
}
